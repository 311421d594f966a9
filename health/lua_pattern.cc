#include "health/lua_pattern.h"

#include <cctype>
#include <cstring>
#include <type_traits>

namespace holdfast {
namespace {

// Between two looks at the clock.
constexpr std::size_t kSteps = 4096;

unsigned char byte(char letter) { return static_cast<unsigned char>(letter); }

// What `%a` and its like stand for; false where the letter names no class and so stands for itself.
bool is_class(char letter, int at, bool& inside) {
  switch (std::tolower(byte(letter))) {
    case 'a':
      inside = std::isalpha(at) != 0;
      break;
    case 'c':
      inside = std::iscntrl(at) != 0;
      break;
    case 'd':
      inside = std::isdigit(at) != 0;
      break;
    case 'g':
      inside = std::isgraph(at) != 0;
      break;
    case 'l':
      inside = std::islower(at) != 0;
      break;
    case 'p':
      inside = std::ispunct(at) != 0;
      break;
    case 's':
      inside = std::isspace(at) != 0;
      break;
    case 'u':
      inside = std::isupper(at) != 0;
      break;
    case 'w':
      inside = std::isalnum(at) != 0;
      break;
    case 'x':
      inside = std::isxdigit(at) != 0;
      break;
    case 'z':
      inside = at == 0;
      break;
    default:
      return false;
  }
  if (std::isupper(byte(letter)) != 0) inside = !inside;
  return true;
}

void add_class(std::bitset<256>& bytes, char letter) {
  for (int at = 0; at < 256; ++at) {
    bool inside = false;
    if (!is_class(letter, at, inside)) inside = at == byte(letter);
    if (inside) bytes.set(static_cast<std::size_t>(at));
  }
}

}  // namespace

class LuaPattern::Compiler {
 public:
  Compiler(LuaPattern& pattern, std::string_view text) : pattern_(pattern), text_(text) {}

  const char* run() {
    while (problem_ == nullptr && at_ < text_.size()) {
      if (pattern_.item_count_ == kItemLimit) return "the pattern has more than 128 parts";
      Item& item = pattern_.items_[pattern_.item_count_++];
      item = {};
      problem_ = next(item);
    }
    if (problem_ == nullptr && open_count_ != 0) return "unfinished capture";
    return problem_;
  }

 private:
  const char* next(Item& item) {
    const char letter = text_[at_++];
    if (letter == '(') return open(item);
    if (letter == ')') return close(item);
    if (letter == '$' && at_ == text_.size()) {
      item.kind = Kind::End;
      return nullptr;
    }
    if (letter == '%' && at_ < text_.size()) {
      const char escaped = text_[at_];
      if (escaped == 'b') return balance(item);
      if (escaped == 'f') return frontier(item);
      if (std::isdigit(byte(escaped)) != 0) return back(item);
    }
    --at_;
    if (const char* problem = single(item.bytes)) return problem;
    return quantifier(item);
  }

  const char* open(Item& item) {
    if (pattern_.capture_count_ == kCaptureLimit) return "more than 32 captures";
    item.capture = pattern_.capture_count_++;
    if (at_ < text_.size() && text_[at_] == ')') {
      ++at_;
      item.kind = Kind::Position;
      closed_[item.capture] = true;
      return nullptr;
    }
    item.kind = Kind::Open;
    open_[open_count_++] = item.capture;
    return nullptr;
  }

  const char* close(Item& item) {
    if (open_count_ == 0) return "invalid pattern capture";
    item.kind = Kind::Close;
    item.capture = open_[--open_count_];
    closed_[item.capture] = true;
    return nullptr;
  }

  const char* back(Item& item) {
    const int number = text_[at_++] - '1';
    if (number < 0 || !closed_[static_cast<std::size_t>(number)]) return "invalid capture index";
    item.kind = Kind::Back;
    item.capture = static_cast<std::size_t>(number);
    return nullptr;
  }

  const char* balance(Item& item) {
    if (text_.size() - at_ < 3) return "missing arguments to %b";
    item.kind = Kind::Balance;
    item.open = byte(text_[at_ + 1]);
    item.close = byte(text_[at_ + 2]);
    at_ += 3;
    return nullptr;
  }

  const char* frontier(Item& item) {
    ++at_;
    if (at_ == text_.size() || text_[at_] != '[') return "missing [ after %f";
    item.kind = Kind::Frontier;
    return single(item.bytes);
  }

  // A letter, a class, a set or a dot.
  const char* single(Bytes& bytes) {
    const char letter = text_[at_++];
    if (letter == '.') {
      bytes.set();
    } else if (letter == '%') {
      if (at_ == text_.size()) return "malformed pattern (ends with '%')";
      add_class(bytes, text_[at_++]);
    } else if (letter == '[') {
      return set(bytes);
    } else {
      bytes.set(byte(letter));
    }
    return nullptr;
  }

  // After '['. A ']' in the first place stands for itself.
  const char* set(Bytes& bytes) {
    static constexpr const char* kUnclosed = "malformed pattern (missing ']')";
    const bool complement = at_ < text_.size() && text_[at_] == '^';
    if (complement) ++at_;
    for (bool first = true;; first = false) {
      if (at_ >= text_.size()) return kUnclosed;
      const char letter = text_[at_++];
      if (letter == ']' && !first) break;
      if (letter == '%') {
        if (at_ >= text_.size()) return kUnclosed;
        add_class(bytes, text_[at_++]);
      } else if (at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']') {
        for (int one = byte(letter); one <= byte(text_[at_ + 1]); ++one) bytes.set(static_cast<std::size_t>(one));
        at_ += 2;
      } else {
        bytes.set(byte(letter));
      }
    }
    if (complement) bytes.flip();
    return nullptr;
  }

  const char* quantifier(Item& item) {
    if (at_ == text_.size()) return nullptr;
    const char letter = text_[at_];
    if (letter == '*') item.repeat = Repeat::Greedy;
    if (letter == '+') item.repeat = Repeat::GreedyOnce;
    if (letter == '-') item.repeat = Repeat::Lazy;
    if (letter == '?') item.repeat = Repeat::Optional;
    if (item.repeat != Repeat::Once) ++at_;
    return nullptr;
  }

  LuaPattern& pattern_;
  std::string_view text_;
  std::size_t at_ = 0;
  const char* problem_ = nullptr;
  std::array<std::size_t, kCaptureLimit> open_{};  // captures that are not closed yet
  std::size_t open_count_ = 0;
  std::array<bool, kCaptureLimit> closed_{};
};

const char* LuaPattern::compile(std::string_view pattern) {
  static_assert(std::is_trivially_destructible_v<LuaPattern> && std::is_trivially_destructible_v<LuaMatch>);
  item_count_ = capture_count_ = 0;
  return Compiler(*this, pattern).run();
}

const char* LuaMatch::at(const char* from) { return match(0, from); }

bool LuaMatch::spend(std::size_t steps) {
  steps_ += steps;
  if (steps_ >= kSteps) {
    steps_ = 0;
    gave_up_ = gave_up_ || give_up_(context_);
  }
  return !gave_up_;
}

// Goes deeper only at a repetition, so never deeper than there are items. The captures need no undoing: those of a way
// that failed are written again by the way that does not.
const char* LuaMatch::match(std::size_t index, const char* from) {
  for (; index < pattern_.item_count_; ++index) {
    if (!spend(1)) return nullptr;
    const Item& item = pattern_.items_[index];
    if (item.repeat != LuaPattern::Repeat::Once) return repeat(item, index, from);
    from = step(item, from);
    if (from == nullptr) return nullptr;
  }
  return from;
}

// Past an item that is there once, or null.
const char* LuaMatch::step(const Item& item, const char* from) {
  switch (item.kind) {
    case LuaPattern::Kind::Single:
      return is_one(item, from) ? from + 1 : nullptr;
    case LuaPattern::Kind::Open:
    case LuaPattern::Kind::Position:
      captures_[item.capture] = {from, from, item.kind == LuaPattern::Kind::Position};
      return from;
    case LuaPattern::Kind::Close:
      captures_[item.capture].end = from;
      return from;
    case LuaPattern::Kind::Back:
      return again(item, from);
    case LuaPattern::Kind::Balance:
      return balanced(item, from);
    case LuaPattern::Kind::Frontier:
      return is_frontier(item, from) ? from : nullptr;
    case LuaPattern::Kind::End:
      return from == end_ ? from : nullptr;
  }
  return nullptr;
}

const char* LuaMatch::repeat(const Item& item, std::size_t index, const char* from) {
  switch (item.repeat) {
    case LuaPattern::Repeat::Greedy:
      return greedy(item, index, from, 0);
    case LuaPattern::Repeat::GreedyOnce:
      return greedy(item, index, from, 1);
    case LuaPattern::Repeat::Lazy:
      return lazy(item, index, from);
    case LuaPattern::Repeat::Optional:
      if (is_one(item, from)) {
        if (const char* end = match(index + 1, from + 1)) return end;
      }
      return match(index + 1, from);
    case LuaPattern::Repeat::Once:
      break;
  }
  return nullptr;
}

const char* LuaMatch::greedy(const Item& item, std::size_t index, const char* from, std::ptrdiff_t at_least) {
  const char* last = from;
  while (is_one(item, last)) ++last;
  if (!spend(static_cast<std::size_t>(last - from))) return nullptr;
  for (; last - from >= at_least; --last) {
    if (const char* end = match(index + 1, last)) return end;
    if (!spend(1)) return nullptr;
  }
  return nullptr;
}

const char* LuaMatch::lazy(const Item& item, std::size_t index, const char* from) {
  for (;; ++from) {
    if (const char* end = match(index + 1, from)) return end;
    if (!spend(1) || !is_one(item, from)) return nullptr;
  }
}

const char* LuaMatch::balanced(const Item& item, const char* from) {
  if (from == end_ || byte(*from) != item.open) return nullptr;
  std::size_t depth = 1;
  for (const char* at = from + 1; at < end_; ++at) {
    if (!spend(1)) return nullptr;
    if (byte(*at) == item.close) {
      if (--depth == 0) return at + 1;
    } else if (byte(*at) == item.open) {
      ++depth;
    }
  }
  return nullptr;
}

const char* LuaMatch::again(const Item& item, const char* from) {
  const LuaCapture& capture = captures_[item.capture];
  const auto length = static_cast<std::size_t>(capture.end - capture.begin);
  if (!spend(length) || static_cast<std::size_t>(end_ - from) < length) return nullptr;
  return std::memcmp(capture.begin, from, length) == 0 ? from + length : nullptr;
}

bool LuaMatch::is_one(const Item& item, const char* at) const { return at < end_ && item.bytes.test(byte(*at)); }

// Between a byte outside the set and one inside; before the text and after it is a zero byte.
bool LuaMatch::is_frontier(const Item& item, const char* at) const {
  const unsigned char before = at == begin_ ? 0 : byte(at[-1]);
  const unsigned char after = at == end_ ? 0 : byte(*at);
  return !item.bytes.test(before) && item.bytes.test(after);
}

}  // namespace holdfast
