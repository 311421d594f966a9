// When to ask an API server again which types it has, and what to believe of the answer (correctness A19-A21). Pure:
// time and chance are given.
//
// Asked again at once when somebody needs it, shortly after the last of a burst of changes to CustomResourceDefinitions
// or APIServices, and every 5 minutes in any case; unchanged parts are recognised by their ETag. A group that the
// answer lacks is unknown, and keeps the types that it had, until its APIServices are known to be gone.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "holdfast/base/clock.h"
#include "holdfast/model/api_resource.h"
#include "holdfast/ports/api_server.h"
#include "net/backoff.h"

namespace holdfast {

class DiscoveryMachine {
 public:
  using TimePoint = Clock::time_point;
  using CatalogPtr = std::shared_ptr<const ApiCatalog>;

  // What the last answers carried; to be sent with the next questions.
  struct Question {
    std::string api_etag, apis_etag;
  };
  struct Outcome {
    CatalogPtr catalog;            // to be told; null: nothing new, and nobody waits
    std::optional<Error> problem;  // asked again after a backoff
  };

  explicit DiscoveryMachine(std::function<double()> random);

  // When to ask next; asking before that is allowed and useless.
  [[nodiscard]] TimePoint due() const;
  Question ask();
  // Of /api and /apis.
  Outcome answered(Result<ApiResponse> api, Result<ApiResponse> apis, TimePoint now);

  // Somebody waits for a catalog, changed or not.
  void wanted() { wanted_ = true; }
  // A CustomResourceDefinition or an APIService came, went or changed.
  void types_changed(TimePoint now);
  // The groups that have an APIService; nothing where that is not known (any more).
  void api_service_groups(std::optional<std::set<std::string>> groups) { service_groups_ = std::move(groups); }

 private:
  struct Part {
    std::string etag, body;
  };
  Result<void> accept(Part& part, Result<ApiResponse> answer, std::string where);
  Result<ApiCatalog> read(Result<ApiResponse> api, Result<ApiResponse> apis);
  void keep_unknown(ApiCatalog& catalog) const;

  Backoff backoff_;
  Part api_, apis_;
  std::optional<ApiCatalog> shown_;  // what both parts say; none: not read yet
  CatalogPtr catalog_;               // the last one told
  std::optional<std::set<std::string>> service_groups_;
  bool wanted_ = true;
  bool was_wanted_ = false;  // of the question under way
  std::optional<TimePoint> first_change_, last_change_;
  std::optional<TimePoint> retry_at_;
  TimePoint poll_at_;
};

}  // namespace holdfast
