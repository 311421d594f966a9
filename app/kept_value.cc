#include "app/kept_value.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <ranges>
#include <sstream>
#include <tuple>
#include <variant>

#include "app/yaml_text.h"
#include "sources/field_address.h"
#include "sources/yaml_document.h"
#include "sources/yaml_place.h"

namespace holdfast {
namespace {

constexpr std::size_t kTold = 3;

struct Found {
  ChartValue value;
  std::size_t likeness = 0;  // how many of the last names are the same
};

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : to_json(value);
}

std::vector<std::string> names_of(const std::string& path) {
  std::vector<std::string> names;
  if (const auto address = FieldAddress::parse(path))
    for (const FieldAddress::Step& step : address->steps())
      if (!step.item) names.push_back(step.name);
  return names;
}

class Search {
 public:
  Search(const SourceFile& file, const YamlTree& tree, const std::vector<std::string>& names, std::string present,
         std::vector<Found>& found)
      : file_(file), tree_(tree), names_(names), present_(std::move(present)), found_(found) {}

  void look(const json::value& value) {
    if (const json::object* object = value.if_object()) {
      for (const auto& [name, below] : *object) {
        path_.emplace_back(std::string(name));
        look(below);
        path_.pop_back();
      }
    } else if (const json::array* list = value.if_array()) {
      for (std::size_t i = 0; i < list->size(); ++i) {
        path_.emplace_back(i);
        look((*list)[i]);
        path_.pop_back();
      }
    } else if (!path_.empty() && text_of(value) == present_) {
      found_.push_back({{file_.path, to_string(path_), line_of(tree_, path_)}, likeness()});
    }
  }

 private:
  [[nodiscard]] std::size_t likeness() const {
    std::size_t same = 0;
    auto name = names_.rbegin();
    for (auto step = path_.rbegin(); step != path_.rend() && name != names_.rend(); ++step, ++name, ++same)
      if (!std::holds_alternative<std::string>(*step) || std::get<std::string>(*step) != *name) break;
    return same;
  }

  const SourceFile& file_;
  const YamlTree& tree_;
  const std::vector<std::string>& names_;
  std::string present_;
  std::vector<Found>& found_;
  YamlPath path_;
};

}  // namespace

std::vector<ChartValue> values_like(std::span<const SourceFile> files, const std::string& path,
                                    const json::value& present) {
  std::vector<Found> found;
  const std::vector<std::string> names = names_of(path);
  if (present.is_null()) return {};
  for (const SourceFile& file : files) {
    const auto documents = parse_yaml(file.content, file.path);
    YamlReader reader(file.content, file.path);
    const auto tree = reader.next();
    if (!documents || documents->empty() || !tree || tree->nodes.empty()) continue;
    Search(file, *tree, names, text_of(present), found).look(documents->front().value);
  }
  std::ranges::sort(found, [](const Found& one, const Found& other) {
    return std::tie(other.likeness, one.value.file, one.value.line) <
           std::tie(one.likeness, other.value.file, other.value.line);
  });
  std::vector<ChartValue> values;
  for (Found& one : found)
    if (one.likeness == found.front().likeness) values.push_back(std::move(one.value));
  return values;
}

std::string describe_values(const std::vector<ChartValue>& values) {
  std::string text;
  for (std::size_t i = 0; i < values.size() && i < kTold; ++i)
    text += fmt::format("{}{} ({}:{})", text.empty() ? "" : " or ", values[i].name, values[i].file, values[i].line);
  return text;
}

std::string kustomize_patch(const OverridePatch& patch, const std::string& api_version) {
  const auto address = FieldAddress::parse(patch.path);
  json::object body{
      {"apiVersion", api_version}, {"kind", patch.target.kind}, {"metadata", {{"name", patch.target.name}}}};
  json::value value = patch.value;
  if (address)
    for (const FieldAddress::Step& step : std::views::reverse(address->steps())) {
      if (!step.item) {
        value = json::object{{step.name, std::move(value)}};
        continue;
      }
      json::object item{{step.name, step.value}};
      if (value.is_object())
        for (auto& [name, below] : value.get_object()) item[name] = std::move(below);
      value = json::array{std::move(item)};
    }
  if (value.is_object())
    for (auto& [name, below] : value.get_object()) body[name] = std::move(below);
  std::string text =
      fmt::format("patches:\n- target: {{kind: {}, name: {}}}\n  patch: |-\n", patch.target.kind, patch.target.name);
  std::istringstream lines(yaml_text(json::value(std::move(body))));
  for (std::string line; std::getline(lines, line);) text += "    " + line + "\n";
  return text;
}

}  // namespace holdfast
