// A reconciler that acts as an account which may see less than the watches do.
#include <gtest/gtest.h>

#include "unit/engine/reconciler_fixture.h"

namespace holdfast {
namespace {

class Account final : public ObjectAccess {
 public:
  boost::asio::awaitable<Result<void>> may_see(ApiResource, ObjectKey key) override {
    ++asked;
    if (refused.contains(key.name)) co_return fail(ErrorKind::Forbidden, "cannot get " + key.name);
    co_return Result<void>{};
  }
  [[nodiscard]] bool was_seen(const ApiResource&, const ObjectKey& key) const override {
    return !refused.contains(key.name);
  }
  std::set<std::string> refused;
  int asked = 0;
};

class ReconcilerAccessTest : public fake::ReconcilerTest {
 protected:
  ReconcilerAccessTest() {
    adjust = [this](ReconcilerOptions& options) {
      options.access = &account;
      options.account = "team/deployer";
    };
    make();
  }
  ~ReconcilerAccessTest() override {  // before the account goes
    reconciler->stop();
    settle();
  }
  Account account;
};

TEST_F(ReconcilerAccessTest, what_it_may_see_is_brought_about) {
  start();
  git("r1", {"a=1"});
  EXPECT_EQ(observer.times("created a"), 1U);
  EXPECT_GE(account.asked, 1);
}

TEST_F(ReconcilerAccessTest, what_it_may_not_see_is_neither_asked_for_nor_written) {
  account.refused = {"a"};
  start();
  git("r1", {"a=1", "b=1"});
  EXPECT_EQ(observer.times("refused a"), 1U);
  EXPECT_EQ(observer.times("created b"), 1U);
  EXPECT_EQ(observer.times("incomplete r1"), 1U);
  EXPECT_EQ(api.count(Method::Get, path("a")) + api.count(Method::Patch, path("a")), 0U);
}

// Events do not bring it to ask again before its pause is over.
TEST_F(ReconcilerAccessTest, a_refusal_is_not_asked_about_at_every_event) {
  account.refused = {"a"};
  start();
  git("r1", {"a=1"});
  const int asked = account.asked;
  for (int i = 0; i < 5; ++i) {
    reconciler->live_changed(key("a"), now);
    settle();
  }
  EXPECT_EQ(account.asked, asked);
}

TEST_F(ReconcilerAccessTest, rights_that_were_taken_away_end_the_repairs) {
  converged({"a=1"});
  account.refused = {"a"};
  const std::size_t writes = api.count(Method::Patch, path("a"));
  api.edit(path("a"), "/data/k", "2");
  watch_event("a");
  EXPECT_EQ(api.count(Method::Patch, path("a")), writes);
  EXPECT_EQ(live_value("a"), "2");
}

TEST_F(ReconcilerAccessTest, nothing_is_pruned_that_it_may_not_see) {
  converged({"a=1", "b=1", "c=1", "d=1"});
  account.refused = {"a"};
  git("r2", {"b=1", "c=1", "d=1"});
  EXPECT_EQ(api.count(Method::Delete, path("a")), 0U);
  EXPECT_TRUE(api.objects.contains(path("a")));
}

}  // namespace
}  // namespace holdfast
