// Pushes as they happen: a forge's deliveries, a receiver without a cluster, a relay, a daemon that nothing reaches.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdio>
#include <random>

#include "holdfast/base/log.h"
#include "sim/served_receiver.h"
#include "soak/usage.h"

namespace holdfast::cluster {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

class PushOnSimulator : public ServedReceiver {
 protected:
  // Connected, and in force what Git had at the start.
  std::unique_ptr<HoldfastProcess> started(const std::vector<std::string>& more) {
    auto holding = std::make_unique<HoldfastProcess>(daemon(more));
    EXPECT_TRUE(becomes("first", 20s)) << holding->output();
    return holding;
  }
};

TEST_F(PushOnSimulator, ask_4_every_sender_makes_a_daemon_look_at_once_through_a_relay) {
  start_receiver();
  const auto holding = started(of_relay());
  holding->wait_for_line("pushes are heard of through", 20s);
  HookClient forge(receiver_port_);
  for (const ForgeWords& words : all_forges()) {
    const std::string id = commit(std::string(words.type));
    const ReceivedRequest request = delivery_of(words.forge, pushed(id));
    EXPECT_EQ(forge.post(request.target, request.headers, request.body), 202) << words.type;
    EXPECT_TRUE(becomes(std::string(words.type), 10s)) << words.type << "\n" << holding->output();
  }
  EXPECT_EQ(receiver_->stop(10s), 0);
  EXPECT_THAT(receiver_->output(), Not(HasSubstr(kHookSecret)));
  EXPECT_EQ(holding->stop(10s), 0);
}

TEST_F(PushOnSimulator, ask_5_the_receiver_may_be_a_part_of_the_daemon) {
  const auto holding = started({"--receiver-config", file("receivers.yaml"), "--receiver", "127.0.0.1:0"});
  HookClient forge(port_of(holding->wait_for_line("receiving pushes at ", 20s)));
  const ReceivedRequest forged = delivery_of(Forge::GitLab, pushed(commit("second")), "another secret altogether");
  EXPECT_EQ(forge.post(forged.target, forged.headers, forged.body), 401);
  holding->wait_for_line("a delivery to gitlab was refused", 10s);
  const ReceivedRequest good = delivery_of(Forge::GitLab, pushed("any"));
  EXPECT_EQ(forge.post(good.target, good.headers, good.body), 202);
  EXPECT_TRUE(becomes("second", 10s)) << holding->output();
  EXPECT_EQ(holding->stop(10s), 0);
}

TEST_F(PushOnSimulator, what_was_pushed_while_the_relay_was_away_is_found_when_it_is_back) {
  start_receiver();
  const auto holding = started(of_relay());
  holding->wait_for_line("pushes are heard of through", 20s);
  receiver_->signal(SIGKILL);
  receiver_->wait_exit(10s);
  commit("second");
  holding->wait_for_line("it is tried again", 20s);
  const std::size_t before = holding->line_count();
  start_receiver();
  holding->wait_for_line("pushes are heard of through", 60s, before);
  EXPECT_TRUE(becomes("second", 10s)) << holding->output();
}

TEST_F(PushOnSimulator, a_relay_that_does_not_know_the_token_says_what_to_do_and_the_daemon_goes_on) {
  start_receiver();
  write("other-token", "the-token-of-somebody-else\n");
  auto words = of_relay();
  words.back() = file("other-token");
  const auto holding = started(words);
  const std::string line = holding->wait_for_line("the relay answers 401", 20s);
  EXPECT_THAT(line, HasSubstr("--relay-token-file"));
  EXPECT_THAT(holding->output(), Not(HasSubstr("somebody-else")));
  EXPECT_EQ(holding->stop(10s), 0);
}

// ---- 10,000 deliveries --------------------------------------------------------------------------------------------

struct Sent {
  std::size_t by_status[600] = {};
  std::size_t oversized = 0, forged = 0, truncated = 0, doubled = 0, dropped = 0;
};

class Storm : public PushOnSimulator {
 protected:
  static constexpr int kDeliveries = 10'000, kCommits = 20;

  // A delivery of a commit up to that one: mostly a late one, of any sender.
  ReceivedRequest any_delivery(std::size_t newest) {
    const auto& forges = all_forges();
    const Forge forge = forges[random_() % forges.size()].forge;
    PushedRef ref = pushed(commits_[random_() % (newest + 1)]);
    ref.before = commits_[random_() % (newest + 1)];
    return delivery_of(forge, ref, kHookSecret, "id-" + std::to_string(random_()));
  }

  void send(HookClient& forge, const ReceivedRequest& request) {
    const int status = forge.post(request.target, request.headers, request.body);
    ++sent_.by_status[std::clamp(status, 0, 599)];
  }

  void send_one(HookClient& forge, std::size_t newest) {
    ReceivedRequest request = any_delivery(newest);
    const unsigned what = random_() % 100;
    if (what < 10) {
      ++sent_.dropped;
    } else if (what < 20) {
      ++sent_.doubled;
      send(forge, request);
      send(forge, request);
    } else if (what < 40) {
      ++sent_.forged;
      request = delivery_of(all_forges()[random_() % all_forges().size()].forge, pushed("forged"),
                            "a secret that is none here");
      send(forge, request);
    } else if (what < 43) {
      ++sent_.oversized;
      request.body.append((std::size_t{1} << 20) + random_() % 100'000, ' ');
      send(forge, request);
    } else if (what < 50) {
      ++sent_.truncated;
      request.body.resize(random_() % request.body.size());
      send(forge, request);
    } else {
      send(forge, request);
    }
  }

  // Each revision that the daemon read, by its number among the commits.
  [[nodiscard]] std::vector<std::ptrdiff_t> read_in_order(const HoldfastProcess& holding) const {
    std::vector<std::ptrdiff_t> numbers;
    for (const std::string& line : holding.lines()) {
      const std::size_t at = line.find("read main@sha1:");
      if (at == std::string::npos) continue;
      const auto found = std::ranges::find(commits_, line.substr(at + 15, 40));
      numbers.push_back(found - commits_.begin());
    }
    return numbers;
  }

  std::mt19937 random_{20'261'128};
  std::vector<std::string> commits_;
  Sent sent_;
};

TEST_F(Storm, ask_24_of_10000_deliveries_in_any_state_what_is_left_is_what_git_says) {
  start_receiver();
  const auto holding = started(of_relay());
  holding->wait_for_line("pushes are heard of through", 20s);
  commits_.push_back(repository_.git({"rev-parse", "HEAD"}));
  HookClient forge(receiver_port_);
  const auto began = std::chrono::steady_clock::now();
  soak::Usage receiver_warm, daemon_warm;
  for (int i = 0; i < kDeliveries; ++i) {
    if (i % (kDeliveries / kCommits) == kDeliveries / kCommits - 200) commits_.push_back(commit(std::to_string(i)));
    send_one(forge, commits_.size() - 1);
    if (i == kDeliveries / 4)
      receiver_warm = soak::usage_of(receiver_->pid()), daemon_warm = soak::usage_of(holding->pid());
  }
  const auto took = std::chrono::steady_clock::now() - began;
  const std::string last = std::to_string(kDeliveries - 200);
  EXPECT_TRUE(becomes(last, 15s)) << holding->output();
  const soak::Usage receiver = soak::usage_of(receiver_->pid()), daemon = soak::usage_of(holding->pid());

  const auto numbers = read_in_order(*holding);
  EXPECT_TRUE(std::ranges::is_sorted(numbers)) << "an older commit was read after a newer one";
  EXPECT_EQ(numbers.back(), static_cast<std::ptrdiff_t>(commits_.size()) - 1);
  const std::size_t looks =
      std::ranges::count_if(git_->seen(), [](const auto& seen) { return seen.target.contains("info/refs"); });
  // One a second of the repository at most; a fetch asks once more.
  EXPECT_LE(looks, 2 * (std::chrono::ceil<std::chrono::seconds>(took).count() + kCommits + 10));
  EXPECT_EQ(sent_.by_status[0], 0U) << "without an answer";
  EXPECT_GE(sent_.by_status[401], sent_.forged);
  EXPECT_EQ(sent_.by_status[413], sent_.oversized);
  EXPECT_LE(receiver.own_kib, receiver_warm.own_kib + 2'048);
  EXPECT_LE(daemon.own_kib, daemon_warm.own_kib + 4'096);
  std::printf(
      "%d deliveries in %.1f s: 202 %zu, 401 %zu, 400 %zu, 413 %zu; forged %zu, oversized %zu, truncated %zu, "
      "doubled %zu, dropped %zu; looks %zu; own memory of the receiver %zu -> %zu KiB (PSS %zu -> %zu), of the "
      "daemon %zu -> %zu KiB (PSS %zu -> %zu)\n",
      kDeliveries, std::chrono::duration<double>(took).count(), sent_.by_status[202], sent_.by_status[401],
      sent_.by_status[400], sent_.by_status[413], sent_.forged, sent_.oversized, sent_.truncated, sent_.doubled,
      sent_.dropped, looks, receiver_warm.own_kib, receiver.own_kib, receiver_warm.pss_kib, receiver.pss_kib,
      daemon_warm.own_kib, daemon.own_kib, daemon_warm.pss_kib, daemon.pss_kib);
}

TEST_F(PushOnSimulator, ask_4_a_push_that_nobody_heard_of_is_found_after_the_interval) {
  start_receiver();
  auto words = daemon(of_relay());
  *std::ranges::find(words, "86400") = "2";
  HoldfastProcess holding(words);
  ASSERT_TRUE(becomes("first", 20s)) << holding.output();
  commit("second");
  EXPECT_TRUE(becomes("second", 20s)) << holding.output();
}

}  // namespace
}  // namespace holdfast::cluster
