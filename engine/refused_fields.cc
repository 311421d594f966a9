#include "engine/refused_fields.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "engine/field_names.h"
#include "engine/shown_value.h"
#include "holdfast/merge/typed_value.h"

namespace holdfast {
namespace {

constexpr std::size_t kMostFields = 20, kFieldsInWords = 3;
constexpr std::string_view kUndeclared = "field not declared in schema";
constexpr std::string_view kDuplicate = "duplicate entries for key ";
constexpr std::string_view kSupported = "supported values: ";

// One line of bounded length: the server may quote all of a value.
std::string shortened(std::string text) {
  constexpr std::size_t kLongestBytes = 300;
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  if (text.size() <= kLongestBytes) return text;
  std::size_t end = kLongestBytes;
  while ((static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + " ...";
}

std::string dotted(std::string_view field) {
  return field.starts_with('.') || field.starts_with('[') ? std::string(field) : fmt::format(".{}", field);
}

const json::value* value_at(const json::object& body, const FieldPath& path) {
  const json::value* at = nullptr;
  for (const PathElement& element : path) {
    const json::object* object = at == nullptr ? &body : at->if_object();
    const json::array* list = at == nullptr ? nullptr : at->if_array();
    if (element.kind() == PathElement::Kind::Field && object != nullptr)
      at = object->if_contains(element.text());
    else if (element.kind() == PathElement::Kind::Index && list != nullptr && element.position() < list->size())
      at = &(*list)[element.position()];
    else
      return nullptr;
    if (at == nullptr) return nullptr;
  }
  return at;
}

// What stands there, with its value where that is short and may be shown.
std::string kind_text(const json::value& value, bool secret) {
  constexpr std::size_t kLongestShown = 60;
  const std::string text = to_json(value);
  const bool shown = !secret && text.size() <= kLongestShown;
  if (value.is_null()) return "empty";
  if (value.is_bool()) return shown ? text : "true or false";
  if (value.is_number()) return shown ? "the number " + text : "a number";
  if (value.is_string()) return shown ? "the text " + text : "a text";
  return value.is_array() ? "a list" : "an object";
}

// "expected string, got &value.valueUnstructured{Value:80}": what was expected.
std::optional<std::string_view> expected_of(std::string_view cause) {
  constexpr std::string_view kExpected = "expected ";
  const std::size_t got = cause.find(", got ");
  if (!cause.starts_with(kExpected) || got == std::string_view::npos) return std::nullopt;
  const std::string_view what = cause.substr(kExpected.size(), got - kExpected.size());
  if (what == "string") return "a text";
  if (what.starts_with("numeric")) return "a number";
  if (what == "boolean") return "true or false";
  if (what == "map") return "an object";
  if (what == "list") return "a list";
  return "a single value";
}

class Reader {
 public:
  Reader(const json::object& body, const TypeNode* type)
      : body_(body), type_(type), kind_(string_at(body, {"kind"})), secret_(is_secret(json::value(body))) {}

  // In the words of the merge, which are the server's.
  void take_violation(std::string_view path_text, std::string_view cause) {
    const std::string name = dotted(path_text);
    RefusedField field{field_path_in(body_, path_text), {}, {}};
    if (cause == kUndeclared) {
      field.problem = fmt::format("{} is no field of a {}", name, kind_.empty() ? "object of this kind" : kind_);
      field.hint = type_ == nullptr ? "" : meant_field(*type_, field.path);
    } else if (const auto expected = expected_of(cause)) {
      mistyped(name, *expected, field);
    } else if (cause.starts_with(kDuplicate)) {
      field.problem = fmt::format("{} has two items with the key {}", name, cause.substr(kDuplicate.size()));
      field.hint = "keep one of the two";
    } else {
      field.problem =
          fmt::format("{}: {}", name, shortened(secret_ ? without_values(std::string(cause)) : std::string(cause)));
    }
    add(std::move(field));
  }

  // In the words of validation.
  void take_cause(const ApiStatusCause& cause) {
    if (cause.field.empty() || cause.field == "[]") return;
    const std::string message = shortened(secret_ ? without_values(cause.message) : cause.message);
    add({field_path_in(body_, cause.field), fmt::format("{}: {}", dotted(cause.field), message),
         secret_ ? "" : supported_value(field_path_in(body_, cause.field), cause.message)});
  }

  std::vector<RefusedField> take() { return std::move(fields_); }

 private:
  void add(RefusedField field) {
    if (fields_.size() < kMostFields && std::ranges::find(fields_, field) == fields_.end())
      fields_.push_back(std::move(field));
  }

  void mistyped(const std::string& name, std::string_view expected, RefusedField& field) const {
    field.problem = fmt::format("{} has to be {}", name, expected);
    const json::value* value = value_at(body_, field.path);
    if (value == nullptr) return;
    field.problem += ", and is " + kind_text(*value, secret_);
    const bool scalar = value->is_number() || value->is_bool();
    if (expected == "a text" && scalar) field.hint = "quote it";
    if ((expected == "a number" || expected == "true or false") && value->is_string()) field.hint = "remove the quotes";
    if (expected == "a list") field.hint = "begin each item with a dash";
  }

  // `Unsupported value: "Alwayss": supported values: "Always", "IfNotPresent", "Never"`
  std::string supported_value(const FieldPath& path, std::string_view message) const {
    const std::size_t at = message.find(kSupported);
    const json::value* value = value_at(body_, path);
    if (at == std::string_view::npos || value == nullptr || !value->is_string()) return {};
    std::vector<std::string_view> values;
    std::string_view rest = message.substr(at + kSupported.size());
    while (rest.starts_with('"')) {
      const std::size_t end = rest.find('"', 1);
      if (end == std::string_view::npos) break;
      values.push_back(rest.substr(1, end - 1));
      rest.remove_prefix(std::min(rest.find_first_not_of(", ", end + 1), rest.size()));
    }
    return meant_word(value->get_string(), values);
  }

  const json::object& body_;
  const TypeNode* type_;
  std::string_view kind_;
  bool secret_;
  std::vector<RefusedField> fields_;
};

// "failed to create typed patch object (web/a; apps/v1, Kind=Deployment): .spec.x: field not declared in schema", or
// with "errors: .a: … .b: …" behind the colon, of which one line is the first.
void take_message(std::string_view message, Reader& reader) {
  const std::size_t begin = message.find("): ");
  if (begin == std::string_view::npos) return;
  std::string_view rest = message.substr(begin + 3);
  constexpr std::string_view kErrors = "errors: ";
  const bool several = rest.starts_with(kErrors);
  if (several) rest.remove_prefix(kErrors.size());
  const std::size_t end = rest.find(": ");
  if (!rest.starts_with('.') || end == std::string_view::npos) return;
  std::string_view cause = rest.substr(end + 2);
  if (several) cause = cause.substr(0, cause.find(" ."));
  reader.take_violation(rest.substr(0, end), cause);
}

bool is_about_types(std::string_view message) {
  return message.starts_with("failed to create typed patch object") ||
         message.starts_with("failed to convert new object");
}

// One step of a path in text, taken off it.
class PathText {
 public:
  explicit PathText(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  // Into an object: its longest key that stands here, or what a key could be.
  std::string take_key(const json::object& object) {
    if (rest_.starts_with('[')) return unquoted(take_brackets());
    if (rest_.starts_with('.')) rest_.remove_prefix(1);
    std::string_view key = rest_.substr(0, rest_.find_first_of(".["));
    for (const auto& member : object) {
      const std::string_view name = member.key();
      const char after = name.size() < rest_.size() ? rest_[name.size()] : '.';
      if (name.size() > key.size() && rest_.starts_with(name) && (after == '.' || after == '[')) key = name;
    }
    rest_.remove_prefix(key.size());
    return std::string(key);
  }
  // Into a list: "[0]", or the item that has what stands between the brackets.
  std::optional<std::size_t> take_item(const json::array& list) {
    if (!rest_.starts_with('[')) return std::nullopt;
    const std::string_view text = take_brackets();
    std::size_t position = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), position);
    if (error == std::errc() && end == text.data() + text.size())
      return position < list.size() ? std::optional(position) : std::nullopt;
    for (std::size_t i = 0; i < list.size(); ++i)
      if (is_named(list[i], text)) return i;
    return std::nullopt;
  }

 private:
  std::string_view take_brackets() {
    bool quoted = false;
    std::size_t end = 1;
    for (; end < rest_.size() && (quoted || rest_[end] != ']'); ++end)
      if (rest_[end] == '"' && rest_[end - 1] != '\\') quoted = !quoted;
    const std::string_view inside = rest_.substr(1, end - 1);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return inside;
  }
  static std::string unquoted(std::string_view text) {
    const bool quoted = text.size() >= 2 && text.starts_with('"') && text.ends_with('"');
    return std::string(quoted ? text.substr(1, text.size() - 2) : text);
  }
  // `name="web",port=80`, or `="v"` of a set. The values of what it lacks are its defaults.
  static bool is_named(const json::value& item, std::string_view text) {
    if (text.starts_with('=')) return to_json(item) == text.substr(1);
    bool any = false;
    while (!text.empty()) {
      const std::size_t equals = text.find('=');
      if (equals == std::string_view::npos || !item.is_object()) return false;
      const std::string_view name = text.substr(0, equals);
      text.remove_prefix(equals + 1);
      const std::size_t quote = text.starts_with('"') ? text.find('"', 1) : 0;
      const std::size_t end = std::min(text.find(',', quote == std::string_view::npos ? 0 : quote), text.size());
      const json::value* value = item.get_object().if_contains(name);
      if (value != nullptr && to_json(*value) != text.substr(0, end)) return false;
      any |= value != nullptr;
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return any;
  }

  std::string_view rest_;
};

}  // namespace

FieldPath field_path_in(const json::object& body, std::string_view text) {
  PathText rest(text);
  FieldPath path;
  const json::value* at = nullptr;
  while (!rest.at_end()) {
    const json::object* object = path.empty() ? &body : at->if_object();
    const json::array* list = path.empty() ? nullptr : at->if_array();
    if (object != nullptr) {
      const std::string key = rest.take_key(*object);
      if (key.empty()) break;
      path.push_back(PathElement::field(key));
      at = object->if_contains(key);
    } else if (list != nullptr) {
      const auto position = rest.take_item(*list);
      if (!position) break;
      path.push_back(PathElement::index(*position));
      at = &(*list)[*position];
    } else {
      break;
    }
    if (at == nullptr) break;
  }
  return path;
}

std::vector<RefusedField> refused_fields(const ClassifiedApply& answer, const json::object& body,
                                         const TypeNode* type) {
  if (answer.outcome != ApplyOutcome::Rejected) return {};
  Reader reader(body, type);
  if (is_about_types(answer.message)) {
    const auto violations =
        type == nullptr ? std::vector<Violation>() : validate(json::value(body), *type, Duplicates::Refused);
    for (const Violation& violation : violations) reader.take_violation(violation.path, violation.cause);
    if (violations.empty()) take_message(answer.message, reader);
  } else {
    for (const ApiStatusCause& cause : answer.causes) reader.take_cause(cause);
  }
  return reader.take();
}

ObjectRefusal refusal_of(const UnpreparedManifest& manifest, const std::string& revision) {
  const GroupVersionKind& gvk = manifest.gvk;
  FieldPath path;
  if (manifest.error.kind == ErrorKind::NotFound) path.push_back(PathElement::field("kind"));
  return {{gvk.group, gvk.kind, manifest.namespace_, manifest.name},
          manifest.error.where,
          revision,
          {{std::move(path), manifest.error.message, manifest.error.hint}}};
}

Error in_words(Error error, const std::vector<RefusedField>& fields) {
  if (fields.empty()) return error;
  const bool alone = fields.size() == 1;
  error.message.clear();
  for (std::size_t i = 0; i < fields.size() && i < kFieldsInWords; ++i) {
    error.message += (i == 0 ? "" : "; ") + fields[i].problem;
    if (!alone && !fields[i].hint.empty()) error.message += " (" + fields[i].hint + ")";
  }
  if (fields.size() > kFieldsInWords) error.message += fmt::format("; and {} more", fields.size() - kFieldsInWords);
  if (alone && !fields.front().hint.empty()) error.hint = fields.front().hint;
  return error;
}

}  // namespace holdfast
