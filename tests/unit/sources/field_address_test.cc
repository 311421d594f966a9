#include "sources/field_address.h"

#include <gtest/gtest.h>

#include "sources/yaml_edit.h"

namespace holdfast {
namespace {

json::object object_of(const char* text) { return parse_json(text)->as_object(); }
FieldAddress address(const char* text) { return FieldAddress::parse(text).value(); }

constexpr const char* kDeployment =
    R"({"kind":"Deployment","metadata":{"name":"web"},"spec":{"template":{"spec":{"containers":[)"
    R"({"name":"web","image":"web:1","env":[{"name":"PORT","value":"80"}]},{"name":"side","image":"side:1"}]}}}})";

TEST(FieldAddress, reads_what_people_write_and_says_it_in_one_way) {
  EXPECT_EQ(address("spec.template.spec.containers[web].image").text(), "spec.template.spec.containers[web].image");
  EXPECT_EQ(address(".spec.containers[name=web].image").text(), "spec.containers[web].image");
  EXPECT_EQ(address(R"(spec.containers[name="web"].image)").text(), "spec.containers[web].image");
  EXPECT_EQ(address("spec.ports[containerPort=80].name").text(), "spec.ports[containerPort=80].name");
  EXPECT_EQ(address(R"(metadata.annotations["example.com/owner"])").text(),
            R"(metadata.annotations["example.com/owner"])");
}

TEST(FieldAddress, refuses_what_names_no_field_of_ones_own) {
  for (const char* text :
       {"", ".", "spec.", "spec..replicas", "spec.containers[0].image", "spec.containers[web]", "[web].x", "spec.x[",
        "spec.x[web", "metadata.name", "metadata.labels", "metadata", "metadata.ownerReferences", "status.replicas",
        "kind", "apiVersion", "spec.a b", R"(spec["x)"})
    EXPECT_FALSE(FieldAddress::parse(text)) << text;
  EXPECT_TRUE(FieldAddress::parse("metadata.labels.app"));
}

TEST(FieldAddress, overlaps_with_itself_and_what_holds_it) {
  EXPECT_TRUE(address("spec.a").overlaps(address("spec.a.b")));
  EXPECT_TRUE(address("spec.a.b").overlaps(address("spec.a")));
  EXPECT_FALSE(address("spec.a").overlaps(address("spec.ab")));
  EXPECT_FALSE(address("spec.c[web].image").overlaps(address("spec.c[side].image")));
}

TEST(FieldAddress, sets_what_is_there_and_makes_what_may_be_made) {
  json::object object = object_of(kDeployment);
  ASSERT_TRUE(set_at(object, address("spec.template.spec.containers[web].resources.requests.cpu"), "500m"));
  ASSERT_TRUE(set_at(object, address("spec.template.spec.containers[web].env[LOG].value"), 7));
  ASSERT_TRUE(set_at(object, address("spec.template.spec.containers[web].env[PORT].value"), 8080));
  ASSERT_TRUE(set_at(object, address("spec.replicas"), 3));
  EXPECT_EQ(to_json(json::value(object)),
            R"({"kind":"Deployment","metadata":{"name":"web"},"spec":{"template":{"spec":{"containers":[)"
            R"({"name":"web","image":"web:1","env":[{"name":"PORT","value":"8080"},{"name":"LOG","value":"7"}],)"
            R"("resources":{"requests":{"cpu":"500m"}}},{"name":"side","image":"side:1"}]}},"replicas":3}})");
  const auto none = set_at(object, address("spec.template.spec.containers[wbe].image"), "x");
  ASSERT_FALSE(none);
  EXPECT_EQ(
      describe(none.error()),
      "spec.template.spec.containers[wbe].image: containers has no item whose name is wbe (there are: web, side)");
  EXPECT_FALSE(set_at(object, address("spec.replicas.x"), 1));
  EXPECT_FALSE(set_at(object, address("spec.template.spec.containers.image"), 1));
}

std::string edited(const std::string& text, const char* path, const json::value& value) {
  const auto made = edit_yaml(text, "web.yaml", {"Deployment", "web", address(path), value});
  return made ? *made : "error: " + describe(made.error());
}

constexpr const char* kFile = R"(# All of the shop
kind: Service
metadata: {name: web}
---
kind: Deployment   # the web
metadata:
  name: web  # a nämé
spec:
  replicas:   2   # enough
  template:
    spec:
      containers:
      - name: web
        image: "web:1" # pinned
        resources: {requests: {cpu: 100m}}   # small
      - name: side
        image: side:1
        resources:
          requests:
            memory: 1Gi
        # the end of it
)";

std::string replaced(std::string text, const std::string& old, const std::string& with) {
  text.replace(text.find(old), old.size(), with);
  return text;
}

TEST(YamlEdit, changes_one_value_and_nothing_else) {
  EXPECT_EQ(edited(kFile, "spec.replicas", 3), replaced(kFile, "  2   # enough", "  3   # enough"));
  EXPECT_EQ(edited(kFile, "spec.template.spec.containers[web].image", "registry.example/web:2"),
            replaced(kFile, "\"web:1\"", "registry.example/web:2"));
  EXPECT_EQ(edited(kFile, "spec.template.spec.containers[web].resources.requests.cpu", "500m"),
            replaced(kFile, "100m", "500m"));
  EXPECT_EQ(edited(kFile, "spec.template.spec.containers[side].image", "yes"), replaced(kFile, "side:1", "\"yes\""));
}

TEST(YamlEdit, adds_what_is_not_there_in_the_form_of_its_place) {
  EXPECT_EQ(edited(kFile, "spec.template.spec.containers[web].resources.limits.cpu", "1"),
            replaced(kFile, "{cpu: 100m}}", "{cpu: 100m}, limits: {cpu: \"1\"}}"));
  EXPECT_EQ(edited(kFile, "spec.template.spec.containers[side].resources.requests.cpu", "2"),
            replaced(kFile, "memory: 1Gi\n", "memory: 1Gi\n            cpu: \"2\"\n"));
  EXPECT_EQ(edited(kFile, "spec.strategy.type", "Recreate"),
            replaced(kFile, "memory: 1Gi\n", "memory: 1Gi\n  strategy:\n    type: Recreate\n"));
}

TEST(YamlEdit, says_where_to_do_it_by_hand_where_it_cannot) {
  const std::string alias = "kind: Deployment\nmetadata: {name: web}\nx: &x {a: 1}\nspec:\n  a: *x\n";
  EXPECT_TRUE(edited(alias, "spec.a.a", 2).contains("web.yaml:5:")) << edited(alias, "spec.a.a", 2);
  EXPECT_TRUE(edited("kind: {{ .Values.kind }}\n", "spec.a", 2).starts_with("error: "));
  EXPECT_TRUE(edited("kind: Service\nmetadata: {name: web}\n", "spec.a", 2).contains("has no Deployment web"));
  const std::string twice = "kind: Deployment\nmetadata: {name: web}\n---\nkind: Deployment\nmetadata: {name: web}\n";
  EXPECT_TRUE(edited(twice, "spec.a", 2).contains("more than one"));
}

}  // namespace
}  // namespace holdfast
