#include "sources/written_object.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

constexpr const char* kText = R"(# the shop
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: &labels
    app: web
spec:
  replicas: 3
  template:
    spec:
      containers:
      - name: side
        image: side:1
      - name: web
        image: web:1
        args:
        - --verbose
        - --port=80
        ports:
        - containerPort: 80
        - containerPort: 443
          name: tls
  selector:
    matchLabels: *labels
---
apiVersion: v1
kind: Secret
metadata: {name: token}
stringData:
  a: one
data: {b: dHdv}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  config.yaml: |
    first: 1
    second: 2

  other: "x"
)";

WrittenObject find(int line, const char* kind, const char* name, const char* text = kText) {
  auto found = WrittenObject::find(text, "apps/web.yaml", line, kind, name);
  if (!found) ADD_FAILURE() << describe(found.error());
  return std::move(*found);
}

PathElement field(const char* name) { return PathElement::field(name); }
PathElement named(const char* name) { return PathElement::key({{"name", name}}); }

FieldPath container(const char* name, std::vector<PathElement> below) {
  FieldPath path{field("spec"), field("template"), field("spec"), field("containers"), named(name)};
  path.insert(path.end(), below.begin(), below.end());
  return path;
}

TEST(WrittenObject, a_field_stands_in_the_line_of_its_key) {
  const WrittenObject web = find(2, "Deployment", "web");
  EXPECT_EQ(web.place_of({field("spec"), field("replicas")}).lines, (LineRange{9, 9}));
  EXPECT_EQ(web.place_of(container("web", {field("image")})).lines, (LineRange{16, 16}));
  EXPECT_EQ(web.place_of(container("side", {field("image")})).lines, (LineRange{14, 14}));
}

// The empty lines after a block belong to it.
TEST(WrittenObject, what_is_one_value_is_all_of_its_lines) {
  EXPECT_EQ(find(2, "Deployment", "web").place_of(container("web", {field("args")})).lines, (LineRange{17, 19}));
  EXPECT_EQ(find(34, "ConfigMap", "settings").place_of({field("data"), field("config.yaml")}).lines,
            (LineRange{38, 41}));
  EXPECT_EQ(find(34, "ConfigMap", "settings").place_of({field("data"), field("other")}).lines, (LineRange{42, 42}));
}

TEST(WrittenObject, C4_a_key_field_that_is_left_to_its_default_is_no_objection) {
  const PathElement tls = PathElement::key({{"containerPort", 443}, {"protocol", "TCP"}});
  const auto place = find(2, "Deployment", "web").place_of(container("web", {field("ports"), tls, field("name")}));
  EXPECT_EQ(place.lines, (LineRange{23, 23}));
  EXPECT_TRUE(place.written);
  EXPECT_FALSE(
      find(2, "Deployment", "web").place_of(container("web", {field("ports"), tls, field("protocol")})).written);
}

TEST(WrittenObject, what_is_not_written_is_not_said_to_be) {
  const WrittenObject web = find(2, "Deployment", "web");
  const auto place = web.place_of({field("spec"), field("paused")});
  EXPECT_FALSE(place.written);
  EXPECT_EQ(place.lines.first, 8);
  EXPECT_FALSE(web.place_of(container("gone", {field("image")})).written);
}

TEST(WrittenObject, an_alias_is_followed_to_where_the_text_stands) {
  const WrittenObject web = find(2, "Deployment", "web");
  EXPECT_EQ(web.place_of({field("spec"), field("selector"), field("matchLabels"), field("app")}).lines,
            (LineRange{7, 7}));
  EXPECT_EQ(web.place_of({field("spec"), field("selector"), field("matchLabels")}).lines, (LineRange{25, 25}));
}

TEST(WrittenObject, C2_the_data_of_a_secret_may_be_written_as_text) {
  const WrittenObject token = find(27, "Secret", "token");
  EXPECT_EQ(token.place_of({field("data"), field("a")}).lines, (LineRange{31, 31}));
  EXPECT_EQ(token.place_of({field("data"), field("b")}).lines, (LineRange{32, 32}));
}

TEST(WrittenObject, the_items_of_a_list_are_objects_of_their_own) {
  constexpr const char* kList =
      "apiVersion: v1\nkind: ConfigMapList\nitems:\n- metadata: {name: a}\n  data: {k: a}\n- metadata: {name: b}\n"
      "  data: {k: b}\n";
  EXPECT_EQ(find(6, "ConfigMap", "b", kList).place_of({field("data"), field("k")}).lines, (LineRange{7, 7}));
  constexpr const char* kOneLine =
      R"({"kind":"List","items":[{"kind":"ConfigMap","metadata":{"name":"a"}},{"kind":"ConfigMap","metadata":{"name":"b"}}]})";
  EXPECT_TRUE(WrittenObject::find(kOneLine, "all.json", 1, "ConfigMap", "b").has_value());
}

TEST(WrittenObject, a_file_that_has_changed_meanwhile_is_not_taken_for_the_old_one) {
  const auto moved = WrittenObject::find(kText, "apps/web.yaml", 3, "Deployment", "web");
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().kind, ErrorKind::NotFound);
  EXPECT_EQ(moved.error().where, "apps/web.yaml:3");
}

}  // namespace
}  // namespace holdfast
