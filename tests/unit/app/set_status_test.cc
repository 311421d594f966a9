#include "app/set_status.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using namespace std::chrono_literals;

class SetStatusTest : public testing::Test {
 protected:
  SetStatus::Hooks hooks() {
    return {[this] { return now_; }, [this] { ++changed_; },
            [this](const std::string& type, const ApplicationCondition& now) {
              told_.push_back(type + " " + to_string(now.status) + " " + now.reason);
            }};
  }
  [[nodiscard]] std::string ready() const {
    const ApplicationCondition now = status_.conditions().at("Ready");
    return std::string(to_string(now.status)) + " " + now.reason + ": " + now.message;
  }
  [[nodiscard]] std::string word(const char* type) const { return to_string(status_.conditions().at(type).status); }

  std::chrono::sys_seconds now_{1'800'000'000s};
  int changed_ = 0;
  std::vector<std::string> told_;
  SetStatus status_{hooks()};
};

SetStanding standing(std::size_t wanted, std::size_t ready) {
  SetStanding made;
  made.generation = 3;
  made.generators = {{"branches", wanted, {}}};
  made.wanted = made.applied = wanted;
  made.matched = wanted;
  made.ready = ready;
  return made;
}

TEST_F(SetStatusTest, all_are_there_and_ready) {
  status_.set(standing(2, 2));
  EXPECT_EQ(ready(), "True ReconciliationSucceeded: 2 of 2 applications are ready");
  EXPECT_EQ(word("Reconciling"), "False");
  EXPECT_EQ(word("Stalled"), "False");
  EXPECT_EQ(to_json(status_.document().at("ready")), "2");
  EXPECT_EQ(to_json(status_.document().at("observedGeneration")), "3");
}

// A repository that could not be read yet is no repository without branches.
TEST_F(SetStatusTest, what_was_not_read_yet_is_not_shown_as_none) {
  SetStanding now = standing(2, 2);
  now.matched.reset();
  status_.set(now);
  EXPECT_FALSE(status_.document().contains("matched"));
  status_.set(standing(0, 0));
  EXPECT_EQ(to_json(status_.document().at("matched")), "0");
}

TEST_F(SetStatusTest, what_is_under_way_is_unknown) {
  status_.set(standing(2, 1));
  EXPECT_EQ(ready(), "Unknown Progressing: 1 of 2 applications are ready");
  EXPECT_EQ(word("Reconciling"), "True");
}

TEST_F(SetStatusTest, a_generator_that_cannot_be_read_is_no_success) {
  SetStanding now = standing(2, 2);
  now.generators[0].message = "the repository is away";
  status_.set(now);
  EXPECT_EQ(ready(), "False GeneratorFailed: the repository is away; its applications stay as they are");
  EXPECT_EQ(word("Stalled"), "False");
}

TEST_F(SetStatusTest, what_is_left_out_on_purpose_is_no_failure) {
  SetStanding now = standing(2, 2);
  now.left_out = {{"branch c", "MaxReached", "there are 2 already"}};
  status_.set(now);
  EXPECT_EQ(word("Ready"), "True");
  EXPECT_EQ(status_.document().at("leftOut").as_array().size(), 1U);
}

TEST_F(SetStatusTest, what_needs_somebody_stalls) {
  SetStanding now = standing(2, 2);
  now.left_out = {{"branch c", "NotOurs", "the Application c is there and is none of this set"}};
  status_.set(now);
  EXPECT_EQ(ready(), "False NotOurs: branch c: the Application c is there and is none of this set");
  EXPECT_EQ(word("Stalled"), "True");
  now.left_out[0].reason = "ApplyFailed";
  status_.set(now);
  EXPECT_EQ(word("Stalled"), "False");
  EXPECT_EQ(word("Reconciling"), "True");
}

TEST_F(SetStatusTest, the_same_is_told_once_and_a_transition_keeps_its_time) {
  status_.set(standing(1, 1));
  const auto began = status_.document();
  now_ += 1h;
  status_.set(standing(1, 1));
  EXPECT_EQ(changed_, 1);
  EXPECT_EQ(canonical_json(status_.document()), canonical_json(began));
  EXPECT_EQ(told_, (std::vector<std::string>{"Ready True ReconciliationSucceeded", "Reconciling False Idle",
                                             "Stalled False NotStalled"}));
}

}  // namespace
}  // namespace holdfast
