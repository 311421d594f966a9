#include "watchers/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast {
namespace {

const GroupKind kType{"", "ConfigMap"};

ObjectKey key(const std::string& name) { return {"", "ConfigMap", "web", name}; }

LivePtr object(const std::string& name, const std::string& version, const std::string& uid = "u") {
  auto made = std::make_shared<LiveObject>();
  made->key = key(name);
  made->gvk = {"", "v1", "ConfigMap"};
  made->uid.value = uid;
  made->resource_version.value = version;
  return made;
}

std::vector<std::string> told(const std::vector<StoreEvent>& events) {
  std::vector<std::string> lines;
  const auto version = [](const LivePtr& live) { return live ? live->resource_version.value : std::string("-"); };
  for (const StoreEvent& event : events) {
    std::string line;
    switch (event.kind) {
      case StoreEventKind::Upserted:
        line = "Upserted ";
        break;
      case StoreEventKind::Deleted:
        line = "Deleted ";
        break;
      case StoreEventKind::Synced:
        line = "Synced ";
        break;
    }
    lines.push_back(line + event.key.name + " " + version(event.before) + ">" + version(event.after));
  }
  return lines;
}

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class StoreTest : public testing::Test {
 protected:
  Store store_;
  StoreWriter writer_{store_};

  auto replace(std::vector<LivePtr> items, const std::string& version) {
    return told(writer_.replace(kType, std::move(items), {version}));
  }
  auto apply(WatchEventType type, const LivePtr& live) { return told(writer_.apply(type, live)); }
};

TEST_F(StoreTest, absent_is_unknown_until_a_complete_list) {
  EXPECT_FALSE(store_.synced(kType));
  EXPECT_EQ(store_.find(key("a")), nullptr);
  EXPECT_THAT(replace({}, "5"), ElementsAre("Synced  ->-"));
  EXPECT_TRUE(store_.synced(kType));
}

TEST_F(StoreTest, A3_replace_synthesises_deletions) {
  replace({object("a", "1"), object("b", "2"), object("c", "3")}, "5");
  EXPECT_THAT(replace({object("a", "1"), object("b", "7")}, "9"),
              ElementsAre("Deleted c 3>-", "Upserted b 2>7", "Synced  ->-"));
  EXPECT_EQ(store_.find(key("c")), nullptr);
  EXPECT_EQ(store_.size(kType), 2U);
}

TEST_F(StoreTest, A3_another_uid_under_the_same_key_is_a_deletion_first) {
  replace({object("a", "1", "u1")}, "5");
  EXPECT_THAT(replace({object("a", "7", "u2")}, "9"), ElementsAre("Deleted a 1>-", "Upserted a ->7", "Synced  ->-"));
  EXPECT_THAT(apply(WatchEventType::Modified, object("a", "11", "u3")),
              ElementsAre("Deleted a 7>-", "Upserted a ->11"));
}

TEST_F(StoreTest, A13_events_at_or_below_the_cached_version_are_ignored) {
  replace({object("a", "10")}, "20");
  EXPECT_THAT(apply(WatchEventType::Modified, object("a", "9")), IsEmpty());
  EXPECT_THAT(apply(WatchEventType::Modified, object("a", "10")), IsEmpty());
  EXPECT_THAT(apply(WatchEventType::Deleted, object("a", "9")), IsEmpty());
  EXPECT_THAT(apply(WatchEventType::Modified, object("a", "21")), ElementsAre("Upserted a 10>21"));
  EXPECT_THAT(apply(WatchEventType::Deleted, object("a", "100")), ElementsAre("Deleted a 21>-"));
}

TEST_F(StoreTest, A13_an_old_event_does_not_raise_what_the_list_no_longer_held) {
  replace({}, "20");
  EXPECT_THAT(apply(WatchEventType::Added, object("a", "9")), IsEmpty());
  EXPECT_THAT(apply(WatchEventType::Added, object("a", "20")), IsEmpty());
  EXPECT_THAT(apply(WatchEventType::Added, object("a", "21")), ElementsAre("Upserted a ->21"));
}

TEST_F(StoreTest, A13_versions_that_are_no_numbers_know_only_equality) {
  replace({object("a", "x1")}, "x2");
  EXPECT_THAT(apply(WatchEventType::Modified, object("a", "x1")), IsEmpty());
  EXPECT_THAT(apply(WatchEventType::Modified, object("a", "x0")), ElementsAre("Upserted a x1>x0"));
}

TEST_F(StoreTest, V42_leaving_the_selection_and_coming_back) {
  replace({object("a", "10")}, "20");
  EXPECT_THAT(apply(WatchEventType::Deleted, object("a", "21")), ElementsAre("Deleted a 10>-"));
  EXPECT_THAT(apply(WatchEventType::Deleted, object("a", "22")), IsEmpty());
  EXPECT_THAT(apply(WatchEventType::Added, object("a", "23")), ElementsAre("Upserted a ->23"));
}

TEST_F(StoreTest, bookmarks_and_errors_change_nothing) {
  EXPECT_THAT(apply(WatchEventType::Bookmark, nullptr), IsEmpty());
  EXPECT_THAT(apply(WatchEventType::Error, nullptr), IsEmpty());
}

TEST_F(StoreTest, A20_unsynced_keeps_what_is_stored_and_forget_keeps_nothing) {
  const LivePtr a = object("a", "10");
  replace({a}, "20");
  writer_.mark_unsynced(kType);
  EXPECT_FALSE(store_.synced(kType));
  EXPECT_EQ(store_.find(key("a")), a);
  EXPECT_THAT(replace({object("a", "10")}, "30"), ElementsAre("Synced  ->-"));
  EXPECT_EQ(store_.find(key("a")), a);  // the one that was judged
  writer_.forget(kType);
  EXPECT_FALSE(store_.synced(kType));
  EXPECT_EQ(store_.find(key("a")), nullptr);
}

}  // namespace
}  // namespace holdfast
