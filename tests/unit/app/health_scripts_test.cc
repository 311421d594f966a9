// Custom rules on threads of their own: who asks does not wait, and a script that never ends holds up its kind alone.
#include "app/health_scripts.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <string>
#include <vector>

namespace holdfast {
namespace {

namespace asio = boost::asio;

class HealthScriptsTest : public testing::Test, public HealthAsker {
 protected:
  HealthScriptsTest() {
    auto rules = std::make_shared<LuaRules>();
    rules->add("ex.io/Quick", "return {status = 'Healthy', message = obj.metadata.name}");
    rules->add("ex.io/Endless", "while true do end");
    scripts = std::make_unique<HealthScripts>(io.get_executor(), workers.get_executor(), rules);
  }
  ~HealthScriptsTest() override { end(); }

  void judged(const ObjectKey& key, const Uid&, const ResourceVersion& version, const Health& health) override {
    said.push_back(key.name + "@" + version.value + " " + to_string(health.status));
  }
  void ask_again(const ObjectKey&) override {}

  void ask(const std::string& kind, const std::string& name, const std::string& version) {
    HealthTask task;
    task.resource_version = {version};
    task.gvk = {"ex.io", "v1", kind};
    task.body = R"({"metadata":{"name":")" + name + R"("}})";
    scripts->ask(*this, {"ex.io", kind, "web", name}, std::move(task));
  }
  // Runs until so much was said, and gives up after so many events.
  void run_until(std::size_t lines) {
    io.restart();
    const auto work = asio::make_work_guard(io);
    while (said.size() < lines && io.run_one_for(std::chrono::seconds(20)) != 0) {
    }
  }
  void end() {
    scripts->stop();
    auto ended = asio::co_spawn(io, scripts->ended(), asio::use_future);
    io.restart();
    io.run();
    ended.get();
  }

  asio::io_context io{1};
  asio::thread_pool workers{2};
  std::unique_ptr<HealthScripts> scripts;
  std::vector<std::string> said;
};

TEST_F(HealthScriptsTest, knows_its_kinds) {
  EXPECT_TRUE(scripts->has_rule({"ex.io", "Quick"}));
  EXPECT_FALSE(scripts->has_rule({"", "ConfigMap"}));
}

TEST_F(HealthScriptsTest, asking_waits_for_nothing_and_one_that_never_ends_holds_up_its_kind_alone) {
  ask("Endless", "endless", "1");
  ask("Endless", "another", "1");
  for (int i = 0; i < 10; ++i) ask("Quick", "quick" + std::to_string(i), "1");
  EXPECT_TRUE(said.empty()) << "never from within";
  run_until(11);
  ASSERT_EQ(said.size(), 11U);
  EXPECT_EQ(said.back(), "endless@1 Unknown") << "all quick ones came first";
  EXPECT_EQ(said.front(), "quick0@1 Healthy");
}

TEST_F(HealthScriptsTest, of_many_states_at_once_the_newest_is_judged) {
  for (int version = 1; version <= 100; ++version) ask("Quick", "a", std::to_string(version));
  run_until(2);
  EXPECT_EQ(said, (std::vector<std::string>{"a@1 Healthy", "a@100 Healthy"}));
}

TEST_F(HealthScriptsTest, after_the_end_nothing_is_said) {
  ask("Quick", "a", "1");
  end();
  EXPECT_TRUE(said.empty());
}

TEST_F(HealthScriptsTest, who_is_forgotten_hears_nothing) {
  ask("Quick", "a", "1");
  scripts->forget(*this);
  end();
  EXPECT_TRUE(said.empty());
}

}  // namespace
}  // namespace holdfast
