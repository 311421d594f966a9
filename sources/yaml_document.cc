#include "sources/yaml_document.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <ranges>
#include <string>
#include <utility>

#include "holdfast/base/printable.h"
#include "sources/yaml_scalar.h"
#include "sources/yaml_tree.h"

namespace holdfast {
namespace {

constexpr std::string_view kMergeTag = "tag:yaml.org,2002:merge";
constexpr std::string_view kStringTag = "tag:yaml.org,2002:str";

class Converter {
 public:
  Converter(const YamlTree& tree, std::string_view path)
      : tree_(tree), path_(path), active_(tree.nodes.size(), false) {}

  Result<json::value> convert(std::uint32_t index, std::size_t depth) {
    const YamlNode& node = tree_.nodes[index];
    if (auto bounded = count(node, depth); !bounded) return std::unexpected(bounded.error());
    switch (node.kind) {
      case YamlNodeKind::Scalar:
        return scalar(node);
      case YamlNodeKind::Alias:
        return alias(index, depth);
      case YamlNodeKind::Sequence:
        return sequence(node, depth);
      case YamlNodeKind::Mapping:
        return mapping(node, depth);
    }
    return json::value(nullptr);
  }

 private:
  // Where a key of a mapping came from. Keys of different types that become the same text are refused: the Go library
  // keeps either of the two, by chance.
  struct KeyOrigin {
    int line = 0;
    std::size_t type = 0;
    std::size_t filling = 0;  // the pass over one mapping that wrote it
  };
  using Keys = std::map<std::string, KeyOrigin>;

  std::unexpected<Error> refuse(const YamlNode& node, std::string message, std::string hint = {}) const {
    return fail(ErrorKind::Invalid, printable_line(message), fmt::format("{}:{}", path_, node.line), std::move(hint));
  }

  std::unexpected<Error> located(const YamlNode& node, Error error) const {
    if (error.where.empty()) error.where = fmt::format("{}:{}", path_, node.line);
    return std::unexpected(std::move(error));
  }

  Result<void> count(const YamlNode& node, std::size_t depth) {
    const std::string where = fmt::format("{}:{}", path_, node.line);
    if (++expanded_ > kYamlNodeLimit)
      return fail(ErrorKind::TooLarge, "its aliases expand to more than 1,000,000 nodes", where);
    const bool nests = node.kind == YamlNodeKind::Sequence || node.kind == YamlNodeKind::Mapping;
    if (nests && depth >= kYamlDepthLimit)
      return fail(ErrorKind::TooLarge, "nested deeper than 64 levels once its aliases are expanded", where);
    return {};
  }

  Result<YamlScalar> resolve(const YamlNode& node) const {
    if (node.text.empty() && node.tag.starts_with("!"))
      return refuse(node, fmt::format("the tag {} has no value", node.tag), "remove the tag");
    // Quoted and block scalars are text unless a tag says otherwise.
    const std::string_view tag = node.tag.empty() && !node.plain ? kStringTag : std::string_view(node.tag);
    auto resolved = resolve_scalar(tag, node.text);
    if (!resolved) return located(node, std::move(resolved.error()));
    return resolved;
  }

  Result<json::value> scalar(const YamlNode& node) const {
    auto resolved = resolve(node);
    if (!resolved) return std::unexpected(std::move(resolved.error()));
    auto value = to_json_value(*resolved);
    if (!value) return located(node, std::move(value.error()));
    return value;
  }

  Result<json::value> alias(std::uint32_t index, std::size_t depth) {
    const YamlNode& node = tree_.nodes[index];
    if (active_[index]) return refuse(node, "an alias stands inside the value of its own anchor");
    active_[index] = true;
    auto value = convert(node.target, depth);
    active_[index] = false;
    return value;
  }

  Result<json::value> sequence(const YamlNode& node, std::size_t depth) {
    json::array list;
    list.reserve(node.children.size());
    for (std::uint32_t child : node.children) {
      auto value = convert(child, depth + 1);
      if (!value) return value;
      list.push_back(std::move(*value));
    }
    return json::value(std::move(list));
  }

  Result<json::value> mapping(const YamlNode& node, std::size_t depth) {
    json::object object;
    Keys keys;
    if (auto done = fill(node, depth, object, keys); !done) return std::unexpected(std::move(done.error()));
    return json::value(std::move(object));
  }

  static bool is_merge(const YamlNode& key) {
    return key.kind == YamlNodeKind::Scalar && key.text == "<<" && (key.plain || key.tag == kMergeTag);
  }

  // Entries are written in the order of the text, merged ones where their `<<` stands, and the last one wins.
  Result<void> fill(const YamlNode& node, std::size_t depth, json::object& object, Keys& keys) {
    const std::size_t filling = ++fillings_;
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
      const YamlNode& key = tree_.nodes[node.children[i]];
      if (is_merge(key)) {
        if (auto done = merge(node.children[i + 1], depth, object, keys); !done) return done;
        continue;
      }
      auto name = key_text(filling, node.children[i], keys);
      if (!name) return std::unexpected(std::move(name.error()));
      auto value = convert(node.children[i + 1], depth + 1);
      if (!value) return std::unexpected(std::move(value.error()));
      object[*name] = std::move(*value);
    }
    return {};
  }

  Result<std::string> key_text(std::size_t filling, std::uint32_t index, Keys& keys) {
    const YamlNode& written = tree_.nodes[index];
    const YamlNode& key = written.kind == YamlNodeKind::Alias ? tree_.nodes[written.target] : written;
    if (key.kind != YamlNodeKind::Scalar)
      return refuse(written, "a list or an object cannot be a key", "quote the key");
    if (++expanded_ > kYamlNodeLimit) return refuse(written, "its aliases expand to more than 1,000,000 nodes");
    auto scalar = resolve(key);
    if (!scalar) return std::unexpected(std::move(scalar.error()));
    auto name = to_key(*scalar);
    if (!name) return located(written, std::move(name.error()));
    const KeyOrigin origin{written.line, scalar->index(), filling};
    const auto [at, added] = keys.try_emplace(*name, origin);
    if (!added) {
      if (at->second.filling == filling || at->second.type != origin.type)
        return refuse(written, fmt::format("the key \"{}\" is written twice, first in line {}", *name, at->second.line),
                      "keep one of the two");
      at->second = origin;
    }
    return name;
  }

  Result<void> merge(std::uint32_t index, std::size_t depth, json::object& object, Keys& keys) {
    const YamlNode& node = tree_.nodes[index];
    if (node.kind != YamlNodeKind::Sequence) return merge_one(index, depth, object, keys);
    // Backwards: the first of the list takes precedence.
    for (const std::uint32_t child : std::views::reverse(node.children))
      if (auto done = merge_one(child, depth, object, keys); !done) return done;
    return {};
  }

  Result<void> merge_one(std::uint32_t index, std::size_t depth, json::object& object, Keys& keys) {
    const YamlNode& written = tree_.nodes[index];
    const bool aliased = written.kind == YamlNodeKind::Alias;
    const YamlNode& source = aliased ? tree_.nodes[written.target] : written;
    if (source.kind != YamlNodeKind::Mapping) return refuse(written, "<< wants an object or a list of objects");
    if (active_[index]) return refuse(written, "an alias stands inside the value of its own anchor");
    if (auto bounded = count(source, depth); !bounded) return bounded;
    active_[index] = true;
    auto done = fill(source, depth + 1, object, keys);
    active_[index] = false;
    return done;
  }

  const YamlTree& tree_;
  std::string_view path_;
  std::vector<bool> active_;  // the aliases being expanded
  std::size_t expanded_ = 0, fillings_ = 0;
};

std::vector<int> lines_of_items(const YamlTree& tree) {
  std::vector<int> lines;
  const YamlNode& root = tree.nodes.front();
  for (std::size_t i = 0; root.kind == YamlNodeKind::Mapping && i + 1 < root.children.size(); i += 2) {
    const YamlNode& list = tree.nodes[root.children[i + 1]];
    if (tree.nodes[root.children[i]].text != "items" || list.kind != YamlNodeKind::Sequence) continue;
    for (std::uint32_t child : list.children) lines.push_back(tree.nodes[child].line);
  }
  return lines;
}

// Left behind where files are joined. libyaml skips it, its port makes it part of the first key.
Result<void> no_inner_byte_order_mark(std::string_view text, std::string_view path) {
  const std::size_t at = text.find("\n\xEF\xBB\xBF");
  if (at == std::string_view::npos) return {};
  const auto line = 2 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  return fail(ErrorKind::Invalid, "a byte order mark in the middle of the file", fmt::format("{}:{}", path, line),
              "remove the three bytes EF BB BF at the start of this line");
}

}  // namespace

Result<std::vector<YamlDocument>> parse_yaml(std::string_view text, std::string_view path) {
  if (auto clean = no_inner_byte_order_mark(text, path); !clean) return std::unexpected(std::move(clean.error()));
  YamlReader reader(text, std::string(path));
  std::vector<YamlDocument> documents;
  while (true) {
    auto tree = reader.next();
    if (!tree) return std::unexpected(std::move(tree.error()));
    if (tree->nodes.empty()) return documents;
    auto value = Converter(*tree, path).convert(0, 0);
    if (!value) return std::unexpected(std::move(value.error()));
    if (value->is_null()) continue;
    documents.push_back(YamlDocument{std::move(*value), tree->nodes.front().line, lines_of_items(*tree)});
  }
}

}  // namespace holdfast
