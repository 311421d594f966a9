#include "app/set_application.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

json::value live(const std::string& spec, const std::string& more = "") {
  return parse_json(R"({"metadata":{"name":"a","uid":"x","labels":{"l":"1","other":"2"},
    "annotations":{"holdfast.dev/template":"d1"},
    "ownerReferences":[{"apiVersion":"holdfast.dev/v1alpha1","kind":"ApplicationSet","name":"s","uid":"u-1","controller":true}],
    "managedFields":[{"manager":"holdfast-sets","operation":"Apply"},{"manager":"holdfast-status","subresource":"status"}]},
    "spec":)" + spec +
                    more + "}")
      .value();
}

json::object document(const std::string& spec, const std::string& digest = "d1") {
  return parse_json(R"({"metadata":{"name":"a","labels":{"l":"1"},"annotations":{"holdfast.dev/template":")" + digest +
                    R"("}},"spec":)" + spec + "}")
      .value()
      .as_object();
}

TEST(SetApplication, what_the_server_and_others_have_added_is_no_difference) {
  EXPECT_FALSE(differs(live(R"({"path":"a","prune":true,"list":[{"name":"x","forceString":false}]})"),
                       document(R"({"path":"a","list":[{"name":"x"}]})")));
}

TEST(SetApplication, what_somebody_changed_or_the_template_no_longer_has_is_one) {
  EXPECT_TRUE(differs(live(R"({"path":"b"})"), document(R"({"path":"a"})")));
  EXPECT_TRUE(differs(live(R"({})"), document(R"({"path":"a"})")));
  EXPECT_TRUE(differs(live(R"({"list":["a","b"]})"), document(R"({"list":["a"]})")));
  EXPECT_TRUE(differs(live(R"({"path":"a","suspend":true})"), document(R"({"path":"a"})", "d2")));
}

TEST(SetApplication, whose_it_is_says_the_owner_that_controls_it) {
  EXPECT_EQ(controlling_set(live("{}")), "u-1");
  EXPECT_EQ(controlling_set(parse_json(R"({"metadata":{"ownerReferences":[{"kind":"ApplicationSet",
    "apiVersion":"argoproj.io/v1alpha1","uid":"u","controller":true}]}})")
                                .value()),
            "");
  EXPECT_EQ(controlling_set(parse_json(R"({"metadata":{"ownerReferences":[{"kind":"ApplicationSet",
    "apiVersion":"holdfast.dev/v1alpha1","uid":"u"}]}})")
                                .value()),
            "");
}

TEST(SetApplication, who_wrote_it_is_told_but_for_its_status) {
  EXPECT_FALSE(was_written_by_others(live("{}")));
  EXPECT_TRUE(was_written_by_others(
      parse_json(R"({"metadata":{"managedFields":[{"manager":"holdfast-sets"},{"manager":"kubectl"}]}})").value()));
}

TEST(SetApplication, ready_is_what_its_status_says) {
  EXPECT_FALSE(is_ready(live("{}")));
  EXPECT_TRUE(is_ready(live("{}", R"(,"status":{"conditions":[{"type":"Ready","status":"True"}]})")));
}

}  // namespace
}  // namespace holdfast
