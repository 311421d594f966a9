#include "app/start_line.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <string>

namespace holdfast {
namespace {

class StartLineTest : public testing::Test {
 protected:
  void wait(Timer& timer, char name) {
    timer.expires_at(Clock::time_point::max());
    timer.async_wait([this, name](const boost::system::error_code&) { told_ += name; });
  }
  std::string told() {
    io_.poll();
    io_.restart();
    return std::exchange(told_, {});
  }

  boost::asio::io_context io_;
  Timer a_{io_}, b_{io_}, c_{io_};
  StartLine line_{1};
  std::string told_;
};

TEST_F(StartLineTest, who_came_first_is_told_first_and_once) {
  EXPECT_TRUE(line_.take(a_));
  EXPECT_FALSE(line_.take(b_));
  EXPECT_FALSE(line_.take(c_));
  EXPECT_FALSE(line_.take(b_));
  wait(b_, 'b');
  wait(c_, 'c');
  line_.give();
  EXPECT_EQ(told(), "b");
  EXPECT_TRUE(line_.take(b_));
  line_.give();
  EXPECT_EQ(told(), "c");
  EXPECT_TRUE(line_.take(c_));
  line_.give();
  EXPECT_EQ(told(), "");
  EXPECT_TRUE(line_.take(a_));
}

TEST_F(StartLineTest, who_leaves_after_being_told_lets_the_next_one_know) {
  EXPECT_TRUE(line_.take(a_));
  EXPECT_FALSE(line_.take(b_));
  EXPECT_FALSE(line_.take(c_));
  wait(b_, 'b');
  wait(c_, 'c');
  line_.give();
  line_.forget(b_);
  EXPECT_EQ(told(), "bc");
  EXPECT_TRUE(line_.take(c_));
}

TEST_F(StartLineTest, who_leaves_before_is_not_told) {
  EXPECT_TRUE(line_.take(a_));
  EXPECT_FALSE(line_.take(b_));
  wait(b_, 'b');
  line_.forget(b_);
  line_.give();
  EXPECT_EQ(told(), "");
  EXPECT_TRUE(line_.take(c_));
  line_.forget(a_);  // it never waited
  EXPECT_FALSE(line_.take(b_));
}

}  // namespace
}  // namespace holdfast
