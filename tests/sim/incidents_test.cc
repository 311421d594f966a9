// What went wrong for others (docs/asks.md), done to a daemon that holds 200 objects. Number 8 is in
// kill_at_every_step_test.cc.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>

#include "holdfast/model/json.h"
#include "sim/end_of_history.h"
#include "sim/mortal_world.h"

namespace holdfast::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kEverything = 1'000;  // a limit that lets all go

class Incident : public testing::Test {
 protected:
  // Holds what Git says, all of it there.
  void hold(std::size_t prune_limit) {
    world.reset();  // one time of the world at once
    world = std::make_unique<MortalWorld>(7, prune_limit);
    world->start();
    ASSERT_TRUE(world->come_to_rest()) << world->diary();
    ASSERT_EQ(world->differences(), "") << world->diary();
    uids = world->uids();
    ASSERT_EQ(uids.size(), LargeSet::kObjects);
  }

  // Nothing that Git wants is another object than before, and all is as it says.
  void expect_untouched(const std::string& when) {
    EXPECT_TRUE(world->come_to_rest()) << when << "\n" << world->diary();
    EXPECT_EQ(world->differences(), "") << when << "\n" << world->diary();
    EXPECT_EQ(world->uids(), uids) << when << "\n" << world->diary();
  }

  // The first so many objects of what Git has.
  [[nodiscard]] ManifestSetPtr part_of(const ManifestSet& all, std::size_t count) const {
    auto part = std::make_shared<ManifestSet>(all);
    part->manifests.resize(std::min(count, all.manifests.size()));
    return part;
  }
  [[nodiscard]] ManifestSetPtr without(const ManifestSet& all, const std::set<std::string>& kinds) const {
    auto part = std::make_shared<ManifestSet>(all);
    part->revision += "-";
    std::erase_if(part->manifests, [&](const Manifest& manifest) { return kinds.contains(manifest.gvk.kind); });
    return part;
  }

  // A commit that changes nothing, and the next readings come out as they should not.
  void misread(const std::function<std::vector<Result<ManifestSetPtr>>(const ManifestSet&)>& readings) {
    world->git().touch();
    const ManifestSetPtr head = world->git().manifests();
    world->source().misread(readings(*head));
    world->source().commit(head);
  }

  static std::string boat_path(int number) {
    return "/apis/ex.io/v1/namespaces/big/boats/boat" + std::to_string(number);
  }

  std::unique_ptr<MortalWorld> world;
  std::map<ObjectKey, std::string> uids;
};

TEST_F(Incident, number_1_correct_git_mass_prune) {
  hold(kEverything);  // no guard but the readings themselves
  for (const std::size_t count : {0U, 1U, 60U, 150U, 190U, 199U}) {
    misread([&](const ManifestSet& head) { return std::vector<Result<ManifestSetPtr>>{part_of(head, count)}; });
    expect_untouched("read as " + std::to_string(count) + " objects, once");
    misread([&](const ManifestSet& head) {
      return std::vector<Result<ManifestSetPtr>>{part_of(head, count), part_of(head, count + 1),
                                                 part_of(head, count + 2)};
    });
    expect_untouched("read in three ways, all wrong");
    misread([&](const ManifestSet& head) {
      return std::vector<Result<ManifestSetPtr>>{part_of(head, count), fail(ErrorKind::Internal, "the reader died"),
                                                 fail(ErrorKind::Unreachable, "git is away")};
    });
    expect_untouched("read as " + std::to_string(count) + " objects, then not at all");
  }
  const auto stale = std::make_shared<ManifestSet>(*part_of(*world->git().manifests(), 20));
  stale->revision = "main@sha1:stale";
  stale->committed_s = 0;
  misread([&](const ManifestSet&) { return std::vector<Result<ManifestSetPtr>>{stale}; });
  expect_untouched("read as it was long ago");
}

// Where every reading comes out too small, in the same way, how many leave at once tells.
TEST_F(Incident, number_1_correct_git_mass_prune_held_back_by_number) {
  hold(0);
  for (const std::size_t count : {0U, 1U, 60U, 150U}) {
    world->git().touch();
    std::vector<Result<ManifestSetPtr>> readings;
    for (int i = 0; i < 10; ++i) readings.emplace_back(part_of(*world->git().manifests(), count));
    world->source().misread(std::move(readings));
    world->source().commit(world->git().manifests());
    world->run_for(5min);
    EXPECT_EQ(world->uids(), uids) << count;
  }
  EXPECT_TRUE(world->says("held back")) << world->diary();
}

TEST_F(Incident, number_2_git_outage_uninstalls_apps) {
  hold(kEverything);
  int edited = 0;  // another one each time: the same change made again and again is a fight
  for (const ErrorKind kind :
       {ErrorKind::Unreachable, ErrorKind::Timeout, ErrorKind::Unauthorized, ErrorKind::Forbidden, ErrorKind::NotFound,
        ErrorKind::Invalid, ErrorKind::Protocol, ErrorKind::TooLarge, ErrorKind::Internal}) {
    world->source().fail_with({kind, "no repository", {}, {}});
    world->run_for(1min);
    const std::size_t writes = world->writes();
    world->run_for(10min);
    EXPECT_EQ(world->writes(), writes);
    world->request("PATCH", "/api/v1/namespaces/big/configmaps/map" + std::to_string(++edited),
                   R"({"data":{"color":"red"}})");
    world->run_for(5s);
    EXPECT_EQ(world->differences(), "") << "what was last read is held on to\n" << world->diary();
    world->kill();
    world->start();
    world->source().fail_with({kind, "no repository", {}, {}});
    const std::size_t before = world->writes();
    world->run_for(10min);
    EXPECT_EQ(world->writes(), before) << "nothing is known, so nothing is done";
    world->source().recover();
    world->run_for(2min);  // longer than the longest wait between two attempts
    expect_untouched("the repository is back");
  }
}

// The repository goes away at every step of a roll-out that prunes.
TEST_F(Incident, number_2_git_outage_at_every_step_of_a_roll_out) {
  hold(kEverything);
  for (std::size_t step = 1; step < 120; step += 7) {
    world->commit();
    const std::size_t before = world->requests();
    while (world->requests() < before + step && !world->says("round " + world->git().revision())) world->run_for(1ms);
    world->source().fail_with({ErrorKind::Unreachable, "git is away", {}, {}});
    world->run_for(3min);
    EXPECT_EQ(world->wrongs(), "");
    world->source().recover();
    EXPECT_TRUE(world->come_to_rest()) << world->diary();
    EXPECT_EQ(world->differences() + world->wrongs(), "") << step << "\n" << world->diary();
    world->forget_diary();
  }
}

TEST_F(Incident, number_6_reinstall_runs_a_finalizer_backlog) {
  hold(0);
  world->kill();
  for (int i = 0; i < 30; ++i) {
    world->request("PATCH", boat_path(i), R"({"metadata":{"finalizers":["ex.io/harbour"]}})");
    world->request("DELETE", boat_path(i), "");
  }
  world->request("DELETE", "/api/v1/namespaces/default/configmaps/holdfast-big", "");
  const std::size_t deletions = world->deletions();
  world->start();
  world->run_for(10min);
  EXPECT_TRUE(world->says("still held by its finalizers: ex.io/harbour")) << world->diary();
  const auto backlog = [&] {
    int held = 0;
    for (const auto& [key, uid] : uids)
      if (const StoredPtr live = world->find(key); key.kind == "Boat" && live != nullptr)
        held += string_at(live->body, {"metadata", "uid"}) == uid &&
                find(live->body, {"metadata", "finalizers"}) != nullptr &&
                find(live->body, {"metadata", "deletionTimestamp"}) != nullptr;
    return held;
  };
  EXPECT_EQ(backlog(), 30) << "nobody's finalizer was taken away";
  world->commit();  // and 47 leave Git, 7 of these boats with them
  world->run_for(10min);
  EXPECT_EQ(backlog(), 30);
  EXPECT_EQ(world->deletions(), deletions + LargeSet::kHooks + 1) << "hooks, which are made anew" << world->diary();
  world->commit();
  for (int i = 0; i < 30; ++i) world->request("PATCH", boat_path(i), R"({"metadata":{"finalizers":null}})");
  EXPECT_TRUE(world->come_to_rest()) << world->diary();
  EXPECT_EQ(world->differences(), "") << "what Git has is made anew\n" << world->diary();
}

// Those that are being deleted have left Git, with as many others as the guard holds back; or as it was told to let go.
TEST_F(Incident, number_6_reinstall_runs_a_finalizer_backlog_that_left_git) {
  for (const bool allowed : {false, true}) {
    hold(allowed ? kEverything : 0);
    world->kill();
    for (int i = 3; i < 30; i += 4) {
      world->request("PATCH", boat_path(i), R"({"metadata":{"finalizers":["ex.io/harbour"]}})");
      world->request("DELETE", boat_path(i), "");
    }
    const std::size_t deletions = world->deletions();
    world->commit();
    world->start();
    world->run_for(10min);
    EXPECT_EQ(world->deletions(), deletions + LargeSet::kHooks + 1 + (allowed ? LargeSet::kRemoved - 7 : 0));
    EXPECT_EQ(world->wrongs(), "") << world->diary();
    for (int i = 3; i < 30; i += 4) {
      const StoredPtr boat = world->find({"ex.io", "Boat", "big", "boat" + std::to_string(i)});
      ASSERT_NE(boat, nullptr) << "its finalizer is somebody else's to take away";
      EXPECT_NE(find(boat->body, {"metadata", "finalizers"}), nullptr);
    }
    EXPECT_TRUE(world->says(allowed ? "still held by its finalizers: ex.io/harbour" : "held back")) << world->diary();
  }
}

TEST(IncidentOfWatches, number_7_watch_cache_deadlock_and_410_loops) {
  using enum FaultKind;
  const std::vector<FaultKind> kinds{GoneInStream, GoneOnOpening,   StreamBlackhole, StreamError, StreamBreaks,
                                     Throttled,    StreamThrottled, Compaction,      Overloaded};
  std::size_t hits = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    World world(seed);
    world.run_for(1min);
    const std::size_t lists = world.lists();
    world.faults().only(kinds);
    world.set_faults(true);
    for (int i = 0; i < 24; ++i) {
      if (i % 6 == 0) world.provoke(i % 12 == 0 ? Compaction : Overloaded);
      world.disturb();
      world.run_for(1min);
    }
    std::size_t gone = 12;  // of a type that comes anew with its watches
    for (const FaultKind kind : {GoneInStream, GoneOnOpening, StreamError}) gone += 2 * world.faults().hits(kind);
    gone += 12 * world.faults().hits(Compaction);  // each watch of each daemon
    EXPECT_LE(world.lists() - lists, gone) << "seed " << seed << "\n" << world.diary();
    for (const FaultKind kind : kinds) hits += world.faults().hits(kind);
    EXPECT_EQ(end_of(world), "") << "seed " << seed;
  }
  EXPECT_GT(hits, 500U);
}

TEST_F(Incident, number_9_stale_self_application) {
  hold(kEverything);
  const ManifestSetPtr old = world->git().manifests();
  world->commit();
  ASSERT_TRUE(world->come_to_rest()) << world->diary();
  uids = world->uids();
  const auto lags = [&](std::size_t times) {
    world->source().misread(std::vector<Result<ManifestSetPtr>>(times, old));
    world->source().nudge();
  };
  const std::size_t writes = world->writes();
  for (const std::size_t times : {1U, 2U, 3U}) {
    lags(times);
    world->run_for(1min);
    EXPECT_EQ(world->writes(), writes) << "a server that lags " << times << " times\n" << world->diary();
    world->kill();
    world->start();
    lags(times);
    world->run_for(1min);
    EXPECT_EQ(world->writes(), writes) << "a new daemon, and a server that lags " << times << " times";
  }
  expect_untouched("after that");
  world->source().commit(old);  // a person moved the branch back
  world->run_for(10s);
  EXPECT_EQ(world->writes(), writes);
  world->run_for(1min);
  EXPECT_GT(world->writes(), writes);
  EXPECT_TRUE(world->says("round " + old->revision + " complete")) << world->diary();
}

// The newest revision that was begun counts, though its daemon died before the end.
TEST_F(Incident, number_9_stale_self_application_after_a_crash) {
  hold(kEverything);
  const ManifestSetPtr old = world->git().manifests();
  world->commit();
  ASSERT_TRUE(world->kill_at(20, MortalWorld::Step::Answered));
  world->start();
  world->source().misread(std::vector<Result<ManifestSetPtr>>(3, old));
  EXPECT_TRUE(world->come_to_rest()) << world->diary();
  EXPECT_FALSE(world->says("round " + old->revision + " complete\nold")) << world->diary();
  EXPECT_EQ(world->differences() + world->wrongs(), "") << world->diary();
}

TEST_F(Incident, number_10_uninstall_cascades) {
  hold(kEverything);
  const std::string inventory = "/api/v1/namespaces/default/configmaps/holdfast-big";
  for (const auto& [key, uid] : uids)
    EXPECT_EQ(find(world->find(key)->body, {"metadata", "ownerReferences"}), nullptr) << to_string(key);
  world->request("DELETE", inventory, "");  // under a daemon that lives
  world->run_for(10min);
  EXPECT_EQ(world->uids(), uids);
  world->kill();
  world->run_for(10min);
  EXPECT_EQ(world->uids(), uids) << "without a daemon";
  world->request("DELETE", inventory, "");
  world->start();
  expect_untouched("a new daemon without an inventory");
}

TEST_F(Incident, number_10_uninstall_of_the_application_cascades) {
  hold(kEverything);
  const std::size_t writes = world->writes();
  std::vector<ApplicationName> names{{"default", LargeSet::kNamespace}};
  bool ended = false;
  boost::asio::co_spawn(world->io(), world->daemon().let_go(std::move(names)), [&](std::exception_ptr failure) {
    EXPECT_FALSE(failure);
    ended = true;
  });
  world->run_for(1h);
  EXPECT_TRUE(ended);
  EXPECT_EQ(world->writes(), writes);
  EXPECT_EQ(world->uids(), uids);
}

// A CRD or a Namespace that leaves Git would take everything in it along.
TEST_F(Incident, number_10_a_definition_that_leaves_git_cascades) {
  hold(kEverything);
  world->source().commit(without(*world->git().manifests(), {"CustomResourceDefinition", "Namespace"}));
  world->run_for(10min);
  EXPECT_TRUE(world->says("held back CustomResourceDefinition.apiextensions.k8s.io boats.ex.io")) << world->diary();
  EXPECT_TRUE(world->says("held back Namespace big")) << world->diary();
  EXPECT_EQ(world->uids(), uids);
}

}  // namespace
}  // namespace holdfast::sim
