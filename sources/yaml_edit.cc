#include "sources/yaml_edit.h"

#include <spdlog/fmt/fmt.h>
#include <yaml.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "sources/yaml_document.h"

namespace holdfast {
namespace {

using Step = FieldAddress::Step;

constexpr std::size_t kMostNodes = 1'000'000;

// A node and the bytes of the text that it is.
struct Node {
  enum class Kind { Scalar, Sequence, Mapping, Alias } kind = Kind::Scalar;
  std::size_t begin = 0, end = 0, column = 0, line = 0;
  bool flow = false, block_text = false;
  std::string text;
  std::vector<std::size_t> children;  // mapping: key, value, key, value
};

// libyaml counts characters.
class Bytes {
 public:
  explicit Bytes(std::string_view text) : text_(text) {}
  std::size_t at(std::size_t character) {
    while (character_ < character && byte_ < text_.size()) {
      ++byte_;
      while (byte_ < text_.size() && (static_cast<unsigned char>(text_[byte_]) & 0xC0) == 0x80) ++byte_;
      ++character_;
    }
    return byte_;
  }

 private:
  std::string_view text_;
  std::size_t byte_ = 0, character_ = 0;
};

class Outline {
 public:
  explicit Outline(std::string_view text) : text_(text) {}

  bool read() {
    yaml_parser_t parser;
    yaml_parser_initialize(&parser);
    yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(text_.data()), text_.size());
    bool good = true;
    for (bool going = true; going && good;) {
      yaml_event_t event;
      good = yaml_parser_parse(&parser, &event) != 0;
      if (!good) break;
      good = take(event);
      going = event.type != YAML_STREAM_END_EVENT;
      yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (good) place();
    return good;
  }

  std::vector<Node> nodes;
  std::vector<std::size_t> documents;  // their roots

 private:
  bool take(const yaml_event_t& event) {
    switch (event.type) {
      case YAML_SCALAR_EVENT: {
        Node& node = add(event, Node::Kind::Scalar);
        node.text = std::string(reinterpret_cast<const char*>(event.data.scalar.value), event.data.scalar.length);
        node.block_text =
            event.data.scalar.style == YAML_LITERAL_SCALAR_STYLE || event.data.scalar.style == YAML_FOLDED_SCALAR_STYLE;
        break;
      }
      case YAML_ALIAS_EVENT:
        add(event, Node::Kind::Alias);
        break;
      case YAML_SEQUENCE_START_EVENT:
        add(event, Node::Kind::Sequence).flow = event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
        open_.push_back(nodes.size() - 1);
        break;
      case YAML_MAPPING_START_EVENT:
        add(event, Node::Kind::Mapping).flow = event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
        open_.push_back(nodes.size() - 1);
        break;
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        nodes[open_.back()].end = event.end_mark.index;
        open_.pop_back();
        break;
      case YAML_NO_EVENT:
      case YAML_STREAM_START_EVENT:
      case YAML_STREAM_END_EVENT:
      case YAML_DOCUMENT_START_EVENT:
      case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return nodes.size() < kMostNodes;
  }

  Node& add(const yaml_event_t& event, Node::Kind kind) {
    if (open_.empty())
      documents.push_back(nodes.size());
    else
      nodes[open_.back()].children.push_back(nodes.size());
    Node node;
    node.kind = kind;
    node.begin = event.start_mark.index;
    node.end = event.end_mark.index;
    node.column = event.start_mark.column;
    node.line = event.start_mark.line;
    nodes.push_back(std::move(node));
    return nodes.back();
  }

  // From characters to bytes, in their order.
  void place() {
    std::vector<std::size_t*> all;
    for (Node& node : nodes) all.insert(all.end(), {&node.begin, &node.end});
    std::ranges::sort(all, {}, [](const std::size_t* index) { return *index; });
    Bytes bytes(text_);
    for (std::size_t* index : all) *index = bytes.at(*index);
  }

  std::string_view text_;
  std::vector<std::size_t> open_;
};

std::string scalar(const json::value& value) {
  if (!value.is_string()) return to_json(value);
  const std::string text(value.get_string());
  const bool simple = !text.empty() &&
                      text.find_first_not_of(
                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                          "0123456789._/-:@+") == std::string::npos &&
                      text.front() != '-' && text.front() != ':' && text.front() != '@' && text.back() != ':';
  if (simple)  // whatever would be read as something else stands in quotes
    if (const auto read = parse_yaml("v: " + text + "\n", "value"); read && read->size() == 1)
      if (const json::value* found = find(read->front().value, {"v"}); found != nullptr && *found == value) return text;
  return to_json(value);
}

class Editor {
 public:
  Editor(const std::string& text, const std::string& path, const YamlField& field)
      : text_(text), path_(path), field_(field), outline_(text) {}

  Result<std::string> edit() {
    if (!outline_.read()) return by_hand(0, "it cannot be read as YAML");
    const auto root = object();
    if (!root) return std::unexpected(root.error());
    std::size_t at = *root;
    const std::vector<Step>& steps = field_.address.steps();
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (node(at).kind == Node::Kind::Alias) return by_hand(node(at).line, "it is an alias of another place");
      const auto below = step_into(at, steps[i]);
      if (!below) return insert(at, std::vector<Step>(steps.begin() + static_cast<std::ptrdiff_t>(i), steps.end()));
      at = *below;
    }
    return replace(at);
  }

 private:
  [[nodiscard]] const Node& node(std::size_t at) const { return outline_.nodes[at]; }

  [[nodiscard]] std::unexpected<Error> by_hand(std::size_t line, const std::string& why) const {
    return fail(
        ErrorKind::Invalid, fmt::format("{} cannot be set by an edit of the text: {}", field_.address.text(), why),
        fmt::format("{}:{}", path_, line + 1), fmt::format("set it to {} there by hand", to_json(field_.value)));
  }

  [[nodiscard]] std::optional<std::size_t> member(std::size_t at, std::string_view key) const {
    if (node(at).kind != Node::Kind::Mapping) return std::nullopt;
    const std::vector<std::size_t>& children = node(at).children;
    for (std::size_t i = 0; i + 1 < children.size(); i += 2)
      if (node(children[i]).kind == Node::Kind::Scalar && node(children[i]).text == key) return children[i + 1];
    return std::nullopt;
  }

  [[nodiscard]] std::string text_at(std::size_t at, std::string_view key) const {
    const auto found = member(at, key);
    return found && node(*found).kind == Node::Kind::Scalar ? node(*found).text : std::string();
  }

  [[nodiscard]] bool is_object(std::size_t at) const {
    const auto metadata = member(at, "metadata");
    return metadata && text_at(at, "kind") == field_.kind && text_at(*metadata, "name") == field_.name;
  }

  // One of the documents, or an item of a List.
  Result<std::size_t> object() const {
    std::vector<std::size_t> found;
    for (const std::size_t root : outline_.documents) {
      if (is_object(root)) found.push_back(root);
      if (const auto items = member(root, "items"); items && node(*items).kind == Node::Kind::Sequence)
        for (const std::size_t item : node(*items).children)
          if (is_object(item)) found.push_back(item);
    }
    if (found.size() == 1) return found.front();
    return fail(ErrorKind::NotFound,
                fmt::format("the file has {} {} {}", found.empty() ? "no" : "more than one", field_.kind, field_.name),
                path_);
  }

  [[nodiscard]] std::optional<std::size_t> step_into(std::size_t at, const Step& step) const {
    if (!step.item) return member(at, step.name);
    if (node(at).kind != Node::Kind::Sequence) return std::nullopt;
    for (const std::size_t item : node(at).children)
      if (text_at(item, step.name) == step.value) return item;
    return std::nullopt;
  }

  Result<std::string> replace(std::size_t at) const {
    const Node& there = node(at);
    if (there.kind == Node::Kind::Alias) return by_hand(there.line, "it is an alias of another place");
    if (there.block_text) return by_hand(there.line, "it is a text of several lines");
    std::size_t end = there.end;
    if (there.kind != Node::Kind::Scalar && !there.flow) {
      // A block begins on a line of its own, and ends with its last value.
      std::size_t last = at;
      while (!node(last).children.empty()) last = node(last).children.back();
      end = node(last).end;
      if (node(last).block_text) return by_hand(there.line, "it holds a text of several lines");
    }
    std::string made = scalar(field_.value);
    if (there.begin == there.end) made = " " + made;  // nothing stood there
    return checked(text_.substr(0, there.begin) + made + text_.substr(end), there.line);
  }

  // What is not there yet, below what is.
  Result<std::string> insert(std::size_t at, const std::vector<Step>& steps) const {
    const Node& there = node(at);
    json::value value = field_.value;
    for (std::size_t i = steps.size(); i-- > 1;) {
      if (steps[i].item) return by_hand(there.line, "the list has no such item yet");
      value = json::object{{steps[i].name, std::move(value)}};
    }
    if (steps.front().item || there.kind != Node::Kind::Mapping)
      return by_hand(there.line, "what would hold it is not there");
    const std::string entry_name = scalar(json::value(steps.front().name));
    if (there.flow) {
      std::size_t close = there.end - 1;
      while (close > there.begin + 1 && (text_[close - 1] == ' ')) --close;
      const char* between = there.children.empty() ? "" : ", ";
      return checked(text_.substr(0, close) + between + entry_name + ": " + flow(value) + text_.substr(close),
                     there.line);
    }
    std::size_t last = at;
    while (!node(last).children.empty()) last = node(last).children.back();
    // Behind the line of the last value, with what stands behind it there; a text of several lines ends with its own.
    std::size_t end = node(last).end;
    const bool ended = node(last).block_text && end > 0 && text_[end - 1] == '\n';
    if (!ended) end = std::min(text_.find('\n', end), text_.size());
    std::string made = block(steps.front().name, value, node(at).column);
    made = ended ? made + "\n" : "\n" + made;
    return checked(text_.substr(0, end) + made + text_.substr(end), there.line);
  }

  static std::string flow(const json::value& value) {
    if (!value.is_object()) return scalar(value);
    std::string text;
    for (const auto& [name, below] : value.get_object())
      text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", scalar(json::value(name)), flow(below));
    return "{" + text + "}";
  }

  static std::string block(std::string_view name, const json::value& value, std::size_t column) {
    std::string text = std::string(column, ' ') + scalar(json::value(name)) + ":";
    const json::object* below = value.if_object();
    if (below == nullptr || below->empty()) return text + " " + scalar(value);
    for (const auto& [key, inside] : *below) text += "\n" + block(key, inside, column + 2);
    return text;
  }

  // Both texts say the same, but for the field.
  Result<std::string> checked(std::string made, std::size_t line) const {
    const auto before = parse_yaml(text_, path_), after = parse_yaml(made, path_);
    if (!before || !after || before->size() != after->size()) return by_hand(line, "it would not be read as meant");
    for (std::size_t i = 0; i < before->size(); ++i) {
      const json::value& old = (*before)[i].value;
      if (old == (*after)[i].value) continue;
      if (!is_as_meant(old, (*after)[i].value)) return by_hand(line, "it would change something else, too");
    }
    return made;
  }

  [[nodiscard]] bool is_as_meant(json::value old, const json::value& now) const {
    if (!old.is_object()) return false;
    const auto set = [&](json::value& object) {
      const bool it = object.is_object() && string_at(object, {"kind"}) == field_.kind &&
                      string_at(object, {"metadata", "name"}) == field_.name;
      return it && set_at(object.get_object(), field_.address, field_.value).has_value();
    };
    if (set(old)) return old == now;
    if (json::value* items = old.get_object().if_contains("items"); items != nullptr && items->is_array())
      for (json::value& item : items->get_array())
        if (set(item)) return old == now;
    return false;
  }

  const std::string& text_;
  const std::string& path_;
  const YamlField& field_;
  Outline outline_;
};

// As it comes to be where a text stands in its place, or has to.
json::value value_in_place(const std::string& text, const std::string& path, const YamlField& field) {
  const auto documents = parse_yaml(text, path);
  if (!documents) return field.value;
  for (const YamlDocument& document : *documents) {
    json::value object = document.value;
    if (string_at(object, {"kind"}) != field.kind || string_at(object, {"metadata", "name"}) != field.name) continue;
    if (!object.is_object() || !set_at(object.get_object(), field.address, field.value)) break;
    if (const json::value* set = find_at(object, field.address)) return *set;
  }
  return field.value;
}

}  // namespace

Result<std::string> edit_yaml(const std::string& text, const std::string& path, const YamlField& field) {
  YamlField placed = field;
  placed.value = value_in_place(text, path, field);
  return Editor(text, path, placed).edit();
}

}  // namespace holdfast
