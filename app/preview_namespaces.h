// The namespaces that an ApplicationSet has made for its previews. One that was there before, or that another one has
// taken the name of, is never used and never deleted: each is made by a POST, known by its uid from then on, and on
// record in the set's status before and after that, so that a crash in between neither loses nor mistakes one.
//
// Lives on one executor, one thread; one call at a time.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <string>

#include "app/config_changes.h"
#include "holdfast/base/result.h"
#include "holdfast/model/application_set.h"
#include "holdfast/model/object.h"
#include "holdfast/model/resource_version.h"
#include "holdfast/ports/api_server.h"

namespace holdfast {

// A word of chance on a namespace of ours: with it it was made.
inline constexpr std::string_view kPreviewToken = "holdfast.dev/preview-token";
inline constexpr std::string_view kPreviewSet = "holdfast.dev/preview-of";  // the set: NAMESPACE/NAME

class PreviewNamespaces {
 public:
  struct Record {
    std::string namespace_;
    std::string uid;  // empty: it may have been made, and may not
    std::string token;
  };

  PreviewNamespaces(ApiServer& api, ApplicationName set, Uid set_uid, const std::string& installation);

  // What the status of the set has on record.
  void recall(const json::object& status);

  // That of the application is there, and is ours, with its labels and limits. Errors: Conflict, it is not ours; Busy,
  // it is being deleted; those of the server.
  boost::asio::awaitable<Result<void>> make(std::string application, PreviewSpec spec, std::string name);

  // Whether make() would find nothing to do, where this is what its watch shows (null: nothing).
  [[nodiscard]] bool is_made(const std::string& application, const PreviewSpec& spec, const std::string& name,
                             const LiveObject* seen) const;

  // True: it is gone, or not ours, and is on record no longer. False: it is being deleted.
  boost::asio::awaitable<Result<bool>> remove(std::string application);

  // By application.
  [[nodiscard]] const std::map<std::string, Record>& records() const { return records_; }

 private:
  [[nodiscard]] bool was_made_with(const Record& record, const json::value& live) const;
  [[nodiscard]] bool is_of(const std::string& application, const Record& record, const json::value& live) const;
  boost::asio::awaitable<Result<void>> create(std::string application);
  boost::asio::awaitable<Result<void>> check(std::string application);
  boost::asio::awaitable<Result<void>> limit(std::string application, PreviewSpec spec);
  boost::asio::awaitable<Result<void>> apply(std::string target, json::object body);
  boost::asio::awaitable<Result<void>> unapply(std::string target);
  boost::asio::awaitable<Result<std::string>> pod_security();
  boost::asio::awaitable<Result<json::value>> read(std::string name);
  boost::asio::awaitable<Result<void>> save();
  boost::asio::awaitable<Result<void>> forget(std::string application);

  ApiServer& api_;
  ApplicationName set_;
  Uid set_uid_;
  std::string manager_;  // of what is on record
  std::map<std::string, Record> records_;
  std::map<std::string, std::string> limited_;  // what was applied to each, by application
};

}  // namespace holdfast
