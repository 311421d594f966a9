#include "watchers/schema_machine.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using std::chrono::seconds;

const GroupVersionKind kDeployment{"apps", "v1", "Deployment"};
const GroupVersionKind kConfigMap{"", "v1", "ConfigMap"};

// As a server writes them (V46), shortened.
std::string entry(const std::string& name, const std::string& hash) {
  return "\"" + name + R"(":{"serverRelativeURL":"/openapi/v3/)" + name + "?hash=" + hash + "\"}";
}
std::string index_of(const std::string& entries) { return R"({"paths":{)" + entries + "}}"; }

std::string document(const std::string& group, const std::string& kind, const std::string& property = "spec") {
  return R"({"openapi":"3.0.0","info":{"title":"Kubernetes"},"paths":{},"components":{"schemas":{"t.)" + kind +
         R"(":{"type":"object","properties":{")" + property +
         R"(":{"type":"object"}},"x-kubernetes-group-version-kind":[{"group":")" + group +
         R"(","version":"v1","kind":")" + kind + R"("}]}}}})";
}

ApiResponse ok(const std::string& body) { return {200, "text/plain", {}, body, {}}; }

class SchemaMachineTest : public testing::Test {
 protected:
  SchemaMachine machine_{[] { return 0.0; }};
  Clock::time_point now_{seconds(1000)};

  // The target of what is asked next; empty: nothing.
  std::string asked() {
    question_ = machine_.next(now_);
    return question_ ? question_->target : std::string();
  }
  void answer_index(const std::string& entries) {
    ASSERT_EQ(asked(), "/openapi/v3");
    EXPECT_FALSE(machine_.index_answered(ok(index_of(entries)), now_));
  }
  std::optional<Error> answer_document(const Result<ApiResponse>& answer) {
    return machine_.document_answered(*question_, read_schema_document(answer, question_->target), now_);
  }
  void learn_deployments(const std::string& hash) {
    answer_index(entry("apis/apps/v1", hash) + "," + entry("api/v1", "C"));
    ASSERT_EQ(asked(), "/openapi/v3/apis/apps/v1?hash=" + hash);
    EXPECT_FALSE(answer_document(ok(document("apps", "Deployment"))));
  }
  bool known(const GroupVersionKind& gvk) { return machine_.type_of(gvk).type != nullptr; }

  std::optional<SchemaMachine::Question> question_;
};

TEST_F(SchemaMachineTest, C11_only_what_is_wanted_is_asked_for) {
  EXPECT_EQ(asked(), "");
  EXPECT_EQ(machine_.due(), Clock::time_point::max());
  EXPECT_FALSE(machine_.type_of(kDeployment).coming);
  machine_.want(kDeployment);
  EXPECT_TRUE(machine_.type_of(kDeployment).coming);
  learn_deployments("D");
  EXPECT_EQ(asked(), "");
  EXPECT_EQ(machine_.due(), Clock::time_point::max());
  EXPECT_TRUE(known(kDeployment));
  EXPECT_NE(machine_.type_of(kDeployment).hash, "");
  EXPECT_FALSE(known(kConfigMap));
  EXPECT_FALSE(known({"apps", "v1", "Nothing"}));
  machine_.want(kConfigMap);
  EXPECT_EQ(asked(), "/openapi/v3/api/v1?hash=C");
}

TEST_F(SchemaMachineTest, C11_after_a_change_nothing_is_believed_until_the_index_was_read) {
  machine_.want(kDeployment);
  learn_deployments("D");
  const std::shared_ptr<const TypeNode> before = machine_.type_of(kDeployment).type;
  machine_.refresh(now_);
  EXPECT_FALSE(known(kDeployment));
  EXPECT_TRUE(machine_.type_of(kDeployment).coming);
  answer_index(entry("apis/apps/v1", "D"));
  EXPECT_EQ(machine_.type_of(kDeployment).type, before);  // and was not asked for again
  EXPECT_EQ(asked(), "");
}

TEST_F(SchemaMachineTest, C11_another_hash_is_another_document_and_the_old_types_stay_valid_for_who_has_them) {
  machine_.want(kDeployment);
  learn_deployments("D");
  const TypeSchema before = machine_.type_of(kDeployment);
  machine_.refresh(now_);
  answer_index(entry("apis/apps/v1", "E"));
  EXPECT_FALSE(known(kDeployment));
  EXPECT_TRUE(machine_.type_of(kDeployment).coming);
  ASSERT_EQ(asked(), "/openapi/v3/apis/apps/v1?hash=E");
  EXPECT_FALSE(answer_document(ok(document("apps", "Deployment", "other"))));
  EXPECT_NE(machine_.type_of(kDeployment).hash, before.hash);
  EXPECT_NE(machine_.type_of(kDeployment).type->map->find_field("other"), nullptr);
  EXPECT_NE(before.type->map->find_field("spec"), nullptr);
}

TEST_F(SchemaMachineTest, C11_another_document_that_says_the_same_of_a_type_is_no_other_schema_of_it) {
  machine_.want(kDeployment);
  learn_deployments("D");
  const std::string before = machine_.type_of(kDeployment).hash;
  machine_.refresh(now_);
  learn_deployments("E");
  EXPECT_EQ(machine_.type_of(kDeployment).hash, before);
}

TEST_F(SchemaMachineTest, C11_a_schema_that_is_published_late_is_found_and_nothing_is_doubted_meanwhile) {
  machine_.want(kDeployment);
  learn_deployments("D");
  machine_.refresh(now_);
  answer_index(entry("apis/apps/v1", "D"));
  EXPECT_EQ(asked(), "");
  EXPECT_EQ(machine_.due(), now_ + SchemaMachine::kPublished);
  now_ += SchemaMachine::kPublished;
  ASSERT_EQ(asked(), "/openapi/v3");
  EXPECT_TRUE(known(kDeployment));
  EXPECT_FALSE(machine_.index_answered(ok(index_of(entry("apis/apps/v1", "E"))), now_));
  EXPECT_EQ(asked(), "/openapi/v3/apis/apps/v1?hash=E");
  EXPECT_FALSE(answer_document(ok(document("apps", "Deployment", "other"))));
  EXPECT_EQ(asked(), "");
  EXPECT_EQ(machine_.due(), Clock::time_point::max());
}

TEST_F(SchemaMachineTest, a_change_while_the_index_is_on_its_way_asks_for_it_again) {
  machine_.want(kDeployment);
  ASSERT_EQ(asked(), "/openapi/v3");
  machine_.refresh(now_);
  EXPECT_FALSE(machine_.index_answered(ok(index_of(entry("apis/apps/v1", "D"))), now_));
  EXPECT_FALSE(known(kDeployment));
  EXPECT_EQ(asked(), "/openapi/v3");
}

TEST_F(SchemaMachineTest, a_failed_index_throws_nothing_away_and_is_not_waited_for) {
  machine_.want(kDeployment);
  learn_deployments("D");
  machine_.refresh(now_);
  ASSERT_EQ(asked(), "/openapi/v3");
  EXPECT_TRUE(machine_.index_answered(ApiResponse{503, "text/plain", {}, "no", {}}, now_));
  EXPECT_FALSE(known(kDeployment));
  EXPECT_FALSE(machine_.type_of(kDeployment).coming);
  EXPECT_EQ(asked(), "");
  EXPECT_GT(machine_.due(), now_);
  now_ = machine_.due();
  answer_index(entry("apis/apps/v1", "D"));
  EXPECT_TRUE(known(kDeployment));
}

TEST_F(SchemaMachineTest, B8_what_the_server_asked_for_is_waited_for_even_after_a_change) {
  const ApiResponse busy{429, "text/plain", seconds(7), "Too many requests", {}};
  machine_.want(kDeployment);
  ASSERT_EQ(asked(), "/openapi/v3");
  EXPECT_TRUE(machine_.index_answered(busy, now_));
  machine_.refresh(now_);
  now_ += std::chrono::milliseconds(6999);
  EXPECT_EQ(asked(), "");
  now_ += std::chrono::milliseconds(1);
  answer_index(entry("apis/apps/v1", "D"));
  ASSERT_EQ(asked(), "/openapi/v3/apis/apps/v1?hash=D");
  EXPECT_TRUE(answer_document(busy));
  now_ += seconds(6);
  answer_index(entry("apis/apps/v1", "E"));
  EXPECT_EQ(asked(), "");
  now_ += seconds(1);
  EXPECT_EQ(asked(), "/openapi/v3/apis/apps/v1?hash=E");
}

TEST_F(SchemaMachineTest, no_answer_that_is_no_index_is_taken_for_an_empty_one) {
  machine_.want(kDeployment);
  for (const char* body : {"", "<html>", "{}", R"({"paths":[]})"}) {
    now_ = std::max(now_, machine_.due());
    ASSERT_EQ(asked(), "/openapi/v3");
    EXPECT_TRUE(machine_.index_answered(ok(body), now_)) << body;
  }
  now_ = machine_.due();
  ASSERT_EQ(asked(), "/openapi/v3");
  EXPECT_TRUE(machine_.index_answered(ok(std::string(SchemaMachine::kMostIndexBytes + 1, ' ')), now_));
}

TEST_F(SchemaMachineTest, V46_a_document_that_moved_on_is_looked_up_again_and_holds_up_no_other) {
  machine_.want(kDeployment);
  machine_.want(kConfigMap);
  answer_index(entry("apis/apps/v1", "D") + "," + entry("api/v1", "C"));
  ASSERT_EQ(asked(), "/openapi/v3/api/v1?hash=C");
  EXPECT_TRUE(answer_document(ApiResponse{301, "text/html", {}, "", {}}));
  EXPECT_FALSE(machine_.type_of(kConfigMap).coming);
  answer_index(entry("apis/apps/v1", "D") + "," + entry("api/v1", "C"));  // by a server that is behind
  ASSERT_EQ(asked(), "/openapi/v3/apis/apps/v1?hash=D");
  EXPECT_FALSE(answer_document(ok(document("apps", "Deployment"))));
  EXPECT_TRUE(known(kDeployment));
  EXPECT_EQ(asked(), "");
  now_ = machine_.due();
  ASSERT_EQ(asked(), "/openapi/v3/api/v1?hash=C");
  EXPECT_FALSE(answer_document(ok(document("", "ConfigMap"))));
  EXPECT_TRUE(known(kConfigMap));
}

TEST_F(SchemaMachineTest, a_document_that_cannot_be_used_is_asked_for_again_when_its_hash_changes) {
  machine_.want(kDeployment);
  answer_index(entry("apis/apps/v1", "D"));
  ASSERT_NE(asked(), "");
  const auto problem = answer_document(ok(R"({"components":{"schemas":{"a":{"type":"ufo"}}}})"));
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->kind, ErrorKind::Invalid);
  EXPECT_EQ(asked(), "");
  EXPECT_FALSE(machine_.type_of(kDeployment).coming);
  machine_.refresh(now_);
  answer_index(entry("apis/apps/v1", "D"));
  EXPECT_EQ(asked(), "");
  machine_.refresh(now_);
  learn_deployments("E");
  EXPECT_TRUE(known(kDeployment));
}

TEST_F(SchemaMachineTest, documents_are_bounded_and_a_truncated_one_is_tried_again) {
  EXPECT_EQ(read_schema_document(ok(std::string(SchemaMachine::kMostDocumentBytes + 1, ' ')), "w").error().kind,
            ErrorKind::TooLarge);
  EXPECT_EQ(read_schema_document(ok(R"({"components":)"), "w").error().kind, ErrorKind::Protocol);
  machine_.want(kDeployment);
  answer_index(entry("apis/apps/v1", "D"));
  ASSERT_NE(asked(), "");
  SchemaDocument huge = *read_schema_document(ok(document("apps", "Deployment")), "w");
  huge.bytes = SchemaMachine::kMostBytesKept + 1;
  EXPECT_TRUE(machine_.document_answered(*question_, huge, now_));
  EXPECT_FALSE(known(kDeployment));
}

TEST_F(SchemaMachineTest, a_type_that_is_listed_no_more_is_unknown_and_other_addresses_are_not_followed) {
  machine_.want(kDeployment);
  learn_deployments("D");
  machine_.refresh(now_);
  answer_index(R"("apis/apps/v1":{"serverRelativeURL":"https://elsewhere/?hash=D"})");
  EXPECT_FALSE(known(kDeployment));
  EXPECT_FALSE(machine_.type_of(kDeployment).coming);
  EXPECT_EQ(asked(), "");
  EXPECT_EQ(machine_.due(), now_ + SchemaMachine::kPublished);
}

}  // namespace
}  // namespace holdfast
