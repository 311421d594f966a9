#include "sources/written_object.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "sources/yaml_place.h"

namespace holdfast {
namespace {

constexpr std::size_t kListDepthLimit = 5;  // of lists inside lists, as manifests.cc has it

// A scalar as managedFields spell it: "web" without its quotes, 80 as it is.
std::string plain_text(const json::value& value) {
  if (const json::string* text = value.if_string()) return std::string(std::string_view(*text));
  return to_json(value);
}

bool is_scalar(const YamlTree& tree, std::uint32_t index, const std::string& text) {
  const YamlNode& node = tree.nodes[resolved_node(tree, index)];
  return node.kind == YamlNodeKind::Scalar && node.text == text;
}

std::string_view text_of(const YamlTree& tree, std::uint32_t index, const YamlPath& path) {
  std::uint32_t at = index;
  for (const YamlStep& step : path) {
    const auto next = step_into(tree, at, step);
    if (!next) return {};
    at = next->value;
  }
  return tree.nodes[resolved_node(tree, at)].text;
}

// The objects of a document: its root, or the items of the lists in it.
void collect_objects(const YamlTree& tree, std::uint32_t index, std::size_t depth, std::vector<std::uint32_t>& found) {
  const std::uint32_t at = resolved_node(tree, index);
  const auto items = step_into(tree, at, YamlStep(std::string("items")));
  const bool is_list = text_of(tree, at, {std::string("kind")}).ends_with("List") && items.has_value();
  if (!is_list || depth >= kListDepthLimit) return found.push_back(at);
  for (const std::uint32_t child : tree.nodes[resolved_node(tree, items->value)].children)
    collect_objects(tree, child, depth + 1, found);
}

// The item of a list that an element names. Key fields that the item leaves to their defaults are no objection, as long
// as there is one that it has.
std::optional<YamlPlace> find_item(const YamlTree& tree, std::uint32_t list, const PathElement& element) {
  const YamlNode& node = tree.nodes[list];
  if (node.kind != YamlNodeKind::Sequence) return std::nullopt;
  const auto names = [&](std::uint32_t item) {
    if (element.kind() == PathElement::Kind::Value) return is_scalar(tree, item, plain_text(element.member()));
    if (element.kind() != PathElement::Kind::Key) return false;
    bool any = false;
    for (const auto& [name, value] : element.key_fields()) {
      const auto field = step_into(tree, item, YamlStep(std::string(name)));
      if (field && !is_scalar(tree, field->value, plain_text(value))) return false;
      any = any || field.has_value();
    }
    return any;
  };
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const bool named = element.kind() == PathElement::Kind::Index ? element.position() == i : names(node.children[i]);
    if (named) return YamlPlace{node.children[i], tree.nodes[node.children[i]].line};
  }
  return std::nullopt;
}

std::optional<YamlPlace> find_element(const YamlTree& tree, std::uint32_t index, const PathElement& element) {
  const std::uint32_t at = resolved_node(tree, index);
  if (element.kind() == PathElement::Kind::Field) return step_into(tree, at, YamlStep(element.text()));
  return find_item(tree, at, element);
}

}  // namespace

Result<WrittenObject> WrittenObject::find(std::string_view text, const std::string& path, int line,
                                          std::string_view kind, std::string_view name) {
  YamlReader reader(text, path);
  while (true) {
    Result<YamlTree> tree = reader.next();
    if (!tree) return std::unexpected(std::move(tree.error()));
    if (tree->nodes.empty()) break;
    std::vector<std::uint32_t> objects;
    collect_objects(*tree, 0, 0, objects);
    std::erase_if(objects, [&](std::uint32_t at) { return tree->nodes[at].line != line; });
    // The name of a hook, and the kind of an item in a typed list, are not written as they are applied.
    const auto named = std::ranges::find_if(objects, [&](std::uint32_t at) {
      return text_of(*tree, at, {std::string("metadata"), std::string("name")}) == name &&
             (text_of(*tree, at, {std::string("kind")}).empty() || text_of(*tree, at, {std::string("kind")}) == kind);
    });
    if (named != objects.end()) return WrittenObject(std::move(*tree), *named);
    if (objects.size() == 1) return WrittenObject(std::move(*tree), objects.front());
  }
  return fail(ErrorKind::NotFound, fmt::format("{} {} is not written there any more", kind, name),
              fmt::format("{}:{}", path, line), "the file has changed; try again");
}

int WrittenObject::last_line(std::uint32_t index) const {
  int last = tree_.nodes[index].last_line;
  for (const std::uint32_t child : tree_.nodes[index].children) last = std::max(last, last_line(child));
  return last;
}

// What applying stringData makes data of wins over data (correctness C2).
bool WrittenObject::stands_in_string_data(const FieldPath& path) const {
  if (path.empty() || path[0] != PathElement::field("data")) return false;
  const auto written = find_element(tree_, root_, PathElement::field("stringData"));
  if (!written) return false;
  if (path.size() == 1) return !find_element(tree_, root_, path[0]);
  return find_element(tree_, written->value, path[1]).has_value();
}

WrittenObject::Place WrittenObject::place_of(const FieldPath& path) const {
  YamlPlace place{root_, tree_.nodes[root_].line};
  const bool as_string = stands_in_string_data(path);
  for (std::size_t i = 0; i < path.size(); ++i) {
    const auto next =
        find_element(tree_, place.value, i == 0 && as_string ? PathElement::field("stringData") : path[i]);
    if (!next) return {{place.line, place.line}, false};
    place = *next;
  }
  // Of an alias only its own line: what it stands for is written somewhere else, for others too.
  return {{place.line, std::max(place.line, last_line(place.value))}, true};
}

}  // namespace holdfast
