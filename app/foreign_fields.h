// An object of another tool being taken apart: each of its fields is taken, is settled without us, or is told of. What
// nobody asked for is told of as well, when the reading of its object ends; so nothing is dropped in silence. Pure.
#pragma once

#include <initializer_list>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/model/json.h"

namespace holdfast {

// Something of the other tool that has no equivalent here.
struct ImportNote {
  std::string field;    // "spec.force"; with the object before it where that is another one
  std::string what;     // what it did, or what became of it
  std::string instead;  // what to do; may be empty
  bool alters = false;  // without it, other objects would be applied than the other tool did
  bool operator==(const ImportNote&) const = default;
};

struct NoEquivalent {
  std::string_view field, what, instead;
  bool alters = false;
};

class ForeignFields {
 public:
  // `value` is null where there is no such object; one that is none is told of. `value` and `notes` outlive it.
  ForeignFields(const json::value* value, std::string path, std::vector<ImportNote>& notes);
  ~ForeignFields();
  ForeignFields(ForeignFields&& other) noexcept;
  ForeignFields(const ForeignFields&) = delete;
  ForeignFields& operator=(const ForeignFields&) = delete;
  ForeignFields& operator=(ForeignFields&&) = delete;

  [[nodiscard]] bool present() const { return object_ != nullptr; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path(std::string_view field) const;

  const json::value* take(std::string_view field);  // null where it is absent, or null itself
  std::string text(std::string_view field);         // empty where it is absent; a number or a boolean as it is written
  std::optional<bool> flag(std::string_view field);
  std::optional<std::int64_t> number(std::string_view field);
  ForeignFields below(std::string_view field);
  std::vector<ForeignFields> each(std::string_view field);  // of a list of objects
  std::vector<std::string> texts(std::string_view field);   // of a list of texts

  // These mean nothing here, and nothing is lost with them.
  void settled(std::initializer_list<std::string_view> fields);
  // One note for each of these that is there, unless it says no more than its absence would: false, "" or [].
  void without(std::span<const NoEquivalent> fields);
  void note(std::string_view field, std::string what, std::string instead = {}, bool alters = false);

 private:
  const json::object* object_ = nullptr;
  std::string path_;
  std::vector<ImportNote>* notes_;
  std::set<std::string, std::less<>> taken_;
};

// "Kustomization flux-system/apps".
std::string foreign_name(const json::value& object);
// A duration in Go's spelling, brought to whole seconds between 1 s and `most_s`; empty where it is none.
std::string bounded_duration(std::string_view text, std::int64_t most_s);
// Whether an Application has this field today, as in "spec.serviceAccountName".
bool application_has(std::string_view path);
// A name that an Application may have, made from one of another tool.
std::string application_label(std::string_view name);

}  // namespace holdfast
