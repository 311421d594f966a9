#include "app/application_history.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using namespace std::chrono_literals;

const std::chrono::sys_seconds kNow{1'800'000'000s};

std::string told(const ApplicationHistory& history) {
  std::string text;
  for (const HistoryEntry& entry : history.entries())
    text += entry.action + " " + entry.revision + " " + entry.outcome + "\n";
  return text;
}

void roll_out(ApplicationHistory& history, const std::string& revision) {
  history.begin(revision, 2, kNow);
  history.settle(revision, "Applied", 2);
  history.settle(revision, "Healthy", 2);
}

TEST(ApplicationHistory, has_an_entry_for_each_roll_out_newest_first) {
  ApplicationHistory history;
  roll_out(history, "a");
  history.begin("b", 2, kNow);
  history.begin("c", 2, kNow);
  history.settle("c", "Failed", 0, "no image");
  EXPECT_EQ(told(history), "Apply c Failed\nApply b Superseded\nApply a Healthy\n");
  EXPECT_EQ(history.entries().front().why, "no image");
  history.settle("c", "Healthy", 2);
  EXPECT_EQ(history.entries().front().outcome, "Healthy");
}

TEST(ApplicationHistory, what_was_asked_for_goes_on_as_its_roll_out) {
  ApplicationHistory history;
  roll_out(history, "a");
  history.add({"Approve", "b", "2027-01-15T08:00:00Z", "Progressing", 0, "alice", "it is time"});
  history.begin("b", 3, kNow);
  history.settle("b", "Healthy", 3);
  EXPECT_EQ(told(history), "Approve b Healthy\nApply a Healthy\n");
  EXPECT_EQ(history.entries().front().objects, 3u);
  EXPECT_EQ(history.entries().front().why, "it is time");
}

TEST(ApplicationHistory, a_restart_is_no_news) {
  ApplicationHistory history;
  roll_out(history, "a");
  history.add({"OverrideRef", "", "2027-01-15T08:00:00Z", "", 0, "bob", "a look"});
  const json::value written = history.document();
  ApplicationHistory next = ApplicationHistory::read(&written);
  EXPECT_EQ(next.entries(), history.entries());
  roll_out(next, "a");
  EXPECT_EQ(told(next), "OverrideRef  \nApply a Healthy\n");
}

TEST(ApplicationHistory, tells_what_was_applied_before) {
  ApplicationHistory history;
  for (const char* revision : {"a", "b"}) roll_out(history, revision);
  history.begin("c", 2, kNow);
  history.settle("c", "Failed", 0, "no image");
  EXPECT_EQ(history.before("c"), "b");
  EXPECT_EQ(history.before("b"), "a");
  EXPECT_EQ(history.before("a"), "");
  history.add({"Rollback", "b", "2027-01-15T08:00:00Z", "Healthy", 2, "alice", {}});
  EXPECT_EQ(history.before("b"), "a") << "back once more";
  EXPECT_TRUE(history.has("a"));
  EXPECT_FALSE(history.has("c")) << "it never was applied";
}

TEST(ApplicationHistory, is_bounded) {
  ApplicationHistory history;
  for (int i = 0; i < 30; ++i) history.begin(std::to_string(i), 1, kNow);
  EXPECT_EQ(history.entries().size(), ApplicationHistory::kMost);
  history.settle("29", "Failed", 0, std::string(5'000, 'x'));
  EXPECT_LE(history.entries().front().why.size(), ApplicationHistory::kLongestReasonBytes);
  const json::value odd = json::array{1, json::object{{"action", "Apply"}}, json::object{{"at", "yesterday"}}};
  EXPECT_TRUE(ApplicationHistory::read(&odd).entries().empty());
  EXPECT_TRUE(ApplicationHistory::read(nullptr).entries().empty());
}

}  // namespace
}  // namespace holdfast
