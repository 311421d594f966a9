// When all of a revision is healthy, and what of that is said.
#include "engine/readiness.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using News = Readiness::News;

class ReadinessTest : public testing::Test {
 protected:
  static ObjectKey key(const char* name) { return {"", "ConfigMap", "web", name}; }
  Readiness::Change note(const char* name, bool healthy, bool ill = false) {
    readiness.note(key(name), healthy);
    return readiness.settle(applied, ill);
  }

  Readiness readiness;
  bool applied = true;
};

TEST_F(ReadinessTest, is_ready_when_all_is_applied_and_the_last_is_healthy) {
  applied = false;
  note("a", true);
  note("b", false);
  EXPECT_FALSE(readiness.ready());
  applied = true;
  EXPECT_FALSE(readiness.settle(true, false).flipped);
  const Readiness::Change change = note("b", true);
  EXPECT_TRUE(change.flipped);
  EXPECT_EQ(change.news, News::Ready);
  EXPECT_TRUE(readiness.ready());
}

TEST_F(ReadinessTest, what_is_on_its_way_for_a_while_is_no_news) {
  EXPECT_EQ(note("a", true).news, News::Ready);
  const Readiness::Change lost = note("a", false);
  EXPECT_TRUE(lost.flipped) << "who waits for it is told all the same";
  EXPECT_EQ(lost.news, News::None);
  EXPECT_EQ(note("a", true).news, News::None);
}

TEST_F(ReadinessTest, the_loss_is_said_once_and_so_is_its_end) {
  note("a", true);
  EXPECT_EQ(note("a", false).news, News::None);
  EXPECT_EQ(note("a", false, true).news, News::Degraded);
  EXPECT_EQ(note("b", false, true).news, News::None);
  EXPECT_EQ(note("a", true).news, News::None);
  EXPECT_EQ(note("b", true).news, News::Ready);
}

TEST_F(ReadinessTest, another_revision_begins_without_a_word) {
  note("a", true);
  readiness.begin(false);
  applied = false;
  EXPECT_EQ(note("a", false, true).news, News::None);
  EXPECT_FALSE(readiness.ready());
  applied = true;
  EXPECT_EQ(note("a", false, true).news, News::None) << "it was not ready yet";
  EXPECT_EQ(note("a", true).news, News::Ready);
}

TEST_F(ReadinessTest, the_same_revision_tried_anew_stays_what_it_was_until_that_is_done) {
  note("a", true);
  readiness.begin(true);
  applied = false;
  EXPECT_FALSE(note("a", false, true).flipped);
  EXPECT_TRUE(readiness.ready());
  applied = true;
  EXPECT_EQ(note("a", true).news, News::None);
}

}  // namespace
}  // namespace holdfast
