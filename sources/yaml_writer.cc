#include "sources/yaml_writer.h"

#include <spdlog/fmt/fmt.h>
#include <yaml.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <new>
#include <string_view>
#include <variant>
#include <vector>

#include "sources/yaml_scalar.h"

namespace holdfast {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (static_cast<unsigned char>(c) >= 0x80);
}

std::string_view digits(std::string_view text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  text = text.substr(0, count);
  return text.substr(std::min(text.find_first_not_of('0'), text.size()));
}

bool comes_before(std::string_view one, std::string_view other) {
  const auto [mine, theirs] = std::ranges::mismatch(one, other);
  if (mine == one.end() || theirs == other.end()) return one.size() < other.size();
  if (is_letter(*mine) || is_letter(*theirs))
    return is_letter(*mine) && is_letter(*theirs)
               ? static_cast<unsigned char>(*mine) < static_cast<unsigned char>(*theirs)
               : is_letter(*theirs);
  const std::string_view number = digits({mine, one.end()}), other_number = digits({theirs, other.end()});
  if (number.size() != other_number.size()) return number.size() < other_number.size();
  if (number != other_number) return number < other_number;
  return *mine < *theirs;
}

std::vector<const json::key_value_pair*> sorted_fields(const json::object& object) {
  std::vector<const json::key_value_pair*> fields;
  fields.reserve(object.size());
  for (const auto& field : object) fields.push_back(&field);
  std::ranges::sort(fields, comes_before, [](const auto* field) { return std::string_view(field->key()); });
  return fields;
}

// libyaml, of which the writer inside that library is a port. It fails only without memory.
class Emitter {
 public:
  Emitter() {
    if (yaml_emitter_initialize(&raw_) == 0) throw std::bad_alloc();
    yaml_emitter_set_output(&raw_, append, &text_);
    yaml_emitter_set_unicode(&raw_, 1);
  }
  Emitter(const Emitter&) = delete;
  Emitter& operator=(const Emitter&) = delete;
  ~Emitter() { yaml_emitter_delete(&raw_); }

  std::string document(const json::value& value) {
    yaml_event_t event;
    emit(event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    emit(event, yaml_document_start_event_initialize(&event, nullptr, nullptr, nullptr, 1));
    node(value);
    emit(event, yaml_document_end_event_initialize(&event, 1));
    emit(event, yaml_stream_end_event_initialize(&event));
    return std::move(text_);
  }

 private:
  static int append(void* text, unsigned char* bytes, std::size_t size) {
    static_cast<std::string*>(text)->append(reinterpret_cast<const char*>(bytes), size);
    return 1;
  }

  void emit(yaml_event_t& event, int made) {
    if (made == 0 || yaml_emitter_emit(&raw_, &event) == 0) throw std::bad_alloc();
  }

  void scalar(std::string_view text, yaml_scalar_style_t style) {
    yaml_event_t event;
    const auto* bytes = reinterpret_cast<const yaml_char_t*>(text.data());
    emit(event,
         yaml_scalar_event_initialize(&event, nullptr, nullptr, bytes, static_cast<int>(text.size()), 1, 1, style));
  }

  void text(std::string_view text) {
    if (text.find('\n') != std::string_view::npos) return scalar(text, YAML_LITERAL_SCALAR_STYLE);
    const auto unquoted = resolve_scalar({}, text);
    const bool merges = text == "<<";  // as a key it would take in what another object has
    const bool stays_text = !merges && unquoted && std::holds_alternative<std::string>(*unquoted);
    scalar(text, stays_text ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
  }

  void node(const json::value& value) {
    yaml_event_t event;
    if (const json::object* object = value.if_object()) {
      emit(event, yaml_mapping_start_event_initialize(&event, nullptr, nullptr, 1, YAML_BLOCK_MAPPING_STYLE));
      for (const auto* field : sorted_fields(*object)) {
        text(field->key());
        node(field->value());
      }
      emit(event, yaml_mapping_end_event_initialize(&event));
    } else if (const json::array* array = value.if_array()) {
      emit(event, yaml_sequence_start_event_initialize(&event, nullptr, nullptr, 1, YAML_BLOCK_SEQUENCE_STYLE));
      for (const json::value& item : *array) node(item);
      emit(event, yaml_sequence_end_event_initialize(&event));
    } else if (const json::string* string = value.if_string()) {
      text(*string);
    } else if (const double* number = value.if_double()) {
      scalar(fmt::format("{}", *number), YAML_PLAIN_SCALAR_STYLE);
    } else {
      scalar(json::serialize(value), YAML_PLAIN_SCALAR_STYLE);
    }
  }

  yaml_emitter_t raw_{};
  std::string text_;
};

}  // namespace

std::string write_yaml(const json::value& value) { return Emitter().document(value); }

}  // namespace holdfast
