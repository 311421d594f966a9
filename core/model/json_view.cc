#include "holdfast/model/json_view.h"

#include <simdjson.h>

#include <memory>
#include <vector>

namespace holdfast {

struct JsonIndexer::Impl {
  // What simdjson's own parsers are made of; used directly, because they tie the index to one document and one walk.
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stages;
  std::vector<JsonToken> tokens;
  std::vector<std::uint32_t> open;  // brackets

  simdjson::error_code find_tokens(std::string_view text) {
    constexpr std::size_t kLeastBytes = 64UL * 1024;
    simdjson::error_code error = simdjson::SUCCESS;
    if (!stages)
      error = simdjson::get_active_implementation()->create_dom_parser_implementation(kLeastBytes, 1, stages);
    if (!error && text.size() > stages->capacity()) error = stages->set_capacity(text.size() + text.size() / 4);
    if (error) return error;
    error =
        stages->stage1(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), simdjson::stage1_mode::regular);
    if (error == simdjson::EMPTY) stages->n_structural_indexes = 0;
    return error == simdjson::EMPTY ? simdjson::SUCCESS : error;
  }

  // False where a bracket has no other, or one of another kind.
  bool match_brackets(const char* text) {
    const std::size_t count = stages->n_structural_indexes;
    const std::uint32_t* const offsets = stages->structural_indexes.get();
    if (tokens.size() < count) tokens.resize(count);
    open.clear();
    for (std::uint32_t i = 0; i < count; ++i) {
      const char token = text[offsets[i]];
      tokens[i].offset = offsets[i];
      if (token == '{' || token == '[') {
        open.push_back(i);
      } else if (token == '}' || token == ']') {
        if (open.empty()) return false;
        const std::uint32_t first = open.back();
        if (text[offsets[first]] + 2 != token) return false;  // '{' + 2 is '}', and '[' + 2 is ']'
        tokens[first].after = i + 1 - first;
        open.pop_back();
      }
    }
    return open.empty();
  }
};

JsonIndexer::JsonIndexer() : impl_(std::make_unique<Impl>()) {}
JsonIndexer::~JsonIndexer() = default;
JsonIndexer::JsonIndexer(JsonIndexer&&) noexcept = default;
JsonIndexer& JsonIndexer::operator=(JsonIndexer&&) noexcept = default;

Result<JsonCursor> JsonIndexer::index(std::string_view text) {
  if (const auto error = impl_->find_tokens(text)) return fail(ErrorKind::Protocol, simdjson::error_message(error));
  if (!impl_->match_brackets(text.data())) return fail(ErrorKind::Protocol, "brackets do not match");
  const JsonToken* const first = impl_->tokens.data();
  return JsonCursor(text.data(), first, first + impl_->stages->n_structural_indexes);
}

Result<JsonView> JsonIndexer::view(std::string_view text) {
  Result<JsonCursor> cursor = index(text);
  if (!cursor) return std::unexpected(cursor.error());
  JsonCursor walk = *cursor;
  const std::string_view whole = walk.raw();
  // A second value behind the first would mean that a stream was split at the wrong place.
  if (!walk.ok() || !walk.at_end()) return fail(ErrorKind::Protocol, "not one JSON value");
  return JsonView(whole, *cursor);
}

}  // namespace holdfast
