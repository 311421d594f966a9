#include "sources/shell_pattern.h"

#include <cstddef>
#include <cstdint>

#include "sources/utf8.h"

namespace holdfast {
namespace {

// A run of the pattern between two stars, and what is left of it.
struct Chunk {
  bool after_star = false;
  std::string_view text, rest;
};

Chunk first_chunk(std::string_view pattern) {
  Chunk chunk;
  while (pattern.starts_with('*')) {
    pattern.remove_prefix(1);
    chunk.after_star = true;
  }
  bool in_class = false;
  std::size_t end = 0;
  for (; end < pattern.size(); ++end) {
    const char c = pattern[end];
    if (c == '\\' && end + 1 < pattern.size())
      ++end;
    else if (c == '[')
      in_class = true;
    else if (c == ']')
      in_class = false;
    else if (c == '*' && !in_class)
      break;
  }
  chunk.text = pattern.substr(0, end);
  chunk.rest = pattern.substr(end);
  return chunk;
}

// One character of a class; nothing where none can stand, or where the class is not closed behind it.
std::optional<char32_t> take_member(std::string_view& chunk) {
  if (chunk.empty() || chunk.front() == '-' || chunk.front() == ']') return std::nullopt;
  if (chunk.front() == '\\') chunk.remove_prefix(1);
  if (chunk.empty()) return std::nullopt;
  const Utf8Character member = first_character(chunk);
  if (!member.valid) return std::nullopt;
  chunk.remove_prefix(member.size);
  if (chunk.empty()) return std::nullopt;
  return member.value;
}

// Behind the "[". Whether `value` is one of the class, which is taken off.
std::optional<bool> take_class(std::string_view& chunk, char32_t value) {
  const bool negated = chunk.starts_with('^');
  if (negated) chunk.remove_prefix(1);
  bool found = false;
  for (bool first = true;; first = false) {
    if (!first && chunk.starts_with(']')) break;
    const auto low = take_member(chunk);
    if (!low) return std::nullopt;
    auto high = low;
    if (chunk.front() == '-') {
      chunk.remove_prefix(1);
      high = take_member(chunk);
      if (!high) return std::nullopt;
    }
    found = found || (*low <= value && value <= *high);
  }
  chunk.remove_prefix(1);
  return found != negated;
}

enum class Outcome { Yes, No, Bad };

// Whether `text` begins with the chunk, which is then taken off it.
Outcome take_chunk(std::string_view chunk, std::string_view& text) {
  std::string_view rest = text;
  while (!chunk.empty()) {
    if (rest.empty()) return Outcome::No;
    char wanted = chunk.front();
    chunk.remove_prefix(1);
    if (wanted == '[' || wanted == '?') {
      const Utf8Character character = first_character(rest);
      rest.remove_prefix(character.size);
      if (wanted == '?') continue;
      const auto member = take_class(chunk, character.value);
      if (!member) return Outcome::Bad;
      if (!*member) return Outcome::No;
      continue;
    }
    if (wanted == '\\') {
      if (chunk.empty()) return Outcome::Bad;
      wanted = chunk.front();
      chunk.remove_prefix(1);
    }
    if (wanted != rest.front()) return Outcome::No;
    rest.remove_prefix(1);
  }
  text = rest;
  return Outcome::Yes;
}

// Further on in `text`, behind a star.
Outcome find_chunk(const Chunk& chunk, std::string_view& text) {
  for (std::size_t skipped = 1; skipped <= text.size(); ++skipped) {
    std::string_view rest = text.substr(skipped);
    const Outcome outcome = take_chunk(chunk.text, rest);
    if (outcome == Outcome::Bad) return outcome;
    if (outcome == Outcome::No || (chunk.rest.empty() && !rest.empty())) continue;
    text = rest;
    return Outcome::Yes;
  }
  return Outcome::No;
}

}  // namespace

std::optional<bool> shell_pattern_matches(std::string_view pattern, std::string_view text) {
  while (!pattern.empty()) {
    const Chunk chunk = first_chunk(pattern);
    if (chunk.after_star && chunk.text.empty()) return true;
    pattern = chunk.rest;
    std::string_view rest = text;
    Outcome outcome = take_chunk(chunk.text, rest);
    if (outcome == Outcome::Yes && (rest.empty() || !pattern.empty())) {
      text = rest;
      continue;
    }
    if (outcome == Outcome::Bad) return std::nullopt;
    outcome = chunk.after_star ? find_chunk(chunk, text) : Outcome::No;
    if (outcome == Outcome::Bad) return std::nullopt;
    if (outcome == Outcome::No) return false;
  }
  return text.empty();
}

}  // namespace holdfast
