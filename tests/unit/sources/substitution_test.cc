#include "sources/substitution.h"

#include <gtest/gtest.h>

#include "sources/shell_pattern.h"
#include "sources/yaml_document.h"

namespace holdfast {
namespace {

VariableValues values(std::initializer_list<std::pair<const char*, const char*>> list) {
  VariableValues made;
  for (const auto& [name, value] : list) made.emplace(name, Secret(value));
  return made;
}

std::string expanded(std::string_view text, const VariableValues& with, bool strict = false) {
  const auto made = expand_variables(text, with, strict);
  return made ? *made : describe(made.error());
}

TEST(VariableText, names_defaults_and_dollar_signs) {
  const auto with = values({{"env", "prod"}, {"empty", ""}});
  EXPECT_EQ(expanded("a ${env} b", with), "a prod b");
  EXPECT_EQ(expanded("${missing}|${empty}", with), "|");
  EXPECT_EQ(expanded("${missing:=x} ${missing=y} ${empty:-z} ${env:=no}", with), "x y z prod");
  EXPECT_EQ(expanded("${missing:=in-${env}-side}", with), "in-prod-side");
  EXPECT_EQ(expanded("$env $$env $${env} $", with), "$env $env ${env} $");
}

TEST(VariableText, operators) {
  const auto with = values({{"file", "/home/me/a.tar.gz"}, {"name", "straße"}});
  EXPECT_EQ(expanded("${#file}", with), "17");
  EXPECT_EQ(expanded("${file:6}|${file:6:2}|${file:-2}|${file:1:-12}", with), "me/a.tar.gz|me|/home/me/a.tar.gz|home");
  EXPECT_EQ(expanded("${file##*/} ${file%%.*} ${file#/} ${file%.gz}", with),
            "a.tar.gz /home/me/a home/me/a.tar.gz /home/me/a.tar");
  EXPECT_EQ(expanded("${file/me/xx} ${file//a/X} ${file/#\\/home/~} ${file/%gz/xz}", with),
            "/hoxx/me/a.tar.gz /home/me/X.tXr.gz ~/me/a.tar.gz /home/me/a.tar.xz");
  EXPECT_EQ(expanded("${name^} ${name^^} ${name,,}", with), "Straße STRAßE straße");
}

TEST(VariableText, strict_names_the_variable_and_leaves_defaults_alone) {
  EXPECT_EQ(expanded("${missing:=x}", {}, true), "x");
  const auto refused = expand_variables("a ${missing}", {}, true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the variable missing is not set");
  EXPECT_FALSE(expand_variables("${missing^^}", {}, true));
}

TEST(VariableText, what_is_no_variable_is_refused_with_a_word) {
  for (const char* bad : {"${", "${}", "${a", "${a b}", "${a-b}", "${a#}", "${a/x}", "${a:}", "${a:1:2:", "${#}"})
    EXPECT_FALSE(expand_variables(bad, values({{"a", "1"}}), false)) << bad;
  EXPECT_NE(expanded("${a-b}", {}).find("closing brace"), std::string::npos);
}

TEST(VariableText, is_bounded) {
  const auto with = values({{"a", "x"}});
  std::string nested = "1";
  for (int i = 0; i < 100; ++i) nested = "${b:=" + nested + "}";
  EXPECT_FALSE(expand_variables(nested, with, false));
  VariableValues large;
  large.emplace("a", Secret(std::string(1 << 20, 'x')));
  EXPECT_EQ(expand_variables("${a//x/yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy}", large, false).error().kind,
            ErrorKind::TooLarge);
  EXPECT_EQ(expand_variables("${a#*y}", large, false).error().kind, ErrorKind::TooLarge);
  std::string many;
  for (int i = 0; i < 20; ++i) many += "${a}";
  EXPECT_EQ(expand_variables(many, large, false).error().kind, ErrorKind::TooLarge);
}

TEST(ShellPattern, stars_classes_and_what_is_no_pattern) {
  EXPECT_EQ(shell_pattern_matches("*.txt", "a/b.txt"), true);
  EXPECT_EQ(shell_pattern_matches("?", "é"), true);
  EXPECT_EQ(shell_pattern_matches("[a-c]x", "bx"), true);
  EXPECT_EQ(shell_pattern_matches("[^a-c]x", "bx"), false);
  EXPECT_EQ(shell_pattern_matches("\\*", "*"), true);
  EXPECT_EQ(shell_pattern_matches("[", "a"), std::nullopt);
  EXPECT_EQ(shell_pattern_matches("", "a"), false);
}

json::value document(std::string_view yaml) { return parse_yaml(yaml, "test.yaml").value().at(0).value; }

TEST(Substitution, a_value_may_become_a_number_as_with_flux) {
  const auto made = substitute(document("spec: {replicas: \"${replicas}\", name: \"v${replicas}\"}"),
                               values({{"replicas", "3"}}), false);
  ASSERT_TRUE(made);
  EXPECT_EQ(*made, document("spec: {replicas: 3, name: v3}"));
}

TEST(Substitution, an_object_may_say_that_it_is_left_alone) {
  for (const char* where : {"labels", "annotations"}) {
    const auto object = document(std::string("data: {a: \"${x} $$\"}\nmetadata: {") + where +
                                 ": {kustomize.toolkit.fluxcd.io/substitute: disabled}}");
    EXPECT_EQ(substitute(object, values({{"x", "1"}}), true).value(), object);
  }
}

TEST(Substitution, scripts_keep_their_lines) {
  const auto made = substitute(document("run: |\n  echo ${x} $HOME\n  exit 0\n"), values({{"x", "1"}}), false);
  ASSERT_TRUE(made);
  EXPECT_EQ(*made, document("run: |\n  echo 1 $HOME\n  exit 0\n"));
}

TEST(Substitution, no_error_says_a_value) {
  const auto with = values({{"password", "hunter2: [oops"}});
  const auto made = substitute(document("a: ${password}\nb: 1"), with, false);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::Invalid);
  EXPECT_EQ(describe(made.error()).find("hunter2"), std::string::npos);
}

TEST(Substitution, names_are_checked_and_values_lose_their_line_breaks) {
  EXPECT_TRUE(check_variable_names(values({{"a_1", "x"}, {"_B", "y"}})));
  for (const char* bad : {"a-b", "1a", "", "a.b", "é"}) EXPECT_FALSE(check_variable_names(values({{bad, ""}}))) << bad;
  EXPECT_EQ(variable_value("a\nb\n").reveal(), "ab");
}

}  // namespace
}  // namespace holdfast
