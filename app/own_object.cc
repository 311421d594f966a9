#include "app/own_object.h"

#include <algorithm>
#include <utility>

namespace holdfast {
namespace {

bool is(const json::value& one, std::string_view finalizer) {
  return one.is_string() && std::string_view(one.get_string()) == finalizer;
}

json::array finalizers_of(const json::object& object) {
  const json::value* finalizers = find(object, {"metadata", "finalizers"});
  return finalizers != nullptr && finalizers->is_array() ? finalizers->get_array() : json::array();
}

}  // namespace

std::string shown(const ApplicationName& name) { return name.first + "/" + name.second; }

std::int64_t generation_of(const json::object& object) {
  const json::value* generation = find(object, {"metadata", "generation"});
  return generation != nullptr && generation->is_int64() ? generation->get_int64() : 0;
}

bool has_finalizer(const json::object& object, std::string_view finalizer) {
  return std::ranges::any_of(finalizers_of(object), [&](const json::value& one) { return is(one, finalizer); });
}

ApiRequest finalizer_patch(const ApiResource& resource, const json::object& object, std::string_view finalizer,
                           bool wanted, std::string_view manager) {
  json::array finalizers;
  for (json::value& one : finalizers_of(object))
    if (!is(one, finalizer)) finalizers.push_back(std::move(one));
  if (wanted) finalizers.emplace_back(finalizer);
  json::object metadata{{"uid", string_at(object, {"metadata", "uid"})}, {"finalizers", std::move(finalizers)}};
  if (const std::string_view version = string_at(object, {"metadata", "resourceVersion"}); !version.empty())
    metadata["resourceVersion"] = version;
  ApiRequest request;
  request.method = Method::Patch;
  request.target =
      resource_path(resource, string_at(object, {"metadata", "namespace"}), string_at(object, {"metadata", "name"})) +
      "?fieldManager=" + std::string(manager);
  request.content_type = "application/merge-patch+json";
  request.body = to_json(json::object{{"metadata", std::move(metadata)}});
  return request;
}

}  // namespace holdfast
