// The text of one object inside a file, and in which lines its fields stand. Made on demand, for one object: the daemon
// keeps nothing of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "holdfast/base/result.h"
#include "holdfast/merge/field_set.h"
#include "sources/yaml_tree.h"

namespace holdfast {

struct LineRange {
  int first = 1, last = 1;  // both inclusive, counted from 1
  bool operator==(const LineRange&) const = default;
};

class WrittenObject {
 public:
  // `line`: where its manifest begins, as Manifest::origin has it; of several objects in one line, the one of this kind
  // and name. NotFound where there is none (the file is another by now); Invalid where the file is no YAML.
  static Result<WrittenObject> find(std::string_view text, const std::string& path, int line, std::string_view kind,
                                    std::string_view name);

  struct Place {
    LineRange lines;      // from its key, or the beginning of its item, to the end of its value
    bool written = true;  // false: not this field but one above it; Holdfast, or the API server, adds the rest
  };
  // Aliases and merged objects (<<) are followed to where the text stands. What a Secret has as stringData is found
  // under data as well. Bounded by the size of the object.
  [[nodiscard]] Place place_of(const FieldPath& path) const;

 private:
  WrittenObject(YamlTree tree, std::uint32_t root) : tree_(std::move(tree)), root_(root) {}
  [[nodiscard]] bool stands_in_string_data(const FieldPath& path) const;
  [[nodiscard]] int last_line(std::uint32_t index) const;

  YamlTree tree_;
  std::uint32_t root_;
};

}  // namespace holdfast
