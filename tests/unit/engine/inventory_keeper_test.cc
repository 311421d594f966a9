// The record in the cluster under two writers, and lost answers.
#include "engine/inventory_keeper.h"

#include <boost/asio/co_spawn.hpp>

#include "unit/engine/fake_cluster.h"

namespace holdfast {
namespace {

constexpr const char* kPath = "/api/v1/namespaces/system/configmaps/inventory";

class InventoryKeeperTest : public testing::Test {
 protected:
  InventoryKeeperTest() { EXPECT_TRUE(run(keeper.load())); }

  bool run(boost::asio::awaitable<Result<void>> task) {
    // A request that is held outlives this call.
    auto outcome = std::make_shared<Result<void>>(fail(ErrorKind::Internal, "under way"));
    boost::asio::co_spawn(io, std::move(task), [outcome](std::exception_ptr failure, Result<void> result) {
      EXPECT_EQ(failure, nullptr);
      *outcome = std::move(result);
    });
    io.restart();
    io.poll();
    retry_after = *outcome ? std::chrono::seconds{0} : outcome->error().retry_after;
    return outcome->has_value();
  }
  static ObjectKey key(const char* name) { return {"", "ConfigMap", "web", name}; }
  Inventory recorded() { return from_config_map(api.objects.at(kPath), "prod").value(); }

  std::chrono::seconds retry_after{0};  // of the last failure
  boost::asio::io_context io;
  fake::ApiServer api{io};
  InventoryKeeper keeper{api, {"system", "inventory", "prod"}};
};

TEST_F(InventoryKeeperTest, D11_another_writers_entries_are_merged_and_written) {
  keeper.saw(key("a"), Uid{"ua"});
  ASSERT_TRUE(run(keeper.save()));
  InventoryKeeper other(api, {"system", "inventory", "prod"});
  ASSERT_TRUE(run(other.load()));
  other.saw(key("b"), Uid{"ub"});
  ASSERT_TRUE(run(other.save()));
  keeper.intend(key("c"));
  keeper.forget(key("a"));
  EXPECT_FALSE(run(keeper.save()));
  EXPECT_TRUE(run(keeper.save()));
  EXPECT_EQ(recorded().entries, (std::map<ObjectKey, Uid>{{key("b"), Uid{"ub"}}, {key("c"), Uid{}}}));
}

TEST_F(InventoryKeeperTest, D11_a_conflict_whose_reload_fails_never_overwrites_the_other) {
  keeper.saw(key("a"), Uid{"ua"});
  ASSERT_TRUE(run(keeper.save()));
  InventoryKeeper other(api, {"system", "inventory", "prod"});
  ASSERT_TRUE(run(other.load()));
  other.saw(key("b"), Uid{"ub"});
  ASSERT_TRUE(run(other.save()));
  keeper.intend(key("c"));
  api.answers[kPath] = {fake::status_response(409, "Conflict", "the object has been modified"),
                        fail(ErrorKind::Unreachable, "down")};
  EXPECT_FALSE(run(keeper.save()));
  run(keeper.save());
  run(keeper.save());
  EXPECT_EQ(recorded().entries.size(), 3U);
}

TEST_F(InventoryKeeperTest, what_is_seen_while_the_record_is_read_again_is_kept) {
  keeper.intend(key("a"));
  ASSERT_TRUE(run(keeper.save()));
  api.edit(kPath, "/data/revision", "theirs");
  keeper.intend(key("b"));
  api.hold = [](const ApiRequest& request) { return request.method == Method::Get; };
  run(keeper.save());
  keeper.saw(key("a"), Uid{"ua"});
  api.hold = nullptr;
  api.release(kPath);
  io.restart();
  io.poll();
  EXPECT_EQ(keeper.uid(key("a"))->value, "ua");
}

TEST_F(InventoryKeeperTest, B8_a_busy_servers_word_about_waiting_is_handed_on) {
  ApiResponse busy{429, "text/plain", std::chrono::seconds(5), "Too many requests"};
  keeper.intend(key("a"));
  api.answers[kPath] = {busy, busy};
  EXPECT_FALSE(run(keeper.save()));
  EXPECT_EQ(retry_after, std::chrono::seconds(5));
  EXPECT_FALSE(run(keeper.load()));
  EXPECT_EQ(retry_after, std::chrono::seconds(5));
}

TEST_F(InventoryKeeperTest, D7_our_own_write_with_a_lost_answer_is_no_other_writer) {
  keeper.intend(key("a"));
  ASSERT_TRUE(run(keeper.save()));
  keeper.intend(key("b"));
  api.hold = [](const ApiRequest&) { return true; };
  run(keeper.save());
  api.hold = nullptr;
  (void)api.handle(api.held.front().request);
  api.release(kPath, fail(ErrorKind::UnknownOutcome, "reset"));
  io.restart();
  io.poll();
  keeper.forget(key("a"));
  EXPECT_TRUE(run(keeper.save()));
  EXPECT_EQ(recorded().entries.size(), 1U);
}

TEST_F(InventoryKeeperTest, what_a_hook_has_come_to_is_let_go_of_with_it_also_where_an_answer_is_lost) {
  keeper.intend_hook(key("a"), "m1");
  keeper.saw(key("a"), Uid{"ua"});
  keeper.hook_is(key("a"), HookState::Done);
  keeper.intend_hook(key("b"), "m1");
  keeper.saw(key("b"), Uid{"ub"});
  ASSERT_TRUE(run(keeper.save()));
  keeper.intend(key("a"));
  keeper.intend(key("b"));
  api.hold = [](const ApiRequest&) { return true; };
  run(keeper.save());
  api.hold = nullptr;
  api.release(kPath, fail(ErrorKind::UnknownOutcome, "reset"));
  io.restart();
  io.poll();
  EXPECT_TRUE(run(keeper.save()));
  EXPECT_TRUE(recorded().hooks.empty());
  EXPECT_EQ(recorded().entries, (std::map<ObjectKey, Uid>{{key("a"), Uid{}}, {key("b"), Uid{"ub"}}}))
      << "that one may still be there";
}

}  // namespace
}  // namespace holdfast
