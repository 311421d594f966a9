#include "engine/finding.h"

#include "holdfast/merge/structured_merge.h"
#include "unit/engine/desired_bodies.h"

namespace holdfast {
namespace {

using namespace holdfast::live_bodies;

const FieldManager kManager{"holdfast"};

// A ConfigMap of ours that is as it should be, and all that is known about it.
class FindingTest : public testing::Test {
 protected:
  FindingTest() {
    prepare.manager = kManager;
    prepare.applyset_id = "ours";
    prepare.installation = "holdfast";
    known.prepare = &prepare;
    known.yield_rules = &rules;
    known.policies = &policies;
    known.known_uid = &uid;
    known.type = Schema::deduced_type();
    seen.labelled = true;
  }

  static json::object config_map(std::string_view color) {
    json::object body = body_of(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"w",
      "labels":{"holdfast.dev/installation":"holdfast","applyset.kubernetes.io/part-of":"ours"}},"data":{}})")
                            .as_object();
    body["data"].as_object()["color"] = color;
    return body;
  }
  // What the server shows of it, once we have applied it.
  static json::value live_of(json::object body, std::string_view version = "7") {
    const auto typed = TypedValue::make(body, Schema::deduced_type(), Duplicates::Refused);
    ManagedSets sets{{"ours", {typed->to_field_set(), "v1", true}}};
    strip_object_metadata(sets, "ours");
    json::object& metadata = body["metadata"].as_object();
    metadata["uid"] = "u-1";
    metadata["resourceVersion"] = version;
    metadata["managedFields"] = json::array{{{"manager", "holdfast"},
                                             {"operation", "Apply"},
                                             {"apiVersion", "v1"},
                                             {"fieldsType", "FieldsV1"},
                                             {"fieldsV1", body_of(sets.at("ours").fields.serialize())}}};
    return json::value(std::move(body));
  }

  Finding without_asking(const Desired& desired) {
    auto considered = consider(desired, seen, known);
    EXPECT_TRUE(std::holds_alternative<Finding>(considered)) << "it would ask the server";
    const auto* finding = std::get_if<Finding>(&considered);
    return finding == nullptr ? Finding{} : *finding;
  }
  Question asked(const Desired& desired) {
    auto considered = consider(desired, seen, known);
    EXPECT_TRUE(std::holds_alternative<Question>(considered));
    auto* question = std::get_if<Question>(&considered);
    return question == nullptr ? Question{} : std::move(*question);
  }
  static ApiResponse answer(int status, std::string body) { return {status, "application/json", {}, std::move(body)}; }
  static ApiResponse refusal(int status, std::string_view message, std::string_view cause, std::string_view field) {
    return answer(
        status,
        to_json(
            {{"kind", "Status"},
             {"apiVersion", "v1"},
             {"reason", "Invalid"},
             {"code", status},
             {"message", message},
             {"details",
              {{"causes", json::array{{{"reason", "FieldValueInvalid"}, {"message", cause}, {"field", field}}}}}}}));
  }

  PrepareOptions prepare;
  YieldRules rules;
  DriftPolicies policies;
  Uid uid{"u-1"};
  Circumstances known;
  Seen seen;
};

TEST_F(FindingTest, C5_what_is_proven_costs_no_question) {
  seen.body = live_of(config_map("blue"));
  const Finding finding = without_asking(desired_of(config_map("blue")));
  EXPECT_EQ(finding.kind, FindingKind::InSync);
  EXPECT_FALSE(finding.asked);
  EXPECT_EQ(finding.uid.value, "u-1");
  EXPECT_EQ(finding.version.value, "7");
}

TEST_F(FindingTest, without_a_schema_the_server_is_asked_and_its_answer_tells) {
  known.type = nullptr;
  seen.body = live_of(config_map("blue"));
  const Question question = asked(desired_of(config_map("blue")));
  EXPECT_TRUE(to_request(question, kManager).target.contains("dryRun=All"));
  EXPECT_TRUE(question.body.contains("\"uid\":\"u-1\"")) << "or another object could be meant";
  const auto finding = conclude(question, seen, answer(200, to_json(seen.body)), kManager);
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->kind, FindingKind::InSync);
  EXPECT_TRUE(finding->asked);
}

TEST_F(FindingTest, a_change_is_told_field_by_field) {
  seen.body = live_of(config_map("blue"));
  const Question question = asked(desired_of(config_map("green")));
  const auto finding = conclude(question, seen, answer(200, to_json(live_of(config_map("green")))), kManager);
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->kind, FindingKind::Change);
  EXPECT_EQ(finding->fields, (std::vector<FieldChange>{{".data.color", "\"blue\"", "\"green\""}}));
}

TEST_F(FindingTest, an_answer_about_another_state_of_the_object_is_none) {
  seen.body = live_of(config_map("blue"));
  const Question question = asked(desired_of(config_map("green")));
  EXPECT_FALSE(conclude(question, seen, answer(200, to_json(live_of(config_map("green"), "8"))), kManager));
  EXPECT_FALSE(conclude(question, seen, refusal(409, "Operation cannot be fulfilled: uid mismatch", "", ""), kManager));
}

TEST_F(FindingTest, an_object_that_nobody_lists_is_created_by_the_word_of_the_server) {
  known.known_uid = nullptr;
  seen = {};
  const Question question = asked(desired_of(config_map("blue")));
  EXPECT_FALSE(question.body.contains("\"uid\""));
  const auto created = conclude(question, seen, answer(201, to_json(live_of(config_map("blue")))), kManager);
  ASSERT_TRUE(created.has_value());
  EXPECT_EQ(created->kind, FindingKind::Create);
  EXPECT_EQ(created->fields, (std::vector<FieldChange>{{".data", "(absent)", "{\"color\":\"blue\"}"}}))
      << "its name and our labels are no news";
  EXPECT_FALSE(conclude(question, seen, answer(200, to_json(live_of(config_map("blue")))), kManager))
      << "it exists without our label: whose it is has to be looked at";
}

TEST_F(FindingTest, what_is_in_a_namespace_that_the_plan_makes_is_not_asked_about) {
  known.known_uid = nullptr;
  known.home_comes = true;
  seen = {};
  EXPECT_EQ(without_asking(desired_of(config_map("blue"))).kind, FindingKind::Create);
}

TEST_F(FindingTest, D15_somebody_elses_object_is_refused_and_a_handover_is_not) {
  json::object other = config_map("blue");
  other["metadata"].as_object()["labels"].as_object()[kApplySetLabel] = "theirs";
  seen.body = live_of(other);
  EXPECT_TRUE(without_asking(desired_of(config_map("blue"))).reason.contains("belongs to the ApplySet theirs"));
  known.owner = OwnerState::LetGo;
  known.leaves = "shop";
  EXPECT_TRUE(asked(desired_of(config_map("blue"))).reason.contains("from the application shop"));
}

TEST_F(FindingTest, an_object_that_nobody_has_made_ours_needs_adopt) {
  json::object plain = config_map("blue");
  plain["metadata"].as_object().erase("labels");
  seen.body = live_of(plain);
  seen.labelled = false;
  known.known_uid = nullptr;
  const Finding refused = without_asking(desired_of(config_map("blue")));
  EXPECT_EQ(refused.kind, FindingKind::Refuse);
  EXPECT_TRUE(refused.reason.contains("--adopt")) << refused.reason;
  known.adopt = true;
  EXPECT_TRUE(asked(desired_of(config_map("blue"))).reason.contains("taken over"));
}

TEST_F(FindingTest, ask_14_what_is_ignored_is_neither_sent_nor_reported) {
  rules = *YieldRules::compile({{{}, {"/data/color"}, {}}}, {});
  seen.body = live_of(config_map("red"));
  const Question question = asked(desired_of(config_map("blue")));
  EXPECT_FALSE(question.body.contains("blue"));
  json::object reset = config_map("red");  // the dry run does not know of the handover that an apply begins with
  reset.erase("data");
  const auto finding = conclude(question, seen, answer(200, to_json(live_of(reset))), kManager);
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->kind, FindingKind::InSync);
}

TEST_F(FindingTest, a_drift_that_policy_only_reports_is_held_back) {
  policies = *DriftPolicies::compile(DriftPolicy::Warn, std::chrono::seconds{0}, {});
  known.revision_recorded = true;
  seen.body = live_of(config_map("red"));
  const Question question = asked(desired_of(config_map("blue")));
  EXPECT_TRUE(question.body.contains("\"red\"")) << question.body;
  const auto finding = conclude(question, seen, answer(200, to_json(seen.body)), kManager);
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->kind, FindingKind::HoldBack);
  EXPECT_EQ(finding->held, (std::vector<FieldChange>{{".data.color", "\"red\"", "\"blue\""}}));
  seen = {};
  EXPECT_EQ(without_asking(desired_of(config_map("blue"))).kind, FindingKind::HoldBack) << "deleted, and only reported";
}

TEST_F(FindingTest, ask_32_a_field_that_may_not_change_is_named_and_replacing_it_is_opted_into) {
  constexpr std::string_view kWords = "Deployment is invalid: spec.selector: Invalid value: field is immutable";
  json::object wanted = desired();
  wanted["spec"].as_object()["selector"] = body_of(R"({"matchLabels":{"app":"other"}})");
  seen.body = deployment();
  known.type = nullptr;
  const ApiResponse refused = refusal(422, kWords, "Invalid value: field is immutable", "spec.selector");
  Question question = asked(desired_of(wanted));
  auto finding = conclude(question, seen, refused, kManager);
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->kind, FindingKind::Refuse);
  EXPECT_EQ(finding->immutable, (std::vector<std::string>{".spec.selector"}));
  EXPECT_FALSE(finding->fields.empty());
  EXPECT_FALSE(replacement_question(question, seen, *finding)) << "its manifest says nothing of it";

  question.form.options.replace = true;
  const auto trial = replacement_question(question, seen, *finding);
  ASSERT_TRUE(trial.has_value());
  EXPECT_NE(trial->form.key.name, question.form.key.name);
  EXPECT_EQ(conclude_replacement(*finding, answer(201, "{}")).kind, FindingKind::Replace);
  const Finding neither = conclude_replacement(*finding, refusal(422, "no", "no", "spec"));
  EXPECT_EQ(neither.kind, FindingKind::Refuse);
  EXPECT_TRUE(neither.reason.contains("nor could it be made anew")) << neither.reason;
  for (const char* kind : {"Namespace", "PersistentVolume", "PersistentVolumeClaim"}) {
    question.form.key = {"", kind, "", "x"};
    EXPECT_FALSE(replacement_question(question, seen, *finding)) << kind;
  }
}

TEST_F(FindingTest, D6_a_webhook_that_answers_no_dry_run_leaves_it_unknown) {
  seen.body = live_of(config_map("blue"));
  const Question question = asked(desired_of(config_map("green")));
  const auto finding = conclude(
      question, seen, refusal(400, "admission webhook \"w.ex.io\" does not support dry run", "", ""), kManager);
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->kind, FindingKind::Unknown);
  EXPECT_TRUE(finding->reason.contains("w.ex.io")) << finding->reason;
}

TEST_F(FindingTest, what_the_server_quotes_of_a_secret_is_not_passed_on) {
  known.known_uid = nullptr;
  seen = {};
  const Question question =
      asked(desired_of(R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","namespace":"w"}})"));
  for (const char* message : {".data.x: expected string, got &value.valueUnstructured{Value:canary}",
                              "Secret \"s\" is invalid: data[x]: Invalid value: \"canary\": too odd"}) {
    const auto finding = conclude(question, seen, refusal(422, message, "", ""), kManager);
    ASSERT_TRUE(finding.has_value());
    EXPECT_FALSE(finding->reason.contains("canary")) << finding->reason;
    EXPECT_TRUE(finding->reason.ends_with("(secret)")) << finding->reason;
  }
}

TEST_F(FindingTest, status_does_not_count_for_the_content_and_a_secret_has_no_hash) {
  json::value live = live_of(config_map("blue"));
  const auto before = content_hash(live);
  live.as_object()["status"] = {{"x", 1}};
  live.at_pointer("/metadata/resourceVersion") = "9";
  EXPECT_EQ(content_hash(live), before);
  live.at_pointer("/data/color") = "red";
  EXPECT_NE(content_hash(live), before);
  EXPECT_FALSE(content_hash(body_of(R"({"apiVersion":"v1","kind":"Secret","data":{"a":"eA=="}})")));
}

}  // namespace
}  // namespace holdfast
