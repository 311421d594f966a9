#include "sources/yaml_tree.h"

#include <spdlog/fmt/fmt.h>
#include <yaml.h>

#include <algorithm>
#include <map>
#include <utility>

namespace holdfast {
namespace {

struct Event {
  yaml_event_t raw{};
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(&raw); }
};

std::string text_of(const yaml_char_t* bytes) {
  return bytes == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(bytes));
}

// A block scalar ends where the next line begins.
int last_line_of(const yaml_event_t& event) {
  const yaml_mark_t &start = event.start_mark, &end = event.end_mark;
  return static_cast<int>(end.line > start.line && end.column == 0 ? end.line : end.line + 1);
}

std::string_view line_at(std::string_view text, std::size_t line) {
  for (; line > 0; --line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

// As libyaml counts them; what follows the last break is a line only where there is something.
std::size_t lines_of(std::string_view text) {
  std::size_t lines = 0, rest = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view here = text.substr(at);
    const bool ends = here[0] == '\n' || (here[0] == '\r' && !here.starts_with("\r\n")) ||
                      here.starts_with("\xC2\x85") || here.starts_with("\xE2\x80\xA8") ||
                      here.starts_with("\xE2\x80\xA9");
    if (!ends) continue;
    ++lines;
    at += here[0] == '\xC2' ? 1 : here[0] == '\xE2' ? 2 : 0;
    rest = at + 1;
  }
  return std::max<std::size_t>(1, lines + (rest < text.size() ? 1 : 0));
}

}  // namespace

struct YamlReader::Parser {
  yaml_parser_t raw{};
  Parser() { yaml_parser_initialize(&raw); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser() { yaml_parser_delete(&raw); }

  [[nodiscard]] Error failure(std::string_view text, const std::string& path, std::size_t lines) const;
};

namespace {

// Builds the tree of one document out of its events.
class Composer {
 public:
  Composer(const std::string& path, std::size_t lines) : path_(path), lines_(lines) {}

  Result<void> take(const yaml_event_t& event) {
    if (tree_.nodes.size() >= kYamlNodeLimit) return refuse(event, ErrorKind::TooLarge, "more than 1,000,000 nodes");
    switch (event.type) {
      case YAML_SCALAR_EVENT:
        return scalar(event);
      case YAML_ALIAS_EVENT:
        return alias(event);
      case YAML_SEQUENCE_START_EVENT:
        return open(event, YamlNodeKind::Sequence, event.data.sequence_start.tag, event.data.sequence_start.anchor);
      case YAML_MAPPING_START_EVENT:
        return open(event, YamlNodeKind::Mapping, event.data.mapping_start.tag, event.data.mapping_start.anchor);
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        open_.pop_back();
        return {};
      case YAML_NO_EVENT:
      case YAML_STREAM_START_EVENT:
      case YAML_STREAM_END_EVENT:
      case YAML_DOCUMENT_START_EVENT:
      case YAML_DOCUMENT_END_EVENT:
        return {};
    }
    return {};
  }

  YamlTree finish() { return std::move(tree_); }

 private:
  std::unexpected<Error> refuse(const yaml_event_t& event, ErrorKind kind, std::string message) const {
    return fail(kind, std::move(message), fmt::format("{}:{}", path_, line_of(event)));
  }

  // What is left out at the end of the text is said to begin after its last line, where there is none.
  [[nodiscard]] std::size_t line_of(const yaml_event_t& event) const {
    return std::min(event.start_mark.line + 1, lines_);
  }

  std::uint32_t add(const yaml_event_t& event, YamlNodeKind kind) {
    const auto index = static_cast<std::uint32_t>(tree_.nodes.size());
    YamlNode node;
    node.kind = kind;
    node.line = node.last_line = static_cast<int>(line_of(event));
    tree_.nodes.push_back(std::move(node));
    if (!open_.empty()) tree_.nodes[open_.back()].children.push_back(index);
    return index;
  }

  // An anchor counts from its node's beginning, and the last one of a name counts.
  void anchor(const yaml_char_t* name, std::uint32_t index) {
    if (name != nullptr) anchors_[text_of(name)] = index;
  }

  Result<void> scalar(const yaml_event_t& event) {
    const auto& data = event.data.scalar;
    const std::uint32_t index = add(event, YamlNodeKind::Scalar);
    tree_.nodes[index].tag = text_of(data.tag);
    tree_.nodes[index].text.assign(reinterpret_cast<const char*>(data.value), data.length);
    tree_.nodes[index].plain = data.plain_implicit != 0;
    tree_.nodes[index].last_line =
        std::max(tree_.nodes[index].line, std::min(last_line_of(event), static_cast<int>(lines_)));
    anchor(data.anchor, index);
    return {};
  }

  Result<void> open(const yaml_event_t& event, YamlNodeKind kind, const yaml_char_t* tag, const yaml_char_t* name) {
    if (open_.size() >= kYamlDepthLimit) return refuse(event, ErrorKind::TooLarge, "nested deeper than 64 levels");
    const std::uint32_t index = add(event, kind);
    tree_.nodes[index].tag = text_of(tag);
    anchor(name, index);
    open_.push_back(index);
    return {};
  }

  Result<void> alias(const yaml_event_t& event) {
    const std::string name = text_of(event.data.alias.anchor);
    const auto found = anchors_.find(name);
    if (found == anchors_.end())
      return refuse(event, ErrorKind::Invalid, fmt::format("no anchor &{} before this alias", name));
    tree_.nodes[add(event, YamlNodeKind::Alias)].target = found->second;
    return {};
  }

  const std::string& path_;
  std::size_t lines_;  // of the whole text
  YamlTree tree_;
  std::vector<std::uint32_t> open_;
  std::map<std::string, std::uint32_t> anchors_;
};

}  // namespace

Error YamlReader::Parser::failure(std::string_view text, const std::string& path, std::size_t lines) const {
  const std::size_t line = raw.problem_mark.line;
  std::string message = raw.problem == nullptr ? "cannot be read as YAML" : raw.problem;
  if (raw.context != nullptr) message = fmt::format("{} {}", raw.context, message);
  std::string hint = "not valid YAML";
  const std::string_view content = line_at(text, line);
  const std::size_t first = content.find_first_not_of(' ');
  if (raw.error == YAML_READER_ERROR) {
    const auto before = text.substr(0, raw.problem_offset);
    std::size_t at = 1;
    for (char c : before) at += c == '\n' ? 1 : 0;
    return Error{ErrorKind::Invalid, message, fmt::format("{}:{}", path, at), "save the file as UTF-8 text"};
  }
  if (first != std::string_view::npos && content[first] == '\t') hint = "indent with spaces: YAML allows no tabs there";
  if (message.find("<document start>") != std::string::npos) hint = "begin another document with a line ---";
  // What is missing at the end is missing in the last line, which there is.
  const std::size_t told = std::min(line + 1, lines);
  return Error{ErrorKind::Invalid, std::move(message), fmt::format("{}:{}", path, told), std::move(hint)};
}

YamlReader::YamlReader(std::string_view text, std::string path)
    : text_(text), lines_(lines_of(text)), path_(std::move(path)), parser_(std::make_unique<Parser>()) {
  yaml_parser_set_input_string(&parser_->raw, reinterpret_cast<const unsigned char*>(text_.data()), text_.size());
}

YamlReader::~YamlReader() = default;

Result<YamlTree> YamlReader::next() {
  Composer composer(path_, lines_);
  while (true) {
    Event event;
    if (yaml_parser_parse(&parser_->raw, &event.raw) == 0)
      return std::unexpected(parser_->failure(text_, path_, lines_));
    if (event.raw.type == YAML_NO_EVENT || event.raw.type == YAML_STREAM_END_EVENT) return YamlTree{};
    if (event.raw.type == YAML_DOCUMENT_END_EVENT) return composer.finish();
    if (auto taken = composer.take(event.raw); !taken) return std::unexpected(taken.error());
  }
}

}  // namespace holdfast
