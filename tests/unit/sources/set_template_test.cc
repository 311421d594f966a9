#include "sources/set_template.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

const TemplateParameters kParameters{{"branch", "feature/x"}, {"branchSlug", "feature-x-1"}, {"commit", "abc"}};

std::string filled(std::string_view text) {
  const auto made = fill_in(text, kParameters);
  return made ? *made : "error: " + describe(made.error());
}

TEST(SetTemplate, parameters_are_filled_in) {
  EXPECT_EQ(filled("web-{{branchSlug}}"), "web-feature-x-1");
  EXPECT_EQ(filled("{{ branch }}:{{commit}}"), "feature/x:abc");
  EXPECT_EQ(filled("plain"), "plain");
  EXPECT_EQ(filled(""), "");
}

TEST(SetTemplate, braces_that_are_meant_as_such_are_escaped) {
  EXPECT_EQ(filled("\\{{ .Values.x }}"), "{{ .Values.x }}");
  EXPECT_FALSE(has_parameter("\\{{ .Values.x }}"));
  EXPECT_TRUE(has_parameter("\\{{ x }} {{branch}}"));
}

TEST(SetTemplate, what_there_is_not_says_the_nearest) {
  EXPECT_EQ(filled("{{brnchSlug}}"), "error: there is no parameter brnchSlug (did you mean {{branchSlug}}?)");
  EXPECT_EQ(
      filled("{{ .Values.x }}"),
      "error: there is no parameter .Values.x (there are branch, branchSlug, commit; braces that are meant as such "
      "are written \\{{)");
  EXPECT_TRUE(filled("{{branch").starts_with("error: {{ is never closed"));
}

TEST(SetTemplate, only_texts_are_filled_in_and_the_place_of_an_error_is_named) {
  const json::value value = parse_json(R"({"{{branch}}":["{{branch}}",1,true,{"a":"{{commit}}"}]})").value();
  EXPECT_EQ(to_json(*fill_in(value, kParameters, "spec")), R"({"{{branch}}":["feature/x",1,true,{"a":"abc"}]})");
  const auto wrong = fill_in(parse_json(R"({"a":[{"b":"{{x}}"}]})").value(), kParameters, "spec");
  ASSERT_FALSE(wrong);
  EXPECT_TRUE(wrong.error().message.starts_with("spec.a[0].b: there is no parameter x")) << wrong.error().message;
}

// What a name holds is text, whatever it looks like.
TEST(SetTemplate, a_name_adds_no_structure) {
  const TemplateParameters odd{{"branch", R"(x","admin":true,"{{commit}}")"}};
  EXPECT_EQ(to_json(*fill_in(parse_json(R"({"a":"{{branch}}"})").value(), odd, "spec")),
            R"({"a":"x\",\"admin\":true,\"{{commit}}\""})");
}

}  // namespace
}  // namespace holdfast
