#include "app/foreign_fields.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "app/options.h"
#include "holdfast/base/duration.h"
#include "sources/application_fields.h"

namespace holdfast {
namespace {

bool says_nothing(const json::value& value) {
  if (value.is_null()) return true;
  if (const bool* flag = value.if_bool()) return !*flag;
  if (const json::string* text = value.if_string()) return text->empty();
  if (const json::array* list = value.if_array()) return list->empty();
  return false;
}

std::string written(const json::value& value) {
  const json::string* text = value.if_string();
  return text != nullptr ? std::string(std::string_view(*text)) : to_json(value);
}

}  // namespace

ForeignFields::ForeignFields(const json::value* value, std::string path, std::vector<ImportNote>& notes)
    : path_(std::move(path)), notes_(&notes) {
  if (value == nullptr || value->is_null()) return;
  object_ = value->if_object();
  if (object_ == nullptr) notes_->push_back({path_, "is no object, and was not taken", "correct it there", true});
}

ForeignFields::ForeignFields(ForeignFields&& other) noexcept
    : object_(std::exchange(other.object_, nullptr)),
      path_(std::move(other.path_)),
      notes_(other.notes_),
      taken_(std::move(other.taken_)) {}

ForeignFields::~ForeignFields() {
  if (object_ == nullptr) return;
  for (const auto& [field, value] : *object_)
    if (!taken_.contains(std::string_view(field)) && !says_nothing(value))
      note(field, "is not known to this import, and nothing of it was taken", "look up what it does before you switch",
           true);
}

std::string ForeignFields::path(std::string_view field) const {
  return path_.empty() ? std::string(field) : path_ + "." + std::string(field);
}

const json::value* ForeignFields::take(std::string_view field) {
  taken_.emplace(field);
  const json::value* value = object_ == nullptr ? nullptr : object_->if_contains(field);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::string ForeignFields::text(std::string_view field) {
  const json::value* value = take(field);
  if (value == nullptr) return {};
  if (value->is_object() || value->is_array()) {
    note(field, "is no text, and was not taken", "correct it there", true);
    return {};
  }
  return written(*value);
}

std::optional<bool> ForeignFields::flag(std::string_view field) {
  const json::value* value = take(field);
  if (value == nullptr) return std::nullopt;
  if (value->is_bool()) return value->get_bool();
  note(field, "is neither true nor false, and was not taken", "correct it there", true);
  return std::nullopt;
}

std::optional<std::int64_t> ForeignFields::number(std::string_view field) {
  const json::value* value = take(field);
  if (value == nullptr) return std::nullopt;
  if (value->is_int64()) return value->get_int64();
  if (value->is_double()) return static_cast<std::int64_t>(value->get_double());
  note(field, "is no number, and was not taken", "correct it there", true);
  return std::nullopt;
}

ForeignFields ForeignFields::below(std::string_view field) { return {take(field), path(field), *notes_}; }

std::vector<ForeignFields> ForeignFields::each(std::string_view field) {
  std::vector<ForeignFields> items;
  const json::value* value = take(field);
  if (value == nullptr) return items;
  if (!value->is_array()) {
    note(field, "is no list, and was not taken", "correct it there", true);
    return items;
  }
  const json::array& list = value->get_array();
  items.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i)
    items.emplace_back(&list[i], fmt::format("{}[{}]", path(field), i), *notes_);
  return items;
}

std::vector<std::string> ForeignFields::texts(std::string_view field) {
  std::vector<std::string> items;
  const json::value* value = take(field);
  if (value == nullptr) return items;
  if (!value->is_array()) {
    note(field, "is no list, and was not taken", "correct it there", true);
    return items;
  }
  for (const json::value& item : value->get_array()) items.push_back(written(item));
  return items;
}

void ForeignFields::settled(std::initializer_list<std::string_view> fields) {
  for (const std::string_view field : fields) taken_.emplace(field);
}

void ForeignFields::without(std::span<const NoEquivalent> fields) {
  for (const NoEquivalent& each : fields) {
    const json::value* value = take(each.field);
    if (value != nullptr && !says_nothing(*value))
      note(each.field, std::string(each.what), std::string(each.instead), each.alters);
  }
}

void ForeignFields::note(std::string_view field, std::string what, std::string instead, bool alters) {
  notes_->push_back({path(field), std::move(what), std::move(instead), alters});
}

std::string foreign_name(const json::value& object) {
  const std::string_view namespace_ = string_at(object, {"metadata", "namespace"});
  return fmt::format("{} {}{}{}", string_at(object, {"kind"}), namespace_, namespace_.empty() ? "" : "/",
                     string_at(object, {"metadata", "name"}));
}

std::string bounded_duration(std::string_view text, std::int64_t most_s) {
  const auto parsed = parse_duration(text);
  if (!parsed) return {};
  const auto whole = std::chrono::ceil<std::chrono::seconds>(*parsed);
  return to_duration_text(std::clamp(whole, std::chrono::seconds(1), std::chrono::seconds(most_s)));
}

bool application_has(std::string_view path) {
  const ApplicationField* at = &application_document();
  while (!path.empty()) {
    const std::string_view name = path.substr(0, path.find('.'));
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    const auto found = std::ranges::find(at->fields, name, &ApplicationField::name);
    if (found == at->fields.end() || !found->supported) return false;
    at = &*found;
  }
  return true;
}

std::string application_label(std::string_view name) {
  ApplicationOptions options;
  options.path = std::string(name);
  return application_name(options);
}

}  // namespace holdfast
