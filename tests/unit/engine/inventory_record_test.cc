#include "engine/inventory_record.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

const InventoryLocation kLocation{"holdfast", "apps", "prod"};

Inventory inventory() {
  Inventory made;
  made.entries[{"apps", "Deployment", "web", "front"}] = {"u-1"};
  made.entries[{"", "ConfigMap", "web", "a\"b"}] = {};
  made.entries[{"", "ConfigMap", "holdfast", "c"}] = {"u-2"};
  made.entries[{"", "Namespace", "", "web"}] = {"u-3"};
  made.revision = "main@sha1:abc";
  return made;
}
json::value map_of(const Inventory& made) { return to_config_map(made, kLocation); }

TEST(InventoryRecord, V52_applyset_ids) {
  EXPECT_EQ(applyset_id("parent", "wt", "ConfigMap", ""), "applyset-aSDGKbrZ5__QGWHlAwk3vdjY80raOCB3C7Dt0-pFFK4-v1");
  EXPECT_EQ(applyset_id("p", "", "AppSet", "ex.io"), "applyset-lhnO14_Sq6yuAFsMuGTPxc41JyWHOz0jStdVA5GYdLk-v1");
}

TEST(InventoryRecord, V53_the_config_map_is_an_applyset_parent) {
  const json::value map = map_of(inventory());
  EXPECT_EQ(string_at(map, {"apiVersion"}), "v1");
  EXPECT_EQ(string_at(map, {"metadata", "labels", "applyset.kubernetes.io/id"}),
            applyset_id("apps", "holdfast", "ConfigMap", ""));
  EXPECT_EQ(string_at(map, {"metadata", "labels", "holdfast.dev/installation"}), "prod");
  EXPECT_EQ(string_at(map, {"metadata", "annotations", "applyset.kubernetes.io/contains-group-kinds"}),
            "ConfigMap,Deployment.apps,Namespace");
  EXPECT_EQ(string_at(map, {"metadata", "annotations", "applyset.kubernetes.io/additional-namespaces"}), "web");
  EXPECT_TRUE(string_at(map, {"metadata", "annotations", "applyset.kubernetes.io/tooling"}).starts_with("holdfast/v"));
}

TEST(InventoryRecord, V53_an_empty_one_still_has_every_annotation) {
  const json::value map = map_of({});
  const json::value* namespaces =
      find(map, {"metadata", "annotations", "applyset.kubernetes.io/additional-namespaces"});
  ASSERT_NE(namespaces, nullptr);
  EXPECT_EQ(namespaces->as_string(), "");
  EXPECT_EQ(from_config_map(map), Inventory{});
}

TEST(InventoryRecord, what_is_written_is_read_back) {
  const auto read = from_config_map(map_of(inventory()), "prod");
  ASSERT_TRUE(read.has_value()) << describe(read.error());
  EXPECT_EQ(*read, inventory());
  EXPECT_EQ(read->newest, BegunRevision{});
}

TEST(InventoryRecord, how_hooks_fare_is_read_back_and_a_version_before_takes_a_failed_one_for_begun) {
  Inventory made = inventory();
  made.hooks[{"apps", "Deployment", "web", "front"}] = {HookState::Failed};
  made.hooks[{"", "ConfigMap", "holdfast", "c"}] = {HookState::Done, "0123456789"};
  made.hooks[{"", "Namespace", "", "web"}] = {};
  const json::value map = map_of(made);
  EXPECT_EQ(from_config_map(map, "prod"), made);
  EXPECT_TRUE(string_at(map, {"data", "inventory"}).contains(R"("hook":"begun")"));
  EXPECT_FALSE(string_at(map, {"data", "inventory"}).contains(R"("hook":"failed")"));
}

TEST(InventoryRecord, the_newest_revision_that_was_begun_is_read_back) {
  Inventory made = inventory();
  made.newest = {"main@sha1:def", 1'700'000'000};
  json::value map = map_of(made);
  EXPECT_EQ(from_config_map(map)->newest, made.newest);
  for (const char* strange : {"", "x main", "12", "12 "}) {
    map.at_pointer("/data").as_object()["newest"] = strange;
    EXPECT_EQ(from_config_map(map)->newest, BegunRevision{}) << strange;
  }
}

TEST(InventoryRecord, V54_the_set_of_another_tool_or_installation_is_refused) {
  json::value map = map_of(inventory());
  EXPECT_EQ(from_config_map(map, "test").error().kind, ErrorKind::Conflict);
  json::value& tooling = map.at_pointer("/metadata/annotations/applyset.kubernetes.io~1tooling");
  tooling = "kubectl/v1.32.4";
  EXPECT_EQ(from_config_map(map).error().kind, ErrorKind::Conflict);
  tooling = "holdfastish/v1";
  EXPECT_FALSE(from_config_map(map).has_value());
  map.at_pointer("/metadata").as_object().erase("annotations");
  EXPECT_EQ(from_config_map(map).error().kind, ErrorKind::Conflict);
}

TEST(InventoryRecord, a_copy_of_another_record_is_refused_and_a_lost_label_is_not) {
  json::value map = map_of(inventory());
  map.at_pointer("/metadata/name") = "copy";
  EXPECT_FALSE(from_config_map(map).has_value());
  map.at_pointer("/metadata").as_object().erase("labels");
  EXPECT_TRUE(from_config_map(map).has_value());
}

TEST(InventoryRecord, what_cannot_be_read_is_an_error_and_never_empty) {
  for (const char* name : {"inventory", "revision"}) {
    json::value map = map_of(inventory());
    map.at_pointer("/data").as_object().erase(name);
    EXPECT_FALSE(from_config_map(map).has_value()) << name;
  }
  const std::string twice = R"({"group":"","kind":"A","namespace":"","name":"x","uid":""})"
                            "\n"
                            R"({"group":"","kind":"A","namespace":"","name":"x","uid":"u"})";
  for (const char* lines : {"{", "[]", R"({"group":"","kind":"","namespace":"","name":"x","uid":""})",
                            R"({"kind":"ConfigMap","namespace":"","name":"x","uid":""})",
                            R"({"group":"","kind":"A","namespace":"","name":"x","uid":1})", twice.c_str()}) {
    json::value map = map_of({});
    map.at_pointer("/data/inventory") = lines;
    EXPECT_FALSE(from_config_map(map).has_value()) << lines;
  }
  json::value map = map_of({});
  map.as_object().erase("data");
  EXPECT_FALSE(from_config_map(map).has_value());
}

TEST(InventoryRecord, what_is_said_of_a_repository_is_read_back) {
  Inventory made = inventory();
  made.content = "sha256:1";
  made.repository = "0123456789abcdef";
  made.seen = {made.repository, "main@sha1:def", {"prod/one", "prod/two"}};
  EXPECT_EQ(from_config_map(map_of(made)), made);
  made.seen.open.clear();
  EXPECT_EQ(from_config_map(map_of(made)), made);
}

TEST(InventoryRecord, a_revision_that_left_an_application_alone_is_told_by_another_record) {
  Inventory own = inventory();
  own.repository = "r";
  const std::vector<SeenRevision> said = {{"other", "main@sha1:111", {}}, {"r", "main@sha1:222", {"prod/busy"}}};
  EXPECT_EQ(seen_revision(own, "prod", "web", said), "main@sha1:222");
  EXPECT_EQ(seen_revision(own, "prod", "busy", said), "") << "its own record tells";
  own.newest = {"main@sha1:333", 5};
  EXPECT_EQ(seen_revision(own, "prod", "web", said), "") << "something is on its way";
  own = inventory();
  EXPECT_EQ(seen_revision(own, "prod", "web", said), "") << "it is of no repository";
}

TEST(InventoryRecord, the_same_content_goes_on_under_the_revision_that_is_on_record) {
  Inventory recorded = inventory();
  recorded.content = "sha256:1";
  recorded.newest = {recorded.revision, 5};
  const auto read = std::make_shared<const ManifestSet>(ManifestSet{"main@sha1:new", {}, 9, "sha256:1"});
  const ManifestSetPtr same = as_recorded(read, recorded);
  EXPECT_EQ(same->revision, recorded.revision);
  EXPECT_EQ(same->committed_s, 5);
  const auto other = std::make_shared<const ManifestSet>(ManifestSet{"main@sha1:new", {}, 9, "sha256:2"});
  EXPECT_EQ(as_recorded(other, recorded), other);
  const auto side = std::make_shared<const ManifestSet>(ManifestSet{"side@sha1:new", {}, 9, "sha256:1"});
  EXPECT_EQ(as_recorded(side, recorded), side) << "another branch is followed by now";
  recorded.newest = {"main@sha1:begun", 7};
  EXPECT_EQ(as_recorded(read, recorded), read) << "something else was begun since, and has to be undone";
  recorded = inventory();
  EXPECT_EQ(as_recorded(read, recorded), read) << "an older Holdfast has not recorded it";
}

}  // namespace
}  // namespace holdfast
