#include "engine/fingerprint.h"

#include <algorithm>
#include <functional>

#include "unit/engine/live_bodies.h"

namespace holdfast {
namespace {

using namespace holdfast::live_bodies;

const DigestKey kKey{{1, 2, 3}};
const FieldManager kManager{"holdfast"};

Digest128 print(const json::value& body, const EmptyPaths& empties) {
  const auto digest = fingerprint(kKey, body, kManager, empties);
  EXPECT_TRUE(digest.has_value()) << describe(digest.error());
  return digest ? *digest : Digest128{};
}

// What an edit of the live Deployment does to its fingerprint.
bool changes(const std::function<void(json::value&)>& edit) {
  const EmptyPaths empties = collect_empty_paths(desired());
  json::value edited = deployment();
  edit(edited);
  return print(edited, empties) != print(deployment(), empties);
}

// The same between two whole bodies.
bool differ(std::string_view a, std::string_view b, std::string_view desired_text = "{}") {
  const EmptyPaths empties = collect_empty_paths(body_of(desired_text).as_object());
  return print(body_of(a), empties) != print(body_of(b), empties);
}

std::string custom(std::string_view fields, std::string_view spec) {
  return R"({"metadata":{"uid":"u","managedFields":[{"manager":"holdfast","operation":"Apply","apiVersion":"v1",
    "fieldsType":"FieldsV1","fieldsV1":)" +
         std::string(fields) + R"(}]},"spec":)" + std::string(spec) + "}";
}

TEST(Fingerprint, C9_status_versions_and_times_are_no_drift) {
  EXPECT_FALSE(changes([](json::value&) {}));
  EXPECT_FALSE(changes([](json::value& body) { at(body, "/status/replicas") = 1; }));
  EXPECT_FALSE(changes([](json::value& body) { body.as_object().erase("status"); }));
  EXPECT_FALSE(changes([](json::value& body) { at(body, "/metadata/resourceVersion") = "11"; }));
  EXPECT_FALSE(changes([](json::value& body) { at(body, "/metadata/generation") = 2; }));
  EXPECT_FALSE(changes([](json::value& body) { at(body, "/metadata/managedFields/0/time") = "2027-01-01T00:00:00Z"; }));
  EXPECT_FALSE(changes([](json::value& body) { at(body, "/metadata/managedFields/1/time") = "2027-01-01T00:00:00Z"; }));
}

TEST(Fingerprint, C9_what_others_own_is_no_drift) {
  EXPECT_FALSE(changes([](json::value& body) { at(body, "/metadata/annotations").as_object()["other.io/x"] = "1"; }));
  EXPECT_FALSE(changes([](json::value& body) { at(body, "/metadata/labels").as_object()["theirs"] = "1"; }));
  EXPECT_FALSE(changes(
      [](json::value& body) { add_entry(body, "kubectl-edit", R"({"f:metadata":{"f:labels":{"f:theirs":{}}}})"); }));
  EXPECT_FALSE(changes([](json::value& body) { at(body, "/spec/revisionHistoryLimit") = 3; }));
  EXPECT_FALSE(changes([](json::value& body) { containers(body)[0].as_object()["imagePullPolicy"] = "Always"; }));
}

TEST(Fingerprint, C9_a_sidecar_or_an_env_entry_of_others_is_no_drift_wherever_it_stands) {
  const json::value sidecar = body_of(R"({"name":"mesh","image":"m:1"})");
  EXPECT_FALSE(changes([&](json::value& body) { containers(body).push_back(sidecar); }));
  EXPECT_FALSE(changes([&](json::value& body) { containers(body).insert(containers(body).begin(), sidecar); }));
  EXPECT_FALSE(changes([&](json::value& body) { containers(body).insert(containers(body).begin() + 1, sidecar); }));
  EXPECT_FALSE(changes([](json::value& body) {
    json::array& env = containers(body)[0].as_object()["env"].as_array();
    env.insert(env.begin(), json::object{{"name", "INJECTED"}, {"value", "x"}});
  }));
}

TEST(Fingerprint, C9_an_owned_field_changed_or_removed_is_drift) {
  EXPECT_TRUE(changes([](json::value& body) { at(body, "/spec/replicas") = 3; }));
  EXPECT_TRUE(changes([](json::value& body) { at(body, "/spec").as_object().erase("replicas"); }));
  EXPECT_TRUE(changes([](json::value& body) { at(body, "/metadata/labels/app") = "x"; }));
  EXPECT_TRUE(changes([](json::value& body) { at(body, "/metadata").as_object().erase("labels"); }));
  EXPECT_TRUE(changes([](json::value& body) { containers(body)[0].as_object()["image"] = "nginx:2"; }));
  EXPECT_TRUE(changes([](json::value& body) { containers(body).pop_back(); }));
  EXPECT_TRUE(changes([](json::value& body) { containers(body)[0].as_object()["ports"].as_array().clear(); }));
  EXPECT_TRUE(changes([](json::value& body) { at(body, "/metadata/finalizers").as_array().pop_back(); }));
}

TEST(Fingerprint, C9_our_items_in_another_order_are_drift) {
  const auto swap_first = [](json::array& list) { std::swap(list[0], list[1]); };
  EXPECT_TRUE(changes([&](json::value& body) { swap_first(containers(body)); }));
  EXPECT_TRUE(changes([&](json::value& body) { swap_first(containers(body)[0].as_object()["env"].as_array()); }));
  EXPECT_TRUE(changes([&](json::value& body) { swap_first(at(body, "/metadata/finalizers").as_array()); }));
}

TEST(Fingerprint, C9_any_edit_inside_an_atomic_list_or_map_is_drift) {
  EXPECT_TRUE(changes([](json::value& body) { containers(body)[0].as_object()["args"].as_array().push_back("-z"); }));
  EXPECT_TRUE(changes([](json::value& body) {
    json::array& args = containers(body)[0].as_object()["args"].as_array();
    std::swap(args[0], args[1]);
  }));
  EXPECT_TRUE(changes([](json::value& body) { at(body, "/spec/selector/matchLabels/app") = "x"; }));
}

TEST(Fingerprint, C9_lost_ownership_is_drift_with_the_value_as_it_was) {
  EXPECT_TRUE(changes([](json::value& body) { our_container(body, "a").erase("f:image"); }));
  EXPECT_TRUE(changes([](json::value& body) { our_fields(body).erase("f:metadata"); }));
  EXPECT_TRUE(changes([](json::value& body) { at(body, "/metadata/managedFields").as_array().clear(); }));
  EXPECT_TRUE(changes([](json::value& body) { at(body, "/metadata/managedFields/0/apiVersion") = "apps/v1beta1"; }));
  EXPECT_TRUE(changes([](json::value& body) { at(body, "/metadata/uid") = "u-2"; }));
}

TEST(Fingerprint, the_order_of_json_keys_and_the_spelling_of_numbers_do_not_matter) {
  EXPECT_FALSE(changes([](json::value& body) {
    const json::value copy = body_of(canonical_json(body));
    body = copy;
  }));
  EXPECT_FALSE(changes([](json::value& body) { at(body, "/spec/replicas") = 2.0; }));
  EXPECT_TRUE(changes([](json::value& body) { at(body, "/spec/replicas") = "2"; }));
}

TEST(Fingerprint, C3_an_empty_list_in_git_shows_when_it_is_removed_though_nobody_owns_it) {
  const char* owned = R"({"f:spec":{"f:a":{}}})";
  const char* wanted = R"({"spec":{"a":1,"mp":[]}})";
  const std::string present = custom(owned, R"({"a":1,"mp":[]})");
  const std::string absent = custom(owned, R"({"a":1})");
  EXPECT_TRUE(differ(present, absent, wanted));
  EXPECT_TRUE(differ(present, custom(owned, R"({"a":1,"mp":null})"), wanted));
  EXPECT_FALSE(differ(present, absent, R"({"spec":{"a":1}})"));
  EXPECT_FALSE(differ(present, custom(owned, R"({"a":1,"mp":[{"k":"theirs"}]})"), wanted));  // V20: no write
}

TEST(Fingerprint, C3_empties_inside_an_item_follow_the_item_and_not_its_position) {
  const char* owned = R"({"f:spec":{"f:l":{"k:{\"name\":\"a\"}":{".":{},"f:name":{}}}}})";
  const char* wanted = R"({"spec":{"l":[{"name":"a","e":[]}]}})";
  const std::string present = custom(owned, R"({"l":[{"name":"a","e":[]}]})");
  EXPECT_FALSE(differ(present, custom(owned, R"({"l":[{"name":"theirs"},{"name":"a","e":[]}]})"), wanted));
  EXPECT_TRUE(differ(present, custom(owned, R"({"l":[{"name":"a"}]})"), wanted));
}

TEST(Fingerprint, C3_what_was_an_empty_list_shows_when_it_becomes_another_kind_of_value) {
  for (const char* other : {"{}", R"({"a":1})", "1"})
    EXPECT_TRUE(differ(custom("{}", R"({"open":[]})"), custom("{}", std::string(R"({"open":)") + other + "}"),
                       R"({"spec":{"open":[]}})"))
        << other;
}

TEST(Fingerprint, C4_where_an_item_lacks_its_key_fields_the_whole_list_counts) {
  // Ours is the bare one, whose only key is a default; the other one's port is a key that ours does not have.
  const std::string fields = R"({"f:spec":{"f:l":{"k:{\"protocol\":\"TCP\"}":{}}}})";
  EXPECT_TRUE(differ(custom(fields, R"({"l":[{},{"port":1,"protocol":"TCP"}]})"),
                     custom(fields, R"({"l":[{"port":1,"protocol":"TCP"},{}]})")));
}

// Ours is the one without a name; the other has all that ours is named by, and stood where ours stands now.
TEST(Fingerprint, C4_where_an_item_has_more_key_fields_than_ours_the_whole_list_counts) {
  const char* const ours = R"({"f:spec":{"f:list":{"k:{\"name\":\"b\",\"protocol\":\"a\"}":{".":{}},)"
                           R"("k:{\"protocol\":\"d\"}":{".":{},"f:port":{}}}}})";
  EXPECT_TRUE(differ(
      custom(
          ours,
          R"({"list":[{"name":"b","port":1,"protocol":"d"},{"name":"b","protocol":"a"},{"port":1,"protocol":"d"}]})"),
      custom(
          ours,
          R"({"list":[{"port":1,"protocol":"d"},{"name":"b","protocol":"a"},{"name":"b","port":1,"protocol":"d"}]})")));
}

TEST(Fingerprint, C3_others_count_where_an_apply_may_take_an_empty_map_away_with_what_is_in_it) {
  const auto with_others = [](std::string_view spec, bool others) {
    json::value body = body_of(custom(R"({"f:spec":{"f:m":{}}})", spec));
    if (others) add_entry(body, "u", R"({"f:spec":{"f:m":{"f:a":{}}}})");
    return to_json(body);
  };
  constexpr std::string_view kEmptyMap = R"({"spec":{"m":{}}})";
  for (const char* traceless : {R"({"m":{"a":1,"l":[]}})", R"({"m":{"a":1,"l":{}}})", R"({"m":{"a":[null]}})"})
    EXPECT_TRUE(differ(with_others(traceless, true), with_others(traceless, false), kEmptyMap)) << traceless;
  EXPECT_FALSE(differ(with_others(R"({"m":{"a":1}})", true), with_others(R"({"m":{"a":1}})", false), kEmptyMap));
  EXPECT_FALSE(differ(with_others(R"({"m":{}})", true), with_others(R"({"m":{}})", false), kEmptyMap));
}

TEST(Fingerprint, C3_a_null_in_git_has_four_answers) {
  const char* owned = R"({"f:spec":{"f:a":{}}})";
  const char* wanted = R"({"spec":{"a":1,"n":null}})";
  const std::string specs[] = {R"({"a":1})", R"({"a":1,"n":null})", R"({"a":1,"n":{}})", R"({"a":1,"n":{"x":1}})"};
  for (const std::string& a : specs)
    for (const std::string& b : specs) EXPECT_EQ(differ(custom(owned, a), custom(owned, b), wanted), a != b) << a << b;
}

TEST(Fingerprint, an_empty_map_of_annotations_owns_nothing_in_it) {
  const auto body = [](const char* annotations) {
    return R"({"metadata":{"uid":"u","annotations":)" + std::string(annotations) +
           R"(,"managedFields":[{"manager":"holdfast",
      "operation":"Apply","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:annotations":{}}}}]}})";
  };
  EXPECT_FALSE(differ(body("{}"), body(R"({"theirs":"1"})"), R"({"metadata":{"annotations":{}}})"));
}

TEST(Fingerprint, an_item_that_cannot_be_told_makes_every_change_in_its_list_show) {
  const char* owned = R"({"f:spec":{"f:l":{"k:{\"name\":\"gone\"}":{".":{},"f:v":{}}}}})";
  EXPECT_TRUE(differ(custom(owned, R"({"l":[{"name":"a","v":1}]})"), custom(owned, R"({"l":[{"name":"a","v":2}]})")));
}

TEST(Fingerprint, neighbouring_strings_cannot_be_shifted_into_one_another) {
  const char* owned = R"({"f:spec":{"f:a":{},"f:b":{}}})";
  EXPECT_TRUE(differ(custom(owned, R"({"a":"x","b":"yz"})"), custom(owned, R"({"a":"xy","b":"z"})")));
  EXPECT_TRUE(differ(custom(owned, R"({"a":"x"})"), custom(owned, R"({"b":"x"})")));
}

TEST(Fingerprint, C3_the_owned_set_counts_where_every_value_agrees) {
  const char* spec = R"({"a":"x","b":"x","l":[{"name":"i"}]})";
  EXPECT_TRUE(differ(custom(R"({"f:spec":{"f:a":{}}})", spec), custom(R"({"f:spec":{"f:b":{}}})", spec)));
  EXPECT_TRUE(differ(custom(R"({"f:spec":{"f:l":{"k:{\"name\":\"i\"}":{".":{},"f:name":{}}}}})", spec),
                     custom(R"({"f:spec":{"f:l":{"k:{\"name\":\"i\"}":{"f:name":{}}}}})", spec)));
}

TEST(Fingerprint, V15_an_object_of_which_we_own_nothing_has_one) {
  EXPECT_FALSE(differ(R"({"metadata":{"uid":"u"}})", R"({"metadata":{"uid":"u","labels":{"x":"y"}}})"));
  EXPECT_TRUE(differ(R"({"metadata":{"uid":"u"}})", R"({"metadata":{"uid":"v"}})"));
}

TEST(Fingerprint, what_cannot_be_read_has_none) {
  EXPECT_FALSE(fingerprint(kKey, body_of(R"({"metadata":{}})"), kManager, {}).has_value());
  EXPECT_FALSE(fingerprint(kKey, body_of(custom(R"({"bad":{}})", "{}")), kManager, {}).has_value());
}

TEST(Fingerprint, it_is_keyed) {
  const auto other = fingerprint(DigestKey{{9}}, deployment(), kManager, {});
  EXPECT_NE(*other, print(deployment(), {}));
}

}  // namespace
}  // namespace holdfast
