// Which fields of an object a field manager owns: the tree that managedFields writes as fieldsV1 (correctness C3, V17).
//
// A node is a *member* where the field itself is owned ("f:image":{} or a "." among its children), and has children
// where something below it is owned. A member without children is a leaf: a scalar, an atomic list or map, or {}.
// Plain values; no I/O. Undecodable input is an Invalid error, never an empty set.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/json.h"

namespace holdfast {

// One step of a path; two steps that name the same thing are equal however written. Ordered as the API server orders
// managedFields and conflicts: by kind, then by name or value, numbers as numbers.
class PathElement {
 public:
  enum class Kind : std::uint8_t {
    Field,  // f:name, the raw name of a member
    Key,    // k:{"name":"web"}, the item of an associative list with these key fields
    Value,  // v:"x", the member of a set
    Index,  // i:3, the position in a list
  };

  static PathElement field(std::string_view name);
  static PathElement key(const json::object& key_fields);
  static PathElement value(const json::value& member);
  static PathElement index(std::size_t position);
  static Result<PathElement> parse(std::string_view text);  // as in fieldsV1, with its prefix

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] const std::string& text() const { return text_; }  // the name, or the value's canonical JSON
  [[nodiscard]] const json::object& key_fields() const { return data_.get_object(); }  // Key only
  [[nodiscard]] const json::value& member() const { return data_; }                    // Value only
  [[nodiscard]] std::size_t position() const { return position_; }                     // Index only
  [[nodiscard]] std::string prefixed_text() const;                                     // "f:name"

  bool operator==(const PathElement& other) const { return kind_ == other.kind_ && text_ == other.text_; }
  std::strong_ordering operator<=>(const PathElement& other) const;

 private:
  PathElement(Kind kind, std::string text) : kind_(kind), text_(std::move(text)) {}
  Kind kind_;
  std::string text_;
  json::value data_;
  std::size_t position_ = 0;
};

using FieldPath = std::vector<PathElement>;
// As the API server prints it (V14): .spec.template.spec.containers[name="c"].image
std::string to_string(const FieldPath& path);

class FieldSet {
 public:
  struct Node {
    bool member = false;
    std::map<PathElement, Node> children;
  };

  FieldSet() = default;
  explicit FieldSet(Node root) : root_(std::move(root)) {}  // without nodes that hold no member
  static Result<FieldSet> parse(const json::value& fields_v1);
  [[nodiscard]] std::string serialize() const;  // fieldsV1, members sorted: equal sets have equal text

  [[nodiscard]] const Node& root() const { return root_; }
  [[nodiscard]] bool empty() const { return !root_.member && root_.children.empty(); }
  [[nodiscard]] bool contains(const FieldPath& path) const;
  // contains(path), or a leaf above it, which owns everything below.
  [[nodiscard]] bool covers(const FieldPath& path) const;
  // Every member, parents before children.
  void for_each(const std::function<void(const FieldPath&)>& visit) const;
  [[nodiscard]] FieldSet difference(const FieldSet& other) const;  // this without the members of other
  // This without the members of other and all that is below them.
  [[nodiscard]] FieldSet recursive_difference(const FieldSet& other) const;
  [[nodiscard]] FieldSet intersection(const FieldSet& other) const;  // the members of both
  [[nodiscard]] FieldSet leaves() const;                             // the members that have none below them

  void insert(const FieldPath& path);
  void insert_all(const FieldSet& other);

 private:
  Node root_;
};

bool operator==(const FieldSet& a, const FieldSet& b);

}  // namespace holdfast
