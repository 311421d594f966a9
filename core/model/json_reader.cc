// parse_json(): Boost.JSON's parser, but for its floating-point numbers. Those it rounds by the way, so that a number
// that a server spells in its shortest form would be another one than ours; and 0e999 is none at all to it.
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "holdfast/model/json.h"

namespace holdfast {
namespace {

constexpr std::size_t kMaxDepth = 64;

// What the parser calls as it goes; its names. Each returns false where it has set the error.
class ValueBuilder {
 public:
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();
  using ErrorCode = json::error_code;
  using Text = json::string_view;

  json::value take() { return stack_.release(); }

  bool on_document_begin(ErrorCode&) {
    return done([&] { stack_.reset(); });
  }
  bool on_document_end(ErrorCode&) { return true; }
  bool on_object_begin(ErrorCode&) { return true; }
  bool on_object_end(std::size_t members, ErrorCode&) {
    return done([&] { stack_.push_object(members); });
  }
  bool on_array_begin(ErrorCode&) { return true; }
  bool on_array_end(std::size_t items, ErrorCode&) {
    return done([&] { stack_.push_array(items); });
  }
  bool on_key_part(Text part, std::size_t, ErrorCode&) {
    return done([&] { stack_.push_chars(part); });
  }
  bool on_key(Text last, std::size_t, ErrorCode&) {
    return done([&] { stack_.push_key(last); });
  }
  bool on_string_part(Text part, std::size_t, ErrorCode&) {
    return done([&] { stack_.push_chars(part); });
  }
  bool on_string(Text last, std::size_t, ErrorCode&) {
    return done([&] { stack_.push_string(last); });
  }
  bool on_number_part(Text, ErrorCode&) { return true; }  // of texts in several buffers
  bool on_int64(std::int64_t number, Text, ErrorCode&) {
    return done([&] { stack_.push_int64(number); });
  }
  bool on_uint64(std::uint64_t number, Text, ErrorCode&) {
    return done([&] { stack_.push_uint64(number); });
  }
  bool on_double(double rounded, Text text, ErrorCode& error) {
    double exact = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), exact);
    const bool too_small = failure == std::errc::result_out_of_range && std::abs(rounded) < 1;
    if (failure != std::errc() && !too_small) {
      error = json::error::exponent_overflow;
      return false;
    }
    stack_.push_double(too_small ? 0.0 : exact);
    return true;
  }
  bool on_bool(bool value, ErrorCode&) {
    return done([&] { stack_.push_bool(value); });
  }
  bool on_null(ErrorCode&) {
    return done([&] { stack_.push_null(); });
  }
  bool on_comment_part(Text, ErrorCode&) { return true; }
  bool on_comment(Text, ErrorCode&) { return true; }

 private:
  template <class Step>
  static bool done(Step step) {
    step();
    return true;
  }

  json::value_stack stack_;
};

}  // namespace

Result<json::value> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::basic_parser<ValueBuilder> parser(options);
  json::error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size()) error = json::error::extra_data;
  if (error) return fail(ErrorKind::Invalid, "not valid JSON: " + error.message());
  return parser.handler().take();
}

}  // namespace holdfast
