// Where in a file a field of a YAML document stands, so that a complaint can name the line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sources/yaml_tree.h"

namespace holdfast {

// From the root: keys of objects and positions in lists.
using YamlStep = std::variant<std::string, std::size_t>;
using YamlPath = std::vector<YamlStep>;

// A value, and the line of its key or list item.
struct YamlPlace {
  std::uint32_t value;
  int line;
};

// What an alias stands for; any other node itself.
std::uint32_t resolved_node(const YamlTree& tree, std::uint32_t index);

// One step down, aliases and merged objects (<<) followed; nothing where that is not there.
std::optional<YamlPlace> step_into(const YamlTree& tree, std::uint32_t index, const YamlStep& step);

// The line of the key, or of the list item, at the end of `path`; where that is not there, of the last one that is.
// Aliases and merged objects (<<) are followed to where the text stands. Pure; bounded by the depth of the path.
int line_of(const YamlTree& tree, const YamlPath& path);

// As in messages: spec.drift.rules[0].policy
std::string to_string(const YamlPath& path);

}  // namespace holdfast
