#include "sources/variable_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sources/variable_operator.h"

namespace holdfast {
namespace {

constexpr int kDepthLimit = 64;  // of variables inside the operators of others

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

class Expander {
 public:
  Expander(std::string_view text, const VariableValues& values, bool strict)
      : text_(text), values_(values), strict_(strict) {}

  Result<std::string> all() {
    std::string out;
    while (!at_end()) {
      if (take("$$")) {
        out += '$';
      } else if (take("${")) {
        auto value = expression(0);
        if (!value) return value;
        out += *value;
      } else {
        const std::size_t end = std::min(text_.find('$', at_ + 1), text_.size());
        out += text_.substr(at_, end - at_);
        at_ = end;
      }
      if (out.size() > kLongestExpansion_bytes) return too_large();
    }
    return out;
  }

 private:
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool take(std::string_view wanted) {
    if (!text_.substr(std::min(at_, text_.size())).starts_with(wanted)) return false;
    at_ += wanted.size();
    return true;
  }

  static std::unexpected<Error> too_large() {
    return fail(ErrorKind::TooLarge, fmt::format("variables make more than {} bytes of it", kLongestExpansion_bytes));
  }
  [[nodiscard]] std::unexpected<Error> bad(std::string_view why) const {
    return fail(ErrorKind::Invalid,
                variable_.empty() ? fmt::format("${{ begins no variable: {}", why)
                                  : fmt::format("${{{}…}} is no variable: {}", variable_, why),
                {}, "write $${ for a dollar sign and a brace, or leave the object out of substitution");
  }

  std::string name() {
    const std::size_t begin = at_;
    while (is_name_character(peek())) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  // Behind "${". Takes the closing brace.
  Result<std::string> expression(int depth) {
    if (depth >= kDepthLimit) return bad(fmt::format("more than {} inside one another", kDepthLimit));
    VariableOperation operation;
    if (take("#")) operation.name = "#";
    const std::string variable = name();
    variable_ = variable;
    if (variable.empty()) return bad("there is no name");
    if (operation.name.empty())
      if (auto read = operator_of(operation, depth); !read) return std::unexpected(read.error());
    variable_ = variable;
    if (!take("}")) return bad("the closing brace is missing");
    return value_of(variable, operation);
  }

  // All between the name and the closing brace.
  Result<void> operator_of(VariableOperation& operation, int depth) {
    const char first = peek(), second = peek(1);
    if (first == ':' && (second == '=' || second == '-' || second == '?' || second == '+'))
      return with_default(operation, 2, depth);
    if (first == '=') return with_default(operation, 1, depth);
    if (first == ':') return with_part(operation, depth);
    if (first == '/') return with_replacement(operation, depth);
    if (first == ',' || first == '^') {
      take_name(operation, second == ',' || second == '^' ? 2 : 1);
      return {};
    }
    if (first != '#' && first != '%') return {};
    take_name(operation, second == first ? 2 : 1);
    return argument(operation, "}", false, depth);
  }

  void take_name(VariableOperation& operation, std::size_t size) {
    operation.name = text_.substr(at_, size);
    at_ += size;
  }

  Result<void> with_default(VariableOperation& operation, std::size_t size, int depth) {
    take_name(operation, size);
    while (peek() != '}')
      if (auto read = argument(operation, "}", false, depth); !read) return read;
    return {};
  }

  Result<void> with_part(VariableOperation& operation, int depth) {
    if (static_cast<unsigned char>(peek(1)) >= 0x80) return bad("the place is no number");
    take_name(operation, 1);
    if (auto read = argument(operation, ":}", false, depth); !read) return read;
    if (peek() == '}') return {};
    if (peek() != ':') return bad("there is more than a place and a length");
    while (take(":")) {
    }
    return argument(operation, "}", false, depth);
  }

  Result<void> with_replacement(VariableOperation& operation, int depth) {
    const char kind = peek(1);
    take_name(operation, kind == '/' || kind == '#' || kind == '%' ? 2 : 1);
    if (auto read = argument(operation, "/", true, depth); !read) return read;
    if (peek() != '/') return bad("what to replace it with is missing");
    while (take("/")) {
    }
    if (peek() == '}') return {};
    return argument(operation, "}", true, depth);
  }

  // One variable, or the text up to one of `ends` or the next variable; never empty.
  Result<void> argument(VariableOperation& operation, std::string_view ends, bool escapes, int depth) {
    if (at_end()) return bad("the closing brace is missing");
    if (take("${")) {
      const std::string outer = variable_;
      auto value = expression(depth + 1);
      if (!value) return std::unexpected(value.error());
      variable_ = outer;
      operation.arguments.push_back(std::move(*value));
      return {};
    }
    std::string text;
    const std::size_t begin = at_;
    while (!at_end() && !text_.substr(at_).starts_with("${")) {
      const bool escaped = escapes && (text_.substr(at_).starts_with("$$") || text_.substr(at_).starts_with("\\/") ||
                                       text_.substr(at_).starts_with("\\\\"));
      if (escaped) ++at_;
      if (!escaped && ends.find(peek()) != std::string_view::npos) break;
      text += text_[at_++];
    }
    if (at_ == begin) return bad("an operator has nothing to work with");
    operation.arguments.push_back(std::move(text));
    return {};
  }

  Result<std::string> value_of(const std::string& variable, const VariableOperation& operation) const {
    const auto found = values_.find(variable);
    if (found == values_.end() && strict_ && !brings_a_default(operation))
      return fail(ErrorKind::Invalid, fmt::format("the variable {} is not set", variable), {},
                  fmt::format("add it to spec.postBuild, or write ${{{}:=…}} for what stands for it", variable));
    return apply_operation(found == values_.end() ? std::string_view() : found->second.reveal(), operation);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string variable_;  // that is being read, for complaints
  const VariableValues& values_;
  bool strict_;
};

}  // namespace

Result<std::string> expand_variables(std::string_view text, const VariableValues& values, bool strict) {
  return Expander(text, values, strict).all();
}

}  // namespace holdfast
