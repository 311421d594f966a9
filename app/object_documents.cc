#include "app/object_documents.h"

#include <string>
#include <utility>

#include "sources/yaml_document.h"

namespace holdfast {
namespace {

// A text that begins like JSON is read as JSON first, which is bounded by its size alone.
Result<std::vector<YamlDocument>> read_documents(std::string_view text, std::string_view path) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && (text[first] == '{' || text[first] == '[')) {
    Result<json::value> value = parse_json(text);
    std::vector<YamlDocument> documents;
    if (value) {
      documents.push_back({*std::move(value), 1, {}});
      return documents;
    }
  }
  return parse_yaml(text, path);
}

class Objects {
 public:
  explicit Objects(std::string_view path) : path_(path) {}

  Result<void> add(json::value value, int line) {
    if (Result<void> checked = check(value, line); !checked) return checked;
    const std::string kind(string_at(value, {"kind"}));
    json::value* items = kind.ends_with("List") ? value.as_object().if_contains("items") : nullptr;
    if (items == nullptr) {
      found_.push_back(std::move(value));
      return {};
    }
    if (items->is_null()) return {};  // Go's way of writing an empty list
    if (!items->is_array()) return refuse("items of a " + kind + " is not a list", line);
    for (json::value& item : items->get_array()) {
      complete(item, value, kind.substr(0, kind.size() - 4));
      if (Result<void> added = check(item, line); !added) return added;
      found_.push_back(std::move(item));
    }
    return {};
  }

  std::vector<json::value> take() { return std::move(found_); }

 private:
  // The items of a typed list say neither apiVersion nor kind.
  static void complete(json::value& item, const json::value& list, const std::string& kind) {
    json::object* object = item.if_object();
    if (object == nullptr || kind.empty()) return;
    if (!object->contains("apiVersion")) (*object)["apiVersion"] = string_at(list, {"apiVersion"});
    if (!object->contains("kind")) (*object)["kind"] = kind;
  }

  [[nodiscard]] Result<void> check(const json::value& value, int line) const {
    if (!value.is_object()) return refuse("not an object", line);
    if (string_at(value, {"apiVersion"}).empty()) return refuse("an object without apiVersion", line);
    if (string_at(value, {"kind"}).empty()) return refuse("an object without kind", line);
    const json::value* metadata = find(value, {"metadata"});
    if (metadata != nullptr && !metadata->is_object() && !metadata->is_null())
      return refuse("metadata is not an object", line);
    return {};
  }

  [[nodiscard]] Result<void> refuse(std::string message, int line) const {
    return fail(ErrorKind::Invalid, std::move(message), path_ + ":" + std::to_string(line),
                "each document has to be an object as `kubectl get -o yaml` prints it, or a List of them");
  }

  std::string path_;
  std::vector<json::value> found_;
};

}  // namespace

Result<std::vector<json::value>> read_objects(std::string_view text, std::string_view path) {
  Result<std::vector<YamlDocument>> documents = read_documents(text, path);
  if (!documents) return std::unexpected(documents.error());
  if (documents->empty()) return fail(ErrorKind::Invalid, "there is no object in it", std::string(path));
  Objects objects(path);
  for (YamlDocument& document : *documents) {
    if (Result<void> added = objects.add(std::move(document.value), document.line); !added)
      return std::unexpected(added.error());
  }
  return objects.take();
}

}  // namespace holdfast
