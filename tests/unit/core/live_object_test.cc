#include <gtest/gtest.h>

#include "holdfast/model/object.h"

namespace holdfast {
namespace {

const GroupVersionKind kConfigMap{"", "v1", "ConfigMap"};
const GroupVersionKind kDeployment{"apps", "v1", "Deployment"};

TEST(LiveObject, V34_a_typed_body_is_kept_to_the_byte) {
  const std::string body =
      R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","namespace":"web","uid":"u1","resourceVersion":"7","managedFields":[{"manager":"m","name":"no"}]},"data":{"name":"x"}})";
  const Result<LivePtr> object = read_live_object(body, kDeployment);
  ASSERT_TRUE(object) << describe(object.error());
  EXPECT_EQ((*object)->body, body);
  EXPECT_EQ((*object)->key, (ObjectKey{"", "ConfigMap", "web", "a"}));
  EXPECT_EQ((*object)->gvk, kConfigMap);
  EXPECT_EQ((*object)->uid, Uid{"u1"});
  EXPECT_EQ((*object)->resource_version, ResourceVersion{"7"});
  EXPECT_FALSE((*object)->terminating);
}

TEST(LiveObject, V44_list_items_get_kind_and_version_where_a_read_shows_them) {
  const Result<LivePtr> object = read_live_object(
      R"({"metadata":{"name":"d","namespace":"web","uid":"u","resourceVersion":"8"},"spec":{}})", kDeployment);
  ASSERT_TRUE(object) << describe(object.error());
  EXPECT_EQ(
      (*object)->body,
      R"({"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"d","namespace":"web","uid":"u","resourceVersion":"8"},"spec":{}})");
  EXPECT_EQ((*object)->gvk, kDeployment);
}

TEST(LiveObject, custom_resources_have_their_keys_sorted) {
  const std::string body =
      R"({"apiVersion":"ex.io/v1","kind":"Widget","metadata":{"deletionTimestamp":"2025-01-01T00:00:00Z","name":"w","resourceVersion":"9","uid":"u"},"spec":{"metadata":{"name":"inner"}}})";
  const Result<LivePtr> object = read_live_object(body, {});
  ASSERT_TRUE(object) << describe(object.error());
  EXPECT_EQ((*object)->key, (ObjectKey{"ex.io", "Widget", "", "w"}));
  EXPECT_TRUE((*object)->terminating);
}

TEST(LiveObject, A15_an_object_without_identity_is_a_protocol_error) {
  for (const char* const body :
       {R"({"metadata":{"uid":"u","resourceVersion":"1"}})", R"({"metadata":{"name":"n","resourceVersion":"1"}})",
        R"({"metadata":{"name":"n","uid":"u"}})", R"({"metadata":{"name":"n","uid":"u","resourceVersion":""}})",
        R"({"kind":"X","metadata":{"name":"n","uid":"u","resourceVersion":"1"}})",
        R"({"metadata":{"name":7,"uid":"u","resourceVersion":"1"}})", "{}", "[]", "", "null"}) {
    const Result<LivePtr> object = read_live_object(body, kConfigMap);
    ASSERT_FALSE(object) << body;
    EXPECT_EQ(object.error().kind, ErrorKind::Protocol) << body;
  }
}

TEST(LiveObject, cut_or_doubled_text_is_refused) {
  const std::string body = R"({"kind":"C","apiVersion":"v1","metadata":{"name":"n","uid":"u","resourceVersion":"1"}})";
  ASSERT_TRUE(read_live_object(body, {}));
  for (std::size_t size = 0; size < body.size(); ++size)
    EXPECT_FALSE(read_live_object(std::string_view(body).substr(0, size), {})) << size;
  EXPECT_FALSE(read_live_object(body + body, {}));
}

TEST(LiveObject, A15_more_than_16_MiB_is_too_large) {
  const std::string body(16 * 1024 * 1024 + 1, ' ');
  const Result<LivePtr> object = read_live_object(body, kConfigMap);
  ASSERT_FALSE(object);
  EXPECT_EQ(object.error().kind, ErrorKind::TooLarge);
}

}  // namespace
}  // namespace holdfast
