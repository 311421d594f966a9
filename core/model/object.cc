#include "holdfast/model/object.h"

#include <simdjson.h>

#include <boost/json/serialize.hpp>

#include "holdfast/model/json.h"

namespace holdfast {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::size_t kMaxObjectBytes = 16UL * 1024 * 1024;  // correctness A15

simdjson::error_code take_string(ondemand::value value, std::string& out) {
  std::string_view text;
  if (const auto error = value.get_string().get(text)) return error;
  out = text;
  return simdjson::SUCCESS;
}

simdjson::error_code read_metadata(ondemand::object metadata, LiveObject& out) {
  for (auto entry : metadata) {
    std::string_view key;
    ondemand::value value;
    if (const auto error = entry.unescaped_key().get(key)) return error;
    if (const auto error = entry.value().get(value)) return error;
    std::string* target = nullptr;
    if (key == "name") target = &out.key.name;
    if (key == "namespace") target = &out.key.namespace_;
    if (key == "uid") target = &out.uid.value;
    if (key == "resourceVersion") target = &out.resource_version.value;
    if (target != nullptr) {
      if (const auto error = take_string(value, *target)) return error;
    } else if (key == "deletionTimestamp") {
      bool null = false;
      if (const auto error = value.is_null().get(null)) return error;
      out.terminating = !null;
    }
  }
  return simdjson::SUCCESS;
}

simdjson::error_code read_fields(ondemand::document& document, std::string& api_version, std::string& kind,
                                 LiveObject& out) {
  ondemand::object root;
  if (const auto error = document.get_object().get(root)) return error;
  for (auto entry : root) {
    std::string_view key;
    ondemand::value value;
    if (const auto error = entry.unescaped_key().get(key)) return error;
    if (const auto error = entry.value().get(value)) return error;
    if (key == "apiVersion") {
      if (const auto error = take_string(value, api_version)) return error;
    } else if (key == "kind") {
      if (const auto error = take_string(value, kind)) return error;
    } else if (key == "metadata") {
      ondemand::object metadata;
      if (const auto error = value.get_object().get(metadata)) return error;
      if (const auto error = read_metadata(metadata, out)) return error;
    }
  }
  // A second value behind the object would mean that the stream was split at the wrong place.
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS ? simdjson::SUCCESS
                                                                        : simdjson::TRAILING_CONTENT;
}

// Where a single read would show them, and in the order in which built-in types show them.
void add_type(std::string& body, const GroupVersionKind& gvk) {
  const std::size_t brace = body.find('{');
  const auto quoted = [](const std::string& text) { return json::serialize(json::string_view(text)); };
  body.insert(brace + 1, "\"kind\":" + quoted(gvk.kind) + ",\"apiVersion\":" + quoted(gvk.api_version()) + ",");
}

Result<void> check(const LiveObject& object) {
  const std::string where = to_string(object.key);
  if (object.key.kind.empty() || object.gvk.version.empty())
    return fail(ErrorKind::Protocol, "an object without kind or apiVersion came from the API server", where);
  if (object.key.name.empty()) return fail(ErrorKind::Protocol, "an object without metadata.name", where);
  if (object.uid.empty()) return fail(ErrorKind::Protocol, "an object without metadata.uid", where);
  if (object.resource_version.empty())
    return fail(ErrorKind::Protocol, "an object without metadata.resourceVersion", where);
  return {};
}

}  // namespace

Result<LivePtr> read_live_object(std::string_view body, const GroupVersionKind& fallback) {
  if (body.size() > kMaxObjectBytes)
    return fail(ErrorKind::TooLarge, "an object of more than 16 MiB came from the API server", to_string(fallback));
  auto object = std::make_shared<LiveObject>();
  // simdjson reads a few bytes past the end: they are reserved here, so the text is copied only once.
  object->body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  object->body = body;

  thread_local ondemand::parser parser;
  ondemand::document document;
  std::string api_version;
  std::string kind;
  const simdjson::padded_string_view padded(object->body.data(), object->body.size(), object->body.capacity());
  auto error = parser.iterate(padded).get(document);
  if (!error) error = read_fields(document, api_version, kind, *object);
  if (error)
    return fail(ErrorKind::Protocol, std::string("not a readable object: ") + simdjson::error_message(error),
                to_string(fallback));

  const bool untyped = api_version.empty() && kind.empty();
  object->gvk = untyped ? fallback : make_gvk(api_version, kind);
  object->key.group = object->gvk.group;
  object->key.kind = object->gvk.kind;
  if (auto checked = check(*object); !checked) return std::unexpected(checked.error());
  if (untyped) add_type(object->body, object->gvk);
  return object;
}

}  // namespace holdfast
