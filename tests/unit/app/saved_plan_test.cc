#include "app/saved_plan.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

ObjectKey map_key(const std::string& name) { return {"", "ConfigMap", "w", name}; }

PlannedChange change(ChangeVerb verb, const std::string& name, const std::string& uid) {
  PlannedChange made;
  made.verb = verb;
  made.key = map_key(name);
  made.wave = Wave{0, 3};
  made.uid = {uid};
  made.version = {uid.empty() ? "" : "7"};
  made.content = uid.empty() ? std::nullopt : std::optional(sha256(name));
  made.desired = sha256("desired " + name);
  made.fields = {{".data.color", "\"blue\"", "\"green\""}};
  return made;
}

MadePlan made_plan() {
  MadePlan made;
  ApplicationPlan application{"shop", "gitops", "main@sha1:1", {}, {}};
  application.changes = {change(ChangeVerb::Create, "new", ""), change(ChangeVerb::Change, "a", "u-a"),
                         change(ChangeVerb::Prune, "old", "u-old")};
  application.settled = {{map_key("fine"), {"u-fine"}, {"3"}, sha256("fine"), true}};
  made.plan.applications = {application};
  made.inventories[{"gitops", "shop"}] = {{}, {"u-inventory"}, {"20"}};
  return made;
}

class SavedPlanTest : public testing::Test {
 protected:
  SavedPlanTest() {
    options_.application.repo = folder_.path();
    options_.application.allow_prune = {"Namespace/w"};
    options_.application.prune_limit = 12;
    options_.application.adopt = true;
  }
  [[nodiscard]] std::string file() const { return folder_ / "plan"; }
  [[nodiscard]] SavedPlan saved() const {
    const Result<void> written = write_plan(file(), saved_plan(made_plan(), options_, "team", "cluster-1"));
    EXPECT_TRUE(written) << describe(written.error());
    Result<SavedPlan> read = read_plan(file());
    EXPECT_TRUE(read) << describe(read.error());
    return read ? std::move(*read) : SavedPlan{};
  }
  // What is said to have changed, once `edit` has changed something.
  template <class Edit>
  [[nodiscard]] std::string changed(const Edit& edit) const {
    MadePlan now = made_plan();
    edit(now);
    std::string words;
    for (const std::string& one : changes_since(saved(), now, "cluster-1")) words += one + "\n";
    return words;
  }

  TemporaryFolder folder_;
  RunOptions options_;
};

TEST_F(SavedPlanTest, is_read_as_it_was_written_and_by_nobody_else) {
  const SavedPlan read = saved();
  struct stat status{};
  ASSERT_EQ(stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(read.cluster, "cluster-1");
  EXPECT_EQ(read.options.cluster.namespace_, "team");
  EXPECT_EQ(read.options.application.repo, folder_.path());
  EXPECT_EQ(read.options.application.allow_prune, options_.application.allow_prune);
  EXPECT_EQ(read.options.application.prune_limit, 12U);
  EXPECT_TRUE(read.options.application.adopt);
  ASSERT_EQ(read.applications.size(), 1U);
  ASSERT_EQ(read.applications[0].changes.size(), 3U);
  EXPECT_EQ(read.applications[0].changes[1].verb, ChangeVerb::Change);
  EXPECT_EQ(read.applications[0].changes[1].wave, (Wave{0, 3}));
  ASSERT_EQ(read.applications[0].settled.size(), 1U);
  EXPECT_TRUE(read.applications[0].settled[0].asked);
  EXPECT_EQ(changed([](MadePlan&) {}), "");
}

TEST_F(SavedPlanTest, ask_9_whatever_is_another_state_is_named) {
  const auto first = [](MadePlan& now) -> ApplicationPlan& { return now.plan.applications[0]; };
  EXPECT_EQ(changed([&](MadePlan& now) { first(now).revision = "main@sha1:2"; }),
            "gitops/shop is at main@sha1:2 now, and was planned at main@sha1:1\n");
  EXPECT_EQ(changed([&](MadePlan& now) {
              first(now).changes[1].version = {"9"};
              first(now).changes[1].content = sha256("other");
            }),
            "ConfigMap w/a was changed since (resourceVersion 9, was 7)\n");
  EXPECT_EQ(changed([&](MadePlan& now) { first(now).changes[1].uid = {"u-b"}; }),
            "ConfigMap w/a is another object now (uid u-b, was u-a)\n");
  EXPECT_EQ(changed([&](MadePlan& now) { first(now).changes[0].uid = {"u-c"}; }), "ConfigMap w/new was made since\n");
  EXPECT_EQ(changed([&](MadePlan& now) { first(now).changes.pop_back(); }),
            "ConfigMap w/old is gone by now (the plan: prune)\n");
  EXPECT_EQ(changed([&](MadePlan& now) { first(now).changes[1].verb = ChangeVerb::Refuse; }),
            "ConfigMap w/a: refuse now (the plan: change)\n");
  EXPECT_EQ(changed([&](MadePlan& now) { first(now).changes[1].desired = sha256("x"); }),
            "ConfigMap w/a is desired in another form\n");
  EXPECT_EQ(changed([&](MadePlan& now) { first(now).changes.push_back(change(ChangeVerb::Change, "fine", "u-fine")); }),
            "ConfigMap w/fine was not in the plan: change now for .data.color\n");
  EXPECT_EQ(changed([](MadePlan& now) { now.inventories.begin()->second.version = {"21"}; }),
            "the inventory of gitops/shop was written since (resourceVersion 21, was 20)\n");
  EXPECT_EQ(changed([](MadePlan& now) { now.inventories.begin()->second.uid = {"u-other"}; }),
            "gitops/shop has another inventory now\n");
  EXPECT_EQ(changed([](MadePlan& now) { now.plan.applications.clear(); }),
            "gitops/shop is no longer among the applications\n");
  EXPECT_EQ(changes_since(saved(), made_plan(), "cluster-2"), std::vector<std::string>{"it is another cluster"});
}

TEST_F(SavedPlanTest, a_status_that_moves_on_is_no_change) {
  EXPECT_EQ(changed([](MadePlan& now) { now.plan.applications[0].changes[1].version = {"9"}; }), "");
  EXPECT_EQ(changed([](MadePlan& now) { now.plan.applications[0].settled[0].version = {"9"}; }), "");
  EXPECT_NE(changed([](MadePlan& now) {
              now.plan.applications[0].changes[1].version = {"9"};
              now.plan.applications[0].changes[1].content.reset();
            }),
            "")
      << "a Secret has no hash, so that only its version tells";
}

TEST_F(SavedPlanTest, what_is_no_plan_is_refused) {
  EXPECT_EQ(read_plan(file()).error().kind, ErrorKind::NotFound);
  for (const char* text : {"", "{", "{}", R"({"made":{"options":{}},"kind":"List","apiVersion":"v1"})",
                           R"({"made":{"options":{}},"kind":"Plan","apiVersion":"holdfast.dev/v1alpha1"})"}) {
    std::ofstream(file(), std::ios::trunc) << text;
    const Result<SavedPlan> read = read_plan(file());
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().kind, ErrorKind::Invalid) << text;
    EXPECT_TRUE(describe(read.error()).contains("plan --save")) << describe(read.error());
  }
}

TEST_F(SavedPlanTest, a_file_that_cannot_be_written_is_told) {
  const Result<void> written = write_plan(folder_ / "none/plan", {});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::Invalid);
}

}  // namespace
}  // namespace holdfast
