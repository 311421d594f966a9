#include "net/gate.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <string>
#include <vector>

namespace holdfast {
namespace {

namespace asio = boost::asio;
using std::chrono::seconds;

class GateTest : public testing::Test {
 protected:
  VirtualTime time_;
  asio::io_context io_;
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>(io_.get_executor(), 2);
  std::vector<std::string> seen_;
  std::vector<Gate::Pass> inside_;

  void enter(const std::string& name, Clock::time_point deadline = Clock::time_point::max()) {
    asio::co_spawn(io_, gate_->enter(deadline), [this, name](std::exception_ptr, Result<Gate::Pass> pass) {
      seen_.push_back(name + (pass ? "" : std::string(" ") + to_string(pass.error().kind)));
      if (pass) inside_.push_back(std::move(*pass));
    });
    run();
  }
  void leave() {
    inside_.erase(inside_.begin());
    run();
  }
  void run() {
    io_.restart();
    while (io_.poll() != 0) {
    }
  }
};

TEST_F(GateTest, A22_A17_so_many_at_once_and_the_others_in_their_order) {
  for (const char* name : {"a", "b", "c", "d"}) enter(name);
  EXPECT_EQ(seen_, (std::vector<std::string>{"a", "b"}));
  leave();
  EXPECT_EQ(seen_, (std::vector<std::string>{"a", "b", "c"}));
  leave();
  leave();
  leave();
  EXPECT_EQ(seen_.size(), 4U);
  enter("e");
  enter("f");
  EXPECT_EQ(seen_.size(), 6U);
}

TEST_F(GateTest, A17_who_waits_too_long_is_told_and_takes_no_place) {
  enter("a");
  enter("b");
  enter("late", Clock::now() + seconds(1));
  time_.advance_to(Clock::now() + seconds(2));
  run();
  EXPECT_EQ(seen_.back().substr(0, 5), "late ");
  EXPECT_EQ(gate_->waiting(), 0U);
  leave();
  enter("c");
  EXPECT_EQ(seen_.back(), "c");
}

}  // namespace
}  // namespace holdfast
