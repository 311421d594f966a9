#include "engine/stored_spelling.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace holdfast {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::size_t kMostDigits = 36;  // fit into Wide
constexpr int kMostExponent = 100;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What is left of a text that is read from its front.
struct Reader {
  std::string_view text;

  bool take(char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
  }
  std::string_view take_digits() {
    const std::string_view digits =
        text.substr(0, static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin()));
    text.remove_prefix(digits.size());
    return digits;
  }
};

std::optional<Wide> number_of(std::string_view digits) {
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.size() > kMostDigits) return std::nullopt;
  Wide value = 0;
  for (const char c : digits) value = value * 10 + static_cast<unsigned>(c - '0');
  return value;
}

struct Decimal {
  Wide digits = 0;
  int exponent = 0;  // of ten; at most 0
};

// "12.5"; nothing where no digit is there or too many are.
std::optional<Decimal> take_decimal(Reader& reader) {
  const std::string_view whole = reader.take_digits();
  const std::string_view fraction = reader.take('.') ? reader.take_digits() : std::string_view();
  if (whole.empty() && fraction.empty()) return std::nullopt;
  const auto digits = number_of(std::string(whole) + std::string(fraction));
  if (!digits || fraction.size() > kMostDigits) return std::nullopt;
  return Decimal{*digits, -static_cast<int>(fraction.size())};
}

// ---- quantities -----------------------------------------------------------------------------------------------------

enum class QuantityFormat : std::uint8_t { Binary, Decimal, Exponent };

// rest * 2^twos * 5^fives, where neither 2 nor 5 divides the rest: two values are equal only if all of it is.
struct Quantity {
  bool negative = false;
  QuantityFormat format = QuantityFormat::Decimal;
  Wide rest = 0;
  int twos = 0, fives = 0;
  bool operator==(const Quantity&) const = default;
};

struct Suffix {
  std::string_view text;
  QuantityFormat format;
  int tens, twos;
};
constexpr std::array<Suffix, 16> kSuffixes{{{"", QuantityFormat::Decimal, 0, 0},
                                            {"n", QuantityFormat::Decimal, -9, 0},
                                            {"u", QuantityFormat::Decimal, -6, 0},
                                            {"m", QuantityFormat::Decimal, -3, 0},
                                            {"k", QuantityFormat::Decimal, 3, 0},
                                            {"M", QuantityFormat::Decimal, 6, 0},
                                            {"G", QuantityFormat::Decimal, 9, 0},
                                            {"T", QuantityFormat::Decimal, 12, 0},
                                            {"P", QuantityFormat::Decimal, 15, 0},
                                            {"E", QuantityFormat::Decimal, 18, 0},
                                            {"Ki", QuantityFormat::Binary, 0, 10},
                                            {"Mi", QuantityFormat::Binary, 0, 20},
                                            {"Gi", QuantityFormat::Binary, 0, 30},
                                            {"Ti", QuantityFormat::Binary, 0, 40},
                                            {"Pi", QuantityFormat::Binary, 0, 50},
                                            {"Ei", QuantityFormat::Binary, 0, 60}}};

std::optional<Suffix> suffix_of(std::string_view text) {
  const auto known = std::ranges::find(kSuffixes, text, &Suffix::text);
  if (known != kSuffixes.end()) return *known;
  Reader reader{text};
  if (!reader.take('e') && !reader.take('E')) return std::nullopt;
  const bool negative = reader.take('-');
  if (!negative) reader.take('+');
  const std::string_view digits = reader.take_digits();
  const auto exponent = number_of(digits);
  if (digits.empty() || !reader.text.empty() || !exponent || *exponent > kMostExponent) return std::nullopt;
  return Suffix{{}, QuantityFormat::Exponent, negative ? -static_cast<int>(*exponent) : static_cast<int>(*exponent), 0};
}

std::optional<Quantity> read_quantity(std::string_view text) {
  Reader reader{text};
  Quantity quantity;
  quantity.negative = reader.take('-');
  if (!quantity.negative) reader.take('+');
  const auto decimal = take_decimal(reader);
  const auto suffix = suffix_of(reader.text);
  if (!decimal || !suffix) return std::nullopt;
  quantity.format = suffix->format;
  quantity.rest = decimal->digits;
  if (quantity.rest == 0) return Quantity{.format = suffix->format};
  quantity.fives = decimal->exponent + suffix->tens;
  quantity.twos = quantity.fives + suffix->twos;
  for (; quantity.rest % 2 == 0; quantity.rest /= 2) ++quantity.twos;
  for (; quantity.rest % 5 == 0; quantity.rest /= 5) ++quantity.fives;
  return quantity;
}

// ---- durations ------------------------------------------------------------------------------------------------------

struct Unit {
  std::string_view text;
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

// One "1.5h" off the text, in nanoseconds. Nothing where it is none, or no whole number of them.
std::optional<Wide> take_term(Reader& reader) {
  const auto decimal = take_decimal(reader);
  const auto letter_ends = std::ranges::find_if(reader.text, [](char c) { return is_digit(c) || c == '.'; });
  const std::string_view name = reader.text.substr(0, static_cast<std::size_t>(letter_ends - reader.text.begin()));
  reader.text.remove_prefix(name.size());
  const auto unit = std::ranges::find(kUnits, name, &Unit::text);
  if (!decimal || unit == kUnits.end() || decimal->digits > INT64_MAX || decimal->exponent < -9) return std::nullopt;
  Wide value = decimal->digits * unit->nanoseconds;
  for (int exponent = decimal->exponent; exponent < 0; ++exponent) {
    if (value % 10 != 0) return std::nullopt;
    value /= 10;
  }
  return value;
}

struct Duration {
  bool negative = false;
  Wide nanoseconds = 0;
  bool operator==(const Duration&) const = default;
};

std::optional<Duration> read_duration(std::string_view text) {
  Reader reader{text};
  Duration duration;
  duration.negative = reader.take('-');
  if (!duration.negative) reader.take('+');
  if (reader.text == "0") return Duration{};
  if (reader.text.empty()) return std::nullopt;
  while (!reader.text.empty()) {
    const auto term = take_term(reader);
    if (!term) return std::nullopt;
    duration.nanoseconds += *term;
    if (duration.nanoseconds > INT64_MAX) return std::nullopt;
  }
  if (duration.nanoseconds == 0) duration.negative = false;
  return duration;
}

// ---- base64 ---------------------------------------------------------------------------------------------------------

// Without its line breaks; nothing where it is no base64 whose last letter is as an encoder writes it.
std::optional<std::string> unbroken_base64(std::string_view text) {
  static constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (const char c : text)
    if (c != '\n' && c != '\r') out.push_back(c);
  if (out.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = out.ends_with("==") ? 2 : out.ends_with('=') ? 1 : 0;
  const std::string_view letters = std::string_view(out).substr(0, out.size() - padding);
  if (letters.find_first_not_of(kLetters) != std::string_view::npos) return std::nullopt;
  const std::size_t unused_bits = 2 * padding;
  if (padding != 0 && kLetters.find(letters.back()) % (std::size_t{1} << unused_bits) != 0) return std::nullopt;
  return out;
}

template <class Value>
bool same(const std::optional<Value>& a, const std::optional<Value>& b) {
  return a.has_value() && b.has_value() && *a == *b;
}

}  // namespace

bool same_quantity(std::string_view a, std::string_view b) { return same(read_quantity(a), read_quantity(b)); }

bool same_duration(std::string_view a, std::string_view b) { return same(read_duration(a), read_duration(b)); }

bool same_base64(std::string_view a, std::string_view b) { return same(unbroken_base64(a), unbroken_base64(b)); }

}  // namespace holdfast
