#include "holdfast/merge/field_set.h"

#include <spdlog/fmt/fmt.h>

#include <charconv>

#include "holdfast/merge/value_text.h"

namespace holdfast {
namespace {

using Node = FieldSet::Node;

// Numbers, strings, booleans, lists, maps, null: the order of kinds in the server's comparison.
int rank(const json::value& value) {
  switch (value.kind()) {
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return 0;
    case json::kind::string:
      return 1;
    case json::kind::bool_:
      return 2;
    case json::kind::array:
      return 3;
    case json::kind::object:
      return 4;
    case json::kind::null:
      return 5;
  }
  return 6;
}

// Below, equal to or above zero. Of lists and maps only the kind is compared.
int compare_scalars(const json::value& a, const json::value& b) {
  if (rank(a) != rank(b)) return rank(a) - rank(b);
  if (a.is_string()) return std::string_view(a.get_string()).compare(std::string_view(b.get_string()));
  if (a.is_bool()) return static_cast<int>(a.get_bool()) - static_cast<int>(b.get_bool());
  if (!a.is_number()) return 0;
  if (a.is_int64() && b.is_int64())
    return static_cast<int>(a.get_int64() > b.get_int64()) - static_cast<int>(a.get_int64() < b.get_int64());
  const double x = a.to_number<double>(), y = b.to_number<double>();
  return static_cast<int>(x > y) - static_cast<int>(x < y);
}

// Both sorted by name.
int compare_keys(const json::object& a, const json::object& b) {
  auto theirs = b.begin();
  for (const auto& [name, value] : a) {
    if (theirs == b.end()) return 1;
    if (const int order = std::string_view(name).compare(std::string_view(theirs->key())); order != 0) return order;
    if (const int order = compare_scalars(value, theirs->value()); order != 0) return order;
    ++theirs;
  }
  return theirs == b.end() ? 0 : -1;
}

json::object sorted_by_name(const json::object& fields) {
  if (fields.size() < 2) return fields;
  std::map<std::string_view, const json::value*> sorted;
  for (const auto& [name, value] : fields) sorted.emplace(name, &value);
  json::object out;
  for (const auto& [name, value] : sorted) out.emplace(name, *value);
  return out;
}

Result<void> parse_node(const json::object& fields, Node& node) {
  for (const auto& [name, below] : fields) {
    if (std::string_view(name) == ".") {
      node.member = true;
      continue;
    }
    auto element = PathElement::parse(name);
    if (!element) return std::unexpected(element.error());
    const json::object* object = below.if_object();
    if (object == nullptr) return fail(ErrorKind::Invalid, fmt::format("fieldsV1 member {} is no object", name.data()));
    Node& child = node.children[*element];
    if (object->empty()) child.member = true;
    if (auto parsed = parse_node(*object, child); !parsed) return parsed;
  }
  return {};
}

void serialize_node(const Node& node, std::string& out) {
  out.push_back('{');
  bool first = true;
  if (node.member && !node.children.empty()) {
    out += "\".\":{}";
    first = false;
  }
  for (const auto& [element, child] : node.children) {
    if (!first) out.push_back(',');
    first = false;
    append_value_text(json::value(element.prefixed_text()), out);
    out.push_back(':');
    serialize_node(child, out);
  }
  out.push_back('}');
}

void visit_node(const Node& node, FieldPath& path, const std::function<void(const FieldPath&)>& visit) {
  if (node.member && !path.empty()) visit(path);
  for (const auto& [element, child] : node.children) {
    path.push_back(element);
    visit_node(child, path, visit);
    path.pop_back();
  }
}

Node without(const Node& node, const Node* other) {
  Node left;
  left.member = node.member && (other == nullptr || !other->member);
  for (const auto& [element, child] : node.children) {
    const Node* theirs = nullptr;
    if (other != nullptr) {
      const auto found = other->children.find(element);
      if (found != other->children.end()) theirs = &found->second;
    }
    Node remains = without(child, theirs);
    if (remains.member || !remains.children.empty()) left.children.emplace(element, std::move(remains));
  }
  return left;
}

bool is_empty(const Node& node) { return !node.member && node.children.empty(); }

Node without_all_below(const Node& node, const Node& other) {
  Node left;
  left.member = node.member;
  for (const auto& [element, child] : node.children) {
    const auto theirs = other.children.find(element);
    if (theirs == other.children.end()) {
      left.children.emplace(element, child);
    } else if (!theirs->second.member) {
      Node remains = without_all_below(child, theirs->second);
      if (!is_empty(remains)) left.children.emplace(element, std::move(remains));
    }
  }
  return left;
}

Node common(const Node& a, const Node& b) {
  Node both;
  both.member = a.member && b.member;
  for (const auto& [element, child] : a.children) {
    const auto theirs = b.children.find(element);
    if (theirs == b.children.end()) continue;
    Node shared = common(child, theirs->second);
    if (!is_empty(shared)) both.children.emplace(element, std::move(shared));
  }
  return both;
}

Node leaves_of(const Node& node) {
  Node leaves;
  leaves.member = node.member && node.children.empty();
  for (const auto& [element, child] : node.children) leaves.children.emplace(element, leaves_of(child));
  return leaves;
}

void add_all(const Node& from, Node& into) {
  into.member = into.member || from.member;
  for (const auto& [element, child] : from.children) add_all(child, into.children[element]);
}

bool same(const Node& a, const Node& b) {
  if (a.member != b.member || a.children.size() != b.children.size()) return false;
  auto theirs = b.children.begin();
  for (const auto& [element, child] : a.children) {
    if (element != theirs->first || !same(child, theirs->second)) return false;
    ++theirs;
  }
  return true;
}

}  // namespace

PathElement PathElement::field(std::string_view name) { return {Kind::Field, std::string(name)}; }

PathElement PathElement::key(const json::object& key_fields) {
  PathElement element(Kind::Key, value_text(key_fields));
  element.data_ = sorted_by_name(key_fields);
  return element;
}

PathElement PathElement::value(const json::value& member) {
  PathElement element(Kind::Value, value_text(member));
  element.data_ = member;
  return element;
}

PathElement PathElement::index(std::size_t position) {
  PathElement element(Kind::Index, std::to_string(position));
  element.position_ = position;
  return element;
}

Result<PathElement> PathElement::parse(std::string_view text) {
  if (text.size() < 2 || text[1] != ':')
    return fail(ErrorKind::Invalid, fmt::format("fieldsV1 has a member {:?} without a known prefix", text));
  const std::string_view rest = text.substr(2);
  if (text[0] == 'f') return field(rest);
  if (text[0] == 'i') {
    std::size_t position = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), position);
    if (error != std::errc{} || end != rest.data() + rest.size())
      return fail(ErrorKind::Invalid, fmt::format("fieldsV1 has a bad index {:?}", text));
    return index(position);
  }
  if (text[0] != 'k' && text[0] != 'v')
    return fail(ErrorKind::Invalid, fmt::format("fieldsV1 has a member {:?} without a known prefix", text));
  auto parsed = parse_json(rest);
  if (!parsed) return fail(ErrorKind::Invalid, fmt::format("fieldsV1 {:?} is {}", text, parsed.error().message));
  if (text[0] == 'v') return value(*parsed);
  if (!parsed->is_object() || parsed->get_object().empty())
    return fail(ErrorKind::Invalid, fmt::format("fieldsV1 has a key that names no fields: {:?}", text));
  return key(parsed->get_object());
}

std::string PathElement::prefixed_text() const {
  switch (kind_) {
    case Kind::Field:
      return "f:" + text_;
    case Kind::Key:
      return "k:" + text_;
    case Kind::Value:
      return "v:" + text_;
    case Kind::Index:
      return "i:" + text_;
  }
  return text_;
}

std::strong_ordering PathElement::operator<=>(const PathElement& other) const {
  if (const auto order = kind_ <=> other.kind_; order != 0) return order;
  const auto by_text = text_ <=> other.text_;
  if (by_text == 0) return by_text;
  switch (kind_) {
    case Kind::Field:
      return by_text;
    case Kind::Index:
      return position_ <=> other.position_;
    case Kind::Value: {
      const int order = compare_scalars(data_, other.data_);
      return order == 0 ? by_text : order <=> 0;
    }
    case Kind::Key: {
      const int order = compare_keys(data_.get_object(), other.data_.get_object());
      return order == 0 ? by_text : order <=> 0;
    }
  }
  return by_text;
}

namespace {

// A value that names an item, as the server prints it. That it should be a list or a map is refused with such a path.
std::string name_text(const json::value& value) {
  std::string out;
  if (const json::array* items = value.if_array()) {
    for (const json::value& item : *items) out += (out.empty() ? "" : ",") + name_text(item);
    return "[" + out + "]";
  }
  const json::object* object = value.if_object();
  if (object == nullptr) return value_text(value);
  for (const auto& [name, member] : sorted_by_name(*object))
    out += fmt::format("{}={}", std::string_view(name), name_text(member));
  return out;
}

}  // namespace

std::string to_string(const FieldPath& path) {
  std::string out;
  for (const PathElement& element : path) {
    switch (element.kind()) {
      case PathElement::Kind::Field:
        out += "." + element.text();
        break;
      case PathElement::Kind::Value:
        out += "[=" + element.text() + "]";
        break;
      case PathElement::Kind::Index:
        out += "[" + element.text() + "]";
        break;
      case PathElement::Kind::Key: {
        char separator = '[';
        for (const auto& [name, value] : element.key_fields()) {
          out += fmt::format("{}{}={}", separator, std::string_view(name), name_text(value));
          separator = ',';
        }
        out.push_back(']');
        break;
      }
    }
  }
  return out;
}

Result<FieldSet> FieldSet::parse(const json::value& fields_v1) {
  const json::object* fields = fields_v1.if_object();
  if (fields == nullptr) return fail(ErrorKind::Invalid, "fieldsV1 is no object");
  FieldSet set;
  if (auto parsed = parse_node(*fields, set.root_); !parsed) return std::unexpected(parsed.error());
  set.root_.member = false;  // a "." there names no field
  return set;
}

std::string FieldSet::serialize() const {
  std::string out;
  serialize_node(root_, out);
  return out;
}

bool FieldSet::contains(const FieldPath& path) const {
  const Node* node = &root_;
  for (const PathElement& element : path) {
    const auto found = node->children.find(element);
    if (found == node->children.end()) return false;
    node = &found->second;
  }
  return node->member;
}

bool FieldSet::covers(const FieldPath& path) const {
  const Node* node = &root_;
  for (const PathElement& element : path) {
    if (node->member && node->children.empty()) return true;
    const auto found = node->children.find(element);
    if (found == node->children.end()) return false;
    node = &found->second;
  }
  return node->member;
}

void FieldSet::for_each(const std::function<void(const FieldPath&)>& visit) const {
  FieldPath path;
  visit_node(root_, path, visit);
}

FieldSet FieldSet::difference(const FieldSet& other) const {
  FieldSet left;
  left.root_ = without(root_, &other.root_);
  return left;
}

FieldSet FieldSet::recursive_difference(const FieldSet& other) const {
  return FieldSet(without_all_below(root_, other.root_));
}

FieldSet FieldSet::intersection(const FieldSet& other) const { return FieldSet(common(root_, other.root_)); }

FieldSet FieldSet::leaves() const { return FieldSet(leaves_of(root_)); }

void FieldSet::insert(const FieldPath& path) {
  Node* node = &root_;
  for (const PathElement& element : path) node = &node->children[element];
  node->member = true;
}

void FieldSet::insert_all(const FieldSet& other) { add_all(other.root_, root_); }

bool operator==(const FieldSet& a, const FieldSet& b) { return same(a.root(), b.root()); }

}  // namespace holdfast
