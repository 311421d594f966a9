#include "sources/sops_file.h"

#include <algorithm>
#include <array>
#include <optional>

#include "sources/yaml_place.h"
#include "sources/yaml_tree.h"

namespace holdfast {
namespace {

constexpr std::array kOtherKeys = {"pgp", "kms", "gcp_kms", "azure_kv", "hc_vault", "hckms"};

bool starts_document(std::string_view line) {
  return line.starts_with("---") && (line.size() == 3 || line[3] == ' ' || line[3] == '\t' || line[3] == '\r');
}

// The value of a key that stands in the mapping itself: what merging would bring is no business of SOPS.
std::optional<std::uint32_t> value_at(const YamlTree& tree, std::uint32_t node, std::string_view key) {
  const YamlNode& mapping = tree.nodes[node];
  if (mapping.kind != YamlNodeKind::Mapping) return std::nullopt;
  for (std::size_t i = 0; i + 1 < mapping.children.size(); i += 2)
    if (const YamlNode& name = tree.nodes[mapping.children[i]]; name.kind == YamlNodeKind::Scalar && name.text == key)
      return resolved_node(tree, mapping.children[i + 1]);
  return std::nullopt;
}

std::string_view scalar_at(const YamlTree& tree, std::uint32_t node, std::string_view key) {
  const auto value = value_at(tree, node, key);
  return value && tree.nodes[*value].kind == YamlNodeKind::Scalar ? std::string_view(tree.nodes[*value].text)
                                                                  : std::string_view();
}

void add_recipients(const YamlTree& tree, std::uint32_t list, std::vector<std::string>& into) {
  for (const std::uint32_t child : tree.nodes[list].children) {
    const std::string_view recipient = scalar_at(tree, resolved_node(tree, child), "recipient");
    if (!recipient.empty() && std::ranges::find(into, recipient) == into.end()) into.emplace_back(recipient);
  }
}

// JSON is YAML here as well: what reads differently in the two is not in such a block.
SopsBlock block_of_yaml(std::string_view document) {
  SopsBlock block;
  if (document.find("sops") == std::string_view::npos) return block;
  YamlReader reader(document, {});
  const auto tree = reader.next();
  if (!tree || tree->nodes.empty()) return block;  // whoever parses it tells what is wrong
  const auto sops = value_at(*tree, 0, "sops");
  if (!sops || tree->nodes[*sops].kind != YamlNodeKind::Mapping) return block;
  block.mac = scalar_at(*tree, *sops, "mac");
  block.present = !block.mac.empty() || !scalar_at(*tree, *sops, "lastmodified").empty();
  const auto collect = [&](std::uint32_t keys) {
    if (const auto age = value_at(*tree, keys, "age")) add_recipients(*tree, *age, block.age_recipients);
    for (const char* const other : kOtherKeys) {
      const auto list = value_at(*tree, keys, other);
      if (list && !tree->nodes[*list].children.empty() &&
          std::ranges::find(block.other_keys, other) == block.other_keys.end())
        block.other_keys.emplace_back(other);
    }
  };
  collect(*sops);
  if (const auto groups = value_at(*tree, *sops, "key_groups"))
    for (const std::uint32_t group : tree->nodes[*groups].children) collect(resolved_node(*tree, group));
  return block;
}

// One "sops_NAME=value" (or in INI, "NAME = value" of [sops]) a line.
SopsBlock block_of_lines(std::string_view text, SopsFormat format) {
  SopsBlock block;
  bool inside = format == SopsFormat::Dotenv;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (format == SopsFormat::Ini && line.starts_with('[')) inside = line.starts_with("[sops]");
    if (!inside) continue;
    if (format == SopsFormat::Dotenv) {
      if (!line.starts_with("sops_")) continue;
      line.remove_prefix(5);
    }
    std::string_view name = line.substr(0, line.find('='));
    name = name.substr(0, name.find_last_not_of(' ') + 1);
    std::string_view value = name.size() == line.size() ? std::string_view() : line.substr(line.find('=') + 1);
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    if (name == "mac") block.present = true;
    if (name.starts_with("age__") && name.ends_with("recipient")) block.age_recipients.emplace_back(value);
    for (const char* const other : kOtherKeys)
      if (name.starts_with(std::string(other) + "__") &&
          std::ranges::find(block.other_keys, other) == block.other_keys.end())
        block.other_keys.emplace_back(other);
  }
  return block;
}

}  // namespace

const char* to_string(SopsFormat format) {
  switch (format) {
    case SopsFormat::Yaml:
      return "yaml";
    case SopsFormat::Json:
      return "json";
    case SopsFormat::Dotenv:
      return "dotenv";
    case SopsFormat::Ini:
      return "ini";
    case SopsFormat::Binary:
      return "binary";
  }
  return "?";
}

SopsFormat sops_format_of(std::string_view path) {
  if (path.ends_with(".yaml") || path.ends_with(".yml")) return SopsFormat::Yaml;
  if (path.ends_with(".json")) return SopsFormat::Json;
  if (path.ends_with(".env")) return SopsFormat::Dotenv;
  if (path.ends_with(".ini")) return SopsFormat::Ini;
  return SopsFormat::Binary;
}

std::vector<YamlChunk> split_yaml(std::string_view text) {
  std::vector<YamlChunk> chunks;
  std::size_t begin = 0;
  int line_number = 1, begun_in = 1;
  for (std::size_t at = 0; at < text.size(); ++line_number) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (at != 0 && starts_document(text.substr(at, end - at))) {
      chunks.push_back({text.substr(begin, at - begin), begun_in});
      begin = at;
      begun_in = line_number;
    }
    at = end + 1;
  }
  if (begin < text.size()) chunks.push_back({text.substr(begin), begun_in});
  return chunks;
}

SopsBlock sops_block_of(std::string_view document, SopsFormat format) {
  switch (format) {
    case SopsFormat::Yaml:
    case SopsFormat::Json:
    case SopsFormat::Binary:
      return block_of_yaml(document);
    case SopsFormat::Dotenv:
    case SopsFormat::Ini:
      return block_of_lines(document, format);
  }
  return {};
}

bool is_sops_encrypted(std::string_view bytes, SopsFormat format) {
  if (bytes.find("sops") == std::string_view::npos) return false;
  if (format == SopsFormat::Binary && !bytes.substr(0, 64).contains('{')) return false;
  if (format != SopsFormat::Yaml) return sops_block_of(bytes, format).present;
  return std::ranges::any_of(split_yaml(bytes),
                             [&](const YamlChunk& chunk) { return sops_block_of(chunk.text, format).present; });
}

std::string with_lines_of(std::string_view original, std::string decrypted) {
  const std::vector<YamlChunk> before = split_yaml(original), after = split_yaml(decrypted);
  if (before.size() != after.size()) return decrypted;
  std::string out;
  int line = 1;
  for (std::size_t i = 0; i < after.size(); ++i) {
    for (; line < before[i].line; ++line) out += '\n';
    out += after[i].text;
    line += static_cast<int>(std::ranges::count(after[i].text, '\n'));
  }
  return out;
}

}  // namespace holdfast
