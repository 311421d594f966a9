#include "holdfast/model/json.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <vector>

namespace holdfast {
namespace {

void append_canonical(const json::value& value, std::string& out) {
  switch (value.kind()) {
    case json::kind::object: {
      const json::object& object = value.get_object();
      std::vector<const json::key_value_pair*> members;
      members.reserve(object.size());
      for (const auto& member : object) members.push_back(&member);
      std::ranges::sort(members, {}, [](const auto* member) { return std::string_view(member->key()); });
      out.push_back('{');
      for (std::size_t i = 0; i < members.size(); ++i) {
        if (i != 0) out.push_back(',');
        out += json::serialize(json::string_view(members[i]->key()));
        out.push_back(':');
        append_canonical(members[i]->value(), out);
      }
      out.push_back('}');
      return;
    }
    case json::kind::array: {
      out.push_back('[');
      bool first = true;
      for (const json::value& item : value.get_array()) {
        if (!first) out.push_back(',');
        first = false;
        append_canonical(item, out);
      }
      out.push_back(']');
      return;
    }
    case json::kind::null:
    case json::kind::bool_:
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
    case json::kind::string:
      out += json::serialize(value);
      return;
  }
}

template <class Root>
const json::value* find_in(const json::object* object, const Root& path) {
  const json::value* value = nullptr;
  for (const std::string_view key : path) {
    if (object == nullptr) return nullptr;
    value = object->if_contains(key);
    if (value == nullptr) return nullptr;
    object = value->if_object();
  }
  return value;
}

std::string_view as_string(const json::value* value) {
  if (value == nullptr || !value->is_string()) return {};
  return value->get_string();
}

}  // namespace

std::string canonical_json(const json::value& value) {
  std::string out;
  append_canonical(value, out);
  return out;
}

std::string to_json(const json::value& value) { return json::serialize(value); }

const json::value* find(const json::value& root, std::initializer_list<std::string_view> path) {
  return path.size() == 0 ? &root : find_in(root.if_object(), path);
}

const json::value* find(const json::object& root, std::initializer_list<std::string_view> path) {
  return find_in(&root, path);
}

std::string_view string_at(const json::value& root, std::initializer_list<std::string_view> path) {
  return as_string(find(root, path));
}

std::string_view string_at(const json::object& root, std::initializer_list<std::string_view> path) {
  return as_string(find(root, path));
}

}  // namespace holdfast
