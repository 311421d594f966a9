#include "engine/takeover.h"

#include <gtest/gtest.h>

#include "unit/engine/desired_bodies.h"

namespace holdfast {
namespace {

using namespace holdfast::live_bodies;

json::value written_by(std::string_view manager, std::string_view operation) {
  json::value live = body_of(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"w","uid":"u",
    "resourceVersion":"3"},"data":{"color":"blue","extra":"old"}})");
  live.at("metadata").as_object()["managedFields"] =
      json::array{{{"manager", manager},
                   {"operation", operation},
                   {"apiVersion", "v1"},
                   {"fieldsType", "FieldsV1"},
                   {"fieldsV1", body_of(R"({"f:data":{".":{},"f:color":{},"f:extra":{}}})")}}};
  return live;
}

std::vector<FieldChange> lost(const json::value& live, const TypeNode* type = Schema::deduced_type()) {
  const Desired desired = desired_of(
      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"w"},"data":{"color":"blue"}})");
  return lost_by_takeover(desired, live, {"holdfast"}, type);
}

TEST(Takeover, ask_15_what_kubectl_applied_and_git_lacks_goes) {
  EXPECT_EQ(lost(written_by("kubectl-client-side-apply", "Update")),
            (std::vector<FieldChange>{{".data.extra", "\"old\"", "(absent)"}}));
  EXPECT_EQ(lost(written_by("helm", "Apply")).size(), 1U);
}

TEST(Takeover, what_somebody_wrote_by_hand_stays) {
  EXPECT_TRUE(lost(written_by("kubectl-edit", "Update")).empty());
  EXPECT_TRUE(lost(written_by("kubectl-client-side-apply", "Update"), nullptr).empty())
      << "without a type nobody knows";
}

}  // namespace
}  // namespace holdfast
