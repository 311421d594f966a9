#include "engine/outcome.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using namespace std::chrono_literals;

// A failure as the API server writes it; `rest` goes into the Status object.
ApiResponse status(int code, const std::string& message, const std::string& rest = "") {
  ApiResponse response;
  response.status = code;
  response.content_type = "application/json";
  response.body = R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":")" + message +
                  "\",\"code\":" + std::to_string(code) + rest + "}";
  return response;
}
ApiResponse text(int code, std::string body) {
  ApiResponse response;
  response.status = code;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(body);
  return response;
}
ApplyOutcome outcome(const ApiResponse& response) { return classify_apply(response).outcome; }
DeleteOutcome deletion(const ApiResponse& response) { return classify_delete(response).outcome; }
std::string causes(const std::string& list) { return R"(,"details":{"causes":[)" + list + "]}"; }

TEST(Outcome, values_of_a_secret_that_the_server_quotes_are_left_out) {
  const std::string typed =
      "failed to create typed patch object (n/s; /v1, Kind=Secret): .data.x: expected string, got "
      "&value.valueUnstructured{Value:canary}";
  const ClassifiedApply refused = classify_apply(status(500, typed));
  EXPECT_EQ(refused.outcome, ApplyOutcome::Rejected);
  EXPECT_FALSE(refused.message.contains("canary")) << refused.message;
  EXPECT_TRUE(refused.message.contains(".data.x: expected string")) << refused.message;
}

TEST(Outcome, D4_success) {
  EXPECT_EQ(outcome({200, "application/json", {}, "{}"}), ApplyOutcome::Applied);
  EXPECT_EQ(outcome({201, "application/json", {}, "{}"}), ApplyOutcome::Created);
}

TEST(Outcome, V13_a_webhook_that_denies_is_known_under_any_code) {
  for (const int code : {400, 403, 409, 422, 500}) {
    const ClassifiedApply answer =
        classify_apply(status(code, R"(admission webhook \"h.ex.io\" denied the request: nope)"));
    EXPECT_EQ(answer.outcome, ApplyOutcome::WebhookDenied) << code;
    EXPECT_EQ(answer.webhook, "h.ex.io");
  }
}

TEST(Outcome, V13_a_webhook_that_cannot_be_called_is_retried) {
  const ClassifiedApply answer = classify_apply(
      status(500, R"(Internal error occurred: failed calling webhook \"h.ex.io\": failed to call webhook: refused)",
             R"(,"reason":"InternalError")"));
  EXPECT_EQ(answer.outcome, ApplyOutcome::ServerFault);
  EXPECT_EQ(answer.webhook, "h.ex.io");
}

TEST(Outcome, V2_V3_conflicts_are_told_apart) {
  const std::string conflict = R"(,"reason":"Conflict","details":{"name":"x","kind":"configmaps"})";
  EXPECT_EQ(outcome(status(409, R"(Operation cannot be fulfilled on configmaps \"x\": the object has been modified)",
                           conflict)),
            ApplyOutcome::Stale);
  const ClassifiedApply gone = classify_apply(status(
      409, R"(Operation cannot be fulfilled on configmaps \"x\": uid mismatch: the provided object specified uid U)",
      conflict));
  EXPECT_EQ(gone.outcome, ApplyOutcome::UidMismatch);
  EXPECT_TRUE(gone.no_such_object);
  EXPECT_EQ(
      outcome(status(409, R"(Apply failed with 1 conflict)",
                     causes(R"({"reason":"FieldManagerConflict","message":"conflict with \"m\"","field":".data.k"})"))),
      ApplyOutcome::FieldConflict);
}

TEST(Outcome, V3_another_uid_is_told_by_its_cause_and_said_once) {
  const std::string cause = R"({"reason":"FieldValueInvalid","message":"field is immutable","field":"metadata.uid"})";
  const ClassifiedApply answer =
      classify_apply(status(422, R"(ConfigMap \"x\" is invalid)", causes(cause + "," + cause)));
  EXPECT_EQ(answer.outcome, ApplyOutcome::UidMismatch);
  EXPECT_FALSE(answer.no_such_object);
  EXPECT_EQ(answer.causes.size(), 1U);
}

TEST(Outcome, V7_V12_some_500_are_permanent) {
  EXPECT_EQ(
      outcome(status(
          500,
          "failed to create typed patch object (d/d1; apps/v1, Kind=Deployment): .x: field not declared in schema")),
      ApplyOutcome::Rejected);
  EXPECT_EQ(outcome(status(500, "failed to convert new object (d/d1; apps/v1, Kind=Deployment) to proper version: x")),
            ApplyOutcome::Rejected);
  EXPECT_EQ(outcome(status(500, "etcdserver: request is too large")), ApplyOutcome::Rejected);
  EXPECT_EQ(outcome(status(500, "etcdserver: leader changed")), ApplyOutcome::ServerFault);
  EXPECT_EQ(outcome(status(504, "Timeout: request did not complete")), ApplyOutcome::ServerFault);
}

TEST(Outcome, V8_V9_what_is_wrong_stays_wrong) {
  for (const int code : {400, 405, 413, 415, 422})
    EXPECT_EQ(outcome(status(code, "x")), ApplyOutcome::Rejected) << code;
  const ClassifiedApply answer = classify_apply(status(
      422, "x",
      causes(
          R"({"reason":"FieldValueInvalid","message":"m","field":"<nil>"},{"reason":"R","message":"n","field":".spec"})")));
  ASSERT_EQ(answer.causes.size(), 1U);
  EXPECT_EQ(answer.causes[0].field, ".spec");
}

TEST(Outcome, V10_the_403s_and_404s_are_told_apart) {
  const std::string forbidden = R"(,"reason":"Forbidden")";
  EXPECT_EQ(outcome(status(403, R"(configmaps \"x\" is forbidden: User \"bob\" cannot patch)", forbidden)),
            ApplyOutcome::Forbidden);
  EXPECT_EQ(outcome(status(403, R"(configmaps \"x\" is forbidden: exceeded quota: q, requested: 1)", forbidden)),
            ApplyOutcome::QuotaExceeded);
  EXPECT_EQ(outcome(status(403, "x",
                           causes(R"({"reason":"NamespaceTerminating","message":"m","field":"metadata.namespace"})"))),
            ApplyOutcome::NamespaceTerminating);
  EXPECT_EQ(outcome(status(404, R"(namespaces \"n\" not found)",
                           R"(,"reason":"NotFound","details":{"name":"n","kind":"namespaces"})")),
            ApplyOutcome::NamespaceMissing);
  EXPECT_EQ(
      outcome(status(404, "the server could not find the requested resource", R"(,"reason":"NotFound","details":{})")),
      ApplyOutcome::TypeUnknown);
  EXPECT_EQ(outcome(text(404, "404 page not found\n")), ApplyOutcome::TypeUnknown);
  EXPECT_EQ(outcome(status(401, "Unauthorized")), ApplyOutcome::Forbidden);
}

TEST(Outcome, V51_a_busy_server_says_for_how_long) {
  ApiResponse busy = text(429, "Too many requests, please try again later.\n");
  busy.retry_after = 7s;
  EXPECT_EQ(classify_apply(busy).outcome, ApplyOutcome::Busy);
  EXPECT_EQ(classify_apply(busy).retry_after, 7s);
  EXPECT_EQ(classify_apply(status(503, "x", R"(,"details":{"retryAfterSeconds":3})")).retry_after, 3s);
}

TEST(Outcome, V11_messages_are_one_bounded_line) {
  const std::string message = classify_apply(status(422, "a\\nb" + std::string(50'000, 'x') + "é")).message;
  EXPECT_TRUE(message.starts_with("a bxxx"));
  EXPECT_LT(message.size(), 1100U);
}

TEST(Outcome, V4_deletion) {
  EXPECT_EQ(deletion({200, "application/json", {}, R"({"kind":"Status","status":"Success","details":{"uid":"u"}})"}),
            DeleteOutcome::Deleted);
  EXPECT_EQ(deletion({200, "application/json", {}, R"({"kind":"ConfigMap","metadata":{"deletionTimestamp":"t"}})"}),
            DeleteOutcome::Deleting);
  EXPECT_EQ(deletion(status(404, "x", R"(,"reason":"NotFound","details":{"name":"x","kind":"configmaps"})")),
            DeleteOutcome::AlreadyGone);
  EXPECT_EQ(deletion(status(409, "the UID in the precondition (A) does not match the UID in record (B)")),
            DeleteOutcome::AlreadyGone);
  EXPECT_EQ(deletion(status(409, "the ResourceVersion in the precondition (A) does not match")), DeleteOutcome::Stale);
  EXPECT_EQ(deletion(status(403, "x")), DeleteOutcome::Forbidden);
  EXPECT_EQ(deletion(status(503, "x")), DeleteOutcome::Busy);
  EXPECT_EQ(deletion(status(500, "x")), DeleteOutcome::Failed);
}

TEST(Outcome, a_type_that_is_not_served_does_not_say_that_the_object_is_gone) {
  EXPECT_EQ(deletion(text(404, "404 page not found\n")), DeleteOutcome::Failed);
  EXPECT_EQ(deletion(status(404, "x", R"(,"reason":"NotFound","details":{})")), DeleteOutcome::Failed);
}

}  // namespace
}  // namespace holdfast
