#include "engine/dependencies.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

class DependenciesTest : public testing::Test {
 protected:
  static ObjectKey key(const std::string& name) { return {"", "ConfigMap", "web", name}; }
  Desired& add(const std::string& name, const std::vector<std::string>& others = {}, int wave = 0) {
    Desired& desired = set[key(name)];
    desired.key = key(name);
    desired.origin = name + ".yaml:1";
    desired.options.wave = wave;
    for (const std::string& other : others) desired.options.depends_on.push_back(key(other));
    return desired;
  }
  [[nodiscard]] std::map<ObjectKey, Error> refused() const {
    return refuse_dependencies(set, [](const ObjectKey& asked) { return asked.name == "coming"; });
  }
  [[nodiscard]] std::string names() const {
    std::string text;
    for (const auto& [asked, error] : refused()) text += asked.name + " ";
    return text;
  }
  std::map<ObjectKey, Desired> set;
};

TEST_F(DependenciesTest, what_can_come_is_waited_for) {
  add("a");
  add("b", {"a", "coming"});
  add("c", {"a", "b"}, 3);
  EXPECT_EQ(names(), "");
}

TEST_F(DependenciesTest, what_is_not_in_the_set_is_named) {
  add("a", {"x"});
  add("b", {"a"});
  EXPECT_EQ(names(), "a ");
  EXPECT_TRUE(refused().at(key("a")).message.contains("web/x"));
  EXPECT_EQ(refused().at(key("a")).where, "a.yaml:1");
}

TEST_F(DependenciesTest, a_later_wave_is_not_waited_for) {
  add("a", {"b"}, 1);
  add("b", {}, 2);
  add("c", {"d"}).options.hook = HookPhase::Before;
  add("d");
  EXPECT_EQ(names(), "a c ");
}

TEST_F(DependenciesTest, rings_are_refused_and_what_leads_to_them_only_waits) {
  add("a", {"a"});
  add("b", {"c"});
  add("c", {"d"});
  add("d", {"b"});
  add("e", {"b"});
  add("f", {"e"});
  EXPECT_EQ(names(), "a b c d ");
  const std::string message = refused().at(key("c")).message;
  for (const char* name : {"web/b", "web/c", "web/d"}) EXPECT_TRUE(message.contains(name)) << message;
}

TEST_F(DependenciesTest, two_rings_through_one_object_are_both_found) {
  add("a", {"b", "c"});
  add("b", {"a"});
  add("c", {"d"});
  add("d", {"c", "a"});
  EXPECT_EQ(names(), "a b c d ");
}

// Found by review: each diamond doubled the ways.
TEST_F(DependenciesTest, a_chain_of_diamonds_takes_no_time) {
  for (int i = 0; i < 2000; ++i) {
    const std::string here = std::to_string(i);
    const std::string next = std::to_string(i + 1);
    add("left" + here, {"top" + next});
    add("right" + here, {"top" + next});
    add("top" + here, {"left" + here, "right" + here});
  }
  add("top2000");
  EXPECT_EQ(names(), "");
}

}  // namespace
}  // namespace holdfast
