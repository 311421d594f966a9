#include "sources/field_check.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "holdfast/base/duration.h"
#include "holdfast/base/edit_distance.h"

namespace holdfast {
namespace {

// What stands there, for messages: with its value where that is short.
std::string found_text(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "empty";
    case json::kind::bool_:
      return value.get_bool() ? "true" : "false";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return fmt::format("the number {}", to_json(value));
    case json::kind::string:
      return fmt::format("the text \"{}\"", std::string_view(value.get_string()).substr(0, 60));
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return "an object";
  }
  return {};
}

const ApplicationField* field_named(const ApplicationField& of, std::string_view name) {
  const auto found = std::ranges::find(of.fields, name, &ApplicationField::name);
  return found == of.fields.end() ? nullptr : &*found;
}

// The path of a field of this name somewhere below, where somebody may have meant it to be.
std::optional<std::string> path_below(const ApplicationField& of, const std::string& prefix, std::string_view name) {
  for (const ApplicationField& field : of.fields) {
    const std::string path = prefix.empty() ? std::string(field.name) : fmt::format("{}.{}", prefix, field.name);
    if (field.name == name && field.supported) return path;
    const std::string inside = field.type == FieldKind::ObjectList ? path + "[]" : path;
    if (auto found = path_below(field, inside, name)) return found;
  }
  return std::nullopt;
}

class Checker {
 public:
  explicit Checker(const ApplicationField& root) : root_(root) {}

  std::vector<FieldProblem> check(const json::value& document) {
    value(root_, document);
    return std::move(problems_);
  }

 private:
  void complain(std::string_view what, std::string hint = {}) {
    const std::string where = path_.empty() ? "the document" : to_string(path_);
    problems_.push_back({path_, fmt::format("{} {}", where, what), std::move(hint)});
  }

  void mistyped(const json::value& value, std::string_view wanted, std::string hint = {}) {
    if (value.is_null()) hint = "give it a value, or remove the key";
    complain(fmt::format("is {}, and has to be {}", found_text(value), wanted), std::move(hint));
  }

  void value(const ApplicationField& field, const json::value& value) {
    if (!field.supported) return complain("is not supported yet", std::string(field.meaning));
    switch (field.type) {
      case FieldKind::Text:
        return text(value);
      case FieldKind::Boolean:
        if (!value.is_bool()) mistyped(value, "true or false");
        return;
      case FieldKind::Integer:
        return integer(field, value);
      case FieldKind::Duration:
        return duration(field, value);
      case FieldKind::Choice:
        return choice(field, value);
      case FieldKind::Object:
        return object(field, value);
      case FieldKind::TextMap:
        return text_map(value);
      case FieldKind::TextList:
      case FieldKind::ObjectList:
      case FieldKind::TextMapList:
        return list(field, value);
      case FieldKind::Lines:
        return lines(value);
      case FieldKind::Anything:
        return anything(value);
    }
  }

  void lines(const json::value& value) {
    if (!value.is_string()) return mistyped(value, "text", "begin it with |");
    if (value.get_string().size() > kLongestFieldLinesBytes)
      complain(fmt::format("is longer than {} bytes", kLongestFieldLinesBytes));
  }

  void anything(const json::value& value) {
    if (!value.is_object()) return mistyped(value, "an object");
    if (to_json(value).size() > kLongestFieldLinesBytes)
      complain(fmt::format("is longer than {} bytes", kLongestFieldLinesBytes));
  }

  void text(const json::value& value) {
    if (!value.is_string()) {
      const bool scalar = value.is_number() || value.is_bool();
      return mistyped(value, "text", scalar ? "quote it" : "");
    }
    const std::string_view written = value.get_string();
    if (written.empty()) return complain("is empty", "give it a value, or remove the key");
    if (written.size() > kLongestFieldTextBytes)
      return complain(fmt::format("is longer than {} bytes", kLongestFieldTextBytes));
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (std::ranges::any_of(written, control)) complain("holds a control character or several lines");
  }

  void integer(const ApplicationField& field, const json::value& value) {
    const std::string wanted = fmt::format("a {}", type_text(field));
    if (value.is_string()) return mistyped(value, wanted, "remove what is no digit, and the quotes");
    if (!value.is_int64() || value.get_int64() < field.least || value.get_int64() > field.most) mistyped(value, wanted);
  }

  void duration(const ApplicationField& field, const json::value& value) {
    const std::string wanted = fmt::format("a {}", type_text(field));
    if (value.is_number()) return mistyped(value, wanted, fmt::format("add the unit, as in {}s", to_json(value)));
    if (!value.is_string()) return mistyped(value, wanted);
    const auto read = parse_duration(value.get_string());
    if (!read) return mistyped(value, wanted, read.error().hint);
    if (*read % std::chrono::seconds(1) != std::chrono::seconds(0))
      return mistyped(value, wanted, "in whole seconds, at least 1s, or 0s");
    const auto whole_s = std::chrono::duration_cast<std::chrono::seconds>(*read).count();
    if (whole_s < field.least || whole_s > field.most) mistyped(value, wanted);
  }

  void choice(const ApplicationField& field, const json::value& value) {
    const std::string wanted = type_text(field);
    if (!value.is_string()) return mistyped(value, wanted);
    const std::string_view written = value.get_string();
    if (std::ranges::find(field.choices, written) != field.choices.end()) return;
    const std::string_view near = nearest_word(written, field.choices);
    mistyped(value, wanted, near.empty() ? "" : fmt::format("did you mean {}?", near));
  }

  void object(const ApplicationField& field, const json::value& value) {
    if (!value.is_object()) return mistyped(value, "an object", fmt::format("with {}", names_of(field)));
    for (const auto& [key, inside] : value.get_object()) {
      path_.emplace_back(std::string(key));
      if (const ApplicationField* known = field_named(field, key))
        this->value(*known, inside);
      else
        unknown_key(field, key);
      path_.pop_back();
    }
    for (const ApplicationField& wanted : field.fields)
      if (wanted.required && !value.get_object().contains(wanted.name)) missing(wanted);
  }

  // The line is that of the object which lacks it.
  void missing(const ApplicationField& field) {
    YamlPath whole = path_;
    whole.emplace_back(std::string(field.name));
    problems_.push_back(
        {path_, fmt::format("{} is missing", to_string(whole)), fmt::format("it is {}", field.meaning)});
  }

  void unknown_key(const ApplicationField& of, std::string_view key) {
    const std::vector<std::string_view> names = supported_names(of);
    const std::string_view near = nearest_word(key, names);
    std::string hint = fmt::format("there are {}", names_of(of));
    if (!near.empty()) {
      YamlPath meant = path_;
      meant.back() = std::string(near);
      hint = fmt::format("did you mean {}?", to_string(meant));
    } else if (const auto elsewhere = path_below(root_, {}, key)) {
      hint = fmt::format("did you mean {}?", *elsewhere);
    }
    complain(fmt::format("is no field of {}", root_.meaning), std::move(hint));
  }

  static std::vector<std::string_view> supported_names(const ApplicationField& of) {
    std::vector<std::string_view> names;
    for (const ApplicationField& field : of.fields)
      if (field.supported) names.push_back(field.name);
    return names;
  }
  static std::string names_of(const ApplicationField& of) {
    return fmt::format("{}", fmt::join(supported_names(of), ", "));
  }

  void text_map(const json::value& value) {
    if (!value.is_object()) return mistyped(value, "an object of texts");
    if (too_many(value.get_object().size())) return;
    for (const auto& [key, inside] : value.get_object()) {
      path_.emplace_back(std::string(key));
      // An empty label is a label, and an annotation may have lines.
      if (!inside.is_string()) mistyped(inside, "text", "quote it");
      path_.pop_back();
    }
  }

  void list(const ApplicationField& field, const json::value& value) {
    if (!value.is_array()) return mistyped(value, fmt::format("a {}", type_text(field)), "begin each item with a dash");
    if (too_many(value.get_array().size())) return;
    for (std::size_t i = 0; i < value.get_array().size(); ++i) {
      path_.emplace_back(i);
      if (field.type == FieldKind::ObjectList)
        object(field, value.get_array()[i]);
      else if (field.type == FieldKind::TextMapList)
        text_map(value.get_array()[i]);
      else
        text(value.get_array()[i]);
      path_.pop_back();
    }
  }

  bool too_many(std::size_t count) {
    if (count <= kMostFieldItems) return false;
    complain(fmt::format("has {} entries, more than {}", count, kMostFieldItems));
    return true;
  }

  const ApplicationField& root_;
  YamlPath path_;
  std::vector<FieldProblem> problems_;
};

}  // namespace

std::vector<FieldProblem> check_fields(const json::value& document, const ApplicationField& schema) {
  return Checker(schema).check(document);
}

}  // namespace holdfast
