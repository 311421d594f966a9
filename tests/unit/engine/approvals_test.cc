// What people have approved (correctness D13; ask 1): read strictly, for the very object, until a time.
#include "engine/approvals.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using namespace std::chrono_literals;

const WallTime kNow = WallTime(std::chrono::seconds(1'800'000'000));
const ObjectKey kWeb{"apps", "Deployment", "shop", "web"};

json::value config_map(const std::vector<std::string>& entries) {
  json::object data;
  for (std::size_t i = 0; i < entries.size(); ++i) data["a" + std::to_string(i)] = entries[i];
  return json::object{{"data", std::move(data)}};
}

Approvals read(const std::vector<Approval>& approvals) {
  std::vector<std::string> texts, problems;
  for (const Approval& one : approvals) texts.push_back(to_text(one));
  const Approvals all = Approvals::read(config_map(texts), problems);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(all.all(), approvals);
  return all;
}

TEST(Approvals, hold_for_one_object_until_their_time) {
  const Approvals all = read({{ApprovedAction::Repair, kWeb, {"u1"}, {}, 0, kNow + 60s, "ada", "it was me"}});
  EXPECT_EQ(all.repairs(kWeb, {"u1"}, kNow), std::set<std::string>{""});
  EXPECT_TRUE(all.repairs(kWeb, {"u1"}, kNow + 60s).empty());
  EXPECT_TRUE(all.repairs(kWeb, {"u2"}, kNow).empty()) << "another object under the same name";
  EXPECT_TRUE(all.repairs({"apps", "Deployment", "shop", "db"}, {"u1"}, kNow).empty());
  EXPECT_FALSE(all.prunes(kWeb, {"u1"}, kNow));
}

TEST(Approvals, name_fields) {
  const Approvals all = read({{ApprovedAction::Repair, kWeb, {"u1"}, {".spec.replicas"}, 0, kNow + 60s, "", ""},
                              {ApprovedAction::Repair, kWeb, {"u1"}, {".spec.paused"}, 0, kNow - 1s, "", ""}});
  EXPECT_EQ(all.repairs(kWeb, {"u1"}, kNow), std::set<std::string>{".spec.replicas"});
}

TEST(Approvals, let_objects_go_by_name_or_by_number) {
  const Approvals all = read({{ApprovedAction::Prune, kWeb, {"u1"}, {}, 0, kNow + 60s, "", ""},
                              {ApprovedAction::Prune, {}, {}, {}, 12, kNow + 60s, "", ""},
                              {ApprovedAction::Prune, {}, {}, {}, 500, kNow, "", ""}});
  EXPECT_TRUE(all.prunes(kWeb, {"u1"}, kNow));
  EXPECT_FALSE(all.prunes(kWeb, {""}, kNow));
  EXPECT_EQ(all.prune_limit(kNow), 12U);
  EXPECT_EQ(all.prune_limit(kNow + 60s), 0U);
}

TEST(Approvals, that_cannot_be_read_count_for_nothing) {
  const std::vector<std::string> wrong = {
      "",
      "[]",
      R"({"action":"delete","kind":"A","name":"b","until":1})",
      R"({"action":"repair","kind":"A","name":"b"})",
      R"({"action":"repair","kind":"A","name":"b","until":"tomorrow"})",
      R"({"action":"repair","until":99999999999})",
      R"({"action":"prune","until":99999999999})",
      R"({"action":"prune","objects":0,"until":99999999999})",
      R"({"action":"prune","objects":-1,"until":99999999999})",
      R"({"action":"repair","kind":"A","name":"b","until":1,"fields":".spec"})",
      std::string(17UL * 1024, 'x'),
  };
  std::vector<std::string> problems;
  const Approvals all = Approvals::read(config_map(wrong), problems);
  EXPECT_TRUE(all.all().empty());
  EXPECT_EQ(problems.size(), wrong.size());
  EXPECT_EQ(Approvals::read(json::object{}, problems), Approvals());
}

}  // namespace
}  // namespace holdfast
