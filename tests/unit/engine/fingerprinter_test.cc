// The fingerprint taken from text is the one of the parsed object, whatever the object.
#include "engine/fingerprinter.h"

#include <algorithm>
#include <random>

#include "holdfast/merge/list_index.h"
#include "unit/engine/live_bodies.h"

namespace holdfast {
namespace {

using namespace holdfast::live_bodies;

const DigestKey kKey{{7, 7, 7}};
const FieldManager kManager{"holdfast"};

// An object, the fields of it that we own, and the desired state that they come from, all made from one seed.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  struct Case {
    json::object desired, live, fields;
  };
  Case make() {
    Case made;
    for (const char* name : {"alpha", "spec", "data", "metadata"})
      if (one_in(4) == false) member(made.desired, made.live, made.fields, name, 0);
    json::object& metadata = object_in(made.live, "metadata");
    object_in(made.desired, "metadata");
    for (const char* granular : {"labels", "annotations"})
      if (one_in(3)) {
        metadata[granular] = one_in(2) ? json::object{} : json::object{{"theirs", "x"}};
        made.desired["metadata"].get_object()[granular] = json::object{};
        object_in(made.fields, "f:metadata")["f:" + std::string(granular)] = json::object{};
      }
    metadata["uid"] = "u-" + std::to_string(below(3));
    if (one_in(6)) member(made.desired, made.live, made.fields, "status", 2);
    if (one_in(3)) made.live["status"] = scalar();
    return made;
  }

  // What somebody does to a live object.
  void disturb(json::value& value) {
    if (json::object* object = value.if_object()) {
      if (object->empty() || one_in(6)) {
        (*object)[name()] = scalar();
        return;
      }
      auto member = object->begin() + static_cast<std::ptrdiff_t>(below(object->size()));
      if (one_in(8))
        object->erase(member);
      else if (one_in(8))
        member->value() = anything();
      else
        disturb(member->value());
    } else if (json::array* list = value.if_array()) {
      if (list->empty() || one_in(6)) {
        list->push_back(anything());
        return;
      }
      const std::size_t at = below(list->size());
      if (one_in(6))
        list->erase(list->begin() + static_cast<std::ptrdiff_t>(at));
      else if (one_in(6))
        list->push_back((*list)[at]);
      else if (one_in(3))
        std::swap((*list)[at], list->back());
      else
        disturb((*list)[at]);
    } else {
      value = anything();
    }
  }

  // The same value with its members in another order, and white space between its tokens.
  std::string spell(const json::value& value) {
    if (const json::object* object = value.if_object()) {
      std::vector<std::string> members;
      for (const auto& member : *object)
        members.push_back(space() + to_json(json::value(member.key())) + space() + ":" + space() +
                          spell(member.value()));
      if (one_in(2)) std::ranges::shuffle(members, random_);
      return "{" + joined(members) + "}";
    }
    if (const json::array* list = value.if_array()) {
      std::vector<std::string> items;
      for (const json::value& item : *list) items.push_back(space() + spell(item));
      return "[" + joined(items) + "]";
    }
    return to_json(value) + space();
  }

  std::size_t below(std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_); }
  bool one_in(std::size_t n) { return below(n) == 0; }

 private:
  static json::object& object_in(json::object& parent, const std::string& name) {
    json::value& value = parent[name];
    if (!value.is_object()) value.emplace_object();
    return value.get_object();
  }
  static std::string joined(const std::vector<std::string>& parts) {
    std::string out;
    for (const std::string& part : parts) out += (out.empty() ? "" : ",") + part;
    return out;
  }
  std::string space() { return one_in(12) ? (one_in(2) ? " " : "\n\t") : ""; }
  std::string name() {
    static constexpr std::array kNames = {"a", "b", "name", "image", "port", "x.io/y", "cc", "protocol", "z"};
    return kNames[below(kNames.size())];
  }
  json::value scalar() {
    switch (below(9)) {
      case 0:
        return nullptr;
      case 1:
        return one_in(2);
      case 2:
        return static_cast<std::int64_t>(below(2000)) - 1000;
      case 3:
        return 80.0;
      case 4:
        return 0.25;
      case 5:
        return "line\nbreak \"quoted\" \\ \u00e4 <b>";
      case 6:
        return std::uint64_t{18446744073709551615U};
      default:
        return json::value(name() + std::to_string(below(5)));
    }
  }
  json::value anything() {
    if (one_in(4)) return json::object{{name(), scalar()}, {name(), json::array{scalar()}}};
    if (one_in(4)) return json::array{scalar(), json::object{{"name", name()}}};
    if (one_in(4)) return one_in(2) ? json::value(json::object{}) : json::value(json::array{});
    return scalar();
  }

  // One member, the same in both states as far as it is ours, and what the server tracks of it.
  void member(json::object& desired, json::object& live, json::object& fields, const std::string& name, int depth) {
    json::object owned;
    json::value wanted;
    json::value shown;
    switch (depth > 3 ? below(4) : below(8)) {
      case 0:
      case 1:
        wanted = shown = scalar();
        break;
      case 2:  // atomic
        wanted = shown = anything();
        break;
      case 3:  // an empty one of which the server tracks nothing
        wanted = one_in(3)   ? json::value(nullptr)
                 : one_in(2) ? json::value(json::object{})
                             : json::value(json::array{});
        if (!one_in(3)) live[name] = one_in(2) ? wanted : anything();
        desired[name] = wanted;
        return;
      case 4:
        set(wanted, shown, owned);
        break;
      case 5:
        keyed_list(wanted, shown, owned, depth);
        break;
      default:
        inner_object(wanted, shown, owned, depth);
        break;
    }
    desired[name] = wanted;
    live[name] = shown;
    fields["f:" + name] = owned;
  }
  void inner_object(json::value& wanted, json::value& shown, json::object& owned, int depth) {
    wanted.emplace_object();
    shown.emplace_object();
    for (std::size_t i = below(4); i < 4; ++i)
      member(wanted.get_object(), shown.get_object(), owned, name(), depth + 1);
    if (one_in(2)) shown.get_object()["theirs"] = anything();
  }
  void set(json::value& wanted, json::value& shown, json::object& owned) {
    json::array members;
    for (std::size_t i = 0; i < 1 + below(4); ++i) members.emplace_back(name() + std::to_string(i));
    wanted = members;
    for (const json::value& one : members) owned["v:" + to_json(one)] = json::object{};
    if (one_in(2)) members.insert(members.begin(), json::value("theirs"));
    shown = members;
  }
  void keyed_list(json::value& wanted, json::value& shown, json::object& owned, int depth) {
    wanted.emplace_array();
    shown.emplace_array();
    const bool two_keys = one_in(3);
    for (std::size_t i = 0; i < 1 + below(40 / (1 + static_cast<std::size_t>(depth) * 8)); ++i) {
      json::object key{{"name", "n" + std::to_string(i)}};
      if (two_keys) key = {{"port", 8000 + i}, {"protocol", "TCP"}};
      json::object ours = key;
      json::object theirs{{"default", true}};
      json::object item_fields{{".", json::object{}}};
      for (const auto& field : key) {
        theirs[field.key()] = field.value();
        item_fields["f:" + std::string(field.key())] = json::object{};
      }
      member(ours, theirs, item_fields, "value", depth + 1);
      wanted.get_array().push_back(ours);
      shown.get_array().push_back(theirs);
      owned["k:" + canonical_json(key)] = item_fields;
    }
    if (one_in(3)) shown.get_array().push_back(json::object{{"name", "theirs"}, {"port", 1}, {"protocol", "UDP"}});
  }

  std::mt19937_64 random_;
};

void own(json::object& live, const json::object& fields, Generator& random) {
  json::array entries{json::object{{"manager", "controller"},
                                   {"operation", "Update"},
                                   {"subresource", "status"},
                                   {"fieldsType", "FieldsV1"},
                                   {"fieldsV1", {{"f:status", json::object{}}}}},
                      json::object{{"manager", "holdfast"},
                                   {"operation", "Apply"},
                                   {"apiVersion", "v1"},
                                   {"fieldsType", "FieldsV1"},
                                   {"fieldsV1", fields}}};
  if (random.one_in(20)) entries[1].get_object()["subresource"] = "scale";
  if (random.one_in(20)) entries.pop_back();
  live["metadata"].get_object()["managedFields"] = entries;
}

TEST(Fingerprinter, the_same_from_text_as_from_the_parsed_object) {
  Fingerprinter fingerprinter(kKey, kManager);
  JsonIndexer indexer;
  std::size_t by_mask = 0;
  std::size_t looks = 0;
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    Generator random(seed);
    const Generator::Case made = random.make();
    const EmptyPaths empties = collect_empty_paths(made.desired);
    const FieldSet set = FieldSet::parse(made.fields).value();
    const OwnedMask mask(set, empties);
    json::value live(made.live);
    FingerprintMemory known;
    for (int edit = 0; edit < 12; ++edit) {
      json::value shown = live;
      if (!shown.is_object() || !shown.get_object().contains("metadata") || !shown.at("metadata").is_object()) break;
      own(shown.get_object(), made.fields, random);
      const std::string text = random.spell(shown);
      const Result<JsonView> view = indexer.view(text);
      ASSERT_TRUE(view) << text;
      const auto parsed = fingerprint(kKey, *parse_json(text), kManager, empties);
      const auto read = fingerprinter.read(*view, empties, known);
      ASSERT_EQ(parsed.has_value(), read.has_value()) << "seed " << seed << ": " << text;
      if (parsed) ASSERT_EQ(*parsed, *read) << "seed " << seed << ", edit " << edit << ": " << text;
      std::string encoded;
      ++looks;
      if (mask.append(*view, encoded)) ++by_mask;
      if (random.one_in(4) && live.is_object())
        live.get_object()["status"] = edit;
      else
        random.disturb(live);
    }
  }
  EXPECT_GT(by_mask * 10, looks * 3) << by_mask << " of " << looks << " needed no parsing";
}

TEST(Fingerprinter, C9_a_deployment_needs_no_parsing_and_tells_drift_from_churn) {
  Fingerprinter fingerprinter(kKey, kManager);
  JsonIndexer indexer;
  FingerprintMemory known;
  const EmptyPaths empties = collect_empty_paths(desired());
  const auto print = [&](const json::value& body) {
    const std::string text = to_json(body);
    const Result<JsonView> view = indexer.view(text);
    std::string encoded;
    const Result<Digest128> read = fingerprinter.read(*view, empties, known);
    EXPECT_TRUE(known.entry && known.entry->mask && known.entry->mask->append(*view, encoded)) << text;
    return read.value();
  };
  const Digest128 converged = print(deployment());
  json::value churned = deployment();
  at(churned, "/status/replicas") = 7;
  at(churned, "/metadata/managedFields/1/time") = "2027-01-01T00:00:00Z";
  containers(churned).push_back(body_of(R"({"name":"mesh","image":"m:1"})"));
  EXPECT_EQ(print(churned), converged);
  json::value drifted = deployment();
  containers(drifted)[0].get_object()["image"] = "nginx:2";
  EXPECT_NE(print(drifted), converged);
}

TEST(Fingerprinter, an_entry_is_read_once_for_all_objects_that_have_it) {
  Fingerprinter fingerprinter(kKey, kManager);
  JsonIndexer indexer;
  const std::string text = to_json(deployment());
  FingerprintMemory first;
  FingerprintMemory second;
  FingerprintMemory other;
  ASSERT_TRUE(fingerprinter.read(*indexer.view(text), {}, first));
  ASSERT_TRUE(fingerprinter.read(*indexer.view(text), {}, second));
  EXPECT_EQ(first.entry, second.entry);
  ASSERT_TRUE(fingerprinter.read(*indexer.view(text), collect_empty_paths(desired()), other));
  EXPECT_NE(first.entry, other.entry);
}

}  // namespace
}  // namespace holdfast
