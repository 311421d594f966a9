#include "engine/proof.h"

#include <gtest/gtest.h>

#include <functional>

#include "engine/verdict.h"
#include "holdfast/merge/structured_merge.h"
#include "unit/merge/merge_types.h"

namespace holdfast {
namespace {

const FieldManager kManager{"holdfast"};

Desired desired_of(const GroupVersionKind& gvk, std::string_view text) {
  Desired desired;
  desired.resource.gvk = gvk;
  desired.body = json_of(text).as_object();
  seal(desired);
  return desired;
}

// What a server shows once `desired` was applied to `before`, and `others` after it, without its own spellings.
class Server {
 public:
  explicit Server(const GroupVersionKind& gvk) : gvk_(gvk) {}

  void apply(const json::object& object, const std::string& manager = "holdfast") {
    auto merged = holdfast::apply(typed(gvk_, live_), typed(gvk_, object), owners_, gvk_.api_version(), manager, true);
    ASSERT_TRUE(merged.has_value());
    keep(std::move(*merged), manager);
  }
  void write(const std::function<void(json::value&)>& edit) {
    json::value object = live_;
    edit(object);
    keep(update(typed(gvk_, live_), typed(gvk_, object), owners_, gvk_.api_version(), "u"), "u");
  }
  // What no write says: the server's own spelling, or somebody who edits managedFields.
  json::value live_ = json::object();
  ManagedSets owners_;

  [[nodiscard]] json::value shown() const {
    json::value body = live_;
    json::array entries;
    for (const auto& [name, owned] : owners_)
      entries.push_back({{"manager", name},
                         {"operation", owned.applied ? "Apply" : "Update"},
                         {"apiVersion", owned.api_version},
                         {"fieldsType", "FieldsV1"},
                         {"fieldsV1", json_of(owned.fields.serialize())}});
    json::object& metadata = body.at("metadata").as_object();
    metadata["uid"] = "u-1";
    metadata["managedFields"] = std::move(entries);
    return body;
  }

 private:
  void keep(Merged merged, const std::string& manager) {
    strip_object_metadata(merged.managers, manager);
    live_ = std::move(merged.object);
    owners_ = std::move(merged.managers);
  }
  GroupVersionKind gvk_;
};

constexpr std::string_view kWorkload = R"({"apiVersion":"apps/v1","kind":"Deployment",
  "metadata":{"name":"web","namespace":"w","labels":{"app":"web"},"finalizers":["h/x","h/y"]},
  "spec":{"replicas":2,"maxSurge":80,"selector":{"matchLabels":{"app":"web"}},"containers":[
    {"name":"a","image":"nginx","args":["-x"],"env":[{"name":"E","value":"1"},{"name":"F"}],
     "limits":{"cpu":"1000m","memory":"1Gi"}},
    {"name":"b","image":"side","env":[]}]}})";
constexpr std::string_view kThing = R"({"apiVersion":"ex.io/v1","kind":"Thing","metadata":{"name":"t","namespace":"w"},
  "spec":{"mp":[{"k":"x","v":"1"},{"k":"y","p":"UDP"}],"set":["a","b"],"al":["1","2"],"gm":{},"either":80}})";

struct Case {
  Case(const GroupVersionKind& gvk, std::string_view text)
      : desired(desired_of(gvk, text)), server(gvk), type(type_for(gvk)) {
    server.apply(desired.body);
  }
  [[nodiscard]] Proof proof() const { return prove(desired, server.shown(), kManager, type); }
  // Why it is not proven after somebody's write; empty: it is.
  std::string after(const std::function<void(json::value&)>& edit) {
    Server before = server;
    server.write(edit);
    const Proof found = proof();
    server = std::move(before);
    return found.why_not;
  }
  Desired desired;
  Server server;
  const TypeNode* type;
};

json::object& spec(json::value& body) { return body.at("spec").as_object(); }
json::object& container(json::value& body, std::size_t i) { return spec(body)["containers"].as_array()[i].as_object(); }

TEST(Proof, C5_what_an_apply_left_is_proven) {
  EXPECT_EQ(Case(kDeployment, kWorkload).proof().why_not, "");
  EXPECT_EQ(Case(kCustom, kThing).proof().why_not, "");
}

TEST(Proof, C11_without_a_schema_nothing_is) {
  const Case workload(kDeployment, kWorkload);
  EXPECT_EQ(prove(workload.desired, workload.server.shown(), kManager, nullptr).why_not, "its schema is not known");
}

TEST(Proof, C9_what_others_add_and_own_does_not_count) {
  Case workload(kDeployment, kWorkload);
  EXPECT_EQ(workload.after([](json::value& body) { spec(body)["paused"] = true; }), "");
  EXPECT_EQ(workload.after([](json::value& body) { body.as_object()["status"] = {{"ready", 1}}; }), "");
  EXPECT_EQ(workload.after([](json::value& body) {
    spec(body)["containers"].as_array().insert(spec(body)["containers"].as_array().begin(),
                                               json::object{{"name", "z"}});
  }),
            "");
  EXPECT_EQ(workload.after([](json::value& body) { body.at_pointer("/metadata/labels").as_object()["x"] = "1"; }), "");
}

TEST(Proof, C9_an_owned_value_changed_or_removed_is_none) {
  Case workload(kDeployment, kWorkload);
  EXPECT_EQ(workload.after([](json::value& body) { spec(body)["replicas"] = 3; }), "we do not own .spec.replicas");
  EXPECT_NE(workload.after([](json::value& body) { spec(body).erase("replicas"); }), "");
  EXPECT_NE(workload.after([](json::value& body) { container(body, 0)["args"].as_array().push_back("-y"); }), "");
  EXPECT_NE(workload.after([](json::value& body) { spec(body)["containers"].as_array().pop_back(); }), "");
}

TEST(Proof, C9_a_value_taken_away_and_put_back_is_none) {
  Case workload(kDeployment, kWorkload);
  workload.server.write([](json::value& body) { spec(body)["replicas"] = 3; });
  workload.server.write([](json::value& body) { spec(body)["replicas"] = 2; });
  EXPECT_EQ(workload.proof().why_not, "we do not own .spec.replicas");
}

TEST(Proof, values_that_moved_without_their_ownership_are_found) {
  Case workload(kDeployment, kWorkload);
  spec(workload.server.live_)["replicas"] = 3;  // an admission webhook's doing
  EXPECT_EQ(workload.proof().why_not, ".spec.replicas is not as desired");
}

TEST(Proof, V19_our_items_in_another_order_are_none) {
  Case workload(kDeployment, kWorkload);
  EXPECT_NE(workload.after([](json::value& body) {
    json::array& containers = spec(body)["containers"].as_array();
    std::swap(containers[0], containers[1]);
  }),
            "");
  EXPECT_NE(
      workload.after([](json::value& body) { body.at_pointer("/metadata/finalizers") = json::array{"h/y", "h/x"}; }),
      "");
}

TEST(Proof, V20_an_empty_list_that_was_removed_is_none_in_a_custom_resource) {
  Case thing(kCustom, R"({"apiVersion":"ex.io/v1","kind":"Thing","metadata":{"name":"t"},"spec":{"mp":[],"set":[]}})");
  EXPECT_EQ(thing.proof().why_not, "");
  EXPECT_EQ(thing.after([](json::value& body) { spec(body).erase("mp"); }), ".spec.mp is not as desired");
  EXPECT_EQ(thing.after([](json::value& body) { spec(body)["set"].as_array().push_back("theirs"); }), "");
}

TEST(Proof, a_field_that_we_own_and_do_not_want_any_more_is_none) {
  Case workload(kDeployment, kWorkload);
  workload.desired.body["spec"].as_object().erase("replicas");
  EXPECT_EQ(workload.proof().why_not, "we own .spec.replicas, which is not desired");
}

TEST(Proof, V29_managed_fields_that_were_cleared_or_changed_are_none) {
  Case workload(kDeployment, kWorkload);
  const ManagedSets all = workload.server.owners_;
  workload.server.owners_.clear();
  EXPECT_EQ(workload.proof().why_not, "we own nothing of it");
  workload.server.owners_ = all;
  workload.server.owners_.at("holdfast").api_version = "apps/v1beta1";
  EXPECT_EQ(workload.proof().why_not, "what we own is recorded in apps/v1beta1");
  workload.server.owners_.at("holdfast").api_version = "apps/v1";
  workload.server.owners_.at("holdfast").applied = false;
  EXPECT_EQ(workload.proof().why_not, "we own nothing of it");
}

TEST(Proof, V25_the_servers_own_spelling_does_not_count_in_built_in_types) {
  Case workload(kDeployment, kWorkload);
  container(workload.server.live_, 0)["limits"].as_object()["cpu"] = "1";
  EXPECT_EQ(workload.proof().why_not, "");
  container(workload.server.live_, 0)["limits"].as_object()["cpu"] = "1001m";
  EXPECT_EQ(workload.proof().why_not, ".spec.containers[0].limits.cpu is not as desired");
}

TEST(Proof, a_number_is_a_quantity_as_the_servers_own_json_spells_it) {
  Case workload(kDeployment, kWorkload);
  workload.desired.body["spec"].at_pointer("/containers/0/limits").as_object()["cpu"] = 0.5;
  container(workload.server.live_, 0)["limits"].as_object()["cpu"] = "500m";
  EXPECT_EQ(workload.proof().why_not, "");
}

TEST(Proof, V25_a_field_spelt_otherwise_that_others_own_too_would_be_taken_from_them) {
  Case workload(kDeployment, kWorkload);
  container(workload.server.live_, 0)["limits"].as_object()["cpu"] = "1";
  workload.server.owners_["v"] = {
      set_of(R"({"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{"f:limits":{"f:cpu":{}}}}}})"), "apps/v1", false};
  EXPECT_EQ(workload.proof().why_not, "an apply would take fields from other managers");
}

TEST(Proof, C8_built_in_types_drop_what_is_empty_and_custom_ones_do_not) {
  Case workload(kDeployment, kWorkload);
  container(workload.server.live_, 1).erase("env");
  EXPECT_EQ(workload.proof().why_not, "");
  Case thing(kCustom, R"({"apiVersion":"ex.io/v1","kind":"Thing","metadata":{"name":"t"},"spec":{"mp":[]}})");
  spec(thing.server.live_).erase("mp");
  EXPECT_NE(thing.proof().why_not, "");
}

TEST(Proof, C8_an_empty_struct_is_something) {
  Case workload(kDeployment, R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},
                                 "spec":{"selector":{},"containers":[]}})");
  EXPECT_EQ(workload.proof().why_not, "");
  spec(workload.server.live_).erase("selector");
  EXPECT_NE(workload.proof().why_not, "");
}

TEST(Proof, C8_int_or_string_and_the_strings_of_custom_resources_are_taken_as_they_are) {
  Case workload(kDeployment, kWorkload);
  spec(workload.server.live_)["maxSurge"] = "80";
  EXPECT_NE(workload.proof().why_not, "");
  Case thing(kCustom, kThing);
  spec(thing.server.live_)["either"] = "80";
  EXPECT_NE(thing.proof().why_not, "");
}

TEST(Proof, V26_numbers_count_by_value) {
  Case workload(kDeployment, kWorkload);
  spec(workload.server.live_)["replicas"] = 2.0;
  EXPECT_EQ(workload.proof().why_not, "");
}

TEST(Proof, V44_a_list_item_that_does_not_say_its_type_is_of_the_type_that_was_listed) {
  Case workload(kDeployment, kWorkload);
  json::value live = workload.server.shown();
  live.as_object().erase("kind");
  live.as_object().erase("apiVersion");
  EXPECT_EQ(prove(workload.desired, live, kManager, workload.type).why_not, "");
  live.as_object()["apiVersion"] = "apps/v2";
  EXPECT_NE(prove(workload.desired, live, kManager, workload.type).why_not, "");
}

TEST(Proof, what_does_not_fit_the_schema_is_none_and_shows_no_value) {
  Case workload(kDeployment, kWorkload);
  spec(workload.server.live_)["replicas"] = "s3cret";
  EXPECT_EQ(workload.proof().why_not, "the live object does not fit the schema at .spec.replicas");
  Case other(kDeployment, kWorkload);
  other.desired.body["bogus"] = 1;
  EXPECT_EQ(other.proof().why_not.find("the desired state does not fit the schema"), 0U);
}

TEST(Proof, entries_of_others_that_the_server_would_rewrite_are_none) {
  Case workload(kDeployment, kWorkload);
  // Parts of what is one value in this schema.
  workload.server.owners_["v"] = {set_of(R"({"f:spec":{"f:selector":{"f:matchLabels":{"f:x":{}}}}})"), "apps/v1",
                                  false};
  EXPECT_EQ(workload.proof().why_not, "an apply would take fields from other managers");
  json::value live = workload.server.shown();
  live.at_pointer("/metadata/managedFields").as_array().push_back(json::object{{"manager", "w"}});
  EXPECT_NE(prove(workload.desired, live, kManager, workload.type).why_not, "");
}

}  // namespace
}  // namespace holdfast
