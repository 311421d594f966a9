// A cluster without a socket for the tests of the reconciler: a small API server that knows server-side apply with uid,
// DELETE with preconditions and GET; a store that shows an event only when the test says so; a clock that the test
// moves. A request may be held, and answered as the test likes.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <list>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "holdfast/model/json.h"
#include "holdfast/ports/api_server.h"
#include "holdfast/ports/live_view.h"
#include "holdfast/ports/watch_control.h"
#include "unit/engine/live_bodies.h"

namespace holdfast::fake {

inline ApiResponse status_response(int code, std::string_view reason, std::string_view message,
                                   const json::object& details = {}) {
  const json::object body{{"kind", "Status"}, {"apiVersion", "v1"}, {"status", "Failure"}, {"code", code},
                          {"reason", reason}, {"message", message}, {"details", details}};
  return {code, "application/json", {}, to_json(body)};
}

inline ApiResponse not_found(std::string_view name) {
  return status_response(404, "NotFound", "not found", {{"name", name}, {"kind", "configmaps"}});
}

inline ApiResponse uid_mismatch() {
  return status_response(409, "Conflict", "Operation cannot be fulfilled: uid mismatch: the provided object is gone");
}

inline ApiResponse denied() { return status_response(422, "Invalid", "data: Invalid value"); }

// What our entry in managedFields holds after an apply of `applied`: every leaf of it.
inline json::object owned_by(const json::object& applied) {
  json::object fields;
  for (const auto& [name, value] : applied)
    fields["f:" + std::string(name)] = value.is_object() ? owned_by(value.get_object()) : json::object{};
  return fields;
}

inline json::object owned_fields_of(json::object applied) {
  for (const char* part : {"apiVersion", "kind"}) applied.erase(part);
  json::object& metadata = applied["metadata"].as_object();
  for (const char* part : {"name", "namespace", "uid", "resourceVersion"}) metadata.erase(part);
  return owned_by(applied);
}

class ApiServer final : public holdfast::ApiServer {
 public:
  struct Call {
    ApiRequest request;
    std::optional<Result<ApiResponse>> answer;
    boost::asio::steady_timer signal;
  };

  explicit ApiServer(boost::asio::io_context& io) : io_(io) {}

  boost::asio::awaitable<Result<ApiResponse>> send(ApiRequest request) override {
    sent.push_back(request);
    const std::string path = path_of(request);
    busy_[path]++;
    most_at_once_per_path = std::max(most_at_once_per_path, busy_[path]);
    Result<ApiResponse> answer = ApiResponse{};
    if (hold && hold(request)) {
      held.push_back({std::move(request), std::nullopt,
                      boost::asio::steady_timer(io_, boost::asio::steady_timer::time_point::max())});
      const auto mine = std::prev(held.end());
      while (!mine->answer) co_await mine->signal.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
      answer = std::move(*mine->answer);
      held.erase(mine);
    } else if (const auto scripted = answers.find(path); scripted != answers.end() && !scripted->second.empty()) {
      answer = std::move(scripted->second.front());
      scripted->second.erase(scripted->second.begin());
    } else {
      answer = handle(request);
    }
    busy_[path]--;
    co_return answer;
  }

  // Lets the oldest held request of the path end: with what the server does, or with `instead`.
  void release(std::string_view path, std::optional<Result<ApiResponse>> instead = {}) {
    for (Call& call : held) {
      if (path_of(call.request) != path || call.answer) continue;
      call.answer = instead ? std::move(*instead) : Result<ApiResponse>(handle(call.request));
      call.signal.cancel();
      return;
    }
    FAIL() << "no request held for " << path;
  }

  ApiResponse handle(const ApiRequest& request) {
    switch (request.method) {
      case Method::Get:
        return objects.contains(path_of(request)) ? shown(200, path_of(request)) : not_found(name_of(request));
      case Method::Patch:
        return apply(request);
      case Method::Delete:
        return remove(request);
      case Method::Post:
        return create(request);
      case Method::Put:
        break;
    }
    ADD_FAILURE() << "unexpected method";
    return {};
  }

  // Somebody else's write.
  void edit(const std::string& path, std::string_view pointer, json::value value) {
    const std::size_t slash = pointer.rfind('/');
    std::string name(pointer.substr(slash + 1));
    if (const std::size_t escape = name.find("~1"); escape != std::string::npos) name.replace(escape, 2, "/");
    objects.at(path).at_pointer(pointer.substr(0, slash)).as_object()[name] = std::move(value);
    touch(objects.at(path));
  }
  void put(const std::string& path, json::value body) {
    body.at("metadata").as_object()["uid"] = "u" + std::to_string(++uids_);
    touch(body);
    objects[path] = std::move(body);
  }

  [[nodiscard]] std::size_t count(Method method, std::string_view path) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        sent, [&](const ApiRequest& request) { return request.method == method && path_of(request) == path; }));
  }
  static std::string path_of(const ApiRequest& request) { return request.target.substr(0, request.target.find('?')); }

  std::map<std::string, json::value> objects;
  std::vector<ApiRequest> sent;
  std::function<bool(const ApiRequest&)> hold;
  std::list<Call> held;
  std::map<std::string, std::vector<Result<ApiResponse>>> answers;  // by path, given before the server is asked
  std::function<void(json::object&)> admit;  // what a webhook does to what was applied; none: nothing
  int most_at_once_per_path = 0;

 private:
  static std::string name_of(const ApiRequest& request) {
    const std::string path = path_of(request);
    return path.substr(path.rfind('/') + 1);
  }
  [[nodiscard]] ApiResponse shown(int status, const std::string& path) const {
    return {status, "application/json", {}, to_json(objects.at(path))};
  }
  void touch(json::value& body) {
    body.at("metadata").as_object()["resourceVersion"] = std::to_string(++resource_versions_);
  }

  ApiResponse create(const ApiRequest& request) {
    const json::value body = live_bodies::body_of(request.body);
    const std::string path = path_of(request) + "/" + std::string(string_at(body, {"metadata", "name"}));
    if (objects.contains(path)) return status_response(409, "AlreadyExists", "already exists");
    put(path, body);
    return shown(201, path);
  }

  ApiResponse apply(const ApiRequest& request) {
    json::object body = live_bodies::body_of(request.body).as_object();
    json::object& metadata = body["metadata"].as_object();
    const std::string uid(string_at(body, {"metadata", "uid"}));
    const std::string version(string_at(body, {"metadata", "resourceVersion"}));
    const auto found = objects.find(path_of(request));
    const bool exists = found != objects.end();
    if (!uid.empty() && !exists) return uid_mismatch();
    if (exists && !version.empty() && string_at(found->second, {"metadata", "resourceVersion"}) != version)
      return status_response(409, "Conflict", "the object has been modified");
    if (exists && !uid.empty() && string_at(found->second, {"metadata", "uid"}) != uid)
      return status_response(
          422, "Invalid", "metadata.uid: field is immutable",
          {{"causes", json::array{json::object{{"reason", "FieldValueInvalid"}, {"field", "metadata.uid"}}}}});
    metadata["managedFields"] = json::array{json::object{{"manager", "holdfast"},
                                                         {"operation", "Apply"},
                                                         {"apiVersion", body["apiVersion"]},
                                                         {"fieldsType", "FieldsV1"},
                                                         {"fieldsV1", owned_fields_of(body)}}};
    metadata["uid"] = exists ? std::string(string_at(found->second, {"metadata", "uid"})) : "";
    metadata["resourceVersion"] = exists ? std::string(string_at(found->second, {"metadata", "resourceVersion"})) : "";
    if (exists && found->second.as_object().contains("status")) body["status"] = found->second.at("status");
    if (admit) admit(body);
    if (request.target.contains("dryRun=All")) return {exists ? 200 : 201, "application/json", {}, to_json(body)};
    if (exists && found->second == json::value(body)) return shown(200, path_of(request));
    if (exists) {
      touch(found->second = body);
    } else {
      put(path_of(request), body);
    }
    return shown(exists ? 200 : 201, path_of(request));
  }

  ApiResponse remove(const ApiRequest& request) {
    const auto found = objects.find(path_of(request));
    if (found == objects.end()) return not_found(name_of(request));
    const json::value options = live_bodies::body_of(request.body);
    if (string_at(options, {"preconditions", "uid"}) != string_at(found->second, {"metadata", "uid"}))
      return status_response(409, "Conflict", "Precondition failed: the UID in the precondition differs");
    if (string_at(options, {"preconditions", "resourceVersion"}) !=
        string_at(found->second, {"metadata", "resourceVersion"}))
      return status_response(409, "Conflict", "Precondition failed: the ResourceVersion in the precondition differs");
    objects.erase(found);
    return {200, "application/json", {}, R"({"kind":"Status","apiVersion":"v1","status":"Success"})"};
  }

  boost::asio::io_context& io_;
  std::map<std::string, int> busy_;
  int uids_ = 0, resource_versions_ = 100;
};

class Live final : public LiveView {
 public:
  [[nodiscard]] LivePtr find(const ObjectKey& key) const override {
    const auto found = objects.find(key);
    return found == objects.end() ? nullptr : found->second;
  }
  [[nodiscard]] bool synced(const GroupKind& type) const override { return !unsynced.contains(type); }

  std::map<ObjectKey, LivePtr> objects;
  std::set<GroupKind> unsynced;
};

class Watches final : public WatchControl {
 public:
  void watch(const ApiResource& resource) override { watched.insert(resource.gvk); }
  void rediscover() override { ++rediscoveries; }

  std::set<GroupVersionKind> watched;
  int rediscoveries = 0;
};

}  // namespace holdfast::fake
