// The decision about one object: every arm of correctness C5, and D5, D15.
#include "engine/verdict.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using namespace std::chrono_literals;

constexpr const char* kSet = "applyset-ours-v1";

class VerdictTest : public testing::Test {
 protected:
  VerdictTest() {
    desired.key = {"", "ConfigMap", "web", "settings"};
    desired.hash = sha256("desired");
    snapshot.desired = &desired;
    snapshot.synced = true;
    snapshot.applyset_id = kSet;
    snapshot.installation = "ours";
  }

  void set_live(const char* uid, const char* version, const char* labels = R"({})") {
    auto live = std::make_shared<LiveObject>();
    live->key = desired.key;
    live->uid.value = uid;
    live->resource_version.value = version;
    const json::value body = *parse_json(std::string(R"({"metadata":{"labels":)") + labels + "}}");
    live->ownership = std::make_shared<const Ownership>(ownership_of(body));
    snapshot.live = live;
    snapshot.fingerprint = Digest128{1, 1};
  }

  void set_record(const char* uid, const char* last_write, Digest128 fingerprint = {1, 1}) {
    record.desired_hash = desired.hash;
    record.uid.value = uid;
    record.last_write.value = last_write;
    record.converged = {fingerprint};
    snapshot.record = &record;
  }

  Desired desired;
  Record record;
  Uid known{"u1"};
  Snapshot snapshot;
};

TEST_F(VerdictTest, C5_a_known_fingerprint_is_in_sync) {
  set_live("u1", "5");
  set_record("u1", "5");
  EXPECT_EQ(judge(snapshot).kind, VerdictKind::InSync);
}

TEST_F(VerdictTest, C5_another_fingerprint_is_drift_and_applied_with_the_uid) {
  set_live("u1", "6");
  set_record("u1", "5", {2, 2});
  const Verdict verdict = judge(snapshot);
  EXPECT_EQ(verdict.kind, VerdictKind::Apply);
  EXPECT_EQ(verdict.uid.value, "u1");
  EXPECT_TRUE(verdict.drift);
}

TEST_F(VerdictTest, C5_an_unreadable_fingerprint_is_never_in_sync) {
  set_live("u1", "6");
  set_record("u1", "5");
  snapshot.fingerprint.reset();
  EXPECT_EQ(judge(snapshot).kind, VerdictKind::Apply);
}

TEST_F(VerdictTest, a_new_desired_state_is_a_change_and_no_drift) {
  set_live("u1", "6");
  set_record("u1", "5");
  desired.hash = sha256("next");
  const Verdict verdict = judge(snapshot);
  EXPECT_EQ(verdict.kind, VerdictKind::Apply);
  EXPECT_FALSE(verdict.drift);
}

TEST_F(VerdictTest, without_a_record_it_is_confirmed_and_not_called_drift) {
  set_live("u1", "6");
  const Verdict verdict = judge(snapshot);
  EXPECT_EQ(verdict.kind, VerdictKind::Apply);
  EXPECT_FALSE(verdict.drift);
}

TEST_F(VerdictTest, C5_an_event_older_than_our_write_waits) {
  set_live("u1", "9");
  set_record("u1", "10", {2, 2});
  EXPECT_EQ(judge(snapshot).kind, VerdictKind::Wait);
}

TEST_F(VerdictTest, a_record_of_another_uid_says_nothing) {
  set_live("u2", "3");
  set_record("u1", "10");
  const Verdict verdict = judge(snapshot);
  EXPECT_EQ(verdict.kind, VerdictKind::Apply);
  EXPECT_EQ(verdict.uid.value, "u2");
}

TEST_F(VerdictTest, C5_deletion_under_way_is_held) {
  set_live("u1", "6");
  auto live = std::make_shared<LiveObject>(*snapshot.live);
  live->terminating = true;
  snapshot.live = live;
  EXPECT_EQ(judge(snapshot).kind, VerdictKind::Hold);
}

TEST_F(VerdictTest, D15_what_another_set_or_a_controller_owns_is_refused) {
  set_live("u1", "6", R"({"applyset.kubernetes.io/part-of":"applyset-theirs-v1"})");
  EXPECT_EQ(judge(snapshot).kind, VerdictKind::Refuse);
  set_live("u1", "6", R"({"applyset.kubernetes.io/part-of":"applyset-ours-v1"})");
  EXPECT_EQ(judge(snapshot).kind, VerdictKind::Apply);
  auto live = std::make_shared<LiveObject>(*snapshot.live);
  live->ownership = std::make_shared<const Ownership>(ownership_of(
      *parse_json(R"({"metadata":{"ownerReferences":[{"kind":"ReplicaSet","name":"r","controller":true}]}})")));
  snapshot.live = live;
  EXPECT_EQ(judge(snapshot).kind, VerdictKind::Refuse);
}

TEST_F(VerdictTest, absence_in_a_store_that_is_not_synced_is_unknown) {
  snapshot.synced = false;
  snapshot.known_uid = &known;
  EXPECT_EQ(judge(snapshot).kind, VerdictKind::Wait);
}

TEST_F(VerdictTest, C5_a_key_never_seen_is_looked_up_before_it_is_made) {
  EXPECT_EQ(judge(snapshot).kind, VerdictKind::LookUp);
  const Uid intended{};
  snapshot.known_uid = &intended;
  EXPECT_EQ(judge(snapshot).kind, VerdictKind::LookUp);
  snapshot.looked_up_absent = true;
  EXPECT_EQ(judge(snapshot).kind, VerdictKind::Create);
}

TEST_F(VerdictTest, D15_a_known_object_that_vanished_is_looked_up_since_it_may_be_anothers_by_now) {
  snapshot.known_uid = &known;
  const Verdict verdict = judge(snapshot);
  EXPECT_EQ(verdict.kind, VerdictKind::LookUp);
  EXPECT_TRUE(verdict.drift);
  snapshot.looked_up_absent = true;
  EXPECT_EQ(judge(snapshot).kind, VerdictKind::Create);
  EXPECT_EQ(judge(snapshot).drift_kind, DriftKind::Deleted);
}

TEST_F(VerdictTest, D15_another_installation_owns_what_carries_its_label) {
  set_live("u1", "6", R"({"holdfast.dev/installation":"theirs"})");
  EXPECT_EQ(judge(snapshot).kind, VerdictKind::Refuse);
}

TEST_F(VerdictTest, absence_before_the_event_of_our_own_create_waits_and_not_for_ever) {
  set_record("u1", "5");
  record.echo_awaited_until = snapshot.now + 10s;
  const Verdict verdict = judge(snapshot);
  EXPECT_EQ(verdict.kind, VerdictKind::Wait);
  EXPECT_EQ(verdict.again_at, snapshot.now + 10s);
  snapshot.now += 11s;
  EXPECT_EQ(judge(snapshot).kind, VerdictKind::LookUp);
}

TEST(Record, keeps_the_eight_newest_fingerprints) {
  Record record;
  for (std::uint64_t i = 0; i < 10; ++i) record.learn({i, i});
  EXPECT_FALSE(record.knows({1, 1}));
  EXPECT_TRUE(record.knows({2, 2}));
  EXPECT_TRUE(record.knows({9, 9}));
}

}  // namespace
}  // namespace holdfast
