// Lua's patterns, with a bound on the time that a match takes: those of the library try for ever and cannot be
// interrupted. Internal to health/; knows nothing of the interpreter.
//
// Both types are trivially destructible and of fixed size, so that they can lie on a stack that is left by longjmp, or
// in memory of the interpreter's.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <string_view>

namespace holdfast {

class LuaPattern {
 public:
  static constexpr std::size_t kItemLimit = 128;
  static constexpr std::size_t kCaptureLimit = 32;

  // Null, or what is wrong with the pattern. It has no '^' in front: an anchor is the caller's business.
  const char* compile(std::string_view pattern);
  [[nodiscard]] std::size_t captures() const { return capture_count_; }

 private:
  friend class LuaMatch;
  using Bytes = std::bitset<256>;
  enum class Kind { Single, Open, Position, Close, Back, Balance, Frontier, End };
  enum class Repeat { Once, Optional, Greedy, GreedyOnce, Lazy };
  struct Item {
    Kind kind = Kind::Single;
    Repeat repeat = Repeat::Once;
    std::size_t capture = 0;            // Open, Position, Close, Back
    unsigned char open = 0, close = 0;  // Balance
    Bytes bytes;                        // Single, Frontier
  };
  class Compiler;

  std::array<Item, kItemLimit> items_;
  std::size_t item_count_ = 0, capture_count_ = 0;
};

struct LuaCapture {
  const char* begin = nullptr;
  const char* end = nullptr;
  bool position = false;  // `()`: only where it is
};

// One subject, matched at one place after the other.
class LuaMatch {
 public:
  // `give_up` is asked from time to time.
  LuaMatch(const LuaPattern& pattern, std::string_view subject, bool (*give_up)(void*), void* context)
      : pattern_(pattern),
        begin_(subject.data()),
        end_(subject.data() + subject.size()),
        give_up_(give_up),
        context_(context) {}

  // Where the match that begins there ends, or null.
  const char* at(const char* from);
  [[nodiscard]] bool gave_up() const { return gave_up_; }
  [[nodiscard]] const LuaCapture& capture(std::size_t index) const { return captures_[index]; }
  [[nodiscard]] const char* begin() const { return begin_; }
  [[nodiscard]] const char* end() const { return end_; }

 private:
  using Item = LuaPattern::Item;

  const char* match(std::size_t index, const char* from);
  const char* repeat(const Item& item, std::size_t index, const char* from);
  const char* greedy(const Item& item, std::size_t index, const char* from, std::ptrdiff_t at_least);
  const char* lazy(const Item& item, std::size_t index, const char* from);
  const char* balanced(const Item& item, const char* from);
  const char* again(const Item& item, const char* from);
  const char* step(const Item& item, const char* from);
  bool is_one(const Item& item, const char* at) const;
  [[nodiscard]] bool is_frontier(const Item& item, const char* at) const;
  bool spend(std::size_t steps);

  const LuaPattern& pattern_;
  const char* begin_;
  const char* end_;
  bool (*give_up_)(void*);
  void* context_;
  std::array<LuaCapture, LuaPattern::kCaptureLimit> captures_;
  std::size_t steps_ = 0;
  bool gave_up_ = false;
};

}  // namespace holdfast
