// Names one field of one object, to set it: "spec.template.spec.containers[web].resources.requests.cpu".
//
// Names between dots; a leading dot may be there. `[web]` is the item of a list whose `name` is web, `[key=value]` the
// one with that field. `["example.com/owner"]` is a name that has dots in it. Positions are refused, since the item
// that stands there is another one tomorrow. Pure; immutable.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/json.h"

namespace holdfast {

class FieldAddress {
 public:
  static constexpr std::size_t kMaxBytes = 1024;
  static constexpr std::size_t kMaxSteps = 64;

  struct Step {
    std::string name;   // of a field; of an item the field that tells it apart
    std::string value;  // of that field, of an item
    bool item = false;
    bool operator==(const Step&) const = default;
  };

  // Invalid: says what is wrong with it and what to write. Never apiVersion, kind, status, nor what identifies the
  // object in metadata.
  static Result<FieldAddress> parse(std::string_view text);

  [[nodiscard]] const std::vector<Step>& steps() const { return steps_; }
  [[nodiscard]] std::string text() const;  // the same for all spellings
  [[nodiscard]] FieldAddress field_below(std::string_view name) const;
  // One is the other, or holds it.
  [[nodiscard]] bool overlaps(const FieldAddress& other) const;
  bool operator==(const FieldAddress&) const = default;

 private:
  friend class FieldAddressReader;
  std::vector<Step> steps_;
};

// Null where it is not there.
const json::value* find_at(const json::value& object, const FieldAddress& address);

// Makes the objects on the way, and an item of `env`; other items have to be there. A value takes the type of the text
// that stands there: 8080 in place of a text becomes "8080". Invalid, with what there is instead.
Result<void> set_at(json::object& object, const FieldAddress& address, const json::value& value);

}  // namespace holdfast
