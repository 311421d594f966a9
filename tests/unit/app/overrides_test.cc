#include <gtest/gtest.h>

#include "app/override_examination.h"
#include "app/override_policy.h"
#include "app/override_status.h"
#include "app/own_definitions.h"
#include "sources/manifests.h"
#include "sources/override_fields.h"
#include "sources/override_reader.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

constexpr const char* kWeb = R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - {name: web, image: "web:1", resources: {requests: {cpu: 100m}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: page}
data: {color: blue}
)";

ManifestSetPtr set_of(const std::string& yaml) {
  return parse_manifests(FileSet{"main@sha1:1", {{"web.yaml", yaml}}}).value();
}

ApiCatalog catalog() {
  ApiCatalog made;
  for (const ApiResource& one :
       {ApiResource{{"apps", "v1", "Deployment"}, "deployments", true, {"get", "list", "patch", "watch"}},
        ApiResource{{"", "v1", "ConfigMap"}, "configmaps", true, {"get", "list", "patch", "watch"}}}) {
    made.resources.emplace(one.gvk, one);
    made.preferred.emplace(GroupKind{one.gvk.group, one.gvk.kind}, "v1");
  }
  return made;
}
PrepareOptions options() { return {"shop", "holdfast", "applyset-x", FieldManager{"holdfast"}}; }

OverridePatch patch(const std::string& path, const json::value& value, const std::string& kind = "Deployment",
                    const std::string& name = "web") {
  return {{"", kind, "", name}, path, value};
}
Override one_of(std::vector<OverridePatch> patches, const std::string& name = "one") {
  Override one;
  one.namespace_ = "shop";
  one.name = name;
  one.application = "web";
  one.requested_by = "alice";
  one.created = std::chrono::sys_seconds(1'000'000s);
  one.patches = std::move(patches);
  return one;
}
json::value parsed(const std::string& text) { return parse_json(text).value(); }

TEST(Override, is_read_as_it_is_written) {
  Override one = one_of({patch("spec.replicas", 3)});
  one.reason = "a load test";
  one.expires_after = 2h;
  json::object object = override_object(one);
  object["metadata"].as_object()["creationTimestamp"] = "1970-01-12T13:46:40Z";
  EXPECT_EQ(read_override(object).value(), one);
  EXPECT_EQ(what_is_tried(one), "Deployment web spec.replicas = 3");
  one.patches.clear();
  one.ref = OverrideRef{"feature/x", {}, {}};
  object = override_object(one);
  object["metadata"].as_object()["creationTimestamp"] = "1970-01-12T13:46:40Z";
  EXPECT_EQ(read_override(object).value(), one);
  EXPECT_EQ(what_is_tried(one), "branch feature/x");
}

TEST(Override, is_refused_where_it_says_too_much_or_too_little) {
  const auto wrong = [](const std::function<void(json::object&)>& change) {
    json::object object = override_object(one_of({patch("spec.replicas", 3)}));
    object["metadata"].as_object()["creationTimestamp"] = "1970-01-12T13:46:40Z";
    change(object["spec"].as_object());
    const auto read = read_override(object);
    return read ? std::string("it was read") : describe(read.error());
  };
  EXPECT_EQ(wrong([](json::object& spec) { spec["expiresAfter"] = "1000h"; }),
            "spec.expiresAfter is 1000h, and has to be between 1s and 168h");
  EXPECT_EQ(wrong([](json::object& spec) { spec["ref"] = json::object{{"branch", "x"}}; }),
            "spec names both a ref and patches, or neither");
  EXPECT_EQ(wrong([](json::object& spec) { spec.erase("requestedBy"); }), "spec.requestedBy is missing (say who asks)");
  EXPECT_TRUE(wrong([](json::object& spec) {
                spec["patches"].as_array()[0].as_object()["target"].as_object()["kind"] = "Secret";
              }).contains("fields of a Secret cannot be tried"));
  EXPECT_TRUE(wrong([](json::object& spec) {
                spec["patches"].as_array()[0].as_object()["path"] = "metadata.name";
              }).contains("says which object it is"));
}

TEST(OverrideExamination, tells_which_fields_git_does_not_declare) {
  const auto objects = examine_override(one_of({patch("spec.template.spec.containers[web].resources",
                                                      json::object{{"requests", {{"cpu", "500m"}, {"memory", "1Gi"}}}}),
                                                patch("spec.replicas", 3)}),
                                        *set_of(kWeb), catalog(), options());
  ASSERT_TRUE(objects) << describe(objects.error());
  ASSERT_EQ(objects->size(), 1U);
  const OverriddenObject& web = objects->front();
  EXPECT_TRUE(web.scales);
  EXPECT_EQ(to_string(web.desired.key), "Deployment.apps shop/web");
  ASSERT_EQ(web.undeclared.size(), 2U);
  EXPECT_EQ(web.undeclared[0].path, "spec.template.spec.containers[web].resources.requests.memory");
  EXPECT_EQ(web.undeclared[1].path, "spec.replicas");
  const auto former = former_values(web, parsed(R"({"spec":{"replicas":2}})"));
  EXPECT_FALSE(former[0].value);
  EXPECT_EQ(former[1].value, json::value(2));
}

TEST(OverrideExamination, refuses_what_an_autoscaler_owns) {
  const auto objects = examine_override(one_of({patch("spec.replicas", 3)}), *set_of(kWeb), catalog(), options());
  const OverriddenObject& web = objects->front();
  const json::value scaled = parsed(
      R"({"metadata":{"managedFields":[{"manager":"kube-controller-manager","operation":"Update","subresource":"scale",)"
      R"("apiVersion":"autoscaling/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:replicas":{}}}},)"
      R"({"manager":"holdfast","operation":"Apply","apiVersion":"apps/v1","fieldsType":"FieldsV1",)"
      R"("fieldsV1":{"f:spec":{"f:template":{}}}}]},"spec":{"replicas":5}})");
  const auto left = left_to_others(web, scaled, YieldRules());
  ASSERT_TRUE(left);
  EXPECT_TRUE(left->contains("spec.replicas of Deployment.apps shop/web is left to kube-controller-manager")) << *left;
  EXPECT_FALSE(left_to_others(web, parsed(R"({"metadata":{"managedFields":[]},"spec":{"replicas":1}})"), YieldRules()));
  const auto scaler = autoscaler_of(
      web, parsed(R"({"items":[{"metadata":{"name":"h"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"web"},)"
                  R"("minReplicas":2,"maxReplicas":9}}]})"));
  EXPECT_EQ(scaler, "the HorizontalPodAutoscaler h scales Deployment.apps shop/web between 2 and 9");
  EXPECT_FALSE(autoscaler_of(web, parsed(R"({"items":[]})")));
}

TEST(OverrideExamination, tells_what_composes_and_what_does_not) {
  const Override cpu = one_of({patch("spec.template.spec.containers[web].resources.requests.cpu", "1")});
  const Override whole = one_of({patch("spec.template.spec.containers[web].resources", json::object())}, "two");
  const Override scale = one_of({patch("spec.replicas", 1)}, "three");
  Override ref = one_of({}, "ref"), other = one_of({}, "other");
  ref.ref = OverrideRef{"x", {}, {}};
  other.ref = OverrideRef{"y", {}, {}};
  EXPECT_EQ(conflict_between(cpu, whole), "it sets spec.template.spec.containers[web].resources of Deployment web");
  EXPECT_EQ(conflict_between(cpu, scale), "");
  EXPECT_EQ(conflict_between(ref, cpu), "");
  EXPECT_EQ(conflict_between(ref, other), "it tries another ref");
}

TEST(OverrideStatus, is_recalled_but_for_what_the_spec_does_not_ask_for) {
  OverrideStatus status;
  const auto now = std::chrono::sys_seconds(1'000'100s);
  status.applied_at = now;
  status.set(OverridePhase::Active, "Applied", "it is there", now);
  status.former = {{{"", "Deployment", "", "web"}, "spec.replicas", json::value(2)},
                   {{"", "Deployment", "", "web"}, "spec.paused", json::value(true)},
                   {{"", "Deployment", "", "other"}, "spec.replicas", json::value(2)}};
  EXPECT_TRUE(status.is_ready());
  const json::object document = status_document(status);
  EXPECT_EQ(string_at(document, {"phase"}), "Active");
  const OverrideStatus again = recall_status(json::value(document), one_of({patch("spec.replicas", 3)}));
  EXPECT_EQ(again.phase, OverridePhase::Active);
  EXPECT_EQ(again.applied_at, now);
  ASSERT_EQ(again.former.size(), 1U);
  EXPECT_EQ(again.former[0].path, "spec.replicas");
  EXPECT_EQ(again.former[0].value, json::value(2));
}

TEST(OverrideStatus, knows_what_it_tried_again) {
  Override one = one_of({patch("spec.replicas", 3)});
  OverrideStatus status;
  status.checked = content_of(one);
  EXPECT_EQ(recall_status(json::value(status_document(status)), one).checked, content_of(one));
  one.reason = "another one";
  one.expires_after = 2h;
  EXPECT_EQ(content_of(one), status.checked);
  one.application = "other";
  EXPECT_NE(content_of(one), status.checked);
  EXPECT_NE(content_of(one_of({patch("spec.replicas", 4)})), status.checked);
}

TEST(OverridePolicy, has_to_be_there_whole_and_before) {
  const auto made = std::chrono::sys_seconds(1'000'000s);
  json::object policy = override_policy(), binding = override_policy_binding();
  for (json::object* one : {&policy, &binding})
    (*one)["metadata"].as_object()["creationTimestamp"] = "1970-01-12T13:46:35Z";
  EXPECT_FALSE(policy_problem(policy, binding, made));
  EXPECT_TRUE(policy_problem(policy, binding, made - 1s)->contains("had been there for 5 s"));
  EXPECT_TRUE(policy_problem(policy, binding, made - 10s)->contains("make it anew"));
  EXPECT_TRUE(policy_problem(nullptr, binding, made)->contains("holdfast install | kubectl apply"));
  EXPECT_TRUE(policy_problem(policy, nullptr, made));
  json::object warns = binding;
  warns["spec"].as_object()["validationActions"] = json::array{"Warn"};
  EXPECT_TRUE(policy_problem(policy, warns, made));
  json::object weaker = policy;
  weaker["spec"].as_object()["validations"].as_array().pop_back();
  EXPECT_TRUE(policy_problem(weaker, binding, made));
}

TEST(OverridePolicy, asks_for_the_verb_of_what_is_changed) {
  const Override one = one_of({});
  const auto verb = [&](const std::string& path) {
    const OverridePatch of = patch(path, 1);
    return override_verb(one, &of);
  };
  EXPECT_EQ(verb("spec.replicas"), "override-scale");
  EXPECT_EQ(verb("spec.template.spec.containers[web].image"), "override-image");
  EXPECT_EQ(verb("spec.template.spec.containers[web].resources.limits.cpu"), "override-field");
  EXPECT_EQ(verb("spec"), "override-field");
}

TEST(OverrideDefinition, says_each_field) {
  const json::object schema = override_schema();
  const json::value* spec = find(schema, {"properties", "spec", "properties"});
  for (const ApplicationField& field : override_spec().fields)
    EXPECT_TRUE(spec->as_object().contains(field.name)) << field.name;
  EXPECT_EQ(find(schema, {"properties", "spec", "properties", "patches"})
                ->at("items")
                .at("properties")
                .at("value")
                .as_object()
                .contains("type"),
            false);
}

}  // namespace
}  // namespace holdfast
