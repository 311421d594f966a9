// Names fields of objects, as people write them in ignore rules and drift rules. A pattern covers the fields it names
// and all that is below them.
//
// Two forms. A JSON pointer, "/spec/replicas", with ~1 for "/" and ~0 for "~": its segments are names as they stand. Or
// a path as reports print it, ".spec.template.spec.containers[name=web].image", whose names may have dots in them
// (".metadata.annotations.example.com/owner"), so that a path can be copied from a report; ["example.com/owner"] is one
// name for certain. In both "*" is any one name or item. Items: [name="web"] (quotes may be left out, and of several
// key fields some may be named), [*], and [="v"] for a member of a set. Positions in a list are refused, since the item
// that stands there is another one tomorrow. Immutable, plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/merge/field_set.h"

namespace holdfast {

class FieldPattern {
 public:
  static constexpr std::size_t kMaxBytes = 1024;
  static constexpr std::size_t kMaxSegments = 64;

  // Invalid: says at which character, and what to write instead.
  static Result<FieldPattern> parse(std::string_view text);

  [[nodiscard]] const std::string& text() const { return text_; }
  // Whether the pattern names this field or one above it.
  [[nodiscard]] bool covers(const FieldPath& path) const;
  // Whether it names something below this field, and not the field itself.
  [[nodiscard]] bool reaches_below(const FieldPath& path) const;
  bool operator==(const FieldPattern& other) const { return text_ == other.text_; }

 private:
  friend class FieldPatternReader;
  struct Segment {
    enum class Kind : std::uint8_t {
      Any,      // any one name or item
      AnyItem,  // any item of a list
      Name,     // a name, or what is between two dots of one
      Exact,    // a name
      Key,      // an item with these key fields
      Member,   // a member of a set
    };
    Kind kind = Kind::Any;
    std::string name;  // Name, Exact
    // Key: value texts by key field. Member: one, without a name. An unquoted value that reads as JSON may be either.
    std::vector<std::pair<std::string, std::vector<std::string>>> values;
  };
  enum class Match : std::uint8_t { No, Below, Covers };

  FieldPattern() = default;
  [[nodiscard]] Match match(const FieldPath& path, std::size_t at_path, std::size_t at_segment) const;
  [[nodiscard]] Match match_name(const FieldPath& path, std::size_t at_path, std::size_t at_segment) const;
  static bool names_item(const Segment& segment, const PathElement& element);

  std::string text_;
  std::vector<Segment> segments_;
};

}  // namespace holdfast
