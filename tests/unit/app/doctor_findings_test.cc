#include "app/doctor_findings.h"

#include <gtest/gtest.h>

#include "app/own_definitions.h"
#include "holdfast/base/timestamp.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using Level = DoctorFinding::Level;

const std::chrono::sys_seconds kNow = *parse_timestamp("2026-11-28T23:10:27Z");

TEST(DoctorFindings, a_date_of_http_is_read) {
  EXPECT_EQ(parse_http_date("Sat, 28 Nov 2026 23:10:27 GMT"), kNow);
  for (const char* wrong : {"", "Sat, 28 Nov 2026 23:10:27", "Sat, 28 Xxx 2026 23:10:27 GMT",
                            "Sat, 99 Nov 2026 23:10:27 GMT", "2026-11-28T23:10:27Z"})
    EXPECT_FALSE(parse_http_date(wrong)) << wrong;
}

TEST(DoctorFindings, clocks_are_compared) {
  EXPECT_EQ(judge_clock("Sat, 28 Nov 2026 23:10:27 GMT", kNow + 4s).level, Level::Ok);
  const DoctorFinding ahead = judge_clock("Sat, 28 Nov 2026 23:10:27 GMT", kNow + 20s);
  EXPECT_EQ(ahead.level, Level::Warn);
  EXPECT_EQ(ahead.detail, "20 s ahead of the API server's");
  EXPECT_EQ(judge_clock("Sat, 28 Nov 2026 23:10:27 GMT", kNow - 300s).level, Level::Fail);
  EXPECT_EQ(judge_clock("", kNow).level, Level::Warn);
}

TEST(DoctorFindings, versions_of_the_server) {
  EXPECT_EQ(judge_server_version("v1.35.4").level, Level::Ok);
  EXPECT_EQ(judge_server_version("v1.30.0-eks-1234").level, Level::Ok);
  EXPECT_EQ(judge_server_version("v1.27.1").level, Level::Warn);
  EXPECT_EQ(judge_server_version("").level, Level::Warn);
}

TEST(DoctorFindings, a_lease_that_nobody_renews) {
  LeaseRecord lease{"pod-1", 15s, 0, {}, "2026-11-28T23:10:20.000000Z", {}, {}};
  EXPECT_EQ(judge_lease(lease, "system/holdfast", kNow).level, Level::Ok);
  const DoctorFinding late = judge_lease(lease, "system/holdfast", kNow + 60s);
  EXPECT_EQ(late.level, Level::Fail);
  EXPECT_EQ(late.detail, "pod-1 has not renewed system/holdfast for 67 s");
  lease.holder.clear();
  EXPECT_EQ(judge_lease(lease, "system/holdfast", kNow).level, Level::Warn);
  EXPECT_EQ(judge_lease(std::nullopt, "system/holdfast", kNow).level, Level::Warn);
}

TEST(DoctorFindings, definitions_of_another_version) {
  const json::object ours = own_definitions().front().get_object();
  EXPECT_EQ(judge_definition(ours, ours).level, Level::Ok);
  json::object theirs = ours;
  theirs["spec"].at("versions").at(0).at("schema").at("openAPIV3Schema").as_object()["description"] = "older";
  EXPECT_EQ(judge_definition(theirs, ours).level, Level::Warn);
  EXPECT_EQ(judge_definition({}, ours).level, Level::Warn);
}

TEST(DoctorFindings, rights_that_are_missing_are_named_and_counted) {
  EXPECT_EQ(judge_rights("who is asking", 3, {}).level, Level::Ok);
  const DoctorFinding refused =
      judge_rights("who is asking", 30, {"get a", "get b", "get c", "get d", "get e", "get f", "get g", "get h"});
  EXPECT_EQ(refused.level, Level::Fail);
  EXPECT_TRUE(refused.detail.ends_with("get f and 2 more")) << refused.detail;
}

TEST(DoctorFindings, what_fails_is_the_exit_code) {
  DoctorFindings findings{judge_program("git", "git version 2.39.5\n", true), judge_program("helm", "", false)};
  EXPECT_EQ(doctor_exit_code(findings), 0);
  findings.push_back(judge_program("git", "", true));
  EXPECT_EQ(doctor_exit_code(findings), 1);
  const std::string table = doctor_table(findings);
  EXPECT_TRUE(table.contains("ok     git    git version 2.39.5")) << table;
  EXPECT_EQ(doctor_document(findings).at("checks").as_array().size(), 3U);
}

}  // namespace
}  // namespace holdfast
