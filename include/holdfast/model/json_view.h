// JSON that is read where it lies: the text and its tokens, found once. simdjson's first stage finds them, and checks
// UTF-8, strings that do not end and control characters in them; we match the brackets. A walk over it copies nothing,
// can be repeated from any place, and steps over what it does not want; that is not checked any further.
//
// Text and tokens are borrowed: they live as long as the JsonIndexer is not used again and the text is not moved.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "holdfast/base/result.h"

namespace holdfast {

struct JsonToken {
  std::uint32_t offset;  // in the text
  std::uint32_t after;   // of an opening bracket: how many tokens further its value ends
};

// Walks forward, over one value. Whatever is not as expected makes it fail for good; look at ok() at the end.
class JsonCursor {
 public:
  JsonCursor() = default;
  JsonCursor(const char* text, const JsonToken* at, const JsonToken* end) : text_(text), at_(at), end_(end) {}

  [[nodiscard]] bool ok() const { return at_ != nullptr; }
  [[nodiscard]] bool at_end() const { return at_ == end_; }
  // The first character of the value or token: { [ " for containers and strings, 0 at the end or after a failure.
  [[nodiscard]] char peek() const { return at_ != nullptr && at_ < end_ ? text_[at_->offset] : '\0'; }
  // Where the token lies in the text, npos at the end; and where the one before it does, which must exist.
  [[nodiscard]] std::size_t offset() const { return at_ < end_ ? at_->offset : std::string_view::npos; }
  [[nodiscard]] std::size_t offset_before() const { return at_[-1].offset; }

  void fail() { at_ = end_ = nullptr; }
  // Over one token, which has to be this one.
  void expect(char token) {
    if (peek() == token)
      ++at_;
    else
      fail();
  }
  // Over one value of any kind.
  void skip() {
    const char first = peek();
    if (first == '{' || first == '[')
      at_ += at_->after;
    else
      scalar();
  }
  // Over a scalar, whose text it returns as it was written: a string with its quotes and escapes. Empty on failure.
  std::string_view scalar();
  // The same of a string, without its quotes. Fails where it has escapes.
  std::string_view plain_string();
  // The text of the value, with what is in it; the cursor is behind it afterwards.
  std::string_view raw();

 private:
  const char* text_ = nullptr;
  const JsonToken* at_ = nullptr;
  const JsonToken* end_ = nullptr;
};

// The members of the object at which the cursor stands:
//   for (JsonMembers members(cursor); members.next();) members.key() == "name" ? use(cursor) : cursor.skip();
// The cursor stands at each value in turn and has to be taken over it; at last it stands behind the object.
class JsonMembers {
 public:
  explicit JsonMembers(JsonCursor& cursor) : cursor_(cursor) { cursor_.expect('{'); }
  bool next();
  // As written, without the quotes: compare only with names that need no escape, and see escaped().
  [[nodiscard]] std::string_view key() const { return key_; }
  [[nodiscard]] bool escaped() const { return key_.find('\\') != std::string_view::npos; }

 private:
  JsonCursor& cursor_;
  std::string_view key_;
  bool first_ = true;
};

// The items of a list, likewise.
class JsonItems {
 public:
  explicit JsonItems(JsonCursor& cursor) : cursor_(cursor) { cursor_.expect('['); }
  bool next();

 private:
  JsonCursor& cursor_;
  bool first_ = true;
};

// One value: its text, and where a walk over it begins.
class JsonView {
 public:
  JsonView() = default;
  JsonView(std::string_view text, JsonCursor cursor) : text_(text), cursor_(cursor) {}
  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] JsonCursor cursor() const { return cursor_; }

 private:
  std::string_view text_;
  JsonCursor cursor_;
};

class JsonIndexer {
 public:
  JsonIndexer();
  ~JsonIndexer();
  JsonIndexer(JsonIndexer&&) noexcept;
  JsonIndexer& operator=(JsonIndexer&&) noexcept;

  // A cursor over all values in the text, one behind another. Errors: Protocol, where the text cannot be JSON.
  Result<JsonCursor> index(std::string_view text);
  // The same of a text that holds one value.
  Result<JsonView> view(std::string_view text);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

inline bool JsonMembers::next() {
  if (first_ && cursor_.peek() == '}') {
    cursor_.expect('}');
    return false;
  }
  if (!first_) {
    if (cursor_.peek() != ',') {
      cursor_.expect('}');
      return false;
    }
    cursor_.expect(',');
  }
  first_ = false;
  if (cursor_.peek() != '"') cursor_.fail();
  key_ = cursor_.scalar();
  cursor_.expect(':');
  if (!cursor_.ok()) return false;
  key_ = key_.substr(1, key_.size() - 2);
  return true;
}

inline bool JsonItems::next() {
  if (first_ && cursor_.peek() == ']') {
    cursor_.expect(']');
    return false;
  }
  if (!first_) {
    if (cursor_.peek() != ',') {
      cursor_.expect(']');
      return false;
    }
    cursor_.expect(',');
  }
  first_ = false;
  return cursor_.ok();
}

inline std::string_view JsonCursor::scalar() {
  const char first = peek();
  const auto stops = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  // A scalar goes up to the next token, which is there in everything but a text that is nothing but one scalar.
  if (first == '\0' || first == '}' || first == ']' || first == ',' || first == ':' || at_ + 1 >= end_) {
    fail();
    return {};
  }
  const char* const begin = text_ + at_->offset;
  const char* last = text_ + (++at_)->offset - 1;
  while (last > begin && stops(*last)) --last;
  if (first == '"' && (last == begin || *last != '"')) {
    fail();
    return {};
  }
  return {begin, static_cast<std::size_t>(last - begin + 1)};
}

inline std::string_view JsonCursor::plain_string() {
  if (peek() != '"') fail();
  const std::string_view quoted = scalar();
  if (quoted.find('\\') != std::string_view::npos) fail();
  return ok() ? quoted.substr(1, quoted.size() - 2) : std::string_view();
}

inline std::string_view JsonCursor::raw() {
  const char first = peek();
  if (first != '{' && first != '[') return scalar();
  const std::size_t begin = at_->offset;
  at_ += at_->after;
  return {text_ + begin, at_[-1].offset - begin + 1};
}

}  // namespace holdfast
