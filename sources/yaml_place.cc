#include "sources/yaml_place.h"

namespace holdfast {
namespace {

constexpr std::size_t kMergeDepthLimit = 8;

std::optional<YamlPlace> member(const YamlTree& tree, std::uint32_t index, const std::string& key, std::size_t depth);

std::optional<YamlPlace> merged_member(const YamlTree& tree, std::uint32_t index, const std::string& key,
                                       std::size_t depth) {
  const std::uint32_t at = resolved_node(tree, index);
  if (tree.nodes[at].kind != YamlNodeKind::Sequence) return member(tree, at, key, depth);
  for (const std::uint32_t child : tree.nodes[at].children)
    if (const auto found = member(tree, resolved_node(tree, child), key, depth)) return found;
  return std::nullopt;
}

// Its own keys win over merged ones.
std::optional<YamlPlace> member(const YamlTree& tree, std::uint32_t index, const std::string& key, std::size_t depth) {
  const YamlNode& node = tree.nodes[index];
  if (node.kind != YamlNodeKind::Mapping || depth > kMergeDepthLimit) return std::nullopt;
  for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
    const YamlNode& written = tree.nodes[resolved_node(tree, node.children[i])];
    if (written.text == key) return YamlPlace{node.children[i + 1], tree.nodes[node.children[i]].line};
  }
  for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
    if (tree.nodes[node.children[i]].text != "<<") continue;
    if (const auto found = merged_member(tree, node.children[i + 1], key, depth + 1)) return found;
  }
  return std::nullopt;
}

}  // namespace

std::uint32_t resolved_node(const YamlTree& tree, std::uint32_t index) {
  const YamlNode& node = tree.nodes[index];
  return node.kind == YamlNodeKind::Alias ? node.target : index;
}

std::optional<YamlPlace> step_into(const YamlTree& tree, std::uint32_t index, const YamlStep& step) {
  const std::uint32_t at = resolved_node(tree, index);
  if (const auto* key = std::get_if<std::string>(&step)) return member(tree, at, *key, 0);
  const YamlNode& node = tree.nodes[at];
  const std::size_t position = std::get<std::size_t>(step);
  if (node.kind != YamlNodeKind::Sequence || position >= node.children.size()) return std::nullopt;
  return YamlPlace{node.children[position], tree.nodes[node.children[position]].line};
}

int line_of(const YamlTree& tree, const YamlPath& path) {
  if (tree.nodes.empty()) return 1;
  YamlPlace place{0, tree.nodes.front().line};
  for (const YamlStep& step : path) {
    const auto next = step_into(tree, place.value, step);
    if (!next) break;
    place = *next;
  }
  return place.line;
}

std::string to_string(const YamlPath& path) {
  std::string text;
  for (const YamlStep& step : path) {
    if (const auto* key = std::get_if<std::string>(&step))
      text += (text.empty() ? "" : ".") + *key;
    else
      text += "[" + std::to_string(std::get<std::size_t>(step)) + "]";
  }
  return text;
}

}  // namespace holdfast
