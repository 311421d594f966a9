#include "engine/fingerprint.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/fingerprint_text.h"
#include "holdfast/merge/field_set.h"
#include "holdfast/merge/list_index.h"
#include "holdfast/merge/managed_fields.h"
#include "holdfast/merge/value_text.h"

namespace holdfast {
namespace {

using Node = FieldSet::Node;
using Kind = PathElement::Kind;

const Node* child_of(const Node* node, const PathElement& element) {
  if (node == nullptr) return nullptr;
  const auto found = node->children.find(element);
  return found == node->children.end() ? nullptr : &found->second;
}

const json::value* member_of(const json::value* value, std::string_view name) {
  return value != nullptr && value->is_object() ? value->get_object().if_contains(name) : nullptr;
}

// Labels and annotations are granular in every type, so {} there owns no content.
bool known_granular(const std::vector<const PathElement*>& path) {
  return path.size() == 2 && path[0]->text() == "metadata" &&
         (path[1]->text() == "labels" || path[1]->text() == "annotations");
}

// Whether something in it is empty or null: an empty list with keys is in no field set.
bool has_traceless(const json::value& value) {
  if (const json::object* object = value.if_object())
    return object->empty() ||
           std::ranges::any_of(*object, [](const auto& member) { return has_traceless(member.value()); });
  if (const json::array* list = value.if_array()) return list->empty() || std::ranges::any_of(*list, has_traceless);
  return value.is_null();
}

class Encoder {
 public:
  void text(std::string_view bytes) { append_text(out_, bytes); }
  void number(std::size_t n) { append_number(out_, n); }
  void tag(char c) { out_.push_back(c); }

  void owned(const Node& node, const json::value* live) {
    if (node.children.empty()) {
      leaf(live);
      return;
    }
    shape(live);
    const json::array* list = live == nullptr ? nullptr : live->if_array();
    std::optional<ListIndex> items;
    if (list != nullptr) items.emplace(*list);
    std::vector<std::pair<std::size_t, std::size_t>> order;  // position in the list, which of our items
    std::size_t ordinal = 0;
    bool lost = false;
    for (const auto& [element, child] : node.children) {
      path_.push_back(&element);
      if (element.kind() == Kind::Field) {
        owned(child, member_of(live, element.text()));
      } else {
        const auto positions = items ? items->find(element) : std::vector<std::size_t>{};
        lost = lost || positions.size() != 1 || (items && items->ambiguous(element));
        number(positions.size());
        for (const std::size_t position : positions) {
          // An item of which nothing but itself is ours: {}, named by defaults alone.
          const json::object* item = (*list)[position].if_object();
          if (child.children.empty() && item != nullptr && !item->empty()) others_matter_ = true;
          owned(child, &(*list)[position]);
          order.emplace_back(position, ordinal);
        }
      }
      path_.pop_back();
      ++ordinal;
    }
    std::ranges::sort(order);
    for (const auto& [position, which] : order) number(which);
    if (lost && live != nullptr) text(value_text(*live));  // we cannot tell which item is ours: any change must show
  }

  // Beside `owned`, because the keys that name a list's items are only known there.
  void empties(const EmptyPaths& at, const Node* node, const json::value* live) {
    switch (at.holds) {
      case EmptyPaths::Holds::Something:
        break;
      case EmptyPaths::Holds::EmptyContainer:
        shape(live);  // of an open type it may have become another kind of value
        if (live != nullptr && live->is_object()) note_traceless(live);
        return;
      case EmptyPaths::Holds::Null:
        null_tag(live);
        note_traceless(live);
        return;
    }
    for (const auto& [name, below] : at.fields) {
      text(name);
      empties(below, child_of(node, PathElement::field(name)), member_of(live, name));
    }
    if (!at.items.empty()) empty_items(at, node, live);
  }

  [[nodiscard]] std::string& out() { return out_; }
  [[nodiscard]] bool others_matter() const { return others_matter_; }

 private:
  void leaf(const json::value* live) {
    if (live == nullptr) {
      tag('-');
    } else if (live->is_object() && known_granular(path_)) {
      tag('+');
    } else {
      tag('=');
      text(value_text(*live));
    }
  }

  void shape(const json::value* live) {
    if (live == nullptr)
      tag('-');
    else if (live->is_null())
      tag('0');
    else if (live->is_object())
      tag('{');
    else if (live->is_array())
      tag('[');
    else
      tag('s');
  }

  void note_traceless(const json::value* live) {
    others_matter_ = others_matter_ || (live != nullptr && holds_traceless(*live));
  }

  void null_tag(const json::value* live) {
    if (live == nullptr)
      tag('-');
    else if (live->is_null())
      tag('0');
    else if ((live->is_object() && live->get_object().empty()) || (live->is_array() && live->get_array().empty()))
      tag('e');
    else
      tag('+');
  }

  void empty_items(const EmptyPaths& at, const Node* node, const json::value* live) {
    const json::array* list = live == nullptr ? nullptr : live->if_array();
    if (node == nullptr || list == nullptr) {
      tag('?');
      return;
    }
    ListIndex desired_items(at.item_scalars);
    ListIndex live_items(*list);
    for (const auto& [element, child] : node->children) {
      if (element.kind() != Kind::Key) continue;
      for (const std::size_t desired : desired_items.find(element)) {
        const auto positions = live_items.find(element);
        text(element.text());
        number(positions.size());
        for (const std::size_t position : positions) empties(at.items[desired], &child, &(*list)[position]);
      }
    }
  }

  std::string out_;
  std::vector<const PathElement*> path_;
  bool others_matter_ = false;
};

// Who else owns what, without the times.
std::string other_entries(const json::value& live, const FieldManager& manager) {
  std::string out;
  const json::value* entries = find(live, {"metadata", "managedFields"});
  if (entries == nullptr || !entries->is_array()) return out;
  for (const json::value& entry : entries->get_array()) {
    const FieldOwner owner{std::string(string_at(entry, {"manager"})),
                           std::string(string_at(entry, {"operation"})),
                           std::string(string_at(entry, {"subresource"})),
                           {}};
    if (is_applied_by(owner, manager)) continue;
    append_text(out, owner.manager);
    append_text(out, owner.operation);
    append_text(out, owner.subresource);
    append_text(out, string_at(entry, {"apiVersion"}));
    const json::value* fields = find(entry, {"fieldsV1"});
    append_text(out, fields == nullptr ? std::string() : value_text(*fields));
  }
  return out;
}

EmptyPaths collect(const json::value& value);

EmptyPaths collect_from(const json::object& object) {
  EmptyPaths at;
  for (const auto& [name, value] : object)
    if (EmptyPaths below = collect(value); !below.empty()) at.fields.emplace(std::string(name), std::move(below));
  return at;
}

EmptyPaths collect_from(const json::array& list) {
  EmptyPaths at;
  for (const json::value& item : list) {
    if (!item.is_object()) continue;
    EmptyPaths below = collect(item);
    if (below.empty()) continue;
    json::object scalars;
    for (const auto& [name, value] : item.get_object())
      if (!value.is_object() && !value.is_array()) scalars.emplace(name, value);
    at.item_scalars.push_back(std::move(scalars));
    at.items.push_back(std::move(below));
  }
  return at;
}

EmptyPaths collect(const json::value& value) {
  EmptyPaths at;
  if (value.is_null()) {
    at.holds = EmptyPaths::Holds::Null;
  } else if (const json::object* object = value.if_object()) {
    if (!object->empty()) return collect_from(*object);
    at.holds = EmptyPaths::Holds::EmptyContainer;
  } else if (const json::array* list = value.if_array()) {
    if (!list->empty()) return collect_from(*list);
    at.holds = EmptyPaths::Holds::EmptyContainer;
  }
  return at;
}

}  // namespace

bool holds_traceless(const json::value& container) {
  const json::object* object = container.if_object();
  const json::array* list = container.if_array();
  const bool filled = (object != nullptr && !object->empty()) || (list != nullptr && !list->empty());
  return filled && has_traceless(container);
}

EmptyPaths collect_empty_paths(const json::object& desired) { return collect_from(desired); }

Result<Digest128> fingerprint(const DigestKey& key, const json::value& live, const FieldManager& manager,
                              const EmptyPaths& desired_empties, bool* others_matter) {
  const std::string_view uid = string_at(live, {"metadata", "uid"});
  if (uid.empty()) return fail(ErrorKind::Invalid, "a live object has no uid");
  const auto entry = find_applied_entry(live, manager);
  if (!entry) return std::unexpected(entry.error());
  Encoder encoder;
  const Node* owned = nullptr;
  if (*entry) {
    owned = &(*entry)->fields.root();
    append_ownership(encoder.out(), uid, (*entry)->api_version, keyed_digest(key, (*entry)->fields.serialize()));
    encoder.owned(*owned, &live);
  } else {
    encoder.text(uid);
    encoder.tag('-');  // we own nothing, or were robbed of everything (V15)
  }
  encoder.empties(desired_empties, owned, &live);
  if (encoder.others_matter()) encoder.text(other_entries(live, manager));
  if (others_matter != nullptr) *others_matter = encoder.others_matter();
  return keyed_digest(key, encoder.out());
}

}  // namespace holdfast
