#include "sources/manifests.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "holdfast/base/printable.h"
#include "holdfast/model/object_key.h"
#include "sources/yaml_document.h"

namespace holdfast {
namespace {

// JSON's surrogate escapes, "\ud83d\ude00", are no YAML, so such a file needs the JSON reader, which knows no lines.
bool needs_json_reader(const SourceFile& file) {
  return file.path.ends_with(".json") &&
         (file.content.find("\\ud") != std::string::npos || file.content.find("\\uD") != std::string::npos);
}

Result<std::vector<YamlDocument>> read_documents(const SourceFile& file) {
  if (!needs_json_reader(file)) return parse_yaml(file.content, file.path);
  auto value = parse_json(file.content);
  if (!value) {
    value.error().where = file.path;
    return std::unexpected(std::move(value.error()));
  }
  std::vector<YamlDocument> documents;
  if (!value->is_null()) documents.push_back(YamlDocument{std::move(*value), 1, {}});
  return documents;
}

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// Where a large file's place holder stands, that is all that Git has.
bool is_lfs_pointer(std::string_view content) {
  return content.starts_with("version https://git-lfs.github.com/spec/");
}

}  // namespace

class ManifestReader::State {
 public:
  explicit State(ManifestSet set) : set_(std::move(set)) {}

  void take(const SourceFile& file) {
    if (file_name(file.path) == "Chart.yaml") {
      refuse(file.path, "this is a Helm chart below the path, among plain manifests",
             "point the path at the chart's own folder, as another Application, or exclude it (spec.source.directory)");
      return;
    }
    if (is_lfs_pointer(file.content)) {
      refuse(file.path, "this is a pointer of Git LFS; what it points at is not in the repository",
             "keep manifests out of LFS (git lfs untrack): they are small texts");
      return;
    }
    auto documents = read_documents(file);
    if (!documents) {
      errors_.push_back(std::move(documents.error()));
      return;
    }
    for (auto& document : *documents) {
      path_ = file.path;
      object(std::move(document.value), fmt::format("{}:{}", path_, document.line), document.line, document.item_lines,
             0);
    }
  }

  void take_again(const std::string& path, std::span<const Manifest> manifests) {
    for (const Manifest& known : manifests) {
      Manifest manifest = known;
      manifest.origin = path + known.origin.substr(known.origin.rfind(':'));
      add(std::move(manifest));
    }
  }

  void refuse(Error error) { errors_.push_back(std::move(error)); }
  void take(json::value value, std::string origin) { object(std::move(value), std::move(origin), 1, {}, 0); }

  [[nodiscard]] bool full() const { return errors_.size() >= kManifestErrorLimit; }
  [[nodiscard]] std::size_t size() const { return set_.manifests.size(); }
  [[nodiscard]] std::size_t errors() const { return errors_.size(); }

  std::expected<ManifestSetPtr, std::vector<Error>> finish() {
    if (errors_.size() > kManifestErrorLimit) errors_.resize(kManifestErrorLimit);
    if (!errors_.empty()) return std::unexpected(std::move(errors_));
    set_.content = content_of(set_);
    return std::make_shared<const ManifestSet>(std::move(set_));
  }

 private:
  void refuse(std::string where, std::string message, std::string hint = {}) {
    errors_.push_back(Error{ErrorKind::Invalid, printable_line(message), std::move(where), std::move(hint)});
  }

  void object(json::value value, std::string where, int line, const std::vector<int>& item_lines, int depth) {
    if (!value.is_object()) return refuse(std::move(where), "a manifest must be an object with apiVersion and kind");
    auto& body = value.get_object();
    const std::string_view api_version = string_at(body, {"apiVersion"}), kind = string_at(body, {"kind"});
    if (api_version.empty())
      return refuse(std::move(where), "apiVersion is missing or not a string", "as in: apiVersion: v1");
    if (kind.empty()) return refuse(std::move(where), "kind is missing or not a string", "as in: kind: ConfigMap");
    if (std::count(api_version.begin(), api_version.end(), '/') > 1)
      return refuse(std::move(where), fmt::format("apiVersion \"{}\" has more than one slash", api_version));
    const json::value* items = find(body, {"items"});
    if (kind.ends_with("List") && items != nullptr) return list(body, std::move(where), item_lines, line, depth);
    const GroupVersionKind gvk = make_gvk(api_version, kind);
    if (gvk.group == "kustomize.config.k8s.io")
      return refuse(std::move(where), fmt::format("this is a {} of kustomize, among plain manifests", kind),
                    "point the path at its folder, or exclude it (spec.source.directory)");
    manifest(std::move(body), gvk, std::move(where));
  }

  // The items of a "*List" may leave kind and apiVersion to the list, as the API server itself answers.
  void list(json::object& body, std::string where, const std::vector<int>& item_lines, int line, int depth) {
    if (depth > 4) return refuse(std::move(where), "lists inside lists, five deep");
    json::value& items = body["items"];
    if (items.is_null()) return;
    if (!items.is_array()) return refuse(std::move(where), "items must be a list");
    const std::string kind(string_at(body, {"kind"})), api_version(string_at(body, {"apiVersion"}));
    std::size_t index = 0;
    for (json::value& item : items.get_array()) {
      if (full()) return;
      const int item_line = index < item_lines.size() ? item_lines[index] : line;
      ++index;
      if (kind != "List" && item.is_object()) {
        if (!item.get_object().contains("apiVersion")) item.get_object()["apiVersion"] = api_version;
        if (!item.get_object().contains("kind")) item.get_object()["kind"] = kind.substr(0, kind.size() - 4);
      }
      object(std::move(item), item_lines.empty() ? where : fmt::format("{}:{}", path_, item_line), item_line, {},
             depth + 1);
    }
  }

  void manifest(json::object body, const GroupVersionKind& gvk, std::string where) {
    const json::value* metadata = find(body, {"metadata"});
    if (metadata == nullptr || !metadata->is_object())
      return refuse(std::move(where), fmt::format("{} has no metadata", gvk.kind), "add metadata with a name");
    const std::string name(string_at(body, {"metadata", "name"}));
    if (name.empty() && find(body, {"metadata", "generateName"}) != nullptr)
      return refuse(std::move(where),
                    fmt::format("{} uses generateName, which would make another object at each sync", gvk.kind),
                    "give it a fixed metadata.name");
    if (name.empty())
      return refuse(std::move(where), fmt::format("{} has no metadata.name, or one that is not a string", gvk.kind),
                    find(body, {"metadata", "name"}) == nullptr ? "add metadata.name" : "quote the name");
    const json::value* written = find(body, {"metadata", "namespace"});
    if (written != nullptr && !written->is_string() && !written->is_null())
      return refuse(std::move(where), fmt::format("the metadata.namespace of {} {} is not a string", gvk.kind, name),
                    "quote the namespace");
    const std::string namespace_(string_at(body, {"metadata", "namespace"}));
    add(Manifest{gvk, namespace_, name, std::move(body), std::move(where)});
  }

  void add(Manifest manifest) {
    const ObjectKey key{manifest.gvk.group, manifest.gvk.kind, manifest.namespace_, manifest.name};
    const auto [first, added] = origins_.try_emplace(key, manifest.origin);
    if (!added)
      return refuse(manifest.origin, fmt::format("{} is written twice, first in {}", to_string(key), first->second),
                    "keep one of the two");
    set_.manifests.push_back(std::move(manifest));
  }

  ManifestSet set_;
  std::string path_;
  std::map<ObjectKey, std::string> origins_;
  std::vector<Error> errors_;
};

ManifestReader::ManifestReader(std::string revision, std::int64_t committed_s)
    : state_(std::make_unique<State>(ManifestSet{std::move(revision), {}, committed_s})) {}
ManifestReader::~ManifestReader() = default;

void ManifestReader::refuse(Error error) { state_->refuse(std::move(error)); }
void ManifestReader::take(const SourceFile& file) { state_->take(file); }
void ManifestReader::take(json::value object, std::string origin) {
  state_->take(std::move(object), std::move(origin));
}
void ManifestReader::take_again(const std::string& path, std::span<const Manifest> manifests) {
  state_->take_again(path, manifests);
}
bool ManifestReader::full() const { return state_->full(); }
std::size_t ManifestReader::size() const { return state_->size(); }
std::size_t ManifestReader::errors() const { return state_->errors(); }
std::expected<ManifestSetPtr, std::vector<Error>> ManifestReader::finish() { return state_->finish(); }

Error joined(std::vector<Error> errors) {
  if (errors.size() == 1) return std::move(errors.front());
  Error all{ErrorKind::Invalid, fmt::format("{} errors, so nothing of this revision is used", errors.size()), {}, {}};
  for (const Error& error : errors) all.message += "\n" + describe(error);
  if (errors.size() >= kManifestErrorLimit) all.message += "\nand maybe more";
  return all;
}

std::expected<ManifestSetPtr, std::vector<Error>> parse_manifests(const FileSet& files) {
  ManifestReader reader(files.revision, files.committed_s);
  for (const SourceFile& file : files.files) {
    if (reader.full()) break;
    reader.take(file);
  }
  return reader.finish();
}

}  // namespace holdfast
