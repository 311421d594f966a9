#include "simulator/quantity.h"

#include <array>
#include <cstdint>

namespace holdfast {
namespace {

__extension__ using Wide = __int128;

struct DecimalSuffix {
  std::string_view text;
  int exponent;
};
constexpr std::array<DecimalSuffix, 10> kDecimal{
    {{"n", -9}, {"u", -6}, {"m", -3}, {"", 0}, {"k", 3}, {"M", 6}, {"G", 9}, {"T", 12}, {"P", 15}, {"E", 18}}};
constexpr std::array<std::string_view, 6> kBinary{"Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};

std::string text_of(Wide value) {
  if (value == 0) return "0";
  const bool negative = value < 0;
  if (negative) value = -value;
  std::string out;
  for (; value != 0; value /= 10) out.insert(out.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
  return negative ? "-" + out : out;
}

struct Digits {
  Wide value = 0;
  int exponent = 0;  // of ten
  bool negative = false;
};

// Sign, digits and point; takes them off the text.
std::optional<Digits> take_digits(std::string_view& text) {
  Digits digits;
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    digits.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  bool point = false, any = false;
  int count = 0;
  while (!text.empty() && ((text.front() >= '0' && text.front() <= '9') || (text.front() == '.' && !point))) {
    if (text.front() == '.') {
      point = true;
    } else {
      if (++count > 24) return std::nullopt;
      digits.value = digits.value * 10 + (text.front() - '0');
      if (point) --digits.exponent;
      any = true;
    }
    text.remove_prefix(1);
  }
  if (!any) return std::nullopt;
  return digits;
}

// The largest suffix that leaves an integer.
std::string decimal_text(Wide value, int exponent, bool negative) {
  while (value != 0 && value % 10 == 0 && exponent < 18) {
    value /= 10;
    ++exponent;
  }
  if (value == 0) return "0";
  while (exponent % 3 != 0 || exponent > 18) {
    value *= 10;
    --exponent;
  }
  for (const DecimalSuffix& suffix : kDecimal)
    if (suffix.exponent == exponent) return (negative ? "-" : "") + text_of(value) + std::string(suffix.text);
  return (negative ? "-" : "") + text_of(value);
}

std::string binary_text(Wide value, bool negative) {
  int power = 0;
  while (value != 0 && value % 1024 == 0 && power < 6) {
    value /= 1024;
    ++power;
  }
  return (negative ? "-" : "") + text_of(value) + (power == 0 ? "" : std::string(kBinary[power - 1]));
}

std::optional<int> exponent_of(std::string_view suffix) {
  for (const DecimalSuffix& known : kDecimal)
    if (known.text == suffix) return known.exponent;
  if (suffix.size() < 2 || (suffix.front() != 'e' && suffix.front() != 'E')) return std::nullopt;
  suffix.remove_prefix(1);
  const std::optional<Digits> digits = take_digits(suffix);
  if (!digits || !suffix.empty() || digits->exponent != 0 || digits->value > 18) return std::nullopt;
  return digits->negative ? -static_cast<int>(digits->value) : static_cast<int>(digits->value);
}

}  // namespace

std::optional<std::string> canonical_quantity(std::string_view text) {
  std::optional<Digits> digits = take_digits(text);
  if (!digits) return std::nullopt;
  for (std::size_t i = 0; i < kBinary.size(); ++i) {
    if (text != kBinary[i]) continue;
    Wide value = digits->value;
    for (std::size_t power = 0; power <= i; ++power) value *= 1024;
    for (; digits->exponent < 0 && value % 10 == 0; ++digits->exponent) value /= 10;
    if (digits->exponent < 0) return decimal_text(value, digits->exponent, digits->negative);
    return binary_text(value, digits->negative);
  }
  const std::optional<int> exponent = exponent_of(text);
  if (!exponent) return std::nullopt;
  Wide value = digits->value;
  int total = digits->exponent + *exponent;
  for (; total < -9; ++total) value = value / 10 + (value % 10 != 0 ? 1 : 0);
  return decimal_text(value, total, digits->negative);
}

}  // namespace holdfast
