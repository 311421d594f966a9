#include "sources/yaml_scalar.h"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "holdfast/base/printable.h"
#include "sources/utf8.h"

namespace holdfast {
namespace {

constexpr std::string_view kLongPrefix = "tag:yaml.org,2002:";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_sign(char c) { return c == '+' || c == '-'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool any_of(std::string_view text, std::initializer_list<std::string_view> words) {
  for (std::string_view word : words)
    if (text == word) return true;
  return false;
}

// Words in exactly the three spellings that the library's table holds: "tRUE" is text.
std::optional<YamlScalar> word(std::string_view text) {
  if (any_of(text, {"", "~", "null", "Null", "NULL"})) return nullptr;
  if (any_of(text, {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})) return true;
  if (any_of(text, {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})) return false;
  if (any_of(text, {".nan", ".NaN", ".NAN"})) return std::numeric_limits<double>::quiet_NaN();
  if (any_of(text, {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"})) return HUGE_VAL;
  if (any_of(text, {"-.inf", "-.Inf", "-.INF"})) return -HUGE_VAL;
  return std::nullopt;
}

std::optional<std::uint64_t> digits(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Go's ParseInt, then ParseUint (which takes no sign).
std::optional<YamlScalar> with_sign(char sign, std::optional<std::uint64_t> magnitude) {
  if (!magnitude) return std::nullopt;
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (sign == '-') {
    if (*magnitude > kMax + 1) return std::nullopt;
    return static_cast<std::int64_t>(0 - *magnitude);
  }
  if (*magnitude <= kMax) return static_cast<std::int64_t>(*magnitude);
  if (sign == '+') return std::nullopt;
  return *magnitude;
}

// `text` has no underscores any more. "08" is no integer here and becomes a float below, as in the library.
std::optional<YamlScalar> integer(std::string_view text) {
  char sign = 0;
  if (!text.empty() && is_sign(text[0])) {
    sign = text[0];
    text.remove_prefix(1);
  }
  if (text.size() < 2 || text[0] != '0') return with_sign(sign, digits(text, 10));
  switch (lower(text[1])) {
    case 'x':
      return with_sign(sign, digits(text.substr(2), 16));
    case 'o':
      return with_sign(sign, digits(text.substr(2), 8));
    case 'b':
      return with_sign(sign, digits(text.substr(2), 2));
    default:
      return with_sign(sign, digits(text.substr(1), 8));
  }
}

// The library reads "0b" once more by hand and so takes a sign behind the prefix.
std::optional<YamlScalar> signed_binary(std::string_view text) {
  if (!text.starts_with("0b") || text.size() < 4 || !is_sign(text[2])) return std::nullopt;
  return with_sign(text[2], digits(text.substr(3), 2));
}

bool is_decimal_float(std::string_view text) {
  std::size_t i = !text.empty() && is_sign(text[0]) ? 1 : 0;
  std::size_t whole = 0, fraction = 0;
  for (; i < text.size() && is_digit(text[i]); ++i) ++whole;
  if (i < text.size() && text[i] == '.')
    for (++i; i < text.size() && is_digit(text[i]); ++i) ++fraction;
  if (whole + fraction == 0) return false;
  if (i < text.size() && lower(text[i]) == 'e') {
    if (++i < text.size() && is_sign(text[i])) ++i;
    const std::size_t first = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    if (i == first) return false;
  }
  return i == text.size();
}

std::optional<YamlScalar> decimal_float(std::string_view text) {
  if (!is_decimal_float(text)) return std::nullopt;
  const bool negative = text[0] == '-';
  if (is_sign(text[0])) text.remove_prefix(1);
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec == std::errc::result_out_of_range) {
    // Too large is text, as in the library; too small is zero. Only the exponent's sign can have made it small.
    const std::size_t e = text.find_first_of("eE");
    const bool small = e == std::string_view::npos ? text.find_first_of("123456789") > text.find('.')
                                                   : e + 1 < text.size() && text[e + 1] == '-';
    if (!small) return std::nullopt;
    value = 0;
  }
  return negative ? -value : value;
}

// ".5_5": here alone Go's own rule for underscores holds, between two digits.
std::optional<YamlScalar> leading_dot(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      plain += text[i];
    } else if (!is_digit(text[i - 1]) || i + 1 == text.size() || !is_digit(text[i + 1])) {
      return std::nullopt;
    }
  }
  return decimal_float(plain);
}

std::optional<YamlScalar> number(std::string_view text) {
  if (text[0] == '.') return leading_dot(text);
  if (!is_digit(text[0]) && !is_sign(text[0])) return std::nullopt;
  std::string plain;
  for (char c : text)
    if (c != '_') plain += c;
  if (auto value = integer(plain)) return value;
  if (auto value = decimal_float(plain)) return value;
  return signed_binary(plain);
}

int base64_digit(char c) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t at = kAlphabet.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

std::optional<std::string> base64_decode(std::string_view text) {
  std::string packed, bytes;
  for (char c : text)
    if (c != '\n' && c != '\r') packed += c;
  if (packed.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = packed.ends_with("==") ? 2 : packed.ends_with("=") ? 1 : 0;
  packed.resize(packed.size() - padding);
  unsigned buffer = 0, bits = 0;
  for (char c : packed) {
    const int digit = base64_digit(c);
    if (digit < 0) return std::nullopt;
    buffer = (buffer << 6 | static_cast<unsigned>(digit)) & 0xffffff;
    bits += 6;
    if (bits >= 8) bytes += static_cast<char>(buffer >> (bits -= 8) & 0xff);
  }
  return bytes;
}

Result<YamlScalar> binary(std::string_view text) {
  auto bytes = base64_decode(text);
  if (!bytes) return fail(ErrorKind::Invalid, "a !!binary value is not base64");
  // The Go library would replace every byte that is not UTF-8 by U+FFFD, and nobody would be told.
  if (!is_utf8(*bytes))
    return fail(ErrorKind::Invalid, "a !!binary value is not text", {},
                "write the base64 as a string, without the tag");
  return YamlScalar(std::move(*bytes));
}

std::string_view type_of(const YamlScalar& scalar) {
  constexpr std::array<std::string_view, 6> kNames = {"null", "bool", "int", "int", "float", "str"};
  return kNames[scalar.index()];
}

// Go's FormatFloat(value, 'g', -1, 32): the library writes keys in single precision.
std::string single_precision(double value) {
  if (std::isnan(value)) return ".nan";
  const float narrow = static_cast<float>(value);
  if (std::isinf(narrow)) return narrow > 0 ? ".inf" : "-.inf";
  std::array<char, 128> buffer;
  auto format = [&](std::chars_format style) {
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), narrow, style).ptr;
    return std::string(buffer.data(), end);
  };
  std::string scientific = format(std::chars_format::scientific);
  const std::size_t e = scientific.find('e');
  int exponent = 0;
  const char* first = scientific.data() + e + 1 + (scientific[e + 1] == '+' ? 1 : 0);
  std::from_chars(first, scientific.data() + scientific.size(), exponent);
  if (exponent < -4 || exponent >= 6) return scientific;
  return format(std::chars_format::fixed);
}

// Go writes a float below 1e21 as its shortest digits, filled up with zeros, and the reader of that JSON sees an
// integer: 2^60 as a float is 1152921504606847000 then.
std::optional<json::value> shortest_integer(double value) {
  std::array<char, 64> buffer;
  const double magnitude = std::abs(value);
  const char* end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), magnitude, std::chars_format::scientific).ptr;
  const std::string_view scientific(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t e = scientific.find('e');
  std::size_t exponent = 0;
  std::from_chars(scientific.data() + e + 2, end, exponent);
  std::string text;
  for (char c : scientific.substr(0, e))
    if (c != '.') text += c;
  if (text.size() < exponent + 1) text.append(exponent + 1 - text.size(), '0');
  const auto whole = with_sign(value < 0 ? '-' : '\0', digits(text, 10));
  if (!whole) return std::nullopt;
  if (const auto* wide = std::get_if<std::uint64_t>(&*whole)) return json::value(*wide);
  return json::value(std::get<std::int64_t>(*whole));
}

}  // namespace

Result<YamlScalar> resolve_scalar(std::string_view tag, std::string_view text) {
  if (tag.starts_with(kLongPrefix)) tag.remove_prefix(kLongPrefix.size());
  if (tag == "binary") return binary(text);
  if (tag == "timestamp")
    return fail(ErrorKind::Invalid, "the tag !!timestamp is not supported", {}, "write the time as a quoted string");
  if (!any_of(tag, {"", "bool", "int", "float", "null"})) return YamlScalar(std::string(text));
  std::optional<YamlScalar> found = word(text);
  if (!found) found = number(text);
  YamlScalar value = found ? std::move(*found) : YamlScalar(std::string(text));
  if (tag.empty() || tag == type_of(value)) return value;
  if (tag == "float" && std::holds_alternative<std::int64_t>(value))
    return YamlScalar(static_cast<double>(std::get<std::int64_t>(value)));
  return fail(ErrorKind::Invalid, printable_line(fmt::format("\"{}\" is not of the type that its tag !!{} names",
                                                             text.substr(0, 40), tag)));
}

Result<json::value> to_json_value(const YamlScalar& scalar) {
  if (const auto* value = std::get_if<bool>(&scalar)) return json::value(*value);
  if (const auto* value = std::get_if<std::int64_t>(&scalar)) return json::value(*value);
  if (const auto* value = std::get_if<std::uint64_t>(&scalar)) return json::value(*value);
  if (const auto* value = std::get_if<std::string>(&scalar)) return json::value(json::string(*value));
  const auto* value = std::get_if<double>(&scalar);
  if (value == nullptr) return json::value(nullptr);
  if (!std::isfinite(*value))
    return fail(ErrorKind::Invalid, "infinity and not-a-number have no form in JSON", {}, "quote it");
  if (*value == std::trunc(*value) && std::abs(*value) < 1e21)
    if (auto whole = shortest_integer(*value)) return *whole;
  return json::value(*value);
}

Result<std::string> to_key(const YamlScalar& scalar) {
  if (const auto* value = std::get_if<bool>(&scalar)) return *value ? "true" : "false";
  if (const auto* value = std::get_if<std::int64_t>(&scalar)) return std::to_string(*value);
  if (const auto* value = std::get_if<double>(&scalar)) return single_precision(*value);
  if (const auto* value = std::get_if<std::string>(&scalar)) return *value;
  return fail(ErrorKind::Invalid, "a key is null or beyond 2^63-1", {}, "quote the key");
}

}  // namespace holdfast
