#include "app/log_observer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "holdfast/model/json.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

// What it says, line by line, as it is printed.
std::string said(LogFormat format, const std::function<void(LogObserver&)>& tell, bool explain = false) {
  testing::internal::CaptureStderr();
  start_logging(format, LogLevel::Info);
  LogObserver observer(false, "shop", explain);
  tell(observer);
  return testing::internal::GetCapturedStderr();
}

Repair scaled_by_hand() {
  Repair repair;
  repair.drift.key = {"apps", "Deployment", "shop", "web"};
  repair.drift.fields = {{".spec.replicas", "3", "5", FieldOwner{"kubectl", "Update", "scale", "2026-01-01T00:00:00Z"}},
                         {".data.size", "\"large\"", "(absent)", std::nullopt}};
  repair.event_driven = true;
  repair.event_to_verdict = 46us;
  repair.verdict_to_response = 1441us;
  return repair;
}

TEST(LogObserver, a_field_names_who_took_it_and_when) {
  const FieldDrift field{".spec.replicas", "3", "5", FieldOwner{"kubectl-edit", "Update", "", "2026-01-01T00:00:00Z"}};
  EXPECT_EQ(describe(field), ".spec.replicas was 5 (kubectl-edit, Update at 2026-01-01T00:00:00Z), is 3 again");
}

TEST(LogObserver, a_subresource_is_named_and_a_missing_time_is_left_out_V16) {
  const FieldDrift field{".spec.replicas", "3", "5", FieldOwner{"hpa", "Update", "scale", ""}};
  EXPECT_EQ(describe(field), ".spec.replicas was 5 (hpa, Update of scale), is 3 again");
}

TEST(LogObserver, a_removed_field_has_no_owner_and_says_so) {
  const FieldDrift field{".data.size", "\"large\"", "(absent)", std::nullopt};
  EXPECT_EQ(describe(field), ".data.size was (absent) (removed, no manager owns it now), is \"large\" again");
}

TEST(LogObserver, what_a_webhook_rewrote_is_nobody_elses) {
  const FieldDrift field{".data.size", "\"large\"", "\"small\"", std::nullopt};
  EXPECT_EQ(describe(field), ".data.size was \"small\" (no other manager owns it), is \"large\" again");
}

TEST(LogObserver, ask_38_a_repair_names_who_what_and_when_for_machines_too) {
  const Result<json::value> line =
      parse_json(said(LogFormat::Json, [](LogObserver& log) { log.repaired(scaled_by_hand()); }));
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(string_at(*line, {"event"}), "repaired");
  EXPECT_EQ(string_at(*line, {"object"}), "Deployment.apps shop/web");
  EXPECT_EQ(string_at(*line, {"application"}), "shop");
  EXPECT_EQ(to_json(*find(*line, {"event_to_verdict_ms"})), "4.6E-2");
  EXPECT_EQ(to_json(*find(*line, {"verdict_to_response_ms"})), "1.441E0");
  EXPECT_EQ(to_json(*find(*line, {"fields"})),
            R"([{"path":".spec.replicas","desired":"3","live":"5","manager":"kubectl","operation":"Update",)"
            R"("subresource":"scale","time":"2026-01-01T00:00:00Z"},)"
            R"~({"path":".data.size","desired":"\"large\"","live":"(absent)"}])~");
}

TEST(LogObserver, what_the_message_says_is_not_said_twice_to_people) {
  const std::string line = said(LogFormat::Text, [](LogObserver& log) { log.repaired(scaled_by_hand()); });
  EXPECT_THAT(line, HasSubstr(".spec.replicas was 5 (kubectl, Update of scale at 2026-01-01T00:00:00Z), is 3 again"));
  EXPECT_THAT(line, HasSubstr("event_to_verdict_ms=0.046 verdict_to_response_ms=1.441 application=shop"));
  EXPECT_THAT(line, Not(HasSubstr("fields=")));
}

TEST(LogObserver, ask_38_a_drift_that_is_only_reported_says_as_much) {
  Drift drift = scaled_by_hand().drift;
  drift.detected_after = 50us;
  const std::string text =
      said(LogFormat::Json, [&](LogObserver& log) { log.drifted(drift, DriftPolicy::Warn, std::nullopt); });
  const Result<json::value> line = parse_json(text);
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(string_at(*line, {"policy"}), "Warn");
  EXPECT_EQ(find(*line, {"fields"})->as_array().size(), 2U);
  EXPECT_EQ(to_json(*find(*line, {"event_to_verdict_ms"})), "5E-2");
}

TEST(LogObserver, explains_itself_only_where_that_was_asked_for) {
  const auto tell = [](LogObserver& log) {
    if (log.wants_explanations()) log.explained("ConfigMap shop/web", {"nothing to do", "fingerprint known", "C5.4"});
  };
  EXPECT_THAT(said(LogFormat::Text, tell, true),
              HasSubstr("explain: ConfigMap shop/web: nothing to do: fingerprint known (C5.4) application=shop"));
  EXPECT_EQ(said(LogFormat::Text, tell), "");
}

TEST(Progress, counts_objects) { EXPECT_EQ(Progress::text(12, 40), "applying: 12 of 40 objects"); }

}  // namespace
}  // namespace holdfast
