#include "app/application_standing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

const ObjectKey kWeb{"apps", "Deployment", "shop", "web"};
const ObjectKey kConfig{"", "ConfigMap", "shop", "config"};
constexpr const char* kRevision = "main@sha1:1111111111111111111111111111111111111111";

Inventory applied() {
  Inventory inventory;
  inventory.entries = {{kWeb, Uid{"1"}}, {kConfig, Uid{"2"}}};
  inventory.revision = kRevision;
  return inventory;
}

std::map<ObjectKey, ObjectStanding> all_well() {
  return {{kWeb, {Kstatus::Current, {}}}, {kConfig, {Kstatus::Current, {}}}};
}

LiveObject live(std::string body, bool terminating = false) {
  LiveObject object;
  object.key = kWeb;
  object.gvk = {"apps", "v1", "Deployment"};
  object.terminating = terminating;
  object.body = std::move(body);
  return object;
}

TEST(ApplicationStanding, is_reached_when_all_of_the_revision_is_healthy) {
  const Standing standing = judge_application(applied(), {}, all_well());
  EXPECT_TRUE(standing.applied);
  EXPECT_THAT(standing.open, IsEmpty());
}

TEST(ApplicationStanding, nothing_was_applied_yet) {
  const Standing standing = judge_application({}, {}, {});
  EXPECT_FALSE(standing.applied);
  EXPECT_THAT(standing.open, ElementsAre(Field(&NotReady::why, HasSubstr("no revision of it was applied"))));
}

// Whoever has pushed a commit waits for that one: a daemon that does not run has not applied it.
TEST(ApplicationStanding, an_older_revision_is_no_success_however_healthy) {
  const Standing standing = judge_application(applied(), {"2222222222222222222222222222222222222222"}, all_well());
  EXPECT_FALSE(standing.applied);
  EXPECT_THAT(
      standing.open,
      ElementsAre(Field(&NotReady::why, AllOf(HasSubstr("it is at main@sha1:1111"), HasSubstr("holdfast run")))));
}

TEST(ApplicationStanding, what_is_intended_and_was_never_seen_is_not_applied) {
  Inventory inventory = applied();
  inventory.entries[kWeb] = {};
  const Standing standing = judge_application(inventory, {{}, false}, {});
  EXPECT_FALSE(standing.applied);
  EXPECT_THAT(standing.open, ElementsAre(NotReady{"Deployment.apps shop/web", "it was not applied yet", false}));
}

TEST(ApplicationStanding, applied_alone_asks_for_nobodys_health) {
  EXPECT_THAT(judge_application(applied(), {{}, false}, {}).open, IsEmpty());
}

// ask 35: an object that nobody has looked at is not healthy.
TEST(ApplicationStanding, ask_35_what_was_not_seen_is_not_healthy) {
  auto objects = all_well();
  objects.erase(kConfig);
  EXPECT_THAT(judge_application(applied(), {}, objects).open,
              ElementsAre(NotReady{"ConfigMap shop/config", "it was not looked at yet", false}));
  objects[kConfig] = {Kstatus::NotFound, {}};
  EXPECT_THAT(judge_application(applied(), {}, objects).open,
              ElementsAre(Field(&NotReady::why, HasSubstr("not there"))));
}

TEST(ApplicationStanding, a_failure_of_the_revision_that_is_waited_for_is_one) {
  auto objects = all_well();
  objects[kWeb] = {Kstatus::Failed, "Progress deadline exceeded"};
  EXPECT_TRUE(judge_application(applied(), {}, objects).failed());
  // That of an older one may be what the newer repairs.
  EXPECT_FALSE(judge_application(applied(), {"2222222"}, objects).failed());
}

TEST(ApplicationStanding, of_a_hook_that_has_ended_well_nothing_is_expected) {
  Inventory inventory = applied();
  const ObjectKey hook{"batch", "Job", "shop", "migrate"};
  inventory.entries[hook] = Uid{"3"};
  inventory.hooks[hook] = {};
  EXPECT_EQ(judge_application(inventory, {}, all_well()).open.size(), 1U);
  inventory.hooks[hook] = {HookState::Done};
  EXPECT_THAT(judge_application(inventory, {}, all_well()).open, IsEmpty());
}

TEST(ApplicationStanding, ask_33_what_holds_up_a_deletion_is_named) {
  const ObjectStanding standing = judge_standing(
      live(R"({"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z","finalizers":["ex.io/slow"]}})", true),
      WallTime{});
  EXPECT_EQ(standing.kstatus, Kstatus::Terminating);
  EXPECT_THAT(judge_application(applied(), {}, {{kWeb, standing}, {kConfig, {Kstatus::Current, {}}}}).open,
              ElementsAre(Field(&NotReady::why, "it is being deleted, held by its finalizers: ex.io/slow")));
}

TEST(ApplicationStanding, ask_35_a_generation_that_no_controller_has_seen_is_not_healthy) {
  const ObjectStanding standing = judge_standing(
      live(R"({"metadata":{"generation":2},"spec":{"replicas":1},"status":{"observedGeneration":1,"replicas":1,
        "updatedReplicas":1,"readyReplicas":1,"availableReplicas":1}})"),
      WallTime{});
  EXPECT_EQ(standing.kstatus, Kstatus::InProgress);
}

TEST(ApplicationStanding, a_revision_is_known_by_its_commit) {
  EXPECT_TRUE(is_revision(kRevision, kRevision));
  EXPECT_TRUE(is_revision(kRevision, "1111111111111111111111111111111111111111"));
  EXPECT_TRUE(is_revision(kRevision, "1111111"));
  EXPECT_FALSE(is_revision(kRevision, "111111"));
  EXPECT_FALSE(is_revision(kRevision, "main"));
  EXPECT_FALSE(is_revision(kRevision, "other@sha1:1111111111111111111111111111111111111111"));
  const std::string tried = std::string(kRevision) + "+try.0123456789ab",
                    filled = std::string(kRevision) + "+0123456789ab";
  for (const std::string& recorded : {tried, filled, filled + "+try.0123456789ab"})
    for (const std::string& asked : {std::string(kRevision), std::string("1111111"), tried, filled,
                                     std::string(kRevision).substr(10), std::string(kRevision).substr(10) + "+try.0"}) {
      EXPECT_TRUE(is_revision(recorded, asked)) << recorded << " " << asked;
      EXPECT_TRUE(check_revision(asked).has_value()) << asked;
    }
  EXPECT_TRUE(is_revision(kRevision, tried)) << "what was tried is over, and the commit is still the one";
  EXPECT_FALSE(is_revision(tried, "main@sha1:2222222222222222222222222222222222222222"));
  EXPECT_FALSE(is_revision("a+b@sha1:1111111111111111111111111111111111111111",
                           "a@sha1:1111111111111111111111111111111111111111"));
  EXPECT_FALSE(is_revision("", "1111111"));
  EXPECT_TRUE(check_revision("").has_value());
  EXPECT_TRUE(check_revision("1111111").has_value());
  EXPECT_FALSE(check_revision("main").has_value());
}

}  // namespace
}  // namespace holdfast
