// The table of situations on a real API server (issue 5): for each, the verdict, and the requests and writes that it
// costs, counted in the server's audit log and in its events.
//
// An event that is no drift costs nothing; a drift costs one request, which writes. Where a row says more than that,
// its comment says why.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "cluster/situation_world.h"

namespace holdfast::cluster {
namespace {

std::vector<Situation> all_situations() {
  std::vector<Situation> all;
  for (auto* part : {config_map_situations, secret_and_service_situations, deployment_situations, custom_situations,
                     rule_situations, webhook_situations})
    for (Situation& one : part()) all.push_back(std::move(one));
  return all;
}

// What was counted of a row, and since when, for another look at the end.
struct Counted {
  Situation situation;
  SituationWorld::Time since;
  std::size_t requests = 0;
  int events = 0;
};

class SituationTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { world = std::make_unique<SituationWorld>(all_situations()); }
  static void TearDownTestSuite() { world.reset(); }

  static void perform(const Situation& situation, const std::vector<Act>& acts) {
    world->acts_from = world->line_count();
    if (situation.at_once) world->freeze(true);
    for (const Act& act : acts) act.perform(*world, situation);
    if (situation.at_once) world->freeze(false);
  }

  // The events in their order, the same in a row once.
  static std::string verdict_of(const std::vector<SituationWorld::Said>& said) {
    std::string words, last;
    for (const SituationWorld::Said& one : said) {
      if (one.event == last) continue;
      words += (words.empty() ? "" : " ") + one.event;
      last = one.event;
    }
    return words;
  }

  static std::string shown(const std::vector<SituationWorld::Said>& said, const std::vector<AuditedRequest>& requests) {
    std::string text = "requests:\n";
    for (const AuditedRequest& request : requests)
      text += "  " + request.verb + " " + request.uri + " -> " + std::to_string(request.code) + "\n";
    text += "log:\n";
    for (const SituationWorld::Said& one : said) text += "  " + one.event + ": " + one.message + "\n";
    return text;
  }

  static inline std::unique_ptr<SituationWorld> world;
  static inline std::map<std::string, Counted> counted;
};

class RowTest : public SituationTest {
 public:
  explicit RowTest(Situation row) : situation(std::move(row)) {}

  void TestBody() override {
    if (!situation.before.empty()) {
      perform(situation, situation.before);
      world->settle(situation);
    }
    const int events_before = world->events(situation);
    const std::size_t from = world->line_count();
    const auto since = std::chrono::system_clock::now();
    perform(situation, situation.acts);
    const std::string& verdict = situation.expected.verdict;
    if (!verdict.empty()) EXPECT_TRUE(world->wait_for(situation, verdict.substr(verdict.rfind(' ') + 1), 1, from));
    world->settle(situation);

    const std::vector<AuditedRequest> requests = world->requests(situation, since);
    int foreign_events = 0;
    for (const Act& act : situation.acts) foreign_events += act.events;
    const int events = world->events(situation);
    counted[situation.name] = {situation, since, requests.size(), events};
    compare(world->said(situation, from), requests, events - events_before - foreign_events);
  }

 private:
  void compare(const std::vector<SituationWorld::Said>& said, const std::vector<AuditedRequest>& requests, int writes) {
    const Expected& expected = situation.expected;
    SCOPED_TRACE(shown(said, requests));
    EXPECT_EQ(verdict_of(said), expected.verdict);
    EXPECT_EQ(static_cast<int>(requests.size()), expected.requests);
    EXPECT_EQ(writes, expected.writes);
    for (const std::string& text : expected.says)
      EXPECT_TRUE(std::ranges::any_of(said, [&](const auto& one) { return one.message.contains(text); })) << text;
    if (!expected.field.empty())
      EXPECT_EQ(world->field(situation, expected.field), world->filled(expected.value, situation));
  }

  Situation situation;
};

// No request comes late: all that was settled stayed so.
class NothingMoreTest : public SituationTest {
 public:
  void TestBody() override {
    for (const auto& [name, row] : counted) {
      const auto requests = world->requests(row.situation, row.since);
      if (!row.situation.asked_again) EXPECT_EQ(requests.size(), row.requests) << name << "\n" << shown({}, requests);
      EXPECT_EQ(world->events(row.situation), row.events) << name;
    }
  }
};

// A new process finds it all as the old one left it: it writes nothing, and asks only where nothing can be proven.
class RestartTest : public SituationTest {
 public:
  void TestBody() override {
    world->stop();
    const auto since = std::chrono::system_clock::now();
    world->start();
    std::map<SituationKind, Situation> kinds;
    for (const auto& [name, row] : counted) kinds.try_emplace(row.situation.kind, row.situation);
    for (const auto& [kind, situation] : kinds) world->settle(situation);
    for (const auto& [name, row] : counted) {
      const auto requests = world->requests(row.situation, since);
      const int expected = row.situation.expected.restart_requests;
      if (expected >= 0)
        EXPECT_EQ(static_cast<int>(requests.size()), expected) << name << "\n"
                                                               << shown(world->said(row.situation, 0), requests);
      EXPECT_EQ(world->events(row.situation), row.events) << name << shown(world->said(row.situation, 0), requests);
    }
  }
};

const int registered = [] {
  const auto add = [](const std::string& name, std::function<SituationTest*()> make) {
    testing::RegisterTest("SituationTest", name.c_str(), nullptr, nullptr, __FILE__, __LINE__, std::move(make));
  };
  for (const Situation& row : all_situations()) add(row.name, [row] { return new RowTest(row); });
  add("zero_calls_for_all_that_was_settled", [] { return new NothingMoreTest; });
  add("restart_of_the_daemon_costs_zero_calls", [] { return new RestartTest; });
  return 0;
}();

}  // namespace
}  // namespace holdfast::cluster
