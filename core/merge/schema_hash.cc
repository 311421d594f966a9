#include "holdfast/merge/schema_hash.h"

#include <set>
#include <string_view>
#include <vector>

#include "holdfast/base/digest.h"
#include "holdfast/merge/value_text.h"

namespace holdfast {
namespace {

constexpr std::string_view kReference = "#/components/schemas/";

struct Definition {
  std::string digest;
  std::set<std::string> refers_to;
};

// Takes out what only people read, and notes what is referred to. A value in a default is no schema, whatever its
// names.
void reduce(json::value& schema, std::set<std::string>& refers_to) {
  if (json::array* list = schema.if_array())
    for (json::value& item : *list) reduce(item, refers_to);
  json::object* object = schema.if_object();
  if (object == nullptr) return;
  const json::value* description = object->if_contains("description");
  if (description != nullptr && description->is_string()) object->erase("description");
  for (auto& [name, value] : *object) {
    if (name == "default" || name == "enum" || name == "example") continue;
    if (name == "$ref" && value.is_string()) {
      const std::string_view target = value.get_string();
      if (target.starts_with(kReference)) refers_to.emplace(target.substr(kReference.size()));
      continue;
    }
    reduce(value, refers_to);
  }
}

std::string hash_of(const std::string& name, const std::map<std::string, Definition>& definitions) {
  std::set<std::string> reached{name};
  std::vector<std::string> ahead{name};
  while (!ahead.empty()) {
    const auto found = definitions.find(ahead.back());
    ahead.pop_back();
    if (found == definitions.end()) continue;
    for (const std::string& next : found->second.refers_to)
      if (reached.insert(next).second) ahead.push_back(next);
  }
  std::string all = name + "\n";
  for (const std::string& one : reached) {
    const auto found = definitions.find(one);
    all += one + " " + (found == definitions.end() ? "" : found->second.digest) + "\n";
  }
  return to_hex(sha256(all));
}

}  // namespace

std::map<GroupVersionKind, std::string> schema_hashes(const json::value& document) {
  std::map<GroupVersionKind, std::string> hashes;
  const json::value* schemas = find(document, {"components", "schemas"});
  if (schemas == nullptr || !schemas->is_object()) return hashes;
  std::map<std::string, Definition> definitions;
  for (const auto& [name, schema] : schemas->get_object()) {
    json::value reduced = schema;
    Definition& definition = definitions[std::string(name)];
    reduce(reduced, definition.refers_to);
    definition.digest = to_hex(sha256(value_text(reduced)));
  }
  std::map<GroupVersionKind, std::set<std::string>> named;
  for (const auto& [name, schema] : schemas->get_object()) {
    const json::value* kinds = find(schema, {"x-kubernetes-group-version-kind"});
    // What is of many kinds, as DeleteOptions, is no type of its own.
    if (kinds == nullptr || !kinds->is_array() || kinds->get_array().size() != 1) continue;
    const json::value& kind = kinds->get_array().front();
    named[{std::string(string_at(kind, {"group"})), std::string(string_at(kind, {"version"})),
           std::string(string_at(kind, {"kind"}))}]
        .emplace(name);
  }
  for (const auto& [type, names] : named) {
    std::string& hash = hashes[type];
    for (const std::string& name : names) hash += hash_of(name, definitions);
    if (names.size() > 1) hash = to_hex(sha256(hash));  // whichever of them counts
  }
  return hashes;
}

}  // namespace holdfast
