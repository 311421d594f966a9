#include "sim/fault_answers.h"

#include <cstdlib>
#include <vector>

#include "holdfast/model/json.h"
#include "simulator/http_message.h"

namespace holdfast::sim {
namespace {

using namespace std::chrono_literals;
using enum FaultKind;

constexpr int kRetryAfter_s = 1, kRetryAfterOverload_s = 5;

ApiResponse plain(int status, std::string body, std::optional<std::chrono::seconds> retry_after = {}) {
  ApiResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.retry_after = retry_after;
  response.body = std::move(body);
  return response;
}

ApiResponse status(int code, const std::string& reason, const std::string& message, json::object more = {}) {
  json::object body{{"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", json::object()},
                    {"status", "Failure"}, {"message", message}, {"reason", reason},
                    {"code", code}};
  for (auto& [name, value] : more) body[name] = value;
  ApiResponse response;
  response.status = code;
  response.content_type = "application/json";
  response.body = to_json(body);
  return response;
}

// The plural in a path, and whether a name follows.
struct Named {
  std::string type;
  bool has_name = false;
};

Named named_by(const std::string& target) {
  const auto parts = split_path(target.substr(0, target.find('?')));
  if (!parts || parts->size() < 3) return {};
  std::size_t at = (*parts)[0] == "api" ? 2 : 3;
  if (at >= parts->size()) return {};
  if ((*parts)[at] == "namespaces" && parts->size() > at + 2) at += 2;
  return {(*parts)[at], parts->size() > at + 1};
}

}  // namespace

RequestTraits request_traits(const ApiRequest& request) {
  const Named named = named_by(request.target);
  RequestTraits traits;
  traits.type = named.type;
  traits.write = request.method != Method::Get;
  traits.list = !traits.write && !named.type.empty() && !named.has_name;
  traits.paged = traits.list && parameter(request.target, "limit") == "500";
  traits.continues = traits.list && !parameter(request.target, "continue").empty();
  return traits;
}

StreamTraits stream_traits(const ApiRequest& request) {
  return {parameter(request.target, "sendInitialEvents") == "true", named_by(request.target).type};
}

std::optional<ApiResponse> refusal_of(FaultKind kind) {
  if (kind == Throttled || kind == StreamThrottled)
    return plain(429, "Too many requests, please try again later.", std::chrono::seconds(kRetryAfter_s));
  if (kind == Overloaded)
    return plain(429, "Too many requests, please try again later.", std::chrono::seconds(kRetryAfterOverload_s));
  if (kind == ServerError) return plain(500, "internal error");
  if (kind == Unavailable || kind == DiscoveryUnavailable)
    return plain(503, "service unavailable", std::chrono::seconds(kRetryAfter_s));
  if (kind == Forbidden || kind == StreamForbidden || kind == RoleRevoked)
    return status(403, "Forbidden", "forbidden: no rule allows it", {{"details", json::object()}});
  if (kind == TokenRevoked || kind == TokenRotated) return status(401, "Unauthorized", "Unauthorized");
  if (kind == GoneOnOpening) return status(410, "Expired", "too old resource version");
  if (kind == InitialRefused)
    return status(422, "Invalid",
                  "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is "
                  "forbidden for watch unless the WatchList feature gate is enabled",
                  {{"details", {{"group", "meta.k8s.io"}, {"kind", "ListOptions"}}}});
  return std::nullopt;
}

ApiResponse expired_page() {
  return status(410, "Expired", "The provided continue parameter is too old to display a consistent list result.",
                {{"metadata", {{"continue", "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTF9"}}}});
}

ApiResponse too_large_version() {
  return status(
      504, "Timeout", "Timeout: Too large resource version",
      {{"details",
        {{"causes", json::array{{{"reason", "ResourceVersionTooLarge"}, {"message", "Too large resource version"}}}},
         {"retryAfterSeconds", kRetryAfter_s}}}});
}

void spoil_group(FaultKind kind, const std::string& group, std::string& body) {
  Result<json::value> document = parse_json(body);
  json::array* const items = document ? document->as_object()["items"].if_array() : nullptr;
  if (items == nullptr) return;
  json::array kept;
  for (json::value& item : *items) {
    if (string_at(item, {"metadata", "name"}) == group) {
      if (kind == GroupMissing) continue;
      for (json::value& version : item.as_object()["versions"].as_array()) {
        version.as_object()["freshness"] = "Stale";
        version.as_object()["resources"] = json::array();
      }
    }
    kept.push_back(std::move(item));
  }
  document->as_object()["items"] = std::move(kept);
  body = to_json(*document);
}

std::string parameter(const std::string& target, const std::string& name) {
  const std::size_t mark = target.find('?');
  return mark == std::string::npos ? std::string() : RequestQuery(target.substr(mark + 1)).get(name);
}

std::string without_parameter(const std::string& target, const std::string& name) {
  const std::size_t mark = target.find('?');
  if (mark == std::string::npos) return target;
  std::string query;
  for (std::size_t begin = mark + 1; begin < target.size();) {
    const std::size_t end = std::min(target.find('&', begin), target.size());
    const std::string pair = target.substr(begin, end - begin);
    if (!pair.starts_with(name + "=")) query += (query.empty() ? "" : "&") + pair;
    begin = end + 1;
  }
  return target.substr(0, mark) + "?" + query;
}

std::string with_parameter(const std::string& target, const std::string& name, const std::string& value) {
  return without_parameter(target, name) + "&" + name + "=" + value;
}

PastAnswer in_the_past(const std::string& target, Revision revision) {
  PastAnswer past;
  past.target = target;
  if (!parameter(target, "continue").empty()) return past;
  const std::string asked = parameter(target, "resourceVersion");
  past.too_large = !asked.empty() && std::strtoll(asked.c_str(), nullptr, 10) > revision;
  past.target = with_parameter(target, "resourceVersion", std::to_string(revision));
  past.target = with_parameter(past.target, "resourceVersionMatch", "Exact");
  return past;
}

std::string as_initial_events(const std::string& list, const std::string& revision) {
  const Result<json::value> document = parse_json(list);
  if (!document) return {};
  std::string kind(string_at(*document, {"kind"}));
  kind.resize(kind.size() - std::string_view("List").size());
  const std::string_view api_version = string_at(*document, {"apiVersion"});
  std::string events;
  for (const json::value& item : document->as_object().at("items").as_array()) {
    json::object object = item.as_object();
    if (!object.contains("kind")) object["kind"] = kind;
    if (!object.contains("apiVersion")) object["apiVersion"] = api_version;
    events += R"({"type":"ADDED","object":)" + to_json(object) + "}\n";
  }
  const json::object mark{
      {"kind", kind},
      {"apiVersion", api_version},
      {"metadata", {{"resourceVersion", revision}, {"annotations", {{"k8s.io/initial-events-end", "true"}}}}}};
  return events + R"({"type":"BOOKMARK","object":)" + to_json(mark) + "}\n";
}

}  // namespace holdfast::sim
