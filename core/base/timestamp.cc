#include "holdfast/base/timestamp.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>

namespace holdfast {
namespace {

bool read_number(std::string_view& text, std::size_t digits, int& number) {
  if (text.size() < digits) return false;
  const std::string_view figures = text.substr(0, digits);
  const auto [end, error] = std::from_chars(figures.begin(), figures.end(), number);
  if (error != std::errc{} || end != figures.end() || figures.front() == '-') return false;
  text.remove_prefix(digits);
  return true;
}

bool skip(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// "Z" or "+01:30".
std::optional<std::chrono::minutes> read_offset(std::string_view text) {
  if (text == "Z" || text == "z") return std::chrono::minutes(0);
  const bool west = text.starts_with('-');
  int hours = 0;
  int minutes = 0;
  if (!skip(text, "+-") || !read_number(text, 2, hours) || !skip(text, ":") || !read_number(text, 2, minutes) ||
      !text.empty() || hours > 23 || minutes > 59)
    return std::nullopt;
  const std::chrono::minutes offset(hours * 60 + minutes);
  return west ? -offset : offset;
}

}  // namespace

std::optional<std::chrono::sys_seconds> parse_timestamp(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!read_number(text, 4, year) || !skip(text, "-") || !read_number(text, 2, month) || !skip(text, "-") ||
      !read_number(text, 2, day) || !skip(text, "Tt") || !read_number(text, 2, hour) || !skip(text, ":") ||
      !read_number(text, 2, minute) || !skip(text, ":") || !read_number(text, 2, second))
    return std::nullopt;
  if (skip(text, ".")) text.remove_prefix(std::min(text.find_first_not_of("0123456789"), text.size()));
  const auto offset = read_offset(text);
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!offset || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) - *offset;
}

std::string to_timestamp(std::chrono::sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

}  // namespace holdfast
