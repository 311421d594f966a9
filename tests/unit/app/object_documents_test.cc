#include "app/object_documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> kinds(std::string_view text) {
  const Result<std::vector<json::value>> objects = read_objects(text, "file");
  if (!objects) return {describe(objects.error())};
  std::vector<std::string> found;
  for (const json::value& object : *objects)
    found.push_back(std::string(string_at(object, {"apiVersion"})) + " " + std::string(string_at(object, {"kind"})));
  return found;
}

TEST(ObjectDocuments, yaml_documents_json_and_lists_are_read) {
  EXPECT_THAT(kinds("apiVersion: v1\nkind: Pod\n---\n---\napiVersion: apps/v1\nkind: Deployment\n"),
              ElementsAre("v1 Pod", "apps/v1 Deployment"));
  EXPECT_THAT(kinds("{\n\t\"apiVersion\": \"v1\", \"kind\": \"Pod\"}"), ElementsAre("v1 Pod"));
  EXPECT_THAT(
      kinds("apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod}\n- {apiVersion: v1, kind: Node}"),
      ElementsAre("v1 Pod", "v1 Node"));
  EXPECT_THAT(kinds(R"({"apiVersion": "apps/v1", "kind": "DeploymentList", "items": [{"metadata": {}}]})"),
              ElementsAre("apps/v1 Deployment"));
  EXPECT_THAT(kinds(R"({"apiVersion": "v1", "kind": "List", "items": []})"), ElementsAre());
  EXPECT_THAT(kinds("apiVersion: example.org/v1\nkind: AccessList\n"), ElementsAre("example.org/v1 AccessList"));
}

TEST(ObjectDocuments, one_bad_document_refuses_all_and_is_named) {
  EXPECT_THAT(kinds("apiVersion: v1\nkind: Pod\n---\nkind: Node\n"),
              ElementsAre(AllOf(HasSubstr("file:4"), HasSubstr("apiVersion"))));
  EXPECT_THAT(kinds("apiVersion: v1\n"), ElementsAre(HasSubstr("kind")));
  EXPECT_THAT(kinds("just text"), ElementsAre(HasSubstr("not an object")));
  EXPECT_THAT(kinds("[]"), ElementsAre(HasSubstr("not an object")));
  EXPECT_THAT(kinds("{\"apiVersion\": "), ElementsAre(HasSubstr("not valid YAML")));
  EXPECT_THAT(kinds(""), ElementsAre(HasSubstr("no object")));
  EXPECT_THAT(kinds("apiVersion: v1\nkind: Pod\nmetadata: x\n"), ElementsAre(HasSubstr("metadata")));
  EXPECT_THAT(kinds("apiVersion: v1\nkind: List\nitems: x\n"), ElementsAre(HasSubstr("is not a list")));
  EXPECT_THAT(kinds("apiVersion: v1\nkind: List\nitems: [x]\n"), ElementsAre(HasSubstr("not an object")));
}

}  // namespace
}  // namespace holdfast
