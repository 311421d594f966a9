#include "simulator/scale_view.h"

#include "simulator/selector.h"

namespace holdfast {
namespace {

std::int64_t number_at(const json::object& object, std::string_view path) {
  const std::string text = text_at_path(object, path.substr(path.starts_with('.') ? 1 : 0));
  return text.empty() ? 0 : std::strtoll(text.c_str(), nullptr, 10);
}

// "app=web,tier in (a)" is shown as matchLabels alone: what a Scale is read for is its numbers.
std::string selector_text(const ResourceType& type, const json::object& object) {
  if (type.custom) return text_at_path(object, type.scale->selector.empty() ? "" : type.scale->selector.substr(1));
  const json::value* labels = find(object, {"spec", "selector", "matchLabels"});
  std::string out;
  if (labels != nullptr && labels->is_object())
    for (const auto& [name, value] : labels->get_object())
      out += (out.empty() ? "" : ",") + std::string(name) + "=" + std::string(string_at(value, {}));
  return out;
}

bool set_at(json::object& object, std::string_view path, json::value value) {
  if (path.starts_with('.')) path.remove_prefix(1);
  const std::size_t dot = path.find('.');
  if (dot == std::string_view::npos) {
    object[path] = std::move(value);
    return true;
  }
  json::value& below = object[path.substr(0, dot)];
  if (below.is_null()) below = json::object();
  return below.is_object() && set_at(below.get_object(), path.substr(dot + 1), std::move(value));
}

}  // namespace

json::object scale_of(const ResourceType& type, const StoredPtr& object) {
  json::object metadata{{"name", object->name}};
  if (!object->namespace_.empty()) metadata["namespace"] = object->namespace_;
  for (const std::string_view name : {"uid", "resourceVersion", "creationTimestamp"})
    if (const json::value* value = find(object->body, {"metadata", name})) metadata[name] = *value;
  json::object spec, status{{"replicas", number_at(object->body, type.scale->status)}};
  if (const std::int64_t replicas = number_at(object->body, type.scale->spec); replicas != 0)
    spec["replicas"] = replicas;
  if (const std::string selector = selector_text(type, object->body); !selector.empty()) status["selector"] = selector;
  return {{"kind", "Scale"},
          {"apiVersion", "autoscaling/v1"},
          {"metadata", std::move(metadata)},
          {"spec", std::move(spec)},
          {"status", std::move(status)}};
}

Reply<json::object> with_scale(const ResourceType& type, json::object object, const json::object& scale) {
  const json::value* replicas = find(scale, {"spec", "replicas"});
  const std::int64_t wanted = replicas != nullptr && replicas->is_int64() ? replicas->get_int64() : 0;
  if (wanted < 0 || !set_at(object, type.scale->spec, wanted))
    return std::unexpected(invalid(
        {"autoscaling", "Scale"}, string_at(object, {"metadata", "name"}),
        {{"FieldValueInvalid", "Invalid value: " + std::to_string(wanted) + ": must be greater than or equal to 0",
          "spec.replicas"}}));
  return object;
}

}  // namespace holdfast
