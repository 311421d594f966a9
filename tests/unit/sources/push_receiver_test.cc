#include "sources/push_receiver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "holdfast/base/log.h"
#include "unit/sources/push_deliveries.h"
#include "unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

constexpr const char* kSecret = "a secret of 24 characters";

class Heard final : public PushSink {
 public:
  void pushed(PushHint hint) override { hints.push_back(std::move(hint)); }
  std::vector<PushHint> hints;
};

class PushReceiverTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { start_logging(LogFormat::Text, LogLevel::Error); }

  PushReceiverTest() {
    folder_.write("secret", std::string(kSecret) + "\n");
    for (const ForgeWords& words : all_forges()) {
      const std::string name(words.type);
      config_.receivers.push_back({name, words.forge, (folder_ / "secret"), "/hook/" + name});
    }
    config_.rate_per_second = config_.rate_burst = 1'000;
  }

  PushReceiver& receiver() {
    if (!receiver_) receiver_ = PushReceiver::create(config_, heard_, [this] { return now_; }).value();
    return *receiver_;
  }
  int status(const ReceivedRequest& request) {
    if (const auto refused = receiver().refuse(request)) return refused->status;
    return receiver().answer(request).status;
  }
  static ReceivedRequest good(Forge forge, const std::string& id = {}) {
    return delivery(forge, std::string(words_of(forge).type), kSecret, push_body(forge, {}), {}, id);
  }

  TemporaryFolder folder_;
  ReceiverConfig config_;
  Heard heard_;
  Clock::time_point now_{std::chrono::hours(1)};
  std::unique_ptr<PushReceiver> receiver_;
};

TEST_F(PushReceiverTest, every_sender_is_answered_202_and_its_hint_handed_on) {
  for (const ForgeWords& words : all_forges()) {
    heard_.hints.clear();
    EXPECT_EQ(status(good(words.forge)), 202) << words.type;
    EXPECT_THAT(heard_.hints, SizeIs(1)) << words.type;
  }
}

TEST_F(PushReceiverTest, what_cannot_prove_itself_has_no_effect_and_learns_nothing) {
  std::set<std::string> bodies;
  std::set<int> statuses;
  for (const ForgeWords& words : all_forges()) {
    for (const std::string& name : {std::string(words.type), std::string("no-such-receiver")}) {
      ReceivedRequest forged = delivery(words.forge, name, "another secret altogether", push_body(words.forge, {}));
      ASSERT_FALSE(receiver().refuse(forged));
      const WebAnswer answer = receiver().answer(forged);
      statuses.insert(answer.status);
      bodies.insert(answer.body);
    }
  }
  EXPECT_THAT(statuses, ElementsAre(401));
  EXPECT_THAT(bodies, SizeIs(1));
  EXPECT_THAT(heard_.hints, IsEmpty());
}

TEST_F(PushReceiverTest, other_methods_and_paths_are_not_there) {
  ReceivedRequest request = good(Forge::GitHub);
  for (const char* method : {"GET", "PUT", "DELETE", "HEAD", "post"}) {
    request.method = method;
    EXPECT_EQ(status(request), 404) << method;
  }
  request.method = "POST";
  for (const char* target : {"/", "/hook", "/events", "/hooks/github", ""}) {
    request.target = target;
    EXPECT_EQ(status(request), 404) << target;
  }
  for (const char* target : {"/hook/", "/hook/git", "/hook/github/more", "/hook//github", "/hook/%67ithub"}) {
    request.target = target;
    EXPECT_EQ(status(request), 401) << target;
  }
  EXPECT_THAT(heard_.hints, IsEmpty());
  request.target = "/hook/github?x=1";
  EXPECT_EQ(status(request), 202);
}

TEST_F(PushReceiverTest, a_sender_that_is_believed_is_told_what_is_wrong) {
  const ReceivedRequest request = delivery(Forge::GitHub, "github", kSecret, "{}");
  const WebAnswer answer = receiver().answer(request);
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("no ref"));
  EXPECT_EQ(status(delivery(Forge::GitHub, "github", kSecret, "{}", "ping")), 200);
  EXPECT_THAT(heard_.hints, IsEmpty());
}

TEST_F(PushReceiverTest, the_same_delivery_at_once_again_is_passed_over_and_later_is_not) {
  EXPECT_EQ(status(good(Forge::GitHub, "id-1")), 202);
  EXPECT_EQ(status(good(Forge::GitHub, "id-1")), 202);
  EXPECT_THAT(heard_.hints, SizeIs(1));
  EXPECT_EQ(status(good(Forge::GitHub, "id-2")), 202);
  EXPECT_THAT(heard_.hints, SizeIs(2));
  now_ += PushReceiver::kDoubledWithin + 1s;
  EXPECT_EQ(status(good(Forge::GitHub, "id-1")), 202);  // somebody has pressed "redeliver"
  EXPECT_THAT(heard_.hints, SizeIs(3));
}

TEST_F(PushReceiverTest, without_an_id_nothing_is_taken_for_doubled) {
  EXPECT_EQ(status(good(Forge::Generic)), 202);
  EXPECT_EQ(status(good(Forge::Generic)), 202);
  EXPECT_THAT(heard_.hints, SizeIs(2));
}

TEST_F(PushReceiverTest, what_is_remembered_is_bounded) {
  config_.rate_per_second = config_.rate_burst = 1e9;
  for (std::size_t i = 0; i < 3 * PushReceiver::kMostRemembered; ++i)
    ASSERT_EQ(status(good(Forge::GitHub, fmt::format("id-{}", i))), 202);
  // The oldest are forgotten, and a doubled one costs a look then.
  EXPECT_EQ(status(good(Forge::GitHub, "id-0")), 202);
  EXPECT_THAT(heard_.hints, SizeIs((3 * PushReceiver::kMostRemembered) + 1));
}

TEST_F(PushReceiverTest, each_peer_has_its_own_rate_and_is_told_when_to_come_back) {
  config_.rate_per_second = 2;
  config_.rate_burst = 3;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(status(good(Forge::GitHub)), 202);
  const auto refused = receiver().refuse(good(Forge::GitHub));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 429);
  EXPECT_EQ(refused->retry_after, 1s);
  ReceivedRequest other = good(Forge::GitHub);
  other.peer = "192.0.2.2";
  EXPECT_EQ(status(other), 202);
  now_ += 1s;
  EXPECT_EQ(status(good(Forge::GitHub)), 202);
}

TEST_F(PushReceiverTest, the_peer_behind_a_proxy_that_is_trusted_counts) {
  config_.rate_per_second = config_.rate_burst = 1;
  config_.trusted_proxies = {"192.0.2.0/24", "2001:db8::/32"};
  ReceivedRequest request = good(Forge::GitHub);
  request.headers["x-forwarded-for"] = "198.51.100.1";
  EXPECT_EQ(status(request), 202);
  EXPECT_EQ(status(request), 429);
  request.headers["x-forwarded-for"] = "198.51.100.2, 192.0.2.7";
  EXPECT_EQ(status(request), 202);
  request.headers["x-forwarded-for"] = "anything, 198.51.100.2";  // whoever sends it may write what they like before
  EXPECT_EQ(status(request), 429);
  request.peer = "203.0.113.9";  // no proxy of ours: what it says does not count
  request.headers["x-forwarded-for"] = "198.51.100.3";
  EXPECT_EQ(status(request), 202);
  request.headers["x-forwarded-for"] = "198.51.100.4";
  EXPECT_EQ(status(request), 429);
}

TEST_F(PushReceiverTest, a_configuration_may_name_repositories_and_hosts) {
  for (ReceiverSpec& spec : config_.receivers) {
    if (spec.forge == Forge::Nexus)
      spec.repositories = {"oci://nexus.example/team/web", "oci://nexus.example/team/api"};
    if (spec.forge == Forge::Gitea) spec.hosts = {"gitea.forge.svc"};
  }
  EXPECT_EQ(status(good(Forge::Nexus)), 202);
  ASSERT_THAT(heard_.hints, SizeIs(2));
  EXPECT_THAT(heard_.hints[1].urls, ElementsAre("oci://nexus.example/team/api"));
  EXPECT_EQ(status(good(Forge::Gitea)), 202);
  EXPECT_THAT(heard_.hints[2].urls, testing::Contains("https://gitea.forge.svc/team/web"));
}

TEST_F(PushReceiverTest, a_secret_is_renewed_without_a_gap) {
  EXPECT_EQ(status(good(Forge::GitHub)), 202);
  folder_.write("secret", std::string(kSecret) + "\nanother secret altogether\n");
  now_ += SecretFile::kLookEvery;
  ReceivedRequest renewed =
      delivery(Forge::GitHub, "github", "another secret altogether", push_body(Forge::GitHub, {}));
  EXPECT_EQ(status(renewed), 202);
  EXPECT_EQ(status(good(Forge::GitHub)), 202);
  folder_.write("secret", "");  // in the middle of being written
  now_ += SecretFile::kLookEvery;
  EXPECT_EQ(status(renewed), 202);
  folder_.write("secret", "another secret altogether\n");
  now_ += SecretFile::kLookEvery;
  EXPECT_EQ(status(good(Forge::GitHub)), 401);
}

TEST_F(PushReceiverTest, without_a_secret_worth_the_name_it_does_not_begin) {
  for (const char* secret : {"", "\n \n", "short", "fifteen bytes.."}) {
    folder_.write("secret", secret);
    const auto made = PushReceiver::create(config_, heard_);
    ASSERT_FALSE(made) << secret;
    EXPECT_THAT(describe(made.error()), HasSubstr("openssl rand -hex 32"));
  }
  config_.receivers.front().secret_file = (folder_ / "missing");
  EXPECT_FALSE(PushReceiver::create(config_, heard_));
}

}  // namespace
}  // namespace holdfast
