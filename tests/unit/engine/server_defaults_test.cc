#include "engine/server_defaults.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "engine/proof.h"
#include "holdfast/merge/managed_fields.h"
#include "holdfast/merge/structured_merge.h"
#include "holdfast/merge/typed_value.h"
#include "unit/merge/merge_types.h"

namespace holdfast {
namespace {

const FieldManager kManager{"holdfast"};

// Of a real API server (./dev schemas).
const Schema& real_types() {
  static const Schema types = [] {
    std::ostringstream text;
    text << std::ifstream(HOLDFAST_SOURCE_DIR "/simulator/schemas/definitions.json").rdbuf();
    auto schema = Schema::from_definitions(json_of(text.str()).as_object());
    EXPECT_TRUE(schema.has_value());
    return std::move(*schema);
  }();
  return types;
}

// Whether the live object is proven to be what an apply of the desired one leaves; both are only the spec.
std::string why_not(const GroupVersionKind& gvk, std::string_view desired_spec, std::string_view live_spec) {
  const TypeNode* type = real_types().type_of(gvk);
  if (type == nullptr) return "no such type";
  Desired desired;
  desired.resource.gvk = gvk;
  desired.body = {{"apiVersion", gvk.api_version()},
                  {"kind", gvk.kind},
                  {"metadata", {{"name", "x"}, {"namespace", "w"}, {"labels", {{"a", "b"}}}}},
                  {"spec", json_of(desired_spec)}};
  const auto typed = TypedValue::make(desired.body, type, Duplicates::Refused);
  if (!typed) return "the desired state does not fit";
  ManagedSets owners{{"ours", {typed->to_field_set(), gvk.api_version(), true}}};
  strip_object_metadata(owners, "ours");
  json::value live = desired.body;
  live.get_object()["spec"] = json_of(live_spec);
  live.at("metadata").as_object()["managedFields"] =
      json::array{{{"manager", "holdfast"},
                   {"operation", "Apply"},
                   {"apiVersion", gvk.api_version()},
                   {"fieldsType", "FieldsV1"},
                   {"fieldsV1", json_of(owners.at("ours").fields.serialize())}}};
  return prove(desired, live, kManager, type).why_not;
}

const GroupVersionKind kDeployment{"apps", "v1", "Deployment"};

std::string pod(std::string_view container) {
  return R"({"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[)" +
         std::string(container) + "]}}}";
}

TEST(ServerDefaults, C8_the_default_in_an_atomic_reference_is_filled_in_again_by_every_apply) {
  const std::string desired = pod(R"({"name":"c","env":[{"name":"E","valueFrom":{"fieldRef":{"fieldPath":"p"}}}]})");
  const auto live = [](std::string_view version) {
    return pod(R"({"name":"c","env":[{"name":"E","valueFrom":{"fieldRef":{"apiVersion":")" + std::string(version) +
               R"(","fieldPath":"p"}}}]})");
  };
  EXPECT_EQ(why_not(kDeployment, desired, live("v1")), "");
  EXPECT_EQ(why_not(kDeployment, desired, live("v2")),
            ".spec.template.spec.containers[0].env[0].valueFrom.fieldRef.apiVersion is not as desired");
}

TEST(ServerDefaults, C8_a_default_that_is_not_known_counts_as_a_difference) {
  const std::string desired = pod(R"({"name":"c","env":[{"name":"E","valueFrom":{"fieldRef":{"fieldPath":"p"}}}]})");
  const std::string live =
      pod(R"({"name":"c","env":[{"name":"E","valueFrom":{"fieldRef":{"fieldPath":"p","other":"v1"}}}]})");
  EXPECT_NE(why_not(kDeployment, desired, live), "");
}

TEST(ServerDefaults, C8_a_zero_that_the_type_does_not_store_is_not_missed) {
  const std::string empty = pod(R"({"name":"c","env":[{"name":"E","value":""}]})");
  const std::string some = pod(R"({"name":"c","env":[{"name":"E","value":"x"}]})");
  const std::string none = pod(R"({"name":"c","env":[{"name":"E"}]})");
  EXPECT_EQ(why_not(kDeployment, empty, none), "");
  EXPECT_NE(why_not(kDeployment, some, none), "");
  // A pointer in Go: false is stored, so its absence is somebody's doing.
  EXPECT_NE(why_not(kDeployment, pod(R"({"name":"c","securityContext":{"privileged":false}})"),
                    pod(R"({"name":"c","securityContext":{}})")),
            "");
}

TEST(ServerDefaults, C8_values_are_compared_and_so_are_types) {
  constexpr std::string_view kPort = "io.k8s.api.networking.v1.NetworkPolicyPort";
  EXPECT_TRUE(is_server_default(kPort, "protocol", "TCP"));
  EXPECT_FALSE(is_server_default(kPort, "protocol", "UDP"));
  EXPECT_FALSE(is_server_default("acme.dev.v1.Port", "protocol", "TCP"));
  EXPECT_TRUE(is_dropped_zero("io.k8s.api.core.v1.EnvVar", "value", ""));
  EXPECT_FALSE(is_dropped_zero("io.k8s.api.core.v1.EnvVar", "value", "0"));
  EXPECT_FALSE(is_dropped_zero("acme.dev.v1.EnvVar", "value", ""));
}

}  // namespace
}  // namespace holdfast
