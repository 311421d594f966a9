#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "holdfast/merge/typed_value.h"
#include "simulator/patch.h"
#include "simulator/schema_walk.h"

namespace holdfast {
namespace {

constexpr std::string_view kDeleteFrom = "$deleteFromPrimitiveList/";
constexpr std::string_view kOrder = "$setElementOrder/";

const json::object& nothing() {
  static const json::object empty;
  return empty;
}

class Merger {
 public:
  explicit Merger(const SchemaDefinitions& definitions) : definitions_(definitions) {}

  Reply<json::object> merge_object(json::object target, const json::object& patch, const json::object& unresolved) {
    const json::object& schema = definitions_.resolve(unresolved);
    if (const std::string_view directive = string_at(patch, {"$patch"}); directive == "replace") {
      json::object replaced = patch;
      replaced.erase("$patch");
      return replaced;
    } else if (directive == "delete") {
      return json::object();
    }
    retain_keys(target, patch);
    for (const auto& [name, value] : patch) {
      if (std::string_view(name).starts_with('$')) continue;
      const json::object* known = member_schema(schema, name);
      if (auto merged = merge_member(target, name, value, known == nullptr ? nothing() : *known); !merged)
        return std::unexpected(merged.error());
    }
    for (const auto& [name, value] : patch) apply_list_directive(target, name, value, schema);
    return target;
  }

 private:
  static void retain_keys(json::object& target, const json::object& patch) {
    const json::value* kept = patch.if_contains("$retainKeys");
    if (kept == nullptr || !kept->is_array()) return;
    std::vector<std::string> dropped;
    for (const auto& [name, value] : target)
      if (std::ranges::find(kept->get_array(), json::value(name)) == kept->get_array().end())
        dropped.emplace_back(name);
    for (const std::string& name : dropped) target.erase(name);
  }

  Reply<void> merge_member(json::object& target, std::string_view name, const json::value& value,
                           const json::object& schema) {
    if (value.is_null()) {
      target.erase(name);
      return {};
    }
    json::value* there = target.if_contains(name);
    const std::string_view strategy = string_at(schema, {"x-kubernetes-patch-strategy"});
    if (value.is_object()) {
      json::object old;
      if (there != nullptr && there->is_object()) old = there->get_object();
      auto merged = merge_object(std::move(old), value.get_object(), schema);
      if (!merged) return std::unexpected(merged.error());
      target[name] = std::move(*merged);
      return {};
    }
    if (!value.is_array() || strategy.find("merge") == std::string_view::npos) {
      target[name] = value;
      return {};
    }
    json::array old;
    if (there != nullptr && there->is_array()) old = there->get_array();
    auto merged = merge_list(std::move(old), value.get_array(), schema);
    if (!merged) return std::unexpected(merged.error());
    target[name] = std::move(*merged);
    return {};
  }

  Reply<json::array> merge_list(json::array target, const json::array& patch, const json::object& schema) {
    const std::string key(string_at(schema, {"x-kubernetes-patch-merge-key"}));
    const json::object* items = item_schema(schema);
    const json::array before = target;
    for (const json::value& item : patch)
      if (item.is_object() && string_at(item, {"$patch"}) == "replace") return replaced_list(patch);
    for (const json::value& item : patch) {
      if (!item.is_object()) {
        if (position_of(target, item, "") == target.size()) target.push_back(item);
        continue;
      }
      if (key.empty() || find(item, {key}) == nullptr)
        return std::unexpected(
            bad_request(fmt::format("map: {} does not contain declared merge key: {}", to_json(item), key)));
      const std::size_t at = position_of(target, item, key);
      if (string_at(item, {"$patch"}) == "delete") {
        if (at != target.size()) target.erase(target.begin() + static_cast<std::ptrdiff_t>(at));
        continue;
      }
      json::object old;
      if (at != target.size()) old = target[at].get_object();
      auto merged = merge_object(std::move(old), item.get_object(), items == nullptr ? nothing() : *items);
      if (!merged) return std::unexpected(merged.error());
      if (at == target.size())
        target.push_back(std::move(*merged));
      else
        target[at] = std::move(*merged);
    }
    return in_order(target, patch, before, key);
  }

  // What the patch names comes in its order, and what it does not name in that of before. Between the two, an item that
  // is new goes first.
  static json::array in_order(const json::array& merged, const json::array& patch, const json::array& before,
                              const std::string& key) {
    json::array named, others, out;
    for (const json::value& item : patch)
      if (const std::size_t at = position_of(merged, item, key); at != merged.size()) named.push_back(merged[at]);
    for (const json::value& item : merged)
      if (position_of(patch, item, key) == patch.size()) others.push_back(item);
    std::size_t next = 0;
    for (const json::value& item : named) {
      const std::size_t place = position_of(before, item, key);
      while (place != before.size() && next < others.size() && position_of(before, others[next], key) < place)
        out.push_back(others[next++]);
      out.push_back(item);
    }
    while (next < others.size()) out.push_back(others[next++]);
    return out;
  }

  static json::array replaced_list(const json::array& patch) {
    json::array out;
    for (const json::value& item : patch)
      if (string_at(item, {"$patch"}) != "replace") out.push_back(item);
    return out;
  }

  // The item with the same key, or the same scalar; the size of the list where there is none.
  static std::size_t position_of(const json::array& list, const json::value& wanted, const std::string& key) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (key.empty() || !wanted.is_object()) {
        if (equal_values(list[i], wanted)) return i;
        continue;
      }
      const json::value* mine = find(list[i], {key});
      const json::value* theirs = find(wanted, {key});
      if (mine != nullptr && theirs != nullptr && equal_values(*mine, *theirs)) return i;
    }
    return list.size();
  }

  void apply_list_directive(json::object& target, std::string_view name, const json::value& value,
                            const json::object& schema) {
    const bool deletes = name.starts_with(kDeleteFrom);
    if ((!deletes && !name.starts_with(kOrder)) || !value.is_array()) return;
    const std::string_view member = name.substr(deletes ? kDeleteFrom.size() : kOrder.size());
    json::value* list = target.if_contains(member);
    if (list == nullptr || !list->is_array()) return;
    if (deletes) {
      json::array kept;
      for (const json::value& item : list->get_array())
        if (position_of(value.get_array(), item, "") == value.get_array().size()) kept.push_back(item);
      *list = std::move(kept);
      return;
    }
    const json::object* known = member_schema(schema, member);
    const std::string key(known == nullptr ? "" : string_at(*known, {"x-kubernetes-patch-merge-key"}));
    reorder(list->get_array(), value.get_array(), key);
  }

  // The places that listed items have are given to them in the order asked for; others stay where they are.
  static void reorder(json::array& list, const json::array& order, const std::string& key) {
    std::vector<std::size_t> places;
    json::array listed;
    for (std::size_t i = 0; i < list.size(); ++i)
      if (position_of(order, list[i], key) != order.size()) places.push_back(i);
    for (const json::value& wanted : order)
      if (const std::size_t at = position_of(list, wanted, key); at != list.size()) listed.push_back(list[at]);
    if (listed.size() != places.size()) return;  // the order names an item twice
    for (std::size_t i = 0; i < places.size(); ++i) list[places[i]] = listed[i];
  }

  const SchemaDefinitions& definitions_;
};

}  // namespace

Reply<json::object> strategic_merge_patch(json::object target, const json::object& patch, const json::object& schema,
                                          const SchemaDefinitions& definitions) {
  return Merger(definitions).merge_object(std::move(target), patch, schema);
}

}  // namespace holdfast
