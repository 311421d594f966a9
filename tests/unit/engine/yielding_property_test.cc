// Ignored means never written, never owned, never reported: on histories of writes made from a seed, merged as the API
// server merges them.
#include <algorithm>
#include <random>

#include "engine/attribution.h"
#include "engine/desired_walk.h"
#include "engine/field_access.h"
#include "engine/fingerprint.h"
#include "engine/handover.h"
#include "engine/yielding.h"
#include "holdfast/merge/managed_fields.h"
#include "holdfast/merge/structured_merge.h"
#include "holdfast/model/object.h"
#include "unit/engine/desired_bodies.h"
#include "unit/merge/merge_types.h"

namespace holdfast {
namespace {

using live_bodies::desired_of;

const FieldManager kManager{"holdfast"};
constexpr const char* kPatterns[] = {"/spec/replicas",
                                     "/spec/paused",
                                     "/spec/selector",
                                     "/spec/selector/matchLabels/a",
                                     ".spec.containers[name=a].image",
                                     ".spec.containers[*].env",
                                     ".spec.containers[name=b]",
                                     ".spec.containers[*].env[name=E].value",
                                     ".spec.containers[*].limits.cpu",
                                     ".spec.containers[*].ports[containerPort=80].name",
                                     ".metadata.finalizers[=\"f/x\"]",
                                     "/spec/containers/*/args",
                                     "/metadata/labels",
                                     "/metadata/labels/l",
                                     "/spec"};

class World {
 public:
  explicit World(unsigned seed) : random_(seed) {}

  bool chance(unsigned percent) { return random_() % 100 < percent; }
  std::size_t below(std::size_t end) { return random_() % end; }
  std::string text() { return std::string(1, static_cast<char>('p' + below(6))); }

  json::object container(const char* name) {
    json::object made{{"name", name}};
    if (chance(80)) made["image"] = text();
    if (chance(30)) made["args"] = json::array{text(), "y"};
    if (chance(50)) made["env"] = json::array{json::object{{"name", "E"}, {"value", text()}}};
    if (chance(30)) made["limits"] = json::object{{"cpu", text()}, {"memory", text()}};
    if (chance(40))
      made["ports"] = json::array{json::object{{"containerPort", 80}, {"name", text()}, {"protocol", "TCP"}}};
    return made;
  }

  json::object body(bool ours) {
    json::object metadata{{"name", "w"}, {"namespace", "n"}};
    json::object labels;
    if (ours) labels[kInstallationLabel] = "prod";
    if (chance(50)) labels["l"] = text();
    if (!labels.empty()) metadata["labels"] = std::move(labels);
    if (chance(40)) metadata["finalizers"] = json::array{"f/x", "f/y"};
    json::object spec;
    if (chance(60)) spec["replicas"] = below(4);
    if (chance(40)) spec["paused"] = chance(50);
    if (chance(40)) spec["selector"] = json::object{{"matchLabels", json::object{{"a", text()}, {"b", text()}}}};
    json::array containers;
    for (const char* name : {"a", "b", "c"})
      if (chance(60)) containers.push_back(container(name));
    if (!containers.empty()) spec["containers"] = std::move(containers);
    json::object made{{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"metadata", std::move(metadata)}};
    if (!spec.empty()) made["spec"] = std::move(spec);
    return made;
  }

  // As somebody's server-side apply or other write. Whether the server took it.
  bool apply(const std::string& manager, json::value config, bool force) {
    config.as_object()["metadata"].as_object().erase("resourceVersion");
    auto merged = holdfast::apply(typed(kDeployment, live_), typed(kDeployment, config, Duplicates::Refused), managers_,
                                  "apps/v1", manager + "|Apply|", force);
    if (!merged) return false;
    take(std::move(*merged), manager + "|Apply|");
    return true;
  }
  void update(const std::string& manager, const std::string& subresource, const json::value& object) {
    const std::string key = manager + "|Update|" + subresource;
    take(holdfast::update(typed(kDeployment, live_), typed(kDeployment, object), managers_, "apps/v1", key), key);
  }

  // Somebody changes or removes a part of the object.
  void meddle() {
    json::value object = live_;
    json::value other(body(false));
    if (chance(30)) {
      object.as_object()["spec"].emplace_object();
      if (const json::value* spec = find(other, {"spec"})) object.as_object()["spec"] = *spec;
    } else if (json::value* containers =
                   find_field(object.as_object(), {PathElement::field("spec"), PathElement::field("containers")});
               containers != nullptr && containers->is_array() && !containers->as_array().empty() && chance(60)) {
      json::value& item = containers->as_array()[below(containers->as_array().size())];
      item = container(std::string(string_at(item, {"name"})).c_str());
    } else {
      if (!object.as_object()["spec"].is_object()) object.as_object()["spec"].emplace_object();
      object.as_object()["spec"].as_object()["replicas"] = below(9);
    }
    if (chance(30)) {
      json::value scaled = live_;
      if (!scaled.as_object()["spec"].is_object()) scaled.as_object()["spec"].emplace_object();
      scaled.as_object()["spec"].as_object()["replicas"] = below(9);
      update("kube-controller-manager", "scale", scaled);
    } else if (chance(50)) {
      update("x", "", object);
    } else {
      apply("t", other, true);
    }
  }

  YieldRules rules() {
    std::vector<IgnoreRule> ignore;
    for (std::size_t i = below(3); i > 0; --i) {
      IgnoreRule rule;
      rule.paths.emplace_back(kPatterns[below(std::size(kPatterns))]);
      if (chance(30)) rule.managers = {"x"};
      if (chance(20)) rule = {{}, {}, {"x"}};
      ignore.push_back(std::move(rule));
    }
    return *YieldRules::compile(ignore, chance(40) ? std::vector<std::string>{"t"} : std::vector<std::string>{});
  }

  // As the API server shows it.
  [[nodiscard]] json::value shown() const {
    json::value live = live_;
    json::array entries;
    for (const auto& [key, set] : managers_) {
      const std::size_t first = key.find('|'), second = key.rfind('|');
      json::object entry{{"manager", key.substr(0, first)},
                         {"operation", key.substr(first + 1, second - first - 1)},
                         {"apiVersion", set.api_version},
                         {"fieldsType", "FieldsV1"},
                         {"fieldsV1", *parse_json(set.fields.serialize())}};
      if (second + 1 < key.size()) entry["subresource"] = key.substr(second + 1);
      entries.push_back(std::move(entry));
    }
    json::object& metadata = live.as_object()["metadata"].as_object();
    metadata["managedFields"] = std::move(entries);
    metadata["uid"] = "u";
    metadata["resourceVersion"] = "1";
    return live;
  }
  [[nodiscard]] const json::value& object() const { return live_; }
  [[nodiscard]] FieldSet owned() const {
    const auto entry = find_applied_entry(shown(), kManager);
    return entry && *entry ? (*entry)->fields : FieldSet{};
  }

 private:
  void take(Merged merged, const std::string& key) {
    live_ = std::move(merged.object);
    managers_ = std::move(merged.managers);
    strip_object_metadata(managers_, key);
  }

  std::mt19937 random_;
  json::value live_ = json::object{
      {"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"metadata", json::object{{"name", "w"}, {"namespace", "n"}}}};
  ManagedSets managers_;
};

bool is_below(const FieldPath& path, const FieldPath& above) {
  return above.size() <= path.size() && std::equal(above.begin(), above.end(), path.begin());
}

std::string text_at(const json::value& object, const FieldPath& path) {
  const json::value* value = find_field(object, path);
  return value == nullptr ? "(absent)" : canonical_json(*value);
}

void expect_not_reported(const Desired& variant, const json::value& live, const FieldSet* before,
                         const FieldPath& path) {
  for (const DriftedField& drift : attribute_fields(variant.body, live, before, kManager))
    EXPECT_FALSE(is_below(drift.path, path)) << drift.drift.path;
}

// What the rules that need no manager are about, found without the engine: every field of the live object, as deep as
// it goes, unless Git dropped the item that it is in.
std::vector<FieldPath> ignored_fields(const json::value& live, const Desired& desired, const YieldRules& rules) {
  std::vector<FieldPath> ignored;
  walk_desired(live.as_object(), {}, [&](const DesiredField& field) {
    if (field.kind == DesiredField::Kind::Map || field.kind == DesiredField::Kind::List) return true;
    const bool by_server = field.path.size() > 1 && field.path[0].text() == "metadata" &&
                           field.path[1].text() != "labels" && field.path[1].text() != "finalizers";
    if (by_server || field.kind == DesiredField::Kind::Item || field.path.back().text() == kInstallationLabel)
      return true;
    for (const YieldRules::Rule& rule : rules.ignore())
      for (const FieldPattern& pattern : rule.paths) {
        if (!rule.managers.empty() || !pattern.covers(field.detailed)) continue;
        bool dropped = false;
        for (std::size_t i = 0; i < field.path.size(); ++i) {
          const FieldPath above(field.path.begin(), field.path.begin() + static_cast<std::ptrdiff_t>(i) + 1);
          const FieldPath detailed(field.detailed.begin(), field.detailed.begin() + static_cast<std::ptrdiff_t>(i) + 1);
          if (pattern.covers(detailed)) break;
          dropped = dropped || (field.path[i].kind() == PathElement::Kind::Key &&
                                find_field(json::value(desired.body), above) == nullptr);
        }
        if (!dropped) ignored.push_back(field.path);
      }
    return true;
  });
  return ignored;
}

// One look at the object: hand over, apply, and see that nothing of it touched what is ignored.
void look(World& world, const Desired& desired, const YieldRules& rules) {
  const json::value before = world.shown();
  const FieldSet owned_before = world.owned();
  const auto yielded = find_yielded(desired, before, kManager, rules);
  ASSERT_TRUE(yielded.has_value());
  const Desired variant = without(desired, *yielded);
  const auto handover = find_handover(desired, variant, *yielded, before, kManager);
  ASSERT_TRUE(handover.has_value());
  if (!handover->empty()) {
    const auto body = handover_body(desired, before, *handover, kManager);
    ASSERT_TRUE(body.has_value());
    ASSERT_TRUE(world.apply(handover_manager(kManager).value, *parse_json(*body), false)) << *body;
    const json::value object = before;
    for (const Yielded& one : *yielded) EXPECT_EQ(text_at(world.object(), one.path), text_at(object, one.path));
    const auto again = find_yielded(desired, world.shown(), kManager, rules);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(without(desired, *again).hash, variant.hash) << "a handover changes nothing of what is ignored";
    EXPECT_TRUE(find_handover(desired, variant, *again, world.shown(), kManager)->empty());
  }
  const json::value handed_over = world.shown();
  ASSERT_TRUE(world.apply(kManager.value, variant.body, true)) << variant.apply_body;
  for (const FieldPath& path : ignored_fields(before, desired, rules))
    EXPECT_EQ(text_at(world.object(), path), text_at(before, path)) << to_string(path) << " was written";
  const FieldSet owned = world.owned();
  for (const Yielded& one : *yielded) {
    SCOPED_TRACE(to_string(one.path) + ": " + one.why);
    EXPECT_EQ(find_field(json::value(variant.body), one.path), nullptr) << variant.apply_body;
    // Where there was nothing, a map may turn out to be one value only by writing it; the next look knows.
    if (text_at(before, one.path) != "(absent)") EXPECT_FALSE(touches(owned, one.path)) << owned.serialize();
    EXPECT_EQ(text_at(world.object(), one.path), text_at(before, one.path)) << "it was written";
    expect_not_reported(variant, before, nullptr, one.path);
    expect_not_reported(variant, before, &owned_before, one.path);
    expect_not_reported(variant, handed_over, &owned_before, one.path);
  }
}

TEST(YieldingProperty, ignored_is_never_written_never_owned_never_reported) {
  std::size_t yields = 0, handovers = 0;
  for (unsigned seed = 1; seed <= 800 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    world.apply(kManager.value, world.body(true), true);
    for (std::size_t i = world.below(4); i > 0; --i) world.meddle();
    const YieldRules rules = world.rules();
    for (int round = 0; round < 2; ++round) {
      const Desired desired = desired_of(world.body(true));
      yields += find_yielded(desired, world.shown(), kManager, rules)->size();
      look(world, desired, rules);
      look(world, desired, rules);  // the second finds the same in another state of ownership
      const json::value shown = world.shown();
      handovers += find_applied_entry(shown, handover_manager(kManager))->has_value() ? 1 : 0;
      world.meddle();
    }
  }
  EXPECT_GT(yields, 500U) << "the histories no longer exercise the rules";
  EXPECT_GT(handovers, 150U);
}

TEST(YieldingProperty, a_change_of_what_is_ignored_leaves_the_fingerprint) {
  const DigestKey key = DigestKey::random();
  std::size_t compared = 0;
  for (unsigned seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    world.apply(kManager.value, world.body(true), true);
    const YieldRules rules = *YieldRules::compile({{{}, {"/spec/replicas", ".spec.containers[*].image"}, {}}}, {});
    const Desired desired = desired_of(world.body(true));
    look(world, desired, rules);
    const Desired variant = without(desired, *find_yielded(desired, world.shown(), kManager, rules));
    const auto before = fingerprint(key, world.shown(), kManager, variant.empties);
    ASSERT_TRUE(before.has_value());
    json::value object = world.object();
    json::value* spec = object.as_object().if_contains("spec");
    if (spec == nullptr || !spec->is_object()) continue;
    spec->as_object()["replicas"] = 77;
    if (json::value* containers = spec->as_object().if_contains("containers");
        containers != nullptr && containers->is_array())
      for (json::value& item : containers->as_array()) item.as_object()["image"] = "another";
    world.update("y", "", object);
    EXPECT_EQ(*before, *fingerprint(key, world.shown(), kManager, variant.empties));
    ++compared;
  }
  EXPECT_GT(compared, 300U);
}

}  // namespace
}  // namespace holdfast
