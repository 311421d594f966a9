#include "net/attempts.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <vector>

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// Tokens in the order in which they are given out, the last one for ever.
class Tokens final : public CredentialSource {
 public:
  explicit Tokens(std::vector<std::string> tokens) : tokens_(std::move(tokens)) {}
  asio::awaitable<Result<Secret>> token() override { co_return Secret(tokens_.front()); }
  [[nodiscard]] std::shared_ptr<const void> in_use() const override { return nullptr; }
  [[nodiscard]] bool renewable(const Secret& token) const override { return !token.empty(); }
  void rejected() override {
    ++rejections;
    if (tokens_.size() > 1) tokens_.erase(tokens_.begin());
  }
  int rejections = 0;

 private:
  std::vector<std::string> tokens_;
};

class Attempts : public testing::Test {
 protected:
  template <class T>
  Result<T> run(asio::awaitable<Result<T>> work) {
    Result<T> got = fail(ErrorKind::Internal, "it did not end");
    asio::co_spawn(io_, std::move(work), [&](std::exception_ptr, Result<T> result) { got = std::move(result); });
    for (;;) {
      io_.restart();
      while (io_.poll() != 0) io_.restart();
      if (time_.next_due() == Clock::time_point::max()) return got;
      time_.advance_to(time_.next_due());
    }
  }
  // The status for who comes with the good token; what was tried is in `tried_`.
  int with_token(Tokens& tokens, const std::string& good) {
    const auto attempt = [this, good](Secret token) { return answer(std::move(token), good); };
    return run(with_credential(tokens, attempt, [](int status) { return status; })).value_or(0);
  }
  asio::awaitable<Result<int>> answer(Secret token, std::string good) {
    tried_.emplace_back(token.reveal());
    co_return tried_.back() == good ? 200 : 401;
  }
  // Each answer in its turn, the last one for ever; when each was asked for is in `at_`.
  Result<ApiResponse> patiently(Method method, std::vector<ApiResponse> answers, std::chrono::seconds deadline) {
    answers_ = std::move(answers);
    const std::function<asio::awaitable<Result<FlowAnswer>>()> attempt = [this] { return next(); };
    return run(with_patience(io_.get_executor(), flows_, method, 10, time_.now() + deadline, attempt));
  }
  asio::awaitable<Result<FlowAnswer>> next() {
    at_.push_back(time_.now() - start_);
    FlowAnswer answer{answers_.front(), "flow"};
    if (answers_.size() > 1) answers_.erase(answers_.begin());
    co_return answer;
  }
  static ApiResponse turned_away(std::chrono::seconds retry_after) {
    ApiResponse response;
    response.status = 429;
    response.retry_after = retry_after;
    return response;
  }
  static ApiResponse served() {
    ApiResponse response;
    response.status = 200;
    return response;
  }

  VirtualTime time_;
  Clock::time_point start_ = time_.now();
  asio::io_context io_{1};
  FlowBackoffs flows_{[] { return 0.0; }};
  std::vector<std::string> tried_;
  std::vector<ApiResponse> answers_;
  std::vector<Clock::duration> at_;
};

TEST_F(Attempts, B9_fault_16_a_rotated_token_is_one_401_and_one_retry) {
  Tokens tokens({"old", "new"});
  EXPECT_EQ(with_token(tokens, "new"), 200);
  EXPECT_EQ(tried_, (std::vector<std::string>{"old", "new"}));
  EXPECT_EQ(tokens.rejections, 1);
}

TEST_F(Attempts, B9_without_another_token_a_401_is_the_answer) {
  Tokens tokens({"old"});
  EXPECT_EQ(with_token(tokens, "new"), 401);
  EXPECT_EQ(tried_, (std::vector<std::string>{"old"}));
}

TEST_F(Attempts, B9_there_is_no_third_attempt) {
  Tokens tokens({"old", "newer", "newest"});
  EXPECT_EQ(with_token(tokens, "newest"), 401);
  EXPECT_EQ(tried_, (std::vector<std::string>{"old", "newer"}));
}

TEST_F(Attempts, B8_fault_14_who_is_told_to_come_back_comes_no_sooner) {
  const auto got = patiently(Method::Get, {turned_away(5s), turned_away(7s), served()}, 40s);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->status, 200);
  EXPECT_EQ(at_, (std::vector<Clock::duration>{0s, 5s, 12s}));
}

TEST_F(Attempts, B8_not_beyond_the_deadline_and_a_write_never) {
  const auto late = patiently(Method::Get, {turned_away(5s)}, 12s);
  ASSERT_TRUE(late);
  EXPECT_EQ(late->status, 429);
  EXPECT_EQ(at_, (std::vector<Clock::duration>{0s, 5s, 10s}));
  at_.clear();
  ASSERT_TRUE(patiently(Method::Patch, {turned_away(5s), served()}, 40s));
  EXPECT_EQ(at_.size(), 1U);
}

}  // namespace
}  // namespace holdfast
