#include "health/lua_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

using testing::HasSubstr;

std::string found(const LuaRules& rules, const std::string& group, const std::string& kind) {
  const LuaRule* rule = rules.find({group, kind});
  return rule == nullptr ? "" : rule->script;
}

TEST(LuaRules, a_directory_is_laid_out_by_group_and_kind) {
  TemporaryFolder folder;
  folder.write("example.org/Boat/health.lua", "boat");
  folder.write("example.org/Boat/actions/health.lua", "too deep");
  folder.write("example.org/Boat/other.lua", "other");
  folder.write("Pod/health.lua", "pod");
  folder.write("health.lua", "of nothing");
  folder.write(".hidden/Boat/health.lua", "hidden");
  folder.write("_.example.org/_/health.lua", "any");
  const Result<LuaRules> rules = LuaRules::read(folder.path());
  ASSERT_TRUE(rules) << describe(rules.error());
  EXPECT_EQ(rules->size(), 3U);
  EXPECT_EQ(found(*rules, "example.org", "Boat"), "boat");
  EXPECT_EQ(found(*rules, "", "Pod"), "pod");
  EXPECT_EQ(found(*rules, "", "Boat"), "");
  EXPECT_EQ(found(*rules, "sea.example.org", "Boat"), "any");
  EXPECT_EQ(rules->find({"example.org", "Boat"})->name, "example.org/Boat/health.lua");
}

TEST(LuaRules, a_wildcard_stands_for_any_text_of_one_folder) {
  LuaRules rules;
  rules.add("_.example.org/_", "group and kind");
  rules.add("example.org/Boat", "exact");
  rules.add("example.org/_", "any kind");
  rules.add("example.org/_Boat", "some boat");
  EXPECT_EQ(found(rules, "example.org", "Boat"), "exact");
  EXPECT_EQ(found(rules, "example.org", "Ship"), "any kind");
  EXPECT_EQ(found(rules, "a.b.example.org", "Ship"), "group and kind");
  EXPECT_EQ(found(rules, ".example.org", "Ship"), "group and kind");
  EXPECT_EQ(found(rules, "example.com", "Ship"), "");
  EXPECT_EQ(found(rules, "", "Ship"), "");
  EXPECT_EQ(found(rules, "x.example.org/y", "Ship"), "") << "a wildcard does not reach over a slash";
  rules.add("_", "core");
  EXPECT_EQ(found(rules, "", "Ship"), "core");
  EXPECT_EQ(found(rules, "example.com", "Ship"), "");
}

TEST(LuaRules, among_wildcards_the_first_by_name_is_taken) {
  LuaRules rules;
  rules.add("example.org/_", "any kind");
  rules.add("example.org/Row_", "rowing");
  rules.add("example.org/_Boat", "boats");
  EXPECT_EQ(found(rules, "example.org", "RowBoat"), "rowing");
  EXPECT_EQ(found(rules, "example.org", "SailBoat"), "any kind");
}

TEST(LuaRules, what_cannot_be_read_is_not_empty) {
  TemporaryFolder folder;
  EXPECT_EQ(LuaRules::read(folder / "missing").error().kind, ErrorKind::NotFound);
  const Result<LuaRules> none = LuaRules::read(folder.path());
  ASSERT_FALSE(none);
  EXPECT_THAT(describe(none.error()), HasSubstr("GROUP/KIND/health.lua"));
  folder.write("example.org/Boat/health.lua", std::string(kLuaScriptBytesLimit, ' '));
  EXPECT_TRUE(LuaRules::read(folder.path()));
  folder.write("example.org/Boat/health.lua", std::string(kLuaScriptBytesLimit + 1, ' '));
  EXPECT_EQ(LuaRules::read(folder.path()).error().kind, ErrorKind::TooLarge);
}

}  // namespace
}  // namespace holdfast
