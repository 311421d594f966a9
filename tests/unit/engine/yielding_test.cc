#include "engine/yielding.h"

#include "engine/attribution.h"
#include "engine/handover.h"
#include "holdfast/merge/managed_fields.h"
#include "unit/engine/desired_bodies.h"

namespace holdfast {
namespace {

using namespace holdfast::live_bodies;

const FieldManager kManager{"holdfast"};

YieldRules rules(std::vector<IgnoreRule> ignore, std::vector<std::string> trusted = {}) {
  auto made = YieldRules::compile(ignore, std::move(trusted));
  EXPECT_TRUE(made.has_value()) << (made ? "" : describe(made.error()));
  return made ? *made : YieldRules{};
}
YieldRules ignoring(std::vector<std::string> paths, std::vector<std::string> managers = {}) {
  return rules({{{}, std::move(paths), std::move(managers)}});
}

std::vector<Yielded> yielded(const json::value& live, const YieldRules& with, std::string_view body = kDesired) {
  auto found = find_yielded(desired_of(body), live, kManager, with);
  EXPECT_TRUE(found.has_value()) << (found ? "" : describe(found.error()));
  return found ? *found : std::vector<Yielded>{};
}

std::vector<std::string> paths(const std::vector<Yielded>& fields) {
  std::vector<std::string> texts;
  for (const Yielded& one : fields) texts.push_back(to_string(one.path));
  return texts;
}
using Paths = std::vector<std::string>;

// Whoever scales it takes the field.
json::value scaled_by(std::string_view manager, std::string_view subresource, int replicas) {
  json::value live = deployment();
  at(live, "/spec/replicas") = replicas;
  our_fields(live)["f:spec"].as_object().erase("f:replicas");
  add_entry(live, manager, "Update", subresource, R"({"f:spec":{"f:replicas":{}}})");
  return live;
}

TEST(Yielding, D2_replicas_that_an_autoscaler_took_are_left_to_it) {
  for (const char* manager : {"kube-controller-manager", "keda", "keda-operator"}) {
    const auto found = yielded(scaled_by(manager, "scale", 5), {});
    ASSERT_EQ(paths(found), Paths{".spec.replicas"}) << manager;
    EXPECT_EQ(found[0].to, std::string(manager) + " (scale)");
    EXPECT_FALSE(found[0].why.empty());
  }
}

TEST(Yielding, kubectl_scale_is_drift_and_so_is_a_controller_that_writes_the_object_itself) {
  EXPECT_TRUE(yielded(scaled_by("kubectl", "scale", 5), {}).empty());
  EXPECT_TRUE(yielded(scaled_by("kube-controller-manager", "", 5), {}).empty());
}

TEST(Yielding, replicas_that_we_hold_too_with_an_equal_value_stay_ours) {
  json::value live = deployment();
  add_entry(live, "kube-controller-manager", "Update", "scale", R"({"f:spec":{"f:replicas":{}}})");
  EXPECT_TRUE(yielded(live, {}).empty());
  at(live, "/spec/replicas") = 7;
  EXPECT_EQ(paths(yielded(live, {})), Paths{".spec.replicas"});
}

TEST(Yielding, a_resize_by_the_vertical_autoscaler_is_left_to_it) {
  const char* pod = R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"w"},
    "spec":{"containers":[{"name":"a","image":"i","resources":{"requests":{"cpu":"1"}}}]}})";
  json::value live = body_of(R"({"apiVersion":"v1","kind":"Pod","metadata":{"uid":"u","managedFields":[]},
    "spec":{"containers":[{"name":"a","image":"i","resources":{"requests":{"cpu":"2"}}}]}})");
  add_entry(live, "updater", "Update", "resize", R"({"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{"f:resources":
    {"f:requests":{"f:cpu":{}}}}}}})");
  EXPECT_EQ(paths(yielded(live, {}, pod)), Paths{".spec.containers[name=\"a\"].resources.requests.cpu"});
}

TEST(Yielding, a_path_is_ignored_whoever_holds_it_and_before_there_is_an_object) {
  const YieldRules ignore = ignoring({"/spec/replicas", ".spec.template.spec.containers[name=a].image"});
  const Paths both = {".spec.replicas", ".spec.template.spec.containers[name=\"a\"].image"};
  EXPECT_EQ(paths(yielded(deployment(), ignore)), both);
  EXPECT_EQ(paths(yielded(nullptr, ignore)), both);
  EXPECT_TRUE(yielded(nullptr, ignore)[0].why.contains("ignore rule 1"));
}

TEST(Yielding, a_rule_is_about_its_target_only) {
  IgnoreRule rule{{}, {"/spec/replicas"}, {}};
  rule.target.kind = "StatefulSet";
  EXPECT_TRUE(yielded(deployment(), rules({rule})).empty());
  rule.target.kind = "Deploy*";
  EXPECT_EQ(yielded(deployment(), rules({rule})).size(), 1U);
}

TEST(Yielding, what_a_named_manager_holds_is_ignored_at_the_rules_paths_where_it_has_some) {
  const json::value live = scaled_by("someone", "", 5);
  EXPECT_EQ(paths(yielded(live, ignoring({}, {"someone"}))), Paths{".spec.replicas"});
  EXPECT_EQ(paths(yielded(live, ignoring({"/spec"}, {"someone"}))), Paths{".spec.replicas"});
  EXPECT_TRUE(yielded(live, ignoring({"/metadata"}, {"someone"})).empty());
  EXPECT_TRUE(yielded(live, ignoring({}, {"another"})).empty());
  EXPECT_TRUE(yielded(live, ignoring({"/spec/replicas"}, {"another"})).empty());
}

TEST(Yielding, a_trusted_manager_keeps_what_it_takes_but_not_what_names_an_item) {
  json::value live = deployment();
  add_entry(live, "operator", "Apply", "", R"({"f:spec":{"f:template":{"f:spec":{"f:containers":
    {"k:{\"name\":\"a\"}":{".":{},"f:name":{},"f:image":{}}}}}}})");
  EXPECT_EQ(paths(yielded(live, rules({}, {"operator"}))), Paths{".spec.template.spec.containers[name=\"a\"].image"});
}

TEST(Yielding, who_holds_a_map_only_as_such_holds_nothing_that_others_put_into_it) {
  json::value live = deployment();
  add_entry(live, "operator", "Update", "", R"({"f:metadata":{"f:labels":{}},"f:spec":{"f:selector":{}}})");
  EXPECT_EQ(paths(yielded(live, rules({}, {"operator"}))), Paths{".spec.selector"});
}

TEST(Yielding, a_map_whose_shape_nobody_tells_is_left_whole_while_there_is_something_in_it) {
  const char* body = R"({"apiVersion":"ex.io/v1","kind":"Thing","metadata":{"name":"t"},"m":{"a":"1","b":"2"}})";
  const YieldRules ignore = ignoring({"/m/a"});
  EXPECT_EQ(paths(yielded(nullptr, ignore, body)), Paths{".m.a"});
  json::value live = body_of(R"({"metadata":{"managedFields":[]},"m":{"a":"9"}})");
  EXPECT_EQ(paths(yielded(live, ignore, body)), Paths{".m"});
  add_entry(live, "x", R"({"f:m":{"f:a":{}}})");
  EXPECT_EQ(paths(yielded(live, ignore, body)), Paths{".m.a"});
}

TEST(Yielding, what_marks_an_object_as_ours_is_never_left_to_others) {
  const char* body = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"w","labels":{"a":"b",
    "holdfast.dev/installation":"prod","applyset.kubernetes.io/part-of":"x"},"annotations":{"n":"o"}},"data":{"k":"v"}})";
  const auto found = yielded(nullptr, ignoring({"/metadata", "/apiVersion", "/kind", "/data"}), body);
  EXPECT_EQ(paths(found), (Paths{".metadata.labels.a", ".metadata.annotations", ".data"}));
  const Desired left = without(desired_of(body), found);
  EXPECT_EQ(json::value(left.body), body_of(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c",
    "namespace":"w","labels":{"holdfast.dev/installation":"prod","applyset.kubernetes.io/part-of":"x"}}})"));
}

TEST(Yielding, a_part_of_what_is_one_value_leaves_all_of_it_and_says_so) {
  const auto found = yielded(deployment(), ignoring({"/spec/selector/matchLabels/app"}));
  ASSERT_EQ(paths(found), Paths{".spec.selector"});
  EXPECT_TRUE(found[0].why.contains("one value")) << found[0].why;
}

TEST(Yielding, managed_fields_that_cannot_be_read_are_unknown_and_not_nobodys) {
  json::value live = deployment();
  at(live, "/metadata/managedFields/0/fieldsV1") = json::object{{"x", json::object{}}};
  EXPECT_FALSE(find_yielded(desired_of(kDesired), live, kManager, {}).has_value());
}

TEST(Yielding, a_rule_that_cannot_be_read_is_named) {
  const auto bad = YieldRules::compile({{{}, {"/a"}, {}}, {{}, {"/spec/0"}, {}}}, {});
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().where, "ignore rule 2");
  EXPECT_FALSE(YieldRules::compile({IgnoreRule{}}, {}).has_value());
}

TEST(Without, nothing_left_out_is_the_same_desired_state) {
  const Desired web = desired_of(kDesired);
  EXPECT_EQ(without(web, {}).hash, web.hash);
  EXPECT_EQ(without(web, {{path_of({"spec", "absent"}), "", ""}}).apply_body, web.apply_body);
}

TEST(Without, body_bytes_hash_and_empties_are_those_of_what_is_left) {
  const Desired web = desired_of(kDesired);
  const Desired left = without(web, {{path_of({"spec", "replicas"}), "", ""}});
  json::object body = web.body;
  body["spec"].as_object().erase("replicas");
  const Desired expected = desired_of(body);
  EXPECT_EQ(left.apply_body, expected.apply_body);
  EXPECT_EQ(left.hash, expected.hash);
  EXPECT_NE(left.hash, web.hash);
  EXPECT_FALSE(web.empties.empty());
  FieldPath resources = path_of({"spec", "template", "spec", "containers"});
  resources.push_back(PathElement::key({{"name", "a"}}));
  resources.push_back(PathElement::field("resources"));
  EXPECT_TRUE(without(web, {{resources, "", ""}}).empties.empty());
}

TEST(Without, an_emptied_parent_goes_and_one_that_git_has_empty_stays) {
  const Desired map = desired_of(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","annotations":{}},
    "a":{"b":{"c":1}},"list":["x"],"d":{}})");
  const Desired left = without(
      map, {{path_of({"a", "b", "c"}), "", ""}, {{PathElement::field("list"), PathElement::value("x")}, "", ""}});
  EXPECT_EQ(json::value(left.body), body_of(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c",
    "annotations":{}},"d":{}})"));
}

// Seen on the API server: applying without the item deletes it, though another manager owns a field in it.
TEST(Without, an_item_keeps_its_key_for_dropping_it_would_delete_it) {
  const Desired pod = desired_of(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},
    "spec":{"containers":[{"name":"a","image":"i"},{"name":"b","image":"j"}]}})");
  FieldPath image = path_of({"spec", "containers"});
  image.push_back(PathElement::key({{"name", "b"}}));
  FieldPath item = image;
  image.push_back(PathElement::field("image"));
  EXPECT_EQ(json::value(without(pod, {{image, "", ""}}).body).at_pointer("/spec/containers"),
            body_of(R"([{"name":"a","image":"i"},{"name":"b"}])"));
  EXPECT_EQ(json::value(without(pod, {{item, "", ""}}).body).at_pointer("/spec/containers"),
            body_of(R"([{"name":"a","image":"i"}])"));
}

class Handover : public testing::Test {
 protected:
  FieldSet needed(const json::value& live, const YieldRules& with, std::string_view body = kDesired) {
    const Desired web = desired_of(body);
    fields_ = yielded(live, with, body);
    auto found = find_handover(web, without(web, fields_), fields_, live, kManager);
    EXPECT_TRUE(found.has_value());
    return found ? *found : FieldSet{};
  }
  json::value body_for(const json::value& live, const FieldSet& fields) {
    const auto body = handover_body(desired_of(kDesired), live, fields, kManager);
    EXPECT_TRUE(body.has_value()) << (body ? "" : describe(body.error()));
    return body ? body_of(*body) : json::value();
  }
  std::vector<Yielded> fields_;
};

TEST_F(Handover, D2_a_field_that_only_we_own_is_handed_over_with_its_live_value) {
  json::value live = deployment();
  at(live, "/spec/replicas") = 4;
  const FieldSet fields = needed(live, ignoring({"/spec/replicas"}));
  EXPECT_EQ(fields.serialize(), R"({"f:spec":{"f:replicas":{}}})");
  EXPECT_EQ(body_for(live, fields), body_of(R"({"apiVersion":"apps/v1","kind":"Deployment","spec":{"replicas":4},
    "metadata":{"name":"web","namespace":"w","uid":"u-1","resourceVersion":"10"}})"));
}

TEST_F(Handover, a_field_that_another_owns_needs_none) {
  EXPECT_TRUE(needed(scaled_by("kube-controller-manager", "scale", 5), {}).empty());
  json::value live = deployment();
  add_entry(live, "other", "Apply", "", R"({"f:spec":{"f:replicas":{}}})");
  EXPECT_TRUE(needed(live, ignoring({"/spec/replicas"})).empty());
}

TEST_F(Handover, what_git_drops_and_nobody_ignores_is_pruned_and_what_is_ignored_is_handed_over) {
  const char* smaller = R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"w"}})";
  EXPECT_EQ(needed(deployment(), ignoring({"/spec/replicas"}), smaller).serialize(), R"({"f:spec":{"f:replicas":{}}})");
  EXPECT_EQ(paths(fields_), Paths{".spec.replicas"});
}

TEST_F(Handover, an_item_that_git_drops_goes_though_a_field_in_it_is_ignored) {
  const char* smaller = R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"w"},
    "spec":{"template":{"spec":{"containers":[{"name":"a","image":"nginx:1"}]}}}})";
  EXPECT_TRUE(needed(deployment(), ignoring({".spec.template.spec.containers[name=b].image"}), smaller).empty());
  EXPECT_FALSE(needed(deployment(), ignoring({".spec.template.spec.containers[name=b]"}), smaller).empty());
}

TEST_F(Handover, an_item_is_handed_over_with_what_names_it_and_without_what_others_hold_in_it) {
  json::value live = deployment();
  our_container(live, "b").erase("f:image");
  add_entry(live, "x",
            R"({"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"b\"}":{"f:image":{}}}}}}})");
  const FieldSet fields = needed(live, ignoring({".spec.template.spec.containers[name=b]"}));
  EXPECT_EQ(body_for(live, fields).at_pointer("/spec/template/spec/containers"), body_of(R"([{"name":"b"}])"));
}

TEST_F(Handover, a_map_that_others_own_something_in_is_handed_over_empty) {
  const char* thing =
      R"({"apiVersion":"ex.io/v1","kind":"Thing","metadata":{"name":"t"},"spec":{"n":{"m":"1"},"z":1}})";
  json::value live = body_of(R"({"metadata":{"uid":"u","resourceVersion":"7","managedFields":[]},
    "spec":{"n":{"m":"2"},"z":1}})");
  add_entry(live, "holdfast", "Apply", "", R"({"f:spec":{"f:n":{},"f:z":{}}})");
  add_entry(live, "x", R"({"f:spec":{"f:n":{"f:m":{}}}})");
  const FieldSet fields = needed(live, rules({}, {"x"}), thing);
  EXPECT_EQ(fields.serialize(), R"({"f:spec":{"f:n":{}}})");
  EXPECT_EQ(body_for(live, fields).at_pointer("/spec"), body_of(R"({"n":{}})"));
}

TEST_F(Handover, what_was_handed_over_before_stays_in_the_next_body) {
  json::value live = deployment();
  at(live, "/spec").as_object()["paused"] = true;
  add_entry(live, "holdfast-handover", "Apply", "", R"({"f:spec":{"f:paused":{}}})");
  EXPECT_EQ(body_for(live, needed(live, ignoring({"/spec/replicas"}))).at_pointer("/spec"),
            body_of(R"({"replicas":2,"paused":true})"));
}

TEST_F(Handover, V31_it_is_released_once_somebody_else_owns_the_field) {
  const Desired web = desired_of(kDesired);
  const auto release = [&](const json::value& live) {
    const auto body = release_body(web, live, kManager);
    EXPECT_TRUE(body.has_value());
    return body ? *body : std::nullopt;
  };
  json::value live = scaled_by("holdfast-handover", "", 3);
  at(live, "/metadata/managedFields").as_array().back().as_object()["operation"] = "Apply";
  EXPECT_FALSE(release(deployment()).has_value());
  EXPECT_FALSE(release(live).has_value());
  EXPECT_FALSE(release(nullptr).has_value());
  add_entry(live, "someone", "Apply", "", R"({"f:spec":{"f:replicas":{}}})");
  ASSERT_TRUE(release(live).has_value());
  EXPECT_EQ(body_of(*release(live)), body_of(R"({"apiVersion":"apps/v1","kind":"Deployment",
    "metadata":{"name":"web","namespace":"w","uid":"u-1","resourceVersion":"10"}})"));
  at(live, "/metadata/managedFields/2/fieldsV1/f:spec").as_object()["f:paused"] = json::object{};
  at(live, "/spec").as_object()["paused"] = false;
  EXPECT_EQ(body_of(*release(live)).at_pointer("/spec"), body_of(R"({"paused":false})"));
}

TEST_F(Handover, the_second_manager_is_not_one_of_the_others_that_a_rule_may_name) {
  json::value live = scaled_by("holdfast-handover", "", 3);
  at(live, "/metadata/managedFields").as_array().back().as_object()["operation"] = "Apply";
  EXPECT_TRUE(yielded(live, rules({}, {"holdfast-handover", "holdfast"})).empty());
}

}  // namespace
}  // namespace holdfast
