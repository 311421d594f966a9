#include "simulator/api_failure.h"

#include <spdlog/fmt/fmt.h>

namespace holdfast {
namespace {

json::object details_of(std::string_view name, std::string_view group, std::string_view kind) {
  json::object details;
  if (!name.empty()) details["name"] = name;
  if (!group.empty()) details["group"] = group;
  if (!kind.empty()) details["kind"] = kind;
  return details;
}

}  // namespace

json::object status_object(const ApiFailure& failure) {
  json::object metadata;
  if (!failure.continue_token.empty()) metadata["continue"] = failure.continue_token;
  json::object status{{"kind", "Status"},
                      {"apiVersion", "v1"},
                      {"metadata", std::move(metadata)},
                      {"status", "Failure"},
                      {"message", failure.message}};
  if (!failure.reason.empty()) status["reason"] = failure.reason;
  if (failure.details) status["details"] = *failure.details;
  if (failure.retry_after_s) {
    json::value& details = status["details"];
    if (!details.is_object()) details = json::object();
    details.get_object()["retryAfterSeconds"] = *failure.retry_after_s;
  }
  status["code"] = failure.code;
  return status;
}

SimulatedResponse to_response(const ApiFailure& failure) {
  SimulatedResponse response;
  response.status = failure.code;
  if (failure.plain_text) {
    response.content_type = "text/plain; charset=utf-8";
    response.body = failure.message + "\n";
  } else {
    response.body = to_json(status_object(failure)) + "\n";
  }
  if (failure.retry_after_s) response.headers.emplace_back("Retry-After", std::to_string(*failure.retry_after_s));
  return response;
}

std::string resource_name(std::string_view plural, std::string_view group) {
  return group.empty() ? std::string(plural) : fmt::format("{}.{}", plural, group);
}

ApiFailure not_found(std::string_view plural, std::string_view group, std::string_view name) {
  return {404,
          "NotFound",
          fmt::format("{} \"{}\" not found", resource_name(plural, group), name),
          details_of(name, group, plural),
          {},
          {},
          false};
}

ApiFailure page_not_found() { return {404, "", "404 page not found", {}, {}, {}, true}; }

ApiFailure resource_not_found() {
  return {404, "NotFound", "the server could not find the requested resource", json::object(), {}, {}, false};
}

ApiFailure already_exists(std::string_view plural, std::string_view group, std::string_view name) {
  return {409,
          "AlreadyExists",
          fmt::format("{} \"{}\" already exists", resource_name(plural, group), name),
          details_of(name, group, plural),
          {},
          {},
          false};
}

ApiFailure bad_request(std::string message) { return {400, "BadRequest", std::move(message), {}, {}, {}, false}; }

ApiFailure permanent_failure(std::string message) { return {500, "", std::move(message), {}, {}, {}, false}; }

ApiFailure cannot_fulfil(std::string_view plural, std::string_view group, std::string_view kind, std::string_view name,
                         std::string why) {
  return {409,
          "Conflict",
          fmt::format("Operation cannot be fulfilled on {} \"{}\": {}", resource_name(plural, group), name, why),
          details_of(name, group, kind),
          {},
          {},
          false};
}

ApiFailure stale_version(std::string_view plural, std::string_view group, std::string_view name) {
  return cannot_fulfil(plural, group, plural, name,
                       "the object has been modified; please apply your changes to the latest version and try again");
}

ApiFailure invalid(const GroupKind& kind, std::string_view name, const std::vector<ApiStatusCause>& causes) {
  std::vector<std::string> texts;
  json::array list;
  for (const ApiStatusCause& cause : causes) {
    const std::string text = cause.field.empty() ? cause.message : fmt::format("{}: {}", cause.field, cause.message);
    if (texts.empty() || texts.back() != text) texts.push_back(text);
    json::object item{{"reason", cause.reason}, {"message", cause.message}};
    if (!cause.field.empty()) item["field"] = cause.field;
    list.push_back(std::move(item));
  }
  std::string joined = texts.size() == 1 ? texts.front() : fmt::format("[{}]", fmt::join(texts, ", "));
  json::object details = details_of(name, kind.group, kind.kind);
  if (!list.empty()) details["causes"] = std::move(list);
  return {
      422, "Invalid", fmt::format("{} \"{}\" is invalid: {}", to_string(kind), name, joined), std::move(details), {},
      {},  false};
}

ApiFailure forbidden(std::string_view plural, std::string_view group, std::string_view name, std::string why) {
  const std::string quoted = name.empty() ? "" : fmt::format(" \"{}\"", name);
  return {403,
          "Forbidden",
          fmt::format("{}{} is forbidden: {}", resource_name(plural, group), quoted, why),
          details_of(name, group, plural),
          {},
          {},
          false};
}

ApiFailure expired(std::string message) { return {410, "Expired", std::move(message), {}, {}, {}, false}; }

ApiFailure method_not_allowed() {
  return {405,
          "MethodNotAllowed",
          "the server does not allow this method on the requested resource",
          json::object(),
          {},
          {},
          false};
}

ApiFailure not_acceptable() {
  return {406,
          "NotAcceptable",
          "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, "
          "application/vnd.kubernetes.protobuf",
          json::object(),
          {},
          {},
          false};
}

ApiFailure unsupported_media_type(std::string message) {
  return {415, "UnsupportedMediaType", std::move(message), {}, {}, {}, false};
}

ApiFailure wrong_patch_type() {
  return {415, "UnsupportedMediaType", "415: Unsupported Media Type", json::object(), {}, {}, false};
}

ApiFailure too_large_version(std::string_view asked, std::string_view current) {
  json::object details{
      {"causes", json::array{{{"reason", "ResourceVersionTooLarge"}, {"message", "Too large resource version"}}}}};
  return {504,
          "Timeout",
          fmt::format("Timeout: Too large resource version: {}, current: {}", asked, current),
          std::move(details),
          1,
          {},
          false};
}

}  // namespace holdfast
