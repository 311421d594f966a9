// What a custom health rule is applied to next: states in, jobs out, no thread.
#include "engine/judgement_queue.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace holdfast {
namespace {

class JudgementQueueTest : public testing::Test {
 protected:
  struct Nobody final : HealthAsker {
    void judged(const ObjectKey&, const Uid&, const ResourceVersion&, const Health&) override {}
    void ask_again(const ObjectKey&) override {}
  };

  JudgementQueue::Subject subject(const std::string& name, const std::string& kind = "Rollout") {
    return {&asker, {"ex.io", kind, "web", name}};
  }
  static HealthTask task(const std::string& version, std::size_t bytes = 10) {
    HealthTask made;
    made.resource_version = {version};
    made.body = std::string(bytes, ' ');
    return made;
  }
  // "a@1", or "-" where there is nothing to run.
  std::string next() {
    const auto job = queue.next();
    return job ? job->subject.key.name + "@" + job->task.resource_version.value : "-";
  }
  static std::set<std::string> names(const std::vector<JudgementQueue::Subject>& subjects) {
    std::set<std::string> all;
    for (const auto& subject : subjects) all.insert(subject.key.name);
    return all;
  }

  Nobody asker;
  JudgementQueue queue{{.at_once = 3, .waiting_bytes = 100}};
};

TEST_F(JudgementQueueTest, while_one_runs_only_the_newest_state_waits) {
  queue.add(subject("a"), task("1"));
  EXPECT_EQ(next(), "a@1");
  for (const char* version : {"2", "3", "4"}) queue.add(subject("a"), task(version));
  EXPECT_EQ(next(), "-") << "one run of an object at a time";
  EXPECT_TRUE(queue.done(subject("a")));
  EXPECT_EQ(next(), "a@4");
  EXPECT_TRUE(queue.done(subject("a")));
  EXPECT_EQ(next(), "-");
  EXPECT_EQ(queue.waiting_bytes(), 0U);
}

TEST_F(JudgementQueueTest, what_waits_in_line_is_replaced_and_keeps_its_place) {
  for (const char* name : {"a", "b", "c"}) queue.add(subject(name), task("1"));
  queue.add(subject("a"), task("2"));
  EXPECT_EQ(next(), "a@2");
  EXPECT_EQ(next(), "b@1");
}

TEST_F(JudgementQueueTest, one_kind_alone_never_has_all_the_places) {
  for (int i = 0; i < 8; ++i) queue.add(subject("slow" + std::to_string(i), "Slow"), task("1", 1));
  EXPECT_EQ(next(), "slow0@1");
  EXPECT_EQ(next(), "slow1@1");
  EXPECT_EQ(next(), "-") << "the third place is for another kind";
  queue.add(subject("quick", "Quick"), task("1"));
  EXPECT_EQ(next(), "quick@1");
  EXPECT_EQ(next(), "-") << "all places are taken";
  EXPECT_TRUE(queue.done(subject("slow0", "Slow")));
  EXPECT_EQ(next(), "slow2@1");
}

TEST_F(JudgementQueueTest, kinds_take_turns) {
  JudgementQueue alone{{.at_once = 1, .waiting_bytes = 100}};
  for (const char* name : {"a", "b"}) alone.add(subject(name, "One"), task("1"));
  alone.add(subject("c", "Two"), task("1"));
  std::string order;
  while (const auto job = alone.next()) {
    order += job->subject.key.name;
    alone.done(job->subject);
  }
  EXPECT_EQ(order, "acb");
}

TEST_F(JudgementQueueTest, beyond_its_bound_it_remembers_names_and_asks_for_them_when_there_is_room) {
  queue.add(subject("a"), task("1", 60));
  for (const char* name : {"b", "c", "d", "e"}) queue.add(subject(name), task("1", 60));
  EXPECT_EQ(queue.waiting_bytes(), 60U);
  EXPECT_TRUE(queue.recall().empty()) << "there is no room";
  EXPECT_EQ(next(), "a@1");
  EXPECT_EQ(next(), "-");
  EXPECT_EQ(names(queue.recall()), (std::set<std::string>{"b", "c"})) << "few at a time";
  queue.add(subject("b"), task("2", 60));
  EXPECT_TRUE(queue.done(subject("a")));
  EXPECT_TRUE(queue.recall().empty());
  EXPECT_EQ(next(), "b@2");
  EXPECT_TRUE(queue.done(subject("b")));
  EXPECT_EQ(names(queue.recall()), (std::set<std::string>{"d", "e"})) << "nothing else is to do: all of them";
  EXPECT_TRUE(queue.recall().empty()) << "each once";
}

TEST_F(JudgementQueueTest, a_state_that_finds_no_room_takes_the_one_before_out) {
  queue.add(subject("a"), task("1", 50));
  queue.add(subject("b"), task("1", 50));
  queue.add(subject("b"), task("2", 90));
  EXPECT_EQ(next(), "a@1");
  EXPECT_EQ(next(), "-") << "an old state is not worth a run";
  EXPECT_EQ(names(queue.recall()), std::set<std::string>{"b"});
}

TEST_F(JudgementQueueTest, one_body_has_room_however_large) {
  queue.add(subject("a"), task("1", 1000));
  EXPECT_EQ(next(), "a@1");
}

TEST_F(JudgementQueueTest, who_is_forgotten_gets_no_answer_and_takes_no_place) {
  Nobody other;
  queue.add(subject("a"), task("1"));
  queue.add({&other, {"ex.io", "Rollout", "web", "b"}}, task("1"));
  EXPECT_EQ(next(), "a@1");
  queue.add(subject("a"), task("2"));
  queue.forget(&asker);
  EXPECT_FALSE(queue.done(subject("a")));
  EXPECT_EQ(next(), "b@1");
  EXPECT_EQ(next(), "-");
  EXPECT_EQ(queue.waiting_bytes(), 0U);
}

}  // namespace
}  // namespace holdfast
