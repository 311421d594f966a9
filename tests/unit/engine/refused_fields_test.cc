#include "engine/refused_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/engine/live_bodies.h"

namespace holdfast {
namespace {

using namespace holdfast::live_bodies;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kDefinitions = R"({
 "Meta":{"type":"object","properties":{"name":{"type":"string"},"labels":{"type":"object","additionalProperties":{"type":"string"}}}},
 "Container":{"type":"object","properties":{"name":{"type":"string"},"image":{"type":"string"},
   "imagePullPolicy":{"type":"string"},"args":{"type":"array","items":{"type":"string"}},"tty":{"type":"boolean"}}},
 "Pod":{"type":"object","properties":{"containers":{"type":"array","x-kubernetes-list-type":"map",
   "x-kubernetes-list-map-keys":["name"],"items":{"$ref":"#/components/schemas/Container"}}}},
 "Deployment":{"type":"object","properties":{"apiVersion":{"type":"string"},"kind":{"type":"string"},
   "metadata":{"$ref":"#/components/schemas/Meta"},
   "spec":{"type":"object","properties":{"replicas":{"type":"integer"},"template":{"type":"object","properties":{
     "spec":{"$ref":"#/components/schemas/Pod"}}}}},
   "status":{"type":"object","properties":{"replicas":{"type":"integer"},"conditions":{"type":"string"}}}}}})";

const TypeNode& deployment_type() {
  static const Result<Schema> kSchema = Schema::from_definitions(body_of(kDefinitions).as_object());
  return *kSchema->type_named("Deployment");
}

ClassifiedApply rejected(std::string message, std::vector<ApiStatusCause> causes = {}) {
  ClassifiedApply answer;
  answer.outcome = ApplyOutcome::Rejected;
  answer.message = std::move(message);
  answer.causes = std::move(causes);
  return answer;
}

// As the server begins to tell of types; that it ends with one field says nothing.
ClassifiedApply untyped() {
  return rejected(
      "failed to create typed patch object (w/web; apps/v1, Kind=Deployment): .x: field not declared in schema");
}

struct Told {
  std::string path, problem, hint;
  bool operator==(const Told&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Told& told) {
  return out << told.path << " | " << told.problem << " | " << told.hint;
}

std::vector<Told> told(const ClassifiedApply& answer, std::string_view body, const TypeNode* type) {
  std::vector<Told> all;
  for (const RefusedField& field : refused_fields(answer, body_of(body).as_object(), type))
    all.push_back({to_string(field.path), field.problem, field.hint});
  return all;
}

TEST(RefusedFields, D4_a_misspelt_field_has_the_one_that_was_meant) {
  EXPECT_THAT(told(untyped(), R"({"kind":"Deployment","spec":{"replicsa":2}})", &deployment_type()),
              ElementsAre(Told{".spec.replicsa", ".spec.replicsa is no field of a Deployment",
                               "did you mean .spec.replicas?"}));
}

TEST(RefusedFields, D4_a_field_in_the_wrong_place_has_the_right_one_and_never_the_status) {
  EXPECT_THAT(told(untyped(), R"({"kind":"Deployment","containers":[]})", &deployment_type()),
              ElementsAre(Told{".containers", ".containers is no field of a Deployment",
                               "did you mean .spec.template.spec.containers? See how it is indented"}));
  EXPECT_THAT(told(untyped(), R"({"kind":"Deployment","conditions":"x"})", &deployment_type()),
              ElementsAre(Told{".conditions", ".conditions is no field of a Deployment",
                               "there are apiVersion, kind, metadata, spec, status"}));
}

TEST(RefusedFields, D4_all_of_them_are_told_where_the_server_ends_at_the_first) {
  const auto all = told(untyped(),
                        R"({"kind":"Deployment","spec":{"replica":"3","template":{"spec":{"containers":[
                            {"name":"a"},{"name":"b","imge":"x","args":"-v","tty":"true"},{"name":"b","image":3}]}}}})",
                        &deployment_type());
  EXPECT_THAT(
      all, ElementsAre(
               Told{".spec.replica", ".spec.replica is no field of a Deployment", "did you mean .spec.replicas?"},
               Told{".spec.template.spec.containers[1].imge",
                    ".spec.template.spec.containers[name=\"b\"].imge is no field of a Deployment",
                    "did you mean .spec.template.spec.containers[1].image?"},
               Told{".spec.template.spec.containers[1].args",
                    ".spec.template.spec.containers[name=\"b\"].args has to be a list, and is the text \"-v\"",
                    "begin each item with a dash"},
               Told{".spec.template.spec.containers[1].tty",
                    ".spec.template.spec.containers[name=\"b\"].tty has to be true or false, and is the text \"true\"",
                    "remove the quotes"},
               Told{".spec.template.spec.containers",
                    ".spec.template.spec.containers has two items with the key [name=\"b\"]", "keep one of the two"},
               Told{".spec.template.spec.containers[1].image",
                    ".spec.template.spec.containers[name=\"b\"].image has to be a text", ""}));
}

TEST(RefusedFields, V7_without_a_type_the_servers_words_do) {
  EXPECT_THAT(told(rejected("failed to create typed patch object (w/c; /v1, Kind=ConfigMap): .datta: field not "
                            "declared in schema"),
                   R"({"kind":"ConfigMap","datta":{}})", nullptr),
              ElementsAre(Told{".datta", ".datta is no field of a ConfigMap", ""}));
  EXPECT_THAT(told(rejected("failed to create typed patch object (w/c; /v1, Kind=ConfigMap): errors: .data.a: expected "
                            "string, got &value.valueUnstructured{Value:80} .datta: field not declared in schema"),
                   R"({"kind":"ConfigMap","data":{"a":80},"datta":{}})", nullptr),
              ElementsAre(Told{".data.a", ".data.a has to be a text, and is the number 80", "quote it"}));
}

TEST(RefusedFields, V9_causes_of_validation_have_their_place_and_what_is_supported) {
  const std::string_view body = R"({"kind":"Deployment","spec":{"replicas":-1,"template":{"spec":{"containers":[
      {"name":"a","imagePullPolicy":"Alwayss"}]}}}})";
  EXPECT_THAT(
      told(rejected("Deployment.apps \"web\" is invalid",
                    {{"FieldValueInvalid", "Invalid value: -1: must be greater than or equal to 0", "spec.replicas"},
                     {"FieldValueNotSupported",
                      "Unsupported value: \"Alwayss\": supported values: \"Always\", \"IfNotPresent\", \"Never\"",
                      "spec.template.spec.containers[0].imagePullPolicy"},
                     {"FieldValueRequired", "Required value", "spec.selector"}}),
           body, &deployment_type()),
      ElementsAre(Told{".spec.replicas", ".spec.replicas: Invalid value: -1: must be greater than or equal to 0", ""},
                  Told{".spec.template.spec.containers[0].imagePullPolicy",
                       ".spec.template.spec.containers[0].imagePullPolicy: Unsupported value: \"Alwayss\": supported "
                       "values: \"Always\", \"IfNotPresent\", \"Never\"",
                       "did you mean Always?"},
                  Told{".spec.selector", ".spec.selector: Required value", ""}));
}

TEST(RefusedFields, what_is_no_refusal_of_fields_names_none) {
  const std::string_view body = R"({"kind":"Deployment","spec":{"replicsa":2}})";
  EXPECT_THAT(told(rejected("etcdserver: request is too large"), body, &deployment_type()), IsEmpty());
  ClassifiedApply denied = untyped();
  denied.outcome = ApplyOutcome::WebhookDenied;
  EXPECT_THAT(told(denied, body, &deployment_type()), IsEmpty());
}

TEST(RefusedFields, a_secret_is_named_and_never_shown) {
  const std::string_view body =
      R"({"apiVersion":"v1","kind":"Secret","data":{"password":{"deep":"canary"},"port":4711}})";
  const auto by_words =
      told(rejected("failed to create typed patch object (w/s; /v1, Kind=Secret): .data.port: expected "
                    "string, got &value.valueUnstructured{Value:4711}"),
           body, nullptr);
  EXPECT_THAT(by_words, ElementsAre(Told{".data.port", ".data.port has to be a text, and is a number", "quote it"}));
  const auto by_cause = told(rejected("Secret \"s\" is invalid",
                                      {{"FieldValueInvalid", "Invalid value: \"canary\": must be", "data.password"}}),
                             body, nullptr);
  ASSERT_EQ(by_cause.size(), 1U);
  EXPECT_THAT(by_cause[0].problem, Not(HasSubstr("canary")));
}

TEST(RefusedFields, a_place_in_text_is_found_in_the_object) {
  const json::object body = body_of(R"({"metadata":{"annotations":{"a.b/c":"x","a":"y"},"finalizers":["f"]},
    "data":{"app.conf":"x"},"spec":{"ports":[{"port":80},{"port":81,"protocol":"UDP"}]}})")
                                .as_object();
  const auto found = [&](std::string_view text) { return to_string(field_path_in(body, text)); };
  EXPECT_EQ(found(".metadata.annotations.a.b/c"), ".metadata.annotations.a.b/c");
  EXPECT_EQ(found("metadata.annotations[a.b/c]"), ".metadata.annotations.a.b/c");
  EXPECT_EQ(found("metadata.annotations.a"), ".metadata.annotations.a");
  EXPECT_EQ(found("data[app.conf]"), ".data.app.conf");
  EXPECT_EQ(found(".spec.ports[port=81,protocol=\"UDP\"].name"), ".spec.ports[1].name");
  EXPECT_EQ(found(".spec.ports[port=80,protocol=\"TCP\"].port"), ".spec.ports[0].port");
  EXPECT_EQ(found("spec.ports[1].port"), ".spec.ports[1].port");
  EXPECT_EQ(found("spec.ports[7].port"), ".spec.ports");
  EXPECT_EQ(found(".metadata.finalizers[=\"f\"]"), ".metadata.finalizers[0]");
  EXPECT_EQ(found("spec.selector.matchLabels"), ".spec.selector");
  EXPECT_EQ(found(""), "");
  EXPECT_EQ(found("["), "");
  EXPECT_EQ(found(".spec.ports["), ".spec.ports");
}

TEST(RefusedFields, a_few_are_put_into_words_with_their_hints) {
  std::vector<RefusedField> fields = {{{}, ".a is no field of a C", "did you mean .b?"}};
  Error error = in_words({ErrorKind::Invalid, "failed to", "apps/c.yaml:1", {}}, fields);
  EXPECT_EQ(describe(error), "apps/c.yaml:1: .a is no field of a C (did you mean .b?)");
  for (const char* const name : {".x", ".y", ".z"}) fields.push_back({{}, std::string(name) + " is odd", ""});
  error = in_words({ErrorKind::Invalid, "failed to", "apps/c.yaml:1", {}}, fields);
  EXPECT_EQ(describe(error),
            "apps/c.yaml:1: .a is no field of a C (did you mean .b?); .x is odd; .y is odd; and 1 more");
}

}  // namespace
}  // namespace holdfast
