#include "net/exec_credentials.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <mutex>
#include <string>
#include <vector>

namespace holdfast {
namespace {

namespace asio = boost::asio;
using std::chrono::seconds;

// A plugin that answers at once, on the worker; a clock on the wall that the test sets.
class ExecCredentialsTest : public testing::Test {
 protected:
  asio::io_context io_;
  std::mutex mutex_;  // guards what the worker uses
  std::vector<std::string> answers_{R"({"token":"one"})", R"({"token":"two"})"};
  int runs_ = 0;
  std::chrono::system_clock::time_point wall_{seconds(1000)};
  std::shared_ptr<ExecCredentials> credentials_ = make();

  std::shared_ptr<ExecCredentials> make() {
    ExecPlugin plugin;
    plugin.command = "/plugin";
    plugin.api_version = kExecV1;
    ExecCredentials::World world;
    world.run = [this](const ProcessSpec&) -> Result<ProcessOutput> {
      const std::scoped_lock lock(mutex_);
      const std::string status = answers_.at(std::min(static_cast<std::size_t>(runs_++), answers_.size() - 1));
      if (status.empty()) return ProcessOutput{1, "", "no"};
      return ProcessOutput{
          0, R"({"kind":"ExecCredential","apiVersion":")" + std::string(kExecV1) + R"(","status":)" + status + "}", ""};
    };
    world.wall_clock = [this] { return wall_; };
    world.random = [] { return 0.0; };
    return std::make_shared<ExecCredentials>(io_.get_executor(), plugin, ProcessSpec{}, std::move(world));
  }

  // What so many callers get that ask at the same time.
  std::vector<Result<ExecCredentialPtr>> get(int callers = 1) {
    std::vector<Result<ExecCredentialPtr>> got;
    for (int i = 0; i < callers; ++i)
      asio::co_spawn(io_, credentials_->get(),
                     [&got](std::exception_ptr, Result<ExecCredentialPtr> one) { got.push_back(std::move(one)); });
    const auto work = asio::make_work_guard(io_);
    io_.restart();
    while (got.size() < static_cast<std::size_t>(callers)) io_.run_one();
    return got;
  }
  std::string token() {
    const auto got = get().front();
    return got ? std::string((*got)->token.reveal()) : "error";
  }
};

TEST_F(ExecCredentialsTest, B5_many_callers_are_one_run) {
  const auto got = get(10);
  EXPECT_EQ(runs_, 1);
  for (const auto& one : got) {
    ASSERT_TRUE(one);
    EXPECT_EQ((*one)->token.reveal(), "one");
  }
}

TEST_F(ExecCredentialsTest, B5_is_kept_until_it_expires) {
  answers_ = {R"({"token":"one","expirationTimestamp":"1970-01-01T00:20:00Z"})", R"({"token":"two"})"};
  EXPECT_EQ(token(), "one");
  wall_ += seconds(199);
  EXPECT_EQ(token(), "one");
  wall_ += seconds(1);
  EXPECT_EQ(token(), "two");
  EXPECT_EQ(runs_, 2);
}

TEST_F(ExecCredentialsTest, B5_without_expiry_is_kept_until_a_401) {
  const auto first = get().front();
  wall_ += seconds(1'000'000);
  EXPECT_EQ(token(), "one");
  credentials_->rejected(*first);
  EXPECT_EQ(token(), "two");
  credentials_->rejected(*first);  // said late by somebody else: the new one stays
  EXPECT_EQ(token(), "two");
}

TEST_F(ExecCredentialsTest, B5_fault_18_a_failing_plugin_is_not_run_for_every_request) {
  answers_ = {"", R"({"token":"two"})"};
  EXPECT_EQ(token(), "error");
  EXPECT_EQ(token(), "error");
  EXPECT_EQ(runs_, 1);
}

TEST_F(ExecCredentialsTest, B5_an_answer_that_has_expired_already_is_a_failure_and_no_loop) {
  answers_ = {R"({"token":"one","expirationTimestamp":"1970-01-01T00:00:01Z"})"};
  EXPECT_EQ(token(), "error");
  EXPECT_EQ(runs_, 1);
}

TEST_F(ExecCredentialsTest, B5_fault_18_a_plugin_that_hangs_is_ended_with_its_owner) {
  ExecPlugin plugin;
  plugin.command = "/bin/sleep";
  plugin.arguments = {"1000"};
  ExecCredentials::World world;
  world.random = [] { return 0.0; };
  auto hanging =
      std::make_shared<ExecCredentials>(io_.get_executor(), plugin, exec_process(plugin, {}, {}), std::move(world));
  bool answered = false;
  asio::co_spawn(io_, hanging->get(), [&](std::exception_ptr, const Result<ExecCredentialPtr>&) { answered = true; });
  io_.poll();
  EXPECT_FALSE(answered);
  // The caller's frame is the last owner; it goes with the context.
  hanging.reset();
}

}  // namespace
}  // namespace holdfast
