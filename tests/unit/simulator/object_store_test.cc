#include "simulator/object_store.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

json::object body(const std::string& value) { return {{"metadata", {{"name", "a"}}}, {"value", value}}; }

TEST(ObjectStore, every_write_has_a_revision_of_its_own_over_all_types) {
  ObjectStore store;
  const StoredPtr first = store.put("configmaps", "n", "a", body("1"));
  const StoredPtr second = store.put("secrets", "n", "a", body("1"));
  EXPECT_EQ(second->revision, first->revision + 1);
  EXPECT_EQ(string_at(second->body, {"metadata", "resourceVersion"}), std::to_string(second->revision));
  EXPECT_EQ(store.remove("configmaps", "n", "a")->revision, second->revision + 1);
}

TEST(ObjectStore, an_earlier_revision_is_what_was_there_then) {
  ObjectStore store;
  const Revision one = store.put("configmaps", "n", "a", body("1"))->revision;
  const Revision two = store.put("configmaps", "n", "b", body("1"))->revision;
  store.put("configmaps", "n", "a", body("2"));
  store.remove("configmaps", "n", "b");
  const auto at_one = store.list_at("configmaps", "", one), at_two = store.list_at("configmaps", "", two);
  ASSERT_TRUE(at_one && at_two);
  ASSERT_EQ(at_one->size(), 1U);
  EXPECT_EQ((*at_one)[0]->revision, one);
  EXPECT_EQ(at_two->size(), 2U);
  EXPECT_EQ((*at_two)[0]->revision, one);
}

TEST(ObjectStore, what_is_compacted_is_unknown_and_not_empty) {
  ObjectStore store;
  const Revision one = store.put("configmaps", "n", "a", body("1"))->revision;
  const Revision two = store.put("configmaps", "n", "a", body("2"))->revision;
  store.compact(two);
  EXPECT_FALSE(store.list_at("configmaps", "", one));
  EXPECT_FALSE(store.list_at("configmaps", "", two + 1));
  EXPECT_TRUE(store.list_at("configmaps", "", two));
  EXPECT_TRUE(store.changes_since("configmaps", two).empty());
}

TEST(ObjectStore, lists_are_in_key_order_and_by_namespace) {
  ObjectStore store;
  store.put("configmaps", "b", "x", body("1"));
  store.put("configmaps", "a", "z", body("1"));
  store.put("configmaps", "a", "y", body("1"));
  const auto all = store.list("configmaps", "");
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0]->name, "y");
  EXPECT_EQ(all[2]->namespace_, "b");
  EXPECT_EQ(store.list("configmaps", "a").size(), 2U);
}

}  // namespace
}  // namespace holdfast
