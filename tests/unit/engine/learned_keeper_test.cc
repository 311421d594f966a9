// What was learned, in the cluster: written where it differs, read as far as it is whole, and never in the way.
#include "engine/learned_keeper.h"

#include <boost/asio/co_spawn.hpp>

#include "unit/engine/fake_cluster.h"

namespace holdfast {
namespace {

constexpr const char* kShard = "/api/v1/namespaces/system/configmaps/inventory.learned-0";
constexpr const char* kSecond = "/api/v1/namespaces/system/configmaps/inventory.learned-1";
constexpr const char* kKey = "/api/v1/namespaces/system/secrets/inventory.key";
constexpr const char* kSecrets = "/api/v1/namespaces/system/secrets";

class LearnedKeeperTest : public testing::Test {
 protected:
  using Keeper = std::unique_ptr<LearnedKeeper>;

  Result<void> run(boost::asio::awaitable<Result<void>> task) {
    auto outcome = std::make_shared<Result<void>>(fail(ErrorKind::Internal, "under way"));
    boost::asio::co_spawn(io, std::move(task), [outcome](std::exception_ptr failure, Result<void> result) {
      EXPECT_EQ(failure, nullptr);
      *outcome = std::move(result);
    });
    io.restart();
    io.poll();
    return *outcome;
  }
  Keeper loaded(const std::string& installation = "prod") {
    auto keeper = std::make_unique<LearnedKeeper>(api, InventoryLocation{"system", "inventory", installation});
    problem = {};
    if (const Result<void> read = run(keeper->load()); !read) problem = read.error().kind;
    api.sent.clear();
    return keeper;
  }
  static ObjectKey key(int number) { return {"", "ConfigMap", "web", "o" + std::to_string(number)}; }
  static LearnedSet lessons(const LearnedKeeper& keeper, int count, std::uint64_t print = 1) {
    LearnedSet set;
    for (int i = 0; i < count; ++i) {
      LearnedObject& object = set.objects.emplace_back();
      object.object = keeper.codec().object(key(i));
      object.context = 5;
      object.converged.push_back({print, static_cast<std::uint64_t>(i)});
    }
    return set;
  }
  [[nodiscard]] std::size_t writes() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(api.sent, [](const ApiRequest& request) { return request.method != Method::Get; }));
  }
  // Saved, and forgotten by the process.
  void saved(int count) {
    const Keeper keeper = loaded();
    ASSERT_TRUE(run(keeper->save(lessons(*keeper, count))));
    api.sent.clear();
  }

  boost::asio::io_context io;
  fake::ApiServer api{io};
  std::optional<ErrorKind> problem;
};

TEST_F(LearnedKeeperTest, C7_a_new_process_reads_what_the_old_one_saved) {
  saved(3);
  const Keeper keeper = loaded();
  ASSERT_NE(keeper->find(key(1)), nullptr);
  EXPECT_EQ(keeper->find(key(1))->converged.front(), (Digest128{1, 1}));
  EXPECT_EQ(keeper->find(key(3)), nullptr);
  EXPECT_EQ(keeper->lost(), "");
}

TEST_F(LearnedKeeperTest, what_is_there_already_is_not_written) {
  saved(3);
  const Keeper keeper = loaded();
  EXPECT_TRUE(run(keeper->save(lessons(*keeper, 3))));
  EXPECT_EQ(writes(), 0U);
  EXPECT_TRUE(run(keeper->save(lessons(*keeper, 3, 2))));
  EXPECT_EQ(writes(), 1U);
  EXPECT_TRUE(run(keeper->save(lessons(*keeper, 3, 2))));
  EXPECT_EQ(writes(), 1U);
}

TEST_F(LearnedKeeperTest, only_the_shards_that_changed_are_written) {
  saved(15'000);
  const Keeper keeper = loaded();
  LearnedSet set = lessons(*keeper, 15'000);
  const auto in_second = std::ranges::find_if(set.objects, [](const auto& object) { return object.object % 4 == 1; });
  in_second->converged.front() = {7, 7};
  EXPECT_TRUE(run(keeper->save(set)));
  EXPECT_EQ(writes(), 2U);
  EXPECT_EQ(api.count(Method::Patch, kSecond), 1U);
  EXPECT_EQ(api.count(Method::Patch, kShard), 1U);
  EXPECT_EQ(loaded()->find(key(15'000)), nullptr);
  EXPECT_EQ(problem, std::nullopt);
}

TEST_F(LearnedKeeperTest, shards_that_are_not_needed_any_more_go) {
  saved(15'000);
  const Keeper keeper = loaded();
  EXPECT_TRUE(run(keeper->save(lessons(*keeper, 10))));
  EXPECT_FALSE(api.objects.contains(kSecond));
  EXPECT_TRUE(api.objects.contains(kShard));
  EXPECT_NE(loaded()->find(key(9)), nullptr);
}

TEST_F(LearnedKeeperTest, a_save_that_never_ended_costs_only_what_it_touched) {
  saved(15'000);
  const Keeper keeper = loaded();
  api.answers[kShard] = {fail(ErrorKind::Unreachable, "down")};
  EXPECT_FALSE(run(keeper->save(lessons(*keeper, 15'000, 2))));
  const Keeper other = loaded();
  EXPECT_NE(other->lost(), "");
  for (int i = 0; i < 15'000; ++i) {
    const LearnedObject* found = other->find(key(i));
    ASSERT_EQ(found != nullptr, other->codec().object(key(i)) % 4 == 0) << i;
    if (found != nullptr) ASSERT_EQ(found->converged.front(), (Digest128{1, static_cast<std::uint64_t>(i)}));
  }
  EXPECT_TRUE(run(keeper->save(lessons(*keeper, 15'000, 2))));
  EXPECT_EQ(loaded()->lost(), "");
}

TEST_F(LearnedKeeperTest, C3_who_may_not_read_the_Secret_forges_nothing) {
  saved(3);
  const std::string bytes(api.objects.at(kShard).at("binaryData").at("objects").as_string());
  api.edit(kShard, "/binaryData/objects", json::value(base64_encode(base64_decode(bytes)->replace(60, 1, "x"))));
  const Keeper keeper = loaded();
  EXPECT_EQ(keeper->find(key(1)), nullptr);
  EXPECT_NE(keeper->lost(), "");
  EXPECT_TRUE(run(keeper->save(lessons(*keeper, 3))));
  EXPECT_NE(loaded()->find(key(1)), nullptr);
}

TEST_F(LearnedKeeperTest, a_lost_Secret_is_made_anew_and_what_was_sealed_with_the_old_one_is_not_read) {
  saved(3);
  api.objects.erase(kKey);
  const Keeper keeper = loaded();
  EXPECT_EQ(keeper->find(key(1)), nullptr);
  EXPECT_TRUE(run(keeper->save(lessons(*keeper, 3))));
  EXPECT_EQ(api.count(Method::Post, kSecrets), 1U);
  EXPECT_NE(loaded()->find(key(1)), nullptr);
}

TEST_F(LearnedKeeperTest, lost_ConfigMaps_are_no_error) {
  saved(3);
  api.objects.erase(kShard);
  EXPECT_EQ(loaded()->find(key(1)), nullptr);
  EXPECT_EQ(problem, std::nullopt);
}

TEST_F(LearnedKeeperTest, of_two_processes_that_begin_at_once_one_makes_the_key_and_the_other_keeps_nothing) {
  const Keeper one = loaded();
  const Keeper other = loaded();
  EXPECT_TRUE(run(one->save(lessons(*one, 1))));
  const json::value made = api.objects.at(kKey);
  const Result<void> saved = run(other->save(lessons(*other, 2)));
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().kind, ErrorKind::Conflict);
  EXPECT_EQ(api.objects.at(kKey), made);
  EXPECT_FALSE(other->keeps());
  EXPECT_NE(loaded()->find(key(0)), nullptr);
}

TEST_F(LearnedKeeperTest, D7_a_key_whose_answer_was_lost_is_found_to_be_ours) {
  const Keeper keeper = loaded();
  api.hold = [](const ApiRequest& request) { return request.method == Method::Post; };
  (void)run(keeper->save(lessons(*keeper, 1)));
  api.hold = nullptr;
  (void)api.handle(api.held.front().request);
  api.release(kSecrets, fail(ErrorKind::UnknownOutcome, "reset"));
  io.restart();
  io.poll();
  EXPECT_TRUE(run(keeper->save(lessons(*keeper, 1))));
  EXPECT_NE(loaded()->find(key(0)), nullptr);
}

TEST_F(LearnedKeeperTest, what_may_not_be_read_is_not_written) {
  api.answers[kKey] = {fake::status_response(403, "Forbidden", "secrets is forbidden")};
  const Keeper keeper = loaded();
  EXPECT_EQ(problem, ErrorKind::Forbidden);
  EXPECT_TRUE(run(keeper->save(lessons(*keeper, 1))));
  EXPECT_EQ(api.sent.size(), 0U);
}

TEST_F(LearnedKeeperTest, a_Secret_of_somebody_else_is_left_alone) {
  saved(1);
  loaded("other");
  EXPECT_EQ(problem, ErrorKind::Invalid);
  api.edit(kKey, "/data/key", "c2hvcnQ=");
  loaded();
  EXPECT_EQ(problem, ErrorKind::Invalid);
}

TEST_F(LearnedKeeperTest, the_end_of_the_application_takes_all_of_it) {
  saved(15'000);
  const Keeper keeper = loaded();
  EXPECT_TRUE(run(keeper->remove()));
  EXPECT_TRUE(api.objects.empty());
}

TEST_F(LearnedKeeperTest, what_another_installation_has_made_under_these_names_stays) {
  saved(3);
  const Keeper keeper = std::make_unique<LearnedKeeper>(api, InventoryLocation{"system", "inventory", "other"});
  EXPECT_TRUE(run(keeper->remove()));
  EXPECT_EQ(api.objects.size(), 2U);
}

}  // namespace
}  // namespace holdfast
