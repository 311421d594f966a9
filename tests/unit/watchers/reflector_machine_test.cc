#include "unit/watchers/reflector_machine_fixture.h"

namespace holdfast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// A server that has no streaming lists, and whose bookmarks have been seen: lists and watches alone.
class ReflectorMachineTest : public ReflectorMachineFixture {
 protected:
  ReflectorMachineTest() {
    const GroupKind type = kDeployments.gvk.group_kind();
    knowledge_->streaming.refuse(type);
    for (int i = 0; i < BookmarkRhythm::kEnough; ++i) knowledge_->bookmarks[type].seen();
  }
};

TEST_F(ReflectorMachineTest, A1_first_list_is_consistent_and_paged) {
  EXPECT_THAT(start(), ElementsAre("Listing", "list"));
  EXPECT_EQ(target(), std::string(kBase) + "limit=500&labelSelector=app%3Dx");
}

TEST_F(ReflectorMachineTest, A1_A2_pages_repeat_the_parameters_and_may_be_empty) {
  start();
  EXPECT_THAT(list(page("10", item("a", "3"), "t/1")), ElementsAre("list"));
  EXPECT_EQ(target(), std::string(kBase) + "limit=500&labelSelector=app%3Dx&continue=t%2F1");
  EXPECT_THAT(list(page("10", "", "t2")), ElementsAre("list"));
  EXPECT_THAT(list(page("10", item("b", "4"))), ElementsAre("replace 2@10", "watch"));
}

TEST_F(ReflectorMachineTest, A5_watch_starts_at_the_list_with_bookmarks_and_a_deadline) {
  start();
  list(page("10"));
  EXPECT_EQ(target(),
            std::string(kBase) +
                "watch=true&allowWatchBookmarks=true&labelSelector=app%3Dx&resourceVersion=10&timeoutSeconds=300");
  EXPECT_EQ(std::get<OpenWatch>(last_.back()).stream_deadline, seconds(310));
  EXPECT_THAT(opened(), ElementsAre("Watching"));
  now_ += seconds(300);
  random_ = 0.999999;
  EXPECT_THAT(ended(), ElementsAre("watch"));
  EXPECT_THAT(target(), HasSubstr("timeoutSeconds=600"));
  EXPECT_THAT(opened(), ElementsAre());  // nothing new to say
}

TEST_F(ReflectorMachineTest, A2_410_between_pages_lists_again_at_once_and_whole) {
  start();
  list(page("10", item("a", "3"), "t1"));
  EXPECT_THAT(list(status(410, "Expired")), ElementsAre("list"));
  EXPECT_EQ(target(), std::string(kBase) + "resourceVersion=&labelSelector=app%3Dx");
  EXPECT_THAT(list(page("12", item("b", "11"))), ElementsAre("replace 1@12", "watch"));
}

TEST_F(ReflectorMachineTest, A2_pages_of_different_moments_are_never_mixed) {
  start();
  list(page("10", item("a", "3"), "t1"));
  EXPECT_THAT(list(page("11", item("b", "4"))), ElementsAre("Retrying Protocol", "wait 800"));
  EXPECT_THAT(timer(), ElementsAre("list"));
  EXPECT_THAT(target(), Not(HasSubstr("limit")));
}

TEST_F(ReflectorMachineTest, A3_a_list_that_fails_on_the_way_replaces_nothing) {
  start();
  list(page("10", item("a", "3"), "t1"));
  EXPECT_THAT(list(fail(ErrorKind::Unreachable, "reset")), ElementsAre("Retrying Unreachable", "wait 800"));
  EXPECT_THAT(timer(), ElementsAre("list"));
  EXPECT_THAT(target(), Not(HasSubstr("continue")));
  EXPECT_THAT(list(page("12", item("b", "4"))), ElementsAre("replace 1@12", "watch"));
}

TEST_F(ReflectorMachineTest, an_answer_without_items_is_no_empty_list) {
  start();
  EXPECT_THAT(list(ApiResponse{200, "application/json", {}, "{}"}), ElementsAre("Retrying Protocol", "wait 800"));
  EXPECT_THAT(list(ApiResponse{200, "text/html", {}, "<html>"}), ElementsAre("Retrying Protocol", "wait 1600"));
}

TEST_F(ReflectorMachineTest, A6_the_watch_resumes_at_the_last_event_of_any_type) {
  watching_at("10");
  EXPECT_THAT(event(WatchEventType::Modified, item("a", "11")), ElementsAre("apply a"));
  EXPECT_THAT(ended(Error{ErrorKind::Unreachable, "reset"}), ElementsAre("watch"));
  EXPECT_THAT(target(), HasSubstr("resourceVersion=11&"));
  opened();
  EXPECT_THAT(event(WatchEventType::Deleted, item("a", "15")), ElementsAre("apply a"));
  EXPECT_THAT(bookmark("20"), ElementsAre());
  EXPECT_THAT(ended(), ElementsAre("watch"));
  EXPECT_THAT(target(), HasSubstr("resourceVersion=20&"));
}

TEST_F(ReflectorMachineTest, A6_the_resumption_point_never_moves_back) {
  watching_at("100");
  event(WatchEventType::Modified, item("a", "99"));
  EXPECT_EQ(machine_.last_resource_version().value, "100");
}

TEST_F(ReflectorMachineTest, A5_a_stream_that_ends_at_once_without_news_backs_off) {
  watching_at("10");
  now_ += milliseconds(900);
  EXPECT_THAT(ended(), ElementsAre("Retrying Protocol", "wait 800"));
  EXPECT_THAT(timer(), ElementsAre("watch"));
  opened();
  bookmark("10");  // no news either
  EXPECT_THAT(ended(), ElementsAre("Retrying Protocol", "wait 1600"));
  timer();
  opened();
  now_ += seconds(1);
  EXPECT_THAT(ended(), ElementsAre("watch"));
}

TEST_F(ReflectorMachineTest, A9_expired_history_in_the_stream_lists_no_older_than_seen) {
  watching_at("10");
  event(WatchEventType::Modified, item("a", "11"));
  EXPECT_THAT(error_event(status(410, "Expired")), ElementsAre("Listing Gone", "list"));
  EXPECT_EQ(target(),
            std::string(kBase) + "resourceVersion=11&labelSelector=app%3Dx&resourceVersionMatch=NotOlderThan");
  EXPECT_THAT(list(page("30", item("b", "25"))), ElementsAre("replace 1@30", "watch"));
  // Gone again, and nothing seen in between: no lists in a loop.
  opened();
  EXPECT_THAT(error_event(status(410, "Gone")), ElementsAre("Retrying Gone", "wait 800"));
  EXPECT_THAT(timer(), ElementsAre("list"));
}

TEST_F(ReflectorMachineTest, A9_fault_2_expired_history_as_http_status) {
  watching_at("10");
  now_ += seconds(60);
  ended();
  EXPECT_THAT(opened(status(410, "Gone")), ElementsAre("Listing Gone", "list"));
  EXPECT_THAT(target(), HasSubstr("NotOlderThan"));
}

TEST_F(ReflectorMachineTest, A4_fault_4_a_lagging_server_is_asked_consistently) {
  watching_at("10");
  event(WatchEventType::Modified, item("a", "11"));
  error_event(status(410, "Expired"));
  EXPECT_THAT(list(kTooLargeVersion), ElementsAre("list"));
  EXPECT_EQ(target(), std::string(kBase) + "limit=500&labelSelector=app%3Dx");
  EXPECT_THAT(list(kTooLargeVersion), ElementsAre("Retrying Busy", "wait 1000"));  // the server's own wait
}

TEST_F(ReflectorMachineTest, A13_fault_5_a_list_below_the_mark_is_rejected) {
  watching_at("10");
  event(WatchEventType::Modified, item("a", "100"));
  error_event(status(410, "Expired"));
  EXPECT_THAT(list(page("99", item("a", "5"))), ElementsAre("unsynced", "Retrying Protocol", "wait 800"));
  timer();
  EXPECT_THAT(list(page("100")), ElementsAre("replace 0@100", "watch"));
}

TEST_F(ReflectorMachineTest, A10_delays_double_with_jitter_and_start_anew_after_two_quiet_minutes) {
  start();
  random_ = 0.5;
  const auto refused = [this] { return list(fail(ErrorKind::Unreachable, "refused")); };
  EXPECT_THAT(refused(), ElementsAre("Retrying Unreachable", "wait 1200"));
  EXPECT_THAT(refused(), ElementsAre("Retrying Unreachable", "wait 2400"));
  for (int i = 0; i < 8; ++i) refused();
  EXPECT_THAT(refused(), ElementsAre("Retrying Unreachable", "wait 45000"));
  now_ += seconds(121);
  EXPECT_THAT(refused(), ElementsAre("Retrying Unreachable", "wait 1200"));
}

TEST_F(ReflectorMachineTest, A10_a_refused_connection_or_429_rewatches_and_never_lists) {
  watching_at("10");
  ended(Error{ErrorKind::Unreachable, "reset"});
  timer();
  EXPECT_THAT(opened(fail(ErrorKind::Unreachable, "refused")), ElementsAre("Retrying Unreachable", "wait 1600"));
  EXPECT_THAT(timer(), ElementsAre("watch"));
  ApiResponse busy{429, "text/plain", seconds(5), "Too many requests"};
  EXPECT_THAT(opened(busy), ElementsAre("Retrying Busy", "wait 5000"));
  EXPECT_THAT(timer(), ElementsAre("watch"));
  EXPECT_THAT(target(), HasSubstr("resourceVersion=10&"));
}

TEST_F(ReflectorMachineTest, A9_server_errors_resume_at_the_same_version_and_list_after_a_minute) {
  watching_at("10");
  EXPECT_THAT(error_event(status(500, "InternalError", R"({"retryAfterSeconds":3})")),
              ElementsAre("Retrying Internal", "wait 3000"));
  EXPECT_THAT(timer(), ElementsAre("watch"));
  now_ += seconds(59);
  opened(status(503, "ServiceUnavailable"));
  EXPECT_THAT(timer(), ElementsAre("watch"));
  now_ += seconds(2);
  opened(status(503, "ServiceUnavailable"));
  EXPECT_THAT(timer(), ElementsAre("list"));
  EXPECT_THAT(target(), HasSubstr("NotOlderThan"));
}

TEST_F(ReflectorMachineTest, A15_what_cannot_be_read_lists_again) {
  watching_at("10");
  EXPECT_THAT(told(machine_.watch_broken({ErrorKind::TooLarge, "17 MiB"}, now_)),
              ElementsAre("Retrying TooLarge", "wait 800"));
  EXPECT_THAT(timer(), ElementsAre("list"));
  list(page("11"));
  opened();
  bookmark("12");
  EXPECT_THAT(event(WatchEventType::Added, R"({"kind":"Deployment"})"), ElementsAre("Listing Protocol", "list"));
  list(page("13"));
  opened();
  bookmark("14");
  EXPECT_THAT(event(WatchEventType::Bookmark, "{}"), ElementsAre("Listing Protocol", "list"));
}

TEST_F(ReflectorMachineTest, an_object_of_another_kind_is_a_protocol_error) {
  watching_at("10");
  const std::string pod =
      R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","uid":"u","resourceVersion":"11"}})";
  EXPECT_THAT(event(WatchEventType::Added, pod), ElementsAre("Retrying Protocol", "wait 800"));
  timer();
  EXPECT_THAT(list(page("12", pod)), ElementsAre("Retrying Protocol", "wait 1600"));
}

TEST_F(ReflectorMachineTest, A23_forbidden_is_asked_soon_and_then_every_minute) {
  start();
  const ApiResponse no = status(403, "Forbidden");
  EXPECT_THAT(list(no), ElementsAre("Retrying Forbidden", "wait 1000"));
  EXPECT_THAT(list(no), ElementsAre("Retrying Forbidden", "wait 2000"));
  EXPECT_THAT(list(no), ElementsAre("Retrying Forbidden", "wait 4000"));
  EXPECT_THAT(list(no), ElementsAre("unsynced", "Forbidden Forbidden", "wait 8000"));
  list(no);
  list(no);
  EXPECT_THAT(list(no), ElementsAre("unsynced", "Forbidden Forbidden", "wait 54000"));
  timer();
  EXPECT_THAT(list(page("5")), ElementsAre("replace 0@5", "watch"));
  opened();
  now_ += seconds(300);
  ended();
  EXPECT_THAT(opened(no), ElementsAre("Retrying Forbidden", "wait 1000"));  // counts from the start again
}

TEST_F(ReflectorMachineTest, A23_a_watch_forbidden_for_long_needs_a_list_before_it_is_believed) {
  watching_at("10");
  const ApiResponse no = status(403, "Forbidden");
  for (int i = 0; i < 3; ++i) {
    opened(no);
    EXPECT_THAT(timer(), ElementsAre("watch"));
  }
  EXPECT_THAT(opened(no), ElementsAre("unsynced", "Forbidden Forbidden", "wait 8000"));
  EXPECT_THAT(timer(), ElementsAre("list"));
  EXPECT_THAT(target(), HasSubstr("NotOlderThan"));
  EXPECT_THAT(list(fail(ErrorKind::Unreachable, "x")), ElementsAre("Retrying Unreachable", "wait 800"));
  EXPECT_THAT(timer(), ElementsAre("list"));
}

TEST_F(ReflectorMachineTest, V45_a_type_that_is_gone_is_not_served_and_not_empty) {
  watching_at("10");
  now_ += seconds(10);
  EXPECT_THAT(ended(), ElementsAre("watch"));
  const ApiResponse gone{404, "text/plain", {}, "404 page not found"};
  EXPECT_THAT(opened(gone), ElementsAre("Retrying NotFound", "wait 800"));
  EXPECT_THAT(timer(), ElementsAre("list"));
  EXPECT_THAT(list(gone), ElementsAre("unsynced", "NotServed NotFound", "wait 1600"));
  timer();
  EXPECT_THAT(list(page("40")), ElementsAre("replace 0@40", "watch"));
}

TEST_F(ReflectorMachineTest, refused_credentials_are_retried_and_say_so) {
  start();
  EXPECT_THAT(list(status(401, "Unauthorized")), ElementsAre("Retrying Unauthorized", "wait 800"));
  EXPECT_EQ(std::get<ReflectorStatus>(last_[0]).error->where, "/apis/apps/v1/deployments");
}

TEST_F(ReflectorMachineTest, a_watch_of_another_content_type_is_refused) {
  watching_at("10");
  ended();
  EXPECT_THAT(opened(ApiResponse{200, "text/html", {}, ""}), ElementsAre("Retrying Protocol", "wait 1600"));
}

TEST_F(ReflectorMachineTest, untyped_list_items_get_their_type) {
  start();
  list(page("10", R"({"metadata":{"name":"a","namespace":"web","uid":"u","resourceVersion":"3"}} )"));
  const auto& replaced = std::get<ReplaceStore>(last_[0]);
  EXPECT_EQ(
      replaced.items.at(0)->body,
      R"({"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"a","namespace":"web","uid":"u","resourceVersion":"3"}})");
}

}  // namespace
}  // namespace holdfast
