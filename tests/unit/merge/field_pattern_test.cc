#include "holdfast/merge/field_pattern.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

PathElement f(std::string_view name) { return PathElement::field(name); }
PathElement k(const json::object& key) { return PathElement::key(key); }

FieldPath image_of(std::string_view container) {
  return {f("spec"), f("template"), f("spec"), f("containers"), k({{"name", container}}), f("image")};
}

FieldPattern pattern(std::string_view text) {
  auto parsed = FieldPattern::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text << ": " << (parsed ? "" : parsed.error().message);
  return parsed ? *parsed : *FieldPattern::parse("/x");
}

std::string refusal(std::string_view text) {
  const auto parsed = FieldPattern::parse(text);
  EXPECT_FALSE(parsed.has_value()) << text;
  return parsed ? "" : describe(parsed.error());
}

TEST(FieldPattern, a_pointer_covers_its_field_and_all_below_it) {
  const FieldPattern replicas = pattern("/spec/replicas");
  EXPECT_TRUE(replicas.covers({f("spec"), f("replicas")}));
  EXPECT_FALSE(replicas.covers({f("spec")}));
  EXPECT_FALSE(replicas.covers({f("spec"), f("replicasX")}));
  EXPECT_FALSE(replicas.covers({f("status"), f("replicas")}));
  EXPECT_TRUE(pattern("/spec").covers({f("spec"), f("a"), f("b")}));
  EXPECT_TRUE(replicas.reaches_below({f("spec")}));
  EXPECT_FALSE(replicas.reaches_below({f("spec"), f("replicas")}));
  EXPECT_FALSE(replicas.reaches_below({f("data")}));
}

TEST(FieldPattern, a_pointer_spells_slash_and_tilde_as_json_pointers_do) {
  const FieldPattern revision = pattern("/metadata/annotations/ex.io~1a~0b");
  EXPECT_TRUE(revision.covers({f("metadata"), f("annotations"), f("ex.io/a~b")}));
  EXPECT_FALSE(revision.covers({f("metadata"), f("annotations"), f("ex"), f("io/a~b")}));
  EXPECT_TRUE(refusal("/a~2").contains("character 1"));
  EXPECT_TRUE(refusal("/a~").contains("~0"));
}

TEST(FieldPattern, a_path_can_be_copied_from_a_report) {
  const FieldPath paths[] = {image_of("web"),
                             {f("metadata"), f("annotations"), f("deployment.kubernetes.io/revision")},
                             {f("spec"), f("ports"), k({{"containerPort", 80}, {"protocol", "TCP"}}), f("name")},
                             {f("metadata"), f("finalizers"), PathElement::value("h.io/\"x\"")},
                             {f("data"), f("8080")}};
  for (const FieldPath& path : paths) EXPECT_TRUE(pattern(to_string(path)).covers(path)) << to_string(path);
}

TEST(FieldPattern, an_item_is_named_by_its_key_with_or_without_quotes) {
  for (const char* text :
       {".spec.template.spec.containers[name=web].image", ".spec.template.spec.containers[name=\"web\"].image",
        ".spec.template.spec.containers[name=web]", ".spec.template.spec.containers[*].image",
        ".spec.template.spec.containers.*.image", "/spec/template/spec/containers/*/image", "/spec/*/spec/containers"})
    EXPECT_TRUE(pattern(text).covers(image_of("web"))) << text;
  EXPECT_FALSE(pattern(".spec.template.spec.containers[name=web].image").covers(image_of("side")));
}

TEST(FieldPattern, of_several_key_fields_some_may_be_named_as_number_or_text) {
  const FieldPath port = {f("ports"), k({{"containerPort", 80}, {"protocol", "TCP"}})};
  EXPECT_TRUE(pattern(".ports[containerPort=80]").covers(port));
  EXPECT_TRUE(pattern(".ports[containerPort=80,protocol=TCP]").covers(port));
  EXPECT_FALSE(pattern(".ports[containerPort=80,protocol=UDP]").covers(port));
  EXPECT_FALSE(pattern(".ports[containerPort=\"80\"]").covers(port));
  EXPECT_TRUE(pattern(".x[id=80]").covers({f("x"), k({{"id", "80"}})}));
}

TEST(FieldPattern, members_of_a_set_are_named_by_value) {
  const FieldPath member = {f("metadata"), f("finalizers"), PathElement::value("a/b")};
  EXPECT_TRUE(pattern(".metadata.finalizers[=\"a/b\"]").covers(member));
  EXPECT_TRUE(pattern(".metadata.finalizers[=a/b]").covers(member));
  EXPECT_TRUE(pattern(".metadata.finalizers[*]").covers(member));
  EXPECT_FALSE(pattern(".metadata.finalizers[=\"a/c\"]").covers(member));
}

TEST(FieldPattern, star_is_one_segment_and_an_item_star_is_no_name) {
  EXPECT_TRUE(pattern("/data/*").covers({f("data"), f("a.b")}));
  EXPECT_FALSE(pattern("/*/a").covers({f("x"), f("y"), f("a")}));
  EXPECT_FALSE(pattern(".data[*]").covers({f("data"), f("a")}));
}

TEST(FieldPattern, names_with_dots_are_matched_whole) {
  const FieldPath owner = {f("metadata"), f("annotations"), f("ex.io/owner")};
  EXPECT_TRUE(pattern(".metadata.annotations.ex.io/owner").covers(owner));
  EXPECT_TRUE(pattern(".metadata.annotations[\"ex.io/owner\"]").covers(owner));
  EXPECT_FALSE(pattern(".metadata.annotations.ex").covers(owner));
  EXPECT_FALSE(pattern(".metadata.annotations.ex").reaches_below(owner));
  EXPECT_TRUE(pattern(".metadata.annotations.ex.io/owner.x").reaches_below(owner));
}

TEST(FieldPattern, positions_in_a_list_are_refused_and_the_key_form_suggested) {
  const std::string of_pointer = refusal("/spec/template/spec/containers/0/image");
  EXPECT_TRUE(of_pointer.contains("[name=web]")) << of_pointer;
  EXPECT_TRUE(of_pointer.contains("character 31")) << of_pointer;
  EXPECT_TRUE(refusal(".spec.containers[0].image").contains("[name=web]"));
  EXPECT_TRUE(pattern(".data[\"8080\"]").covers({f("data"), f("8080")}));
}

TEST(FieldPattern, what_cannot_be_read_says_where_and_what_to_write) {
  EXPECT_TRUE(refusal("spec.replicas").contains("/spec.replicas or .spec.replicas"));
  for (const char* text : {"", "/", "."}) EXPECT_TRUE(refusal(text).contains("/spec/replicas")) << text;
  for (const char* text : {"/a//b", ".a..b", ".a.", ".a[name=web", ".a[name]", ".a[=]", ".a[\"b]", ".a[name=]", ".a[]",
                           ".a[*", ".a[b=c]d", "/a*b", ".a[x=\"\\z\"]"})
    EXPECT_FALSE(FieldPattern::parse(text).has_value()) << text;
  EXPECT_TRUE(refusal("/" + std::string(FieldPattern::kMaxBytes, 'x')).contains("1024"));
  std::string deep;
  for (std::size_t i = 0; i <= FieldPattern::kMaxSegments; ++i) deep += "/a";
  EXPECT_TRUE(refusal(deep).contains("64"));
}

}  // namespace
}  // namespace holdfast
