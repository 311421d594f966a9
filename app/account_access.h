// What the accounts that applications act as may look at, as the API server says. One question tells of all objects of
// a type in a namespace (a SelfSubjectAccessReview as that account); where the answer is no, a GET as that account
// tells of the one object, in the server's own words. What was answered is believed for kAccessTrust.
//
// Lives on one executor, one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <tuple>

#include "holdfast/base/clock.h"
#include "holdfast/model/service_account.h"
#include "holdfast/ports/api_server.h"
#include "holdfast/ports/object_access.h"

namespace holdfast {

inline constexpr std::chrono::seconds kAccessTrust{60};
// Where one asks what one may do; a POST that writes nothing.
inline constexpr const char* kAccessReviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

class AccountAccess {
 public:
  static constexpr std::size_t kMostAnswers = 100'000;  // with more, those that are too old to be believed go

  // `api` outlives it and its calls.
  explicit AccountAccess(ApiServer& api) : api_(api) {}

  // As ObjectAccess.
  boost::asio::awaitable<Result<void>> may_see(ServiceAccount who, ApiResource resource, ObjectKey key);
  [[nodiscard]] bool was_seen(const ServiceAccount& who, const ApiResource& resource, const ObjectKey& key) const;

 private:
  using Place = std::tuple<ServiceAccount, std::string, std::string, std::string, std::string>;  // name empty: all
  struct Answer {
    Result<void> allowed;
    Clock::time_point at;
  };

  boost::asio::awaitable<Result<bool>> review(ServiceAccount who, ApiResource resource, std::string namespace_);
  boost::asio::awaitable<Result<void>> look(ServiceAccount who, ApiResource resource, ObjectKey key);
  const Answer* find(const ServiceAccount& who, const ApiResource& resource, const ObjectKey& key,
                     const std::string& name) const;
  void keep(const ServiceAccount& who, const ApiResource& resource, const ObjectKey& key, const std::string& name,
            Result<void> allowed);

  ApiServer& api_;
  std::map<Place, Answer> answers_;
};

}  // namespace holdfast
