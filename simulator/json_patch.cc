#include <spdlog/fmt/fmt.h>

#include <charconv>
#include <optional>

#include "holdfast/merge/typed_value.h"
#include "simulator/patch.h"

namespace holdfast {
namespace {

// Operations of one patch; beyond it the API server refuses, too.
constexpr std::size_t kMaxOperations = 10'000;

ApiFailure does_not_fit() {
  return {422, "Invalid", "the server rejected our request due to an error in our request", json::object(), {},
          {},  false};
}

std::optional<std::vector<std::string>> split_pointer(std::string_view pointer) {
  std::vector<std::string> parts;
  if (pointer.empty()) return parts;
  if (pointer.front() != '/') return std::nullopt;
  std::string part;
  for (std::size_t i = 1; i <= pointer.size(); ++i) {
    if (i == pointer.size() || pointer[i] == '/') {
      parts.push_back(std::move(part));
      part.clear();
    } else if (pointer[i] == '~' && i + 1 < pointer.size() && (pointer[i + 1] == '0' || pointer[i + 1] == '1')) {
      part.push_back(pointer[++i] == '0' ? '~' : '/');
    } else {
      part.push_back(pointer[i]);
    }
  }
  return parts;
}

// A position in an array; `limit` itself is allowed (and meant by "-") only where one is inserted.
std::optional<std::size_t> position_of(const std::string& text, std::size_t limit, bool inserting) {
  if (text == "-") return inserting ? std::optional(limit) : std::nullopt;
  std::size_t position = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), position);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (position > limit || (position == limit && !inserting)) return std::nullopt;
  return position;
}

json::value* step_into(json::value& at, const std::string& part) {
  if (json::object* object = at.if_object()) return object->if_contains(part);
  json::array* array = at.if_array();
  if (array == nullptr) return nullptr;
  const auto position = position_of(part, array->size(), false);
  return position ? &(*array)[*position] : nullptr;
}

json::value* find_value(json::value& root, const std::vector<std::string>& path, std::size_t length) {
  json::value* at = &root;
  for (std::size_t i = 0; i < length && at != nullptr; ++i) at = step_into(*at, path[i]);
  return at;
}

bool add(json::value& root, const std::vector<std::string>& path, json::value value) {
  if (path.empty()) {
    root = std::move(value);
    return true;
  }
  json::value* parent = find_value(root, path, path.size() - 1);
  if (parent == nullptr) return false;
  if (json::object* object = parent->if_object()) {
    (*object)[path.back()] = std::move(value);
    return true;
  }
  json::array* array = parent->if_array();
  if (array == nullptr) return false;
  const auto position = position_of(path.back(), array->size(), true);
  if (!position) return false;
  array->insert(array->begin() + static_cast<std::ptrdiff_t>(*position), std::move(value));
  return true;
}

bool add_member(json::value& root, const std::vector<std::string>& path, json::value value) {
  json::value* parent = path.empty() ? nullptr : find_value(root, path, path.size() - 1);
  return parent != nullptr && parent->is_object() && add(root, path, std::move(value));
}

bool remove(json::value& root, const std::vector<std::string>& path) {
  if (path.empty()) return false;
  json::value* parent = find_value(root, path, path.size() - 1);
  if (parent == nullptr) return false;
  if (json::object* object = parent->if_object()) return object->erase(path.back()) == 1;
  json::array* array = parent->if_array();
  if (array == nullptr) return false;
  const auto position = position_of(path.back(), array->size(), false);
  if (!position) return false;
  array->erase(array->begin() + static_cast<std::ptrdiff_t>(*position));
  return true;
}

struct Operation {
  std::string_view op;
  std::vector<std::string> path, from;
  const json::value* value = nullptr;
};

std::optional<Operation> read_operation(const json::value& item) {
  auto path = split_pointer(string_at(item, {"path"}));
  auto from = split_pointer(string_at(item, {"from"}));
  if (!path || !from) return std::nullopt;
  Operation operation{string_at(item, {"op"}), std::move(*path), std::move(*from), find(item, {"value"})};
  const bool needs_value = operation.op == "add" || operation.op == "replace" || operation.op == "test";
  const bool known = needs_value || operation.op == "remove" || operation.op == "move" || operation.op == "copy";
  if (!known || (needs_value && operation.value == nullptr)) return std::nullopt;
  return operation;
}

bool perform(json::value& root, const Operation& operation) {
  if (operation.op == "add") return add(root, operation.path, *operation.value);
  if (operation.op == "remove") return remove(root, operation.path);
  json::value* there = find_value(root, operation.path, operation.path.size());
  if (operation.op == "test") return there != nullptr && equal_values(*there, *operation.value);
  // As the API server has it: what an object does not have yet can be replaced, too.
  if (operation.op == "replace") {
    if (there == nullptr) return add_member(root, operation.path, *operation.value);
    *there = *operation.value;
    return true;
  }
  const json::value* source = find_value(root, operation.from, operation.from.size());
  if (source == nullptr) return false;
  json::value moved = *source;
  if (operation.op == "move" && !remove(root, operation.from)) return false;
  return add(root, operation.path, std::move(moved));
}

}  // namespace

void merge_patch(json::value& target, const json::value& patch) {
  const json::object* changes = patch.if_object();
  if (changes == nullptr) {
    target = patch;
    return;
  }
  if (!target.is_object()) target = json::object();
  for (const auto& [name, value] : *changes) {
    if (value.is_null())
      target.get_object().erase(name);
    else
      merge_patch(target.get_object()[name], value);
  }
}

Reply<json::value> json_patch(json::value target, const json::value& patch) {
  if (!patch.is_array())
    return std::unexpected(bad_request(
        "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"));
  if (patch.get_array().size() > kMaxOperations)
    return std::unexpected(
        ApiFailure{413,
                   "RequestEntityTooLarge",
                   fmt::format("The allowed maximum operations in a JSON patch is {}", kMaxOperations),
                   {},
                   {},
                   {},
                   false});
  for (const json::value& item : patch.get_array()) {
    const std::optional<Operation> operation = read_operation(item);
    if (!operation || !perform(target, *operation)) return std::unexpected(does_not_fit());
  }
  return target;
}

}  // namespace holdfast
