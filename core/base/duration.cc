#include "holdfast/base/duration.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace holdfast {
namespace {

using Number = unsigned __int128;  // of nanoseconds; holds a 64-bit number of hours

struct Unit {
  std::string_view name;
  std::uint64_t nanoseconds;
};
constexpr std::array<Unit, 8> kUnits{{{"ns", 1},
                                      {"us", 1'000},
                                      {"\xC2\xB5s", 1'000},
                                      {"\xCE\xBCs", 1'000},
                                      {"ms", 1'000'000},
                                      {"s", 1'000'000'000},
                                      {"m", 60'000'000'000},
                                      {"h", 3'600'000'000'000}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view take_digits(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  const auto digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  return digits;
}

const Unit* take_unit(std::string_view& text) {
  const auto end = std::find_if(text.begin(), text.end(), [](char c) { return c == '.' || is_digit(c); });
  const auto name = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(name.size());
  const auto unit = std::ranges::find(kUnits, name, &Unit::name);
  return unit == kUnits.end() ? nullptr : &*unit;
}

// One number with its unit, such as "1.5s". Empty where it is none; bounded by the digits that it may have.
std::optional<Number> take_part(std::string_view& text) {
  constexpr std::size_t kMostDigits = 19, kMostFractionDigits = 15;
  const std::string_view whole = take_digits(text);
  std::string_view fraction;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = take_digits(text);
  }
  const Unit* unit = take_unit(text);
  if (unit == nullptr || (whole.empty() && fraction.empty()) || whole.size() > kMostDigits) return std::nullopt;
  Number value = 0;
  for (const char c : whole) value = value * 10 + static_cast<Number>(c - '0');
  value *= unit->nanoseconds;
  Number scaled = 0, scale = 1;
  for (const char c : fraction.substr(0, kMostFractionDigits)) {
    scaled = scaled * 10 + static_cast<Number>(c - '0');
    scale *= 10;
  }
  return value + scaled * unit->nanoseconds / scale;
}

}  // namespace

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  constexpr std::size_t kLongestBytes = 100;
  constexpr Number kMost = std::numeric_limits<std::int64_t>::max();
  const auto refused = [](const char* why) {
    return fail(ErrorKind::Invalid, why, {}, "write it as in 30s, 5m or 1h30m");
  };
  if (text == "0") return std::chrono::nanoseconds(0);
  if (text.empty() || text.size() > kLongestBytes) return refused("is no duration");
  Number sum = 0;
  while (!text.empty()) {
    const auto part = take_part(text);
    if (!part) return refused("is no duration");
    if (*part > kMost || sum + *part > kMost) return refused("is too long a duration");
    sum += *part;
  }
  return std::chrono::nanoseconds(static_cast<std::int64_t>(sum));
}

std::string to_duration_text(std::chrono::seconds duration) {
  const auto all = duration.count();
  std::string text;
  if (all >= 3600) text += std::to_string(all / 3600) + "h";
  if (all / 60 % 60 != 0) text += std::to_string(all / 60 % 60) + "m";
  if (all % 60 != 0 || text.empty()) text += std::to_string(all % 60) + "s";
  return text;
}

std::string duration_problem(const std::string& text) {
  const auto duration = parse_duration(text);
  return duration ? std::string() : text + ' ' + duration.error().message + "; " + duration.error().hint;
}

}  // namespace holdfast
