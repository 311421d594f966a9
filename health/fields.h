// The fields that health is told from. Internal to health/.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/json.h"

namespace holdfast {

using FieldPath = std::initializer_list<std::string_view>;

// A whole number, also where it is written as 3.0.
std::optional<std::int64_t> whole_number(const json::value& value);
// What is not there, or is of another type, is `otherwise`: the manner of kstatus.
std::int64_t integer_or(const json::value& object, FieldPath path, std::int64_t otherwise);
std::string_view text_or(const json::value& object, FieldPath path, std::string_view otherwise);
bool flag_or(const json::value& object, FieldPath path, bool otherwise);

struct Condition {
  std::string_view type, status, reason, message;  // of the object's own text
};
// None where there are none; Invalid where they are not what conditions look like.
Result<std::vector<Condition>> conditions_of(const json::value& object);
const Condition* condition_of_type(const std::vector<Condition>& conditions, std::string_view type);

// The manner of Argo CD, which reads an object into its type first: a field of another type is a problem, and what is
// told from that object then is told from nothing.
class TypedFields {
 public:
  explicit TypedFields(const json::value& object) : object_(&object) {}

  std::optional<std::int64_t> number(FieldPath path);
  std::int64_t count(FieldPath path) { return number(path).value_or(0); }
  std::string_view text(FieldPath path);
  bool flag(FieldPath path);
  const json::array& list(FieldPath path);  // empty where it is not there
  std::vector<Condition> conditions();
  // Of one more value, such as an item of a list.
  std::string_view text_in(const json::value& value, FieldPath path);

  [[nodiscard]] const std::string& problem() const { return problem_; }  // the first one, or empty

 private:
  void complain(FieldPath path, const char* expected);

  const json::value* object_;
  std::string problem_;
};

}  // namespace holdfast
