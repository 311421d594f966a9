#include "app/object_turns.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace holdfast {
namespace {

namespace asio = boost::asio;
using Lines = std::vector<std::string>;

const ApplicationName kShop{"teams", "shop"}, kMarket{"teams", "market"};

// Each look lasts until the test lets it end.
class ObjectTurnsTest : public testing::Test {
 protected:
  ObjectTurnsTest()
      : turns_(
            io_.get_executor(), [this](ApplicationName name) { return look(std::move(name)); },
            [this](const ApplicationName& name) { done_.push_back("rested " + name.second); }) {}

  asio::awaitable<void> look(ApplicationName name) {
    done_.push_back("look " + name.second);
    const auto gate = std::make_shared<StopSignal>(io_.get_executor());
    gates_[name] = gate;
    co_await gate->heard();
    done_.push_back("ended " + name.second);
  }
  // What was done until nothing goes on without the test.
  Lines now() {
    io_.restart();
    io_.poll();
    return std::exchange(done_, {});
  }
  void end(const ApplicationName& name) { gates_.at(name)->give(); }

  asio::io_context io_;
  std::map<ApplicationName, std::shared_ptr<StopSignal>> gates_;
  Lines done_;
  ObjectTurns turns_;
};

TEST_F(ObjectTurnsTest, looks_once_more_however_often_something_came_meanwhile) {
  turns_.look_at(kShop);
  EXPECT_EQ(now(), (Lines{"look shop"}));
  EXPECT_FALSE(turns_.is_due(kShop));
  for (int i = 0; i < 3; ++i) turns_.look_at(kShop);
  EXPECT_TRUE(turns_.is_due(kShop));
  EXPECT_EQ(now(), Lines()) << "one look at a time";
  end(kShop);
  EXPECT_EQ(now(), (Lines{"ended shop", "look shop"}));
  EXPECT_FALSE(turns_.is_due(kShop));
  end(kShop);
  EXPECT_EQ(now(), (Lines{"ended shop", "rested shop"}));
  turns_.look_at(kShop);
  EXPECT_EQ(now(), (Lines{"look shop"})) << "and anew after a rest";
  end(kShop);
  now();
}

TEST_F(ObjectTurnsTest, one_object_does_not_wait_for_another) {
  turns_.look_at(kShop);
  turns_.look_at(kMarket);
  EXPECT_EQ(now(), (Lines{"look shop", "look market"}));
  end(kMarket);
  EXPECT_EQ(now(), (Lines{"ended market", "rested market"}));
  end(kShop);
  now();
}

TEST_F(ObjectTurnsTest, no_look_begins_once_it_is_to_stop) {
  turns_.look_at(kShop);
  now();
  turns_.look_at(kShop);
  turns_.stop();
  EXPECT_TRUE(turns_.stopping());
  end(kShop);
  EXPECT_EQ(now(), (Lines{"ended shop", "rested shop"}));
}

}  // namespace
}  // namespace holdfast
