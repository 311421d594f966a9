#include "app/plan_text.h"

#include <gtest/gtest.h>

#include "app/object_documents.h"
#include "app/plan_document.h"
#include "app/yaml_text.h"

namespace holdfast {
namespace {

ChangePlan plan() {
  ApplicationPlan shop{"shop", "gitops", "main@sha1:1", {}, {}};
  const auto add = [&](ChangeVerb verb, ObjectKey key, std::optional<Wave> wave) -> PlannedChange& {
    PlannedChange change;
    change.verb = verb;
    change.key = std::move(key);
    change.wave = wave;
    if (wave) change.origin = "a.yaml:1";
    shop.changes.push_back(change);
    return shop.changes.back();
  };
  add(ChangeVerb::Create, {"", "ConfigMap", "w", "new"}, Wave{0, 0}).fields = {{".data", "(absent)", "{}"}};
  add(ChangeVerb::Change, {"apps", "Deployment", "w", "web"}, Wave{0, 1}).fields = {{".spec.replicas", "2", "3"}};
  PlannedChange& refused = add(ChangeVerb::Refuse, {"batch", "Job", "w", "once"}, Wave{0, 1});
  refused.reason = "field is immutable";
  refused.immutable = {".spec.template"};
  add(ChangeVerb::Move, {"", "ConfigMap", "w", "moved"}, std::nullopt).to = "other";
  PlannedChange& pruned = add(ChangeVerb::Prune, {"", "Namespace", "", "old"}, std::nullopt);
  pruned.danger = "deletes everything in the namespace";
  ChangePlan made;
  made.applications = {shop};
  made.blast.verbs = {{ChangeVerb::Create, 1},
                      {ChangeVerb::Change, 1},
                      {ChangeVerb::Move, 1},
                      {ChangeVerb::Prune, 1},
                      {ChangeVerb::Refuse, 1}};
  made.blast.kinds["ConfigMap"] = {{ChangeVerb::Create, 1}, {ChangeVerb::Move, 1}};
  made.blast.kinds["Deployment.apps"] = {{ChangeVerb::Change, 1}};
  made.blast.namespaces = {"old", "w"};
  made.blast.dangerous = {{ChangeVerb::Prune, pruned.key, pruned.danger}};
  made.blast.in_sync = 7;
  return made;
}

TEST(PlanText, is_aligned_and_ends_with_what_it_comes_to) {
  EXPECT_EQ(plan_text(plan(), {true, true, true}), R"(# shop at main@sha1:1
  wave 0:
+   create    ConfigMap w/new        a.yaml:1
    + .data: {}
  wave 1:
~   change    Deployment.apps w/web  a.yaml:1
    - .spec.replicas: 2
    + .spec.replicas: 3
!   refuse    Job.batch w/once       a.yaml:1
      field is immutable
      .spec.template may not change; the annotation holdfast.dev/replace: enabled has it deleted and made anew
  what has left Git:
>   move      ConfigMap w/moved      to other
-   prune     Namespace old
      danger: deletes everything in the namespace

  ConfigMap        1 create, 1 move
  Deployment.apps  1 change
Namespaces: old, w
Danger: prune Namespace old: deletes everything in the namespace
Plan: 1 to create, 1 to change, 0 to replace, 1 to prune, 1 to move, 1 refused; 7 in sync.
)");
}

TEST(PlanText, says_so_where_there_is_nothing_to_do) {
  ChangePlan nothing;
  nothing.blast.in_sync = 1;
  EXPECT_EQ(plan_text(nothing, {}), "No changes: 1 object is as Git says.\n");
  nothing.blast.in_sync = 500;
  EXPECT_EQ(plan_text(nothing, {}), "No changes: 500 objects are as Git says.\n");
}

TEST(PlanText, what_could_not_be_read_is_not_taken_for_unchanged) {
  EXPECT_EQ(plan_text({}, {.unread = 2}), "Nothing is known: no application could be read.\n");
  ChangePlan rest;
  rest.applications.emplace_back();
  rest.blast.in_sync = 3;
  EXPECT_EQ(plan_text(rest, {.unread = 2}),
            "No changes: 3 objects are as Git says.\n"
            "2 applications are not in this plan, for they could not be read.\n");
}

TEST(PlanText, the_document_says_the_same_in_yaml) {
  const json::value document(plan_document(plan(), true));
  const auto read = read_objects(yaml_text(document), "plan.yaml");
  ASSERT_TRUE(read) << describe(read.error());
  ASSERT_EQ(read->size(), 1U);
  EXPECT_EQ(canonical_json(read->at(0)), canonical_json(document));
  EXPECT_EQ(document.at_pointer("/summary/kinds/ConfigMap/move"), 1);
  EXPECT_TRUE(document.at_pointer("/applications/0/changes/0/fields/0/before").is_null());
}

TEST(YamlText, is_read_back_as_it_was) {
  const json::value value = {{"empty", json::object()},
                             {"list", json::array{json::array{1, 2}, json::array(), json::object{{"a", "b"}}}},
                             {"words", json::array{"true", "1", "", "a: b", "# c", "no", "-", "line\nbreak", "0x1"}},
                             {"- odd: key", nullptr},
                             {"deep", {{"deeper", {{"deepest", -1.5}}}}}};
  const std::string text = "apiVersion: v1\nkind: T\n" + yaml_text(value);
  const auto read = read_objects(text, "x.yaml");
  ASSERT_TRUE(read) << describe(read.error()) << text;
  json::object without = read->at(0).as_object();
  without.erase("apiVersion");
  without.erase("kind");
  EXPECT_EQ(canonical_json(json::value(without)), canonical_json(value)) << text;
}

}  // namespace
}  // namespace holdfast
