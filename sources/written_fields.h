// Look-ups in an object of a document. Internal to sources/. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/duration.h"
#include "holdfast/model/application.h"
#include "holdfast/model/json.h"

namespace holdfast {

// What is not there, or of another type, leaves `into` as it is: check_fields() has told.
class WrittenFields {
 public:
  explicit WrittenFields(const json::value* value) : object_(value == nullptr ? nullptr : value->if_object()) {}

  [[nodiscard]] const json::value* at(std::string_view name) const {
    return object_ == nullptr ? nullptr : object_->if_contains(name);
  }
  [[nodiscard]] WrittenFields below(std::string_view name) const { return WrittenFields(at(name)); }
  [[nodiscard]] const json::array& items(std::string_view name) const {
    static const json::array kNone;
    const json::value* value = at(name);
    return value != nullptr && value->is_array() ? value->get_array() : kNone;
  }
  [[nodiscard]] std::string_view text(std::string_view name) const {
    const json::value* value = at(name);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
  }

  void read(std::string_view name, std::string& into) const {
    if (const std::string_view found = text(name); !found.empty()) into = found;
  }
  void read(std::string_view name, bool& into) const {
    if (const json::value* value = at(name); value != nullptr && value->is_bool()) into = value->get_bool();
  }
  void read(std::string_view name, std::size_t& into) const {
    const json::value* value = at(name);
    if (value != nullptr && value->is_int64()) into = static_cast<std::size_t>(value->get_int64());
  }
  void read(std::string_view name, std::chrono::seconds& into) const {
    if (const auto parsed = parse_duration(text(name)))
      into = std::chrono::duration_cast<std::chrono::seconds>(*parsed);
  }
  void read(std::string_view name, DriftPolicy& into) const {
    if (text(name) == "Enforce") into = DriftPolicy::Enforce;
    if (text(name) == "Warn") into = DriftPolicy::Warn;
    if (text(name) == "Approve") into = DriftPolicy::Approve;
  }
  void read(std::string_view name, DeletionPolicy& into) const {
    if (text(name) == "Orphan") into = DeletionPolicy::Orphan;
    if (text(name) == "Prune") into = DeletionPolicy::Prune;
  }
  void read(std::string_view name, RevisionPolicy& into) const {
    if (text(name) == "Apply") into = RevisionPolicy::Apply;
    if (text(name) == "Approve") into = RevisionPolicy::Approve;
  }
  void read(std::string_view name, FailurePolicy& into) const {
    if (text(name) == "Wait") into = FailurePolicy::Wait;
    if (text(name) == "Rollback") into = FailurePolicy::Rollback;
  }
  void read(std::string_view name, std::vector<std::string>& into) const {
    for (const json::value& item : items(name))
      if (item.is_string()) into.emplace_back(std::string_view(item.get_string()));
  }
  void read(std::string_view name, std::map<std::string, std::string>& into) const {
    const json::value* value = at(name);
    if (value == nullptr || !value->is_object()) return;
    for (const auto& [key, text] : value->get_object())
      if (text.is_string()) into[std::string(key)] = std::string_view(text.get_string());
  }

 private:
  const json::object* object_;
};

}  // namespace holdfast
