#include "simulator/representation.h"

#include <spdlog/fmt/fmt.h>

#include "simulator/object_writer.h"
#include "simulator/table_cells.h"

namespace holdfast {
namespace {

json::object partial_metadata(const json::object& object) {
  json::object shown{{"kind", "PartialObjectMetadata"}, {"apiVersion", "meta.k8s.io/v1"}};
  if (const json::value* metadata = object.if_contains("metadata")) shown["metadata"] = *metadata;
  return shown;
}

// `whole`: of whole custom objects, whose lists always have the member.
std::string list_metadata(const ListMetadata& metadata, bool whole) {
  json::object shown{{"resourceVersion", metadata.resource_version}};
  if (whole || !metadata.continue_token.empty()) shown["continue"] = metadata.continue_token;
  if (metadata.remaining != 0) shown["remainingItemCount"] = metadata.remaining;
  return to_json(shown);
}

json::array column_definitions(const ResourceType& type) {
  json::array columns;
  for (const TableColumn& column : type.columns)
    columns.push_back({{"name", column.name},
                       {"type", column.type},
                       {"format", column.format},
                       {"description", column.description},
                       {"priority", column.priority}});
  return columns;
}

json::object row_of(const Representation& representation, const ResourceType& type, const StoredPtr& object,
                    SimulatedTime now) {
  json::object row{{"cells", table_cells(type, object->body, now)}};
  if (representation.include_object == "Object")
    row["object"] = object->body;
  else
    row["object"] = representation.include_object == "None" ? json::value() : partial_metadata(object->body);
  return row;
}

std::string table(const Representation& representation, const ResourceType& type, const std::vector<StoredPtr>& objects,
                  const ListMetadata& metadata, SimulatedTime now) {
  json::array rows;
  for (const StoredPtr& object : objects) rows.push_back(row_of(representation, type, in_version(object, type), now));
  return fmt::format(
      R"({{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{},"columnDefinitions":{},"rows":{}}})",
      list_metadata(metadata, false), representation.columns ? to_json(column_definitions(type)) : "null",
      to_json(rows));
}

// Items of built-in types carry neither kind nor apiVersion (V44).
std::string item_text(const ResourceType& type, const StoredPtr& object) {
  if (type.custom) return in_version(object, type)->text;
  json::object body = object->body;
  body.erase("kind");
  body.erase("apiVersion");
  return to_json(body);
}

}  // namespace

bool is_acceptable(std::string_view accept) {
  return accept.empty() || accept.find("*/*") != std::string_view::npos ||
         accept.find("application/") != std::string_view::npos;
}

Representation negotiate(std::string_view accept, const std::string& include_object) {
  Representation chosen;
  if (!include_object.empty()) chosen.include_object = include_object;
  while (!accept.empty()) {
    const std::size_t end = std::min(accept.find(','), accept.size());
    const std::string_view range = accept.substr(0, end);
    accept.remove_prefix(std::min(end + 1, accept.size()));
    const bool version = range.find("g=meta.k8s.io") != std::string_view::npos &&
                         (range.ends_with("v=v1") || range.find("v=v1;") != std::string_view::npos);
    if (range.find("application/json") == std::string_view::npos || range.find(";as=") == std::string_view::npos) {
      if (range.find("application/json") != std::string_view::npos || range.find("*/*") != std::string_view::npos)
        break;
      continue;
    }
    if (!version) continue;
    if (range.find("as=Table") != std::string_view::npos) chosen.shape = Shape::Table;
    if (range.find("as=PartialObjectMetadata") != std::string_view::npos) chosen.shape = Shape::PartialMetadata;
    if (chosen.shape != Shape::Object) break;
  }
  return chosen;
}

std::string show_object(const Representation& representation, const ResourceType& type, const StoredPtr& object,
                        SimulatedTime now) {
  switch (representation.shape) {
    case Shape::Object:
      return in_version(object, type)->text;
    case Shape::PartialMetadata:
      return to_json(partial_metadata(object->body));
    case Shape::Table:
      return table(representation, type, {object}, {std::to_string(object->revision), "", 0}, now);
  }
  return {};
}

std::string show_list(const Representation& representation, const ResourceType& type,
                      const std::vector<StoredPtr>& objects, const ListMetadata& metadata, SimulatedTime now) {
  if (representation.shape == Shape::Table) return table(representation, type, objects, metadata, now);
  const bool partial = representation.shape == Shape::PartialMetadata;
  std::string out = fmt::format(R"({{"kind":"{}","apiVersion":"{}","metadata":{},"items":[)",
                                partial ? "PartialObjectMetadataList" : type.gvk.kind + "List",
                                partial ? "meta.k8s.io/v1" : type.gvk.api_version(),
                                list_metadata(metadata, type.custom && !partial));
  bool first = true;
  for (const StoredPtr& object : objects) {
    if (!first) out.push_back(',');
    first = false;
    out += partial ? to_json(partial_metadata(object->body)) : item_text(type, object);
  }
  return out + "]}";
}

}  // namespace holdfast
