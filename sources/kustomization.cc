#include "sources/kustomization.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "sources/yaml_document.h"
#include "sources/yaml_tree.h"

namespace holdfast {
namespace {

// "key=path", or a path alone.
std::string_view behind_key(std::string_view entry) {
  const std::size_t equals = entry.find('=');
  return equals == std::string_view::npos ? entry : entry.substr(equals + 1);
}

constexpr const char* kNoCharts =
    "take the chart as an Application of its own (spec.source.helm), or commit what `helm template` makes of it";

class Collector {
 public:
  Collector(const YamlTree& tree, std::string path) : tree_(tree), path_(std::move(path)) {}

  Result<std::vector<KustomizationReference>> kustomization(const json::object& root) {
    for (const char* charts : {"helmCharts", "helmChartInflationGenerator", "helmGlobals"})
      if (root.contains(charts))
        return fail(ErrorKind::Invalid, fmt::format("{} makes kustomize run helm, which is not done", charts),
                    place({charts}), kNoCharts);
    for (const char* list : {"resources", "bases", "components"}) texts(root, list, {.folder = true});
    for (const char* list : {"generators", "transformers", "validators"})
      texts(root, list, {.folder = true, .certain = false, .plugin = true});
    for (const char* list : {"crds", "configurations"}) texts(root, list, {});
    texts(root, "patchesStrategicMerge", {.certain = false});
    for (const char* list : {"patches", "patchesJson6902", "replacements"}) paths_in(root, list);
    for (const char* list : {"configMapGenerator", "secretGenerator"}) generator(root, list);
    if (const json::value* openapi = root.if_contains("openapi"); openapi != nullptr && openapi->is_object())
      add(string_at(*openapi, {"path"}), {"openapi", "path"}, {});
    if (refused_) return std::unexpected(std::move(*refused_));
    return std::move(references_);
  }

  // Every text under one of the keys by which plugins speak of files.
  std::vector<KustomizationReference> plugin(const json::value& root) {
    guess({}, root, false);
    return std::move(references_);
  }

 private:
  [[nodiscard]] std::string place(const YamlPath& path) const {
    return fmt::format("{}:{}", path_, tree_.nodes.empty() ? 1 : line_of(tree_, path));
  }

  // `like`: what all of them have in common.
  void add(std::string_view written, YamlPath field, KustomizationReference like) {
    if (written.empty()) return;
    if (written.find('\n') != std::string_view::npos) {  // the thing itself
      if (like.plugin) inline_plugin(written);
      return;
    }
    like.path = written;
    like.where = place(field);
    like.field = to_string(field);
    references_.push_back(std::move(like));
  }

  void inline_plugin(std::string_view text) {
    auto found = read_plugin_configuration(text, path_);
    if (!found) return;  // kustomize says it better
    for (KustomizationReference& reference : *found) references_.push_back(std::move(reference));
  }

  static const json::array& list_at(const json::object& root, std::string_view name) {
    static const json::array kNone;
    const json::value* value = root.if_contains(name);
    return value != nullptr && value->is_array() ? value->get_array() : kNone;
  }

  void texts(const json::object& root, const char* list, const KustomizationReference& like) {
    std::size_t index = 0;
    for (const json::value& item : list_at(root, list)) {
      if (item.is_string()) add(std::string_view(item.get_string()), {list, index}, like);
      ++index;
    }
  }

  void paths_in(const json::object& root, const char* list) {
    std::size_t index = 0;
    for (const json::value& item : list_at(root, list)) add(string_at(item, {"path"}), {list, index++, "path"}, {});
  }

  void generator(const json::object& root, const char* list) {
    std::size_t index = 0;
    for (const json::value& item : list_at(root, list)) {
      if (item.is_object()) {
        std::size_t file = 0;
        for (const char* files : {"files", "envs"}) {
          for (const json::value& entry : list_at(item.get_object(), files))
            if (entry.is_string())
              add(behind_key(std::string_view(entry.get_string())), {list, index, files, file++}, {});
          file = 0;
        }
        add(string_at(item, {"env"}), {list, index, "env"}, {});
      }
      ++index;
    }
  }

  void guess(const YamlPath& field, const json::value& value, bool of_files) {
    if (const json::object* object = value.if_object()) {
      for (const auto& [key, below] : *object) {
        YamlPath path = field;
        path.emplace_back(std::string(key));
        guess(path, below, key == "path" || key == "paths" || key == "files" || key == "env" || key == "envs");
      }
    } else if (const json::array* list = value.if_array()) {
      for (std::size_t i = 0; i < list->size(); ++i) {
        YamlPath path = field;
        path.emplace_back(i);
        guess(path, (*list)[i], of_files);
      }
    } else if (of_files && value.is_string()) {
      add(behind_key(std::string_view(value.get_string())), field, {.certain = false});
    }
  }

  const YamlTree& tree_;
  std::string path_;
  std::vector<KustomizationReference> references_;
  std::optional<Error> refused_;
};

// The first document as values and as places.
struct Read {
  json::value value;
  YamlTree tree;
};

Result<std::vector<Read>> read_documents(std::string_view text, const std::string& path) {
  auto values = parse_yaml(text, path);
  if (!values) return std::unexpected(values.error());
  std::vector<Read> all;
  YamlReader reader(text, path);
  for (YamlDocument& document : *values) {
    auto tree = reader.next();
    if (!tree) return std::unexpected(tree.error());
    all.push_back({std::move(document.value), std::move(*tree)});
  }
  return all;
}

}  // namespace

Result<std::vector<KustomizationReference>> read_kustomization(std::string_view text, const std::string& path) {
  auto documents = read_documents(text, path);
  if (!documents) return std::unexpected(documents.error());
  if (documents->empty()) return std::vector<KustomizationReference>();
  Read& read = documents->front();
  if (!read.value.is_object())
    return fail(ErrorKind::Invalid, "a kustomization has to be an object", path, "as in: resources: [deployment.yaml]");
  return Collector(read.tree, path).kustomization(read.value.get_object());
}

Result<std::vector<KustomizationReference>> read_plugin_configuration(std::string_view text, const std::string& path) {
  auto documents = read_documents(text, path);
  if (!documents) return std::unexpected(documents.error());
  std::vector<KustomizationReference> all;
  for (Read& read : *documents)
    for (KustomizationReference& reference : Collector(read.tree, path).plugin(read.value))
      all.push_back(std::move(reference));
  return all;
}

bool is_remote_reference(std::string_view path) {
  const auto begins_with = [&](std::initializer_list<std::string_view> list) {
    return std::ranges::any_of(list, [&](std::string_view begin) { return path.starts_with(begin); });
  };
  return path.find("://") != std::string_view::npos || path.find("?ref=") != std::string_view::npos ||
         path.find(".git/") != std::string_view::npos || path.ends_with(".git") ||
         begins_with({"git@", "git::", "github.com/", "github.com:", "gitlab.com/", "bitbucket.org/"});
}

}  // namespace holdfast
