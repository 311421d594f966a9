#include "engine/proof.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/apply_order.h"
#include "engine/server_defaults.h"
#include "engine/stored_spelling.h"
#include "holdfast/merge/managed_fields.h"
#include "holdfast/merge/structured_merge.h"
#include "holdfast/merge/typed_value.h"

namespace holdfast {
namespace {

constexpr std::string_view kDuration = "io.k8s.apimachinery.pkg.apis.meta.v1.Duration";
constexpr std::string_view kQuantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";

// A number as the server's JSON writer spells it: a desired `cpu: 0.5` reaches its quantity as "0.5". Nothing where it
// would need an exponent.
std::optional<std::string> plain_text(const json::value& value) {
  if (const json::string* text = value.if_string()) return std::string(std::string_view(*text));
  if (value.is_int64()) return std::to_string(value.get_int64());
  if (!value.is_double() || std::abs(value.get_double()) < 1e-6 || std::abs(value.get_double()) >= 1e21)
    return std::nullopt;
  std::array<char, 64> text{};
  const auto [end, error] =
      std::to_chars(text.data(), text.data() + text.size(), value.get_double(), std::chars_format::fixed);
  if (error != std::errc()) return std::nullopt;
  return std::string(text.data(), end);
}

// What a built-in type drops where it is empty: a list, or a map without fields of its own. Of a struct, {} is
// something.
bool empty_and_dropped(const json::value& value, const TypeNode& type) {
  if (const json::array* list = value.if_array()) return list->empty() && type.list && !type.scalar && !type.map;
  const json::object* object = value.if_object();
  return object != nullptr && object->empty() && type.map && type.map->fields.empty() && !type.map->deduced &&
         !type.scalar && !type.list;
}

// Compares what an apply leaves with the live object itself.
class Comparer {
 public:
  explicit Comparer(bool builtin) : builtin_(builtin) {}

  bool same(const json::value& left, const json::value& live, const TypeNode& type) {
    if (equal_values(left, live)) return true;
    if (type.map && left.is_object() && live.is_object())
      return same_members(left.get_object(), live.get_object(), type);
    if (type.list && left.is_array() && live.is_array())
      return same_items(left.get_array(), live.get_array(), *type.list);
    return (builtin_ && (same_scalar(left, live, type) || (live.is_null() && empty_and_dropped(left, type)))) ||
           differ();
  }

  // Where the first difference is: ".spec.containers[0].image"; empty: nowhere.
  [[nodiscard]] const std::string& difference() const { return difference_; }

 private:
  bool same_members(const json::object& left, const json::object& live, const TypeNode& type) {
    for (const auto& [name, value] : live)
      if (!left.contains(name) && !(builtin_ && is_server_default(type.name, name, value)))
        return below(name, [&] { return differ(); });
    return std::ranges::all_of(left, [&](const auto& member) {
      const TypeNode* type_below = type.map->type_of_key(member.key());
      const json::value* other = live.if_contains(member.key());
      return below(member.key(), [&] {
        if (type_below == nullptr) return differ();
        if (other != nullptr) return same(member.value(), *other, *type_below);
        return (builtin_ && (empty_and_dropped(member.value(), *type_below) ||
                             is_dropped_zero(type.name, member.key(), member.value()))) ||
               differ();
      });
    });
  }

  bool same_items(const json::array& left, const json::array& live, const ListType& type) {
    if (left.size() != live.size()) return differ();
    for (std::size_t i = 0; i < left.size(); ++i)
      if (!below(i, [&] { return same(left[i], live[i], *type.element); })) return false;
    return true;
  }

  static bool same_scalar(const json::value& left, const json::value& live, const TypeNode& type) {
    if (!type.scalar || !live.is_string()) return false;
    const std::string_view stored = live.get_string();
    if (type.name == kQuantity) {
      const auto text = plain_text(left);
      return text && same_quantity(*text, stored);
    }
    if (!left.is_string()) return false;
    if (type.name == kDuration) return same_duration(left.get_string(), stored);
    return type.base64 && same_base64(left.get_string(), stored);
  }

  template <class Check>
  bool below(std::string_view name, const Check& check) {
    path_.push_back(fmt::format(".{}", name));
    const bool same = check();
    path_.pop_back();
    return same;
  }
  template <class Check>
  bool below(std::size_t position, const Check& check) {
    path_.push_back(fmt::format("[{}]", position));
    const bool same = check();
    path_.pop_back();
    return same;
  }

  bool differ() {
    difference_ = path_.empty() ? "the object" : fmt::format("{}", fmt::join(path_, ""));
    return false;
  }

  bool builtin_;
  std::vector<std::string> path_;
  std::string difference_;
};

class Prover {
 public:
  Prover(const Desired& desired, const json::value& live, const FieldManager& manager, const TypeNode& type)
      : desired_(desired), live_(live), manager_(manager), type_(type) {}

  // The server's own steps, on what it would start from.
  Proof prove() const {
    const auto owners = read_owners();
    if (!owners) return {owners.error().message};
    const auto wanted = TypedValue::make(desired_.body, &type_, Duplicates::Refused);
    if (!wanted) return unfit("the desired state", wanted.error());
    if (Proof owned = prove_owned(*owners, *wanted); !owned.proven()) return owned;
    const auto shown = TypedValue::make(without_managed_fields(), &type_, Duplicates::Allowed);
    if (!shown) return unfit("the live object", shown.error());
    auto applied = apply(*shown, *wanted, *owners, version(), std::string(kOurs), true);
    if (!applied) return {"the merge refuses it"};
    Comparer comparer(is_builtin_group(desired_.resource.gvk.group));
    if (!comparer.same(applied->object, shown->value(), type_)) return {comparer.difference() + " is not as desired"};
    strip_object_metadata(applied->managers, std::string(kOurs));
    if (applied->managers != *owners) return {"an apply would take fields from other managers"};
    return {};
  }

 private:
  static constexpr std::string_view kOurs = "ours";  // among entries that are numbered

  [[nodiscard]] std::string version() const { return desired_.resource.gvk.api_version(); }

  // Only the first, without its cause, which may show a value.
  static Proof unfit(std::string_view what, const std::vector<Violation>& violations) {
    const bool at_root = violations.empty() || violations.front().path.empty();
    return {fmt::format("{} does not fit the schema at {}", what, at_root ? "its root" : violations.front().path)};
  }

  // The entries of all managers. One that cannot be read, or owns nothing, is not left alone by the server.
  [[nodiscard]] Result<ManagedSets> read_owners() const {
    auto entries = parse_managed_fields(live_);
    if (!entries) return std::unexpected(std::move(entries.error()));
    ManagedSets owners;
    for (ManagedFieldsEntry& entry : *entries) {
      if (entry.fields.empty())
        return fail(ErrorKind::Invalid, fmt::format("the managedFields entry of {} is empty", entry.owner.manager));
      const std::string name =
          is_applied_by(entry.owner, manager_) ? std::string(kOurs) : std::to_string(owners.size());
      const bool applied = entry.owner.operation == "Apply";
      if (!owners.emplace(name, ManagedSet{std::move(entry.fields), std::move(entry.api_version), applied}).second)
        return fail(ErrorKind::Invalid, "we have two entries in its managedFields");
    }
    return owners;
  }

  // As the server hands it to the merge. What comes out of a list says neither kind nor apiVersion (V44).
  [[nodiscard]] json::value without_managed_fields() const {
    json::value live = live_;
    json::object* object = live.if_object();
    if (object == nullptr) return live;
    if (json::value* metadata = object->if_contains("metadata"); metadata != nullptr && metadata->is_object())
      metadata->get_object().erase("managedFields");
    for (const std::string_view name : {"apiVersion", "kind"})
      if (const json::value* wanted = desired_.body.if_contains(name); wanted != nullptr && !object->contains(name))
        object->emplace(name, *wanted);
    return live;
  }

  // Asked first: it is what mostly fails, and says most.
  [[nodiscard]] Proof prove_owned(const ManagedSets& owners, const TypedValue& wanted) const {
    ManagedSets sets{{std::string(kOurs), {wanted.to_field_set(), version(), true}}};
    strip_object_metadata(sets, std::string(kOurs));
    const auto should = sets.find(kOurs);
    const auto own = owners.find(kOurs);
    if (should == sets.end()) return own == owners.end() ? Proof{} : Proof{"we own fields of which none is desired"};
    if (own == owners.end()) return {"we own nothing of it"};
    if (own->second.api_version != version()) return {"what we own is recorded in " + own->second.api_version};
    if (own->second.fields == should->second.fields) return {};
    const FieldSet missing = should->second.fields.difference(own->second.fields);
    if (!missing.empty()) return {"we do not own " + first_of(missing)};
    return {
        fmt::format("we own {}, which is not desired", first_of(own->second.fields.difference(should->second.fields)))};
  }

  static std::string first_of(const FieldSet& set) {
    std::string first;
    set.for_each([&](const FieldPath& path) {
      if (first.empty()) first = to_string(path);
    });
    return first;
  }

  const Desired& desired_;
  const json::value& live_;
  const FieldManager& manager_;
  const TypeNode& type_;
};

}  // namespace

Proof prove(const Desired& desired, const json::value& live, const FieldManager& manager, const TypeNode* type) {
  if (type == nullptr) return {"its schema is not known"};
  return Prover(desired, live, manager, *type).prove();
}

}  // namespace holdfast
