// Answers of an API server: failures, lists and what it serves. What is read in one pass is what the parsed text says.
#include <algorithm>

#include "fuzz/target.h"
#include "holdfast/model/api_status.h"
#include "holdfast/model/json.h"
#include "watchers/discovery.h"
#include "watchers/list_page.h"

namespace holdfast::fuzz {
namespace {

void hold_status(std::string_view body) {
  for (const std::string_view type : {"application/json", "text/plain"}) {
    const ApiStatus status = parse_api_status(422, type, body);
    hold(!status.message.empty() && status.message.size() <= 33UL * 1024, "a message of no or endless words");
    hold(status.causes.size() <= 256, "endless causes");
    const Error error = to_error(status, "here");
    hold(!error.message.empty() && !error.message.contains('\n'), "an error of several lines");
  }
}

void hold_list(const std::string& body) {
  const auto page = parse_list_page(body, {"", "v1", "ConfigMap"});
  const auto parsed = parse_json(body);
  if (!page || !parsed) return;
  hold(page->resource_version.value == string_at(*parsed, {"metadata", "resourceVersion"}),
       "a list of another version");
  hold(page->continue_token == string_at(*parsed, {"metadata", "continue"}), "a list that goes on elsewhere");
  const json::value* items = find(*parsed, {"items"});
  const std::size_t written = items != nullptr && items->is_array() ? items->get_array().size() : 0;
  hold(page->items.size() == written, "a list of another length");
  for (std::size_t i = 0; i < written; ++i) {
    const LiveObject& object = *page->items[i];
    const json::value& item = items->get_array()[i];
    hold(object.key.name == string_at(item, {"metadata", "name"}), "an item of another name");
    hold(object.uid.value == string_at(item, {"metadata", "uid"}), "an item of another uid");
    hold(!object.key.name.empty() && !object.uid.empty() && !object.resource_version.empty(), "an item that is none");
    const auto kept = parse_json(object.body);
    hold(kept.has_value() && string_at(*kept, {"metadata", "name"}) == object.key.name, "a body of another object");
  }
}

void hold_catalog(std::string_view api, std::string_view apis) {
  const auto catalog = parse_discovery(api, apis);
  if (!catalog) return;
  for (const auto& [gvk, resource] : catalog->resources) {
    hold(resource.gvk == gvk && !gvk.kind.empty() && !gvk.version.empty() && !resource.plural.empty(),
         "a type that is none");
    const std::string path = resource_path(resource, "a/b", "c?d");
    hold(path.find('?') == std::string::npos && path.starts_with("/api"), "a path out of the API: " + path);
  }
  for (const auto& [kind, version] : catalog->preferred)
    hold(catalog->find(kind) != nullptr, "a preferred version that is not served: " + to_string(kind));
  hold(*parse_discovery(api, apis) == *catalog, "it is not read the same way twice");
}

}  // namespace

// One answer; to discovery, the answers of /api and /apis.
void run_api_answers(std::string_view bytes) {
  const auto parts = split(bytes, 2);
  hold_status(parts[0]);
  hold_list(std::string(parts[0]));
  hold_catalog(parts[0], parts[1]);
}

}  // namespace holdfast::fuzz
