// Lists that come as the first events of a watch, silence on a watch, and databases that go back in time.
#include "unit/watchers/reflector_machine_fixture.h"

namespace holdfast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kBase[] = "/apis/apps/v1/deployments?";
const GroupKind kType{"apps", "Deployment"};

class StreamingListTest : public ReflectorMachineFixture {
 protected:
  auto added(const std::string& name, const std::string& version) {
    return event(WatchEventType::Added, item(name, version));
  }
  // A stream that told all there is, at version 10.
  void streaming() {
    start();
    opened();
    added("a", "3");
    end_mark("10");
  }
};

TEST_F(StreamingListTest, A7_the_first_list_is_a_stream_with_the_parameters_that_servers_ask_for) {
  EXPECT_THAT(start(), ElementsAre("Listing", "stream"));
  EXPECT_EQ(target(), std::string(kBase) +
                          "watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch="
                          "NotOlderThan&labelSelector=app%3Dx&resourceVersion=&timeoutSeconds=300");
}

TEST_F(StreamingListTest, A7_what_comes_first_is_kept_aside_until_its_end_is_marked) {
  start();
  EXPECT_THAT(opened(), ElementsAre());
  EXPECT_THAT(added("b", "5"), ElementsAre());
  EXPECT_THAT(added("a", "3"), ElementsAre());
  EXPECT_THAT(event(WatchEventType::Modified, item("a", "9")), ElementsAre());
  EXPECT_THAT(added("gone", "4"), ElementsAre());
  EXPECT_THAT(event(WatchEventType::Deleted, item("gone", "8")), ElementsAre());
  EXPECT_THAT(bookmark("9"), ElementsAre());  // not the end
  EXPECT_THAT(end_mark("10"), ElementsAre("replace 2@10", "Watching"));
  EXPECT_THAT(added("c", "11"), ElementsAre("apply c"));  // the same stream goes on
  EXPECT_EQ(machine_.last_resource_version().value, "11");
}

TEST_F(StreamingListTest, A6_the_place_to_go_on_from_does_not_move_while_events_are_in_no_order) {
  start();
  opened();
  added("b", "500");
  bookmark("400");
  EXPECT_TRUE(machine_.last_resource_version().empty());
  EXPECT_TRUE(knowledge_->marks.of(kType).value().empty());
}

TEST_F(StreamingListTest, A7_fault_6_a_stream_cut_before_its_end_replaces_nothing) {
  start();
  opened();
  added("a", "3");
  EXPECT_THAT(ended(Error{ErrorKind::Unreachable, "reset"}), ElementsAre("Retrying Unreachable", "wait 800"));
  EXPECT_THAT(timer(), ElementsAre("stream"));
  opened();
  EXPECT_THAT(added("b", "4"), ElementsAre());
  EXPECT_THAT(end_mark("12"), ElementsAre("replace 1@12", "Watching"));  // nothing is left of the first
}

TEST_F(StreamingListTest, A8_streams_that_are_always_cut_give_way_to_a_list) {
  start();
  opened();
  ended();
  timer();
  opened();
  EXPECT_THAT(ended(), ElementsAre("Retrying Protocol", "wait 1600"));
  EXPECT_THAT(timer(), ElementsAre("list"));
  EXPECT_THAT(list(page("10")), ElementsAre("replace 0@10", "watch"));
  EXPECT_TRUE(knowledge_->streaming.worth_asking(kType));  // it proves nothing about the server
}

TEST_F(StreamingListTest, A8_fault_7_a_refused_option_gives_way_to_a_list_and_is_not_asked_for_again) {
  start();
  EXPECT_THAT(opened(status(422, "Invalid")), ElementsAre("list"));
  EXPECT_EQ(target(), std::string(kBase) + "limit=500&labelSelector=app%3Dx");
  list(page("10"));
  opened();
  bookmark("11");
  EXPECT_THAT(error_event(status(410, "Expired")), ElementsAre("Listing Gone", "list"));
  ReflectorMachine other{kDeployments, "", [] { return 0.0; }, knowledge_};
  EXPECT_THAT(told(other.start(now_)), ElementsAre("Listing", "list"));
  knowledge_->streaming.server_version("v1.36.0");  // another version may know it
  ReflectorMachine later{kDeployments, "", [] { return 0.0; }, knowledge_};
  EXPECT_THAT(told(later.start(now_)), ElementsAre("Listing", "stream"));
}

TEST_F(StreamingListTest, A8_fault_7_a_server_that_ignores_the_option_is_listed_after_60_s_without_progress) {
  start();
  opened();
  now_ += seconds(50);
  added("a", "3");
  EXPECT_EQ(machine_.read_until(), now_ + seconds(60));
  now_ += seconds(30);
  event(WatchEventType::Modified, item("b", "11"));  // an event, but not of those that come first
  EXPECT_EQ(machine_.read_until(), now_ + seconds(30));
  now_ += seconds(30);
  EXPECT_THAT(silent(), ElementsAre("list"));
  EXPECT_FALSE(knowledge_->streaming.worth_asking(kType));
}

TEST_F(StreamingListTest, A8_a_refused_connection_or_429_is_no_verdict_on_streams) {
  start();
  EXPECT_THAT(opened(fail(ErrorKind::Unreachable, "refused")), ElementsAre("Retrying Unreachable", "wait 800"));
  EXPECT_THAT(timer(), ElementsAre("stream"));
  EXPECT_THAT(opened(ApiResponse{429, "text/plain", seconds(5), "later"}), ElementsAre("Retrying Busy", "wait 5000"));
  EXPECT_THAT(timer(), ElementsAre("stream"));
}

TEST_F(StreamingListTest, A8_what_has_nothing_to_do_with_streams_is_left_to_the_list_to_say) {
  for (const int code : {401, 403, 404, 500, 503}) {
    start();
    EXPECT_THAT(opened(status(code, "")), ElementsAre("list")) << code;
    EXPECT_TRUE(knowledge_->streaming.worth_asking(kType)) << code;
  }
}

TEST_F(StreamingListTest, A7_A9_after_expired_history_a_stream_from_what_was_seen_and_then_a_consistent_one) {
  streaming();
  added("b", "11");
  EXPECT_THAT(error_event(status(410, "Expired")), ElementsAre("Listing Gone", "stream"));
  EXPECT_THAT(target(), HasSubstr("resourceVersion=11&"));
  EXPECT_THAT(opened(kTooLargeVersion), ElementsAre("stream"));
  EXPECT_THAT(target(), HasSubstr("resourceVersion=&"));
  EXPECT_THAT(opened(kTooLargeVersion), ElementsAre("Retrying Busy", "wait 1000"));
}

TEST_F(StreamingListTest, A15_an_unreadable_event_among_the_first_ones_discards_them) {
  start();
  opened();
  added("a", "3");
  EXPECT_THAT(event(WatchEventType::Added, "{}"), ElementsAre("Retrying Protocol", "wait 800"));
  EXPECT_THAT(timer(), ElementsAre("stream"));
  EXPECT_THAT(target(), HasSubstr("resourceVersion=&"));
}

TEST_F(StreamingListTest, A13_a_stream_that_ends_below_the_mark_is_rejected) {
  streaming();
  added("b", "100");
  error_event(status(410, "Expired"));
  opened();
  added("a", "3");
  EXPECT_THAT(end_mark("99"), ElementsAre("unsynced", "Retrying Protocol", "wait 800"));
}

TEST_F(StreamingListTest, A13_marks_are_shared_by_all_connections_of_a_type_and_not_by_types) {
  streaming();
  ReflectorMachine second{kDeployments, "other=y", [] { return 0.0; }, knowledge_};
  const auto answer = [&](ReflectorMachine& machine, const std::string& body_version) {
    told(machine.start(now_));
    told(machine.watch_opened(ApiResponse{422, "application/json", {}, "{}"}, now_));
    return told(machine.list_answered(page(body_version), now_));
  };
  EXPECT_THAT(answer(second, "9"), ElementsAre("unsynced", "Retrying Protocol", "wait 800"));
  EXPECT_THAT(told(second.list_answered(page("10"), now_)), ElementsAre("replace 0@10", "watch"));
  EXPECT_TRUE(knowledge_->marks.of({"apps", "StatefulSet"}).value().empty());
}

TEST_F(StreamingListTest, A13_versions_that_are_no_numbers_are_only_compared_for_equality) {
  HighWaterMark mark;
  mark.raise({"abc"});
  EXPECT_EQ(mark.value().value, "abc");
  mark.raise({"7"});
  EXPECT_EQ(mark.value().value, "7");
  mark.raise({"10"});
  mark.raise({"9"});
  EXPECT_EQ(mark.value().value, "10");
}

TEST_F(StreamingListTest, A11_bookmarks_carry_a_quiet_type_past_the_end_of_the_servers_history) {
  streaming();
  bookmark("5000");
  EXPECT_THAT(ended(Error{ErrorKind::Unreachable, "reset"}), ElementsAre("probe"));
  EXPECT_THAT(list(page("5001")), ElementsAre("watch"));
  EXPECT_THAT(target(), HasSubstr("resourceVersion=5000&"));
}

TEST_F(StreamingListTest, A11_fault_10_after_a_long_partition_the_list_replaces_everything) {
  streaming();
  event(WatchEventType::Modified, item("a", "11"));
  ended(Error{ErrorKind::Unreachable, "reset"});
  list(page("900"));
  EXPECT_THAT(opened(status(410, "Expired")), ElementsAre("Listing Gone", "stream"));
  opened();
  added("b", "800");
  EXPECT_THAT(end_mark("900"), ElementsAre("replace 1@900", "Watching"));
}

TEST_F(StreamingListTest, A12_silence_means_something_after_two_bookmarks) {
  streaming();
  EXPECT_EQ(machine_.read_until(), std::nullopt);
  now_ += seconds(60);
  bookmark("11");
  EXPECT_EQ(machine_.read_until(), std::nullopt);
  now_ += seconds(60);
  bookmark("12");
  EXPECT_EQ(machine_.read_until(), now_ + seconds(180));
  now_ += seconds(100);
  added("b", "13");
  EXPECT_EQ(machine_.read_until(), now_ + seconds(180));
}

TEST_F(StreamingListTest, A12_a_slow_rhythm_allows_a_longer_silence) {
  streaming();
  bookmark("11");
  now_ += seconds(100);
  bookmark("12");
  EXPECT_EQ(machine_.read_until(), now_ + seconds(300));
}

TEST_F(StreamingListTest, A12_fault_9_a_silent_watch_is_opened_again_where_it_was) {
  streaming();
  bookmark("11");
  bookmark("12");
  now_ += seconds(180);
  EXPECT_THAT(silent(), ElementsAre("Retrying Timeout", "probe"));
  EXPECT_THAT(list(page("12")), ElementsAre("watch"));
  EXPECT_THAT(target(), HasSubstr("resourceVersion=12&"));
  EXPECT_THAT(opened(), ElementsAre("Watching"));
}

TEST_F(StreamingListTest, A14_without_bookmarks_each_new_watch_is_preceded_by_a_look_at_the_version) {
  streaming();
  now_ += seconds(300);
  EXPECT_THAT(ended(), ElementsAre("probe"));
  EXPECT_THAT(target(), HasSubstr("limit=1&"));
  EXPECT_THAT(target(), Not(HasSubstr("resourceVersion")));
  EXPECT_THAT(list(page("10")), ElementsAre("watch"));
  opened();
  bookmark("11");
  bookmark("12");
  now_ += seconds(300);
  EXPECT_THAT(ended(), ElementsAre("watch"));  // their absence would tell
}

TEST_F(StreamingListTest, A14_a_look_that_fails_does_not_keep_the_watch_from_being_opened) {
  streaming();
  now_ += seconds(300);
  ended();
  EXPECT_THAT(list(fail(ErrorKind::Unreachable, "refused")), ElementsAre("watch"));
  EXPECT_THAT(opened(fail(ErrorKind::Unreachable, "refused")), ElementsAre("Retrying Unreachable", "wait 800"));
  EXPECT_THAT(timer(), ElementsAre("probe"));
  EXPECT_THAT(list(status(429, "TooManyRequests")), ElementsAre("watch"));
}

TEST_F(StreamingListTest, B8_a_look_that_is_told_to_come_back_later_does_so) {
  streaming();
  now_ += seconds(300);
  ended();
  ApiResponse busy{429, "text/plain", seconds(5), "Too many requests"};
  EXPECT_THAT(list(busy), ElementsAre("Retrying Busy", "wait 5000"));
  EXPECT_THAT(timer(), ElementsAre("probe"));
}

class RolledBackTest : public StreamingListTest {
 protected:
  // A restored database shows version 4 where 10 was seen, for a minute.
  void rolled_back() {
    streaming();
    now_ += seconds(300);
    ended();
    list(page("4"));
    timer();
    opened();
    now_ += seconds(59);
  }
  auto kube_system(const std::string& uid) {
    const ApiResponse answer{200,
                             "application/json",
                             {},
                             R"({"kind":"Namespace","apiVersion":"v1","metadata":{"name":"kube-system","uid":")" + uid +
                                 R"(","resourceVersion":"1"}})"};
    return told(machine_.cluster_answered(answer, now_));
  }
};

TEST_F(RolledBackTest, A14_a_version_below_the_mark_freezes_the_type_at_once) {
  streaming();
  now_ += seconds(300);
  ended();
  EXPECT_THAT(list(page("4")), ElementsAre("unsynced", "Retrying Protocol", "wait 800"));
  EXPECT_THAT(timer(), ElementsAre("stream"));
  opened();
  EXPECT_THAT(end_mark("10"), ElementsAre("replace 0@10", "Watching"));  // it was a lagging server
}

TEST_F(RolledBackTest, A14_what_lasts_a_minute_is_a_restored_database_if_the_cluster_is_the_same) {
  knowledge_->kube_system = {"u1"};
  rolled_back();
  EXPECT_THAT(end_mark("4"), ElementsAre("unsynced", "Retrying Protocol", "wait 1600"));
  timer();
  opened();
  now_ += seconds(1);
  EXPECT_THAT(end_mark("5"), ElementsAre("unsynced", "Retrying Protocol", "which cluster"));
  EXPECT_THAT(kube_system("u1"), ElementsAre("restored", "stream"));
  EXPECT_THAT(target(), HasSubstr("resourceVersion=&"));
  EXPECT_TRUE(knowledge_->marks.of(kType).value().empty());
  opened();
  EXPECT_THAT(end_mark("6"), ElementsAre("replace 0@6", "Watching"));
}

TEST_F(RolledBackTest, A14_another_cluster_halts) {
  knowledge_->kube_system = {"u1"};
  rolled_back();
  now_ += seconds(1);
  end_mark("5");
  EXPECT_THAT(kube_system("u2"), ElementsAre("replaced Conflict", "Retrying Conflict", "wait 60000"));
  EXPECT_EQ(knowledge_->marks.of(kType).value().value, "10");
}

TEST_F(RolledBackTest, A14_without_knowing_the_cluster_nothing_older_is_ever_believed) {
  rolled_back();
  now_ += seconds(1000);
  EXPECT_THAT(end_mark("5"), ElementsAre("unsynced", "Retrying Protocol", "wait 800"));
  knowledge_->kube_system = {"u1"};
  timer();
  opened();
  end_mark("5");
  EXPECT_THAT(told(machine_.cluster_answered(status(403, "Forbidden"), now_)),
              ElementsAre("Retrying Protocol", "wait 1600"));
  EXPECT_EQ(knowledge_->marks.of(kType).value().value, "10");
}

TEST(ReflectorMachineDetail, A18_metadata_only_asks_for_partial_objects_and_gives_them_their_type) {
  ReflectorMachine machine(
      {{"ex.io", "v1", "Widget"}, "widgets", false, {}}, "", [] { return 0.0; }, std::make_shared<ClusterKnowledge>(),
      Detail::MetadataOnly);
  const ReflectorMachine::TimePoint now{seconds(1)};
  const ReflectorActions actions = machine.start(now);
  EXPECT_EQ(std::get<OpenWatch>(actions.back()).accept,
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json");
  EXPECT_TRUE(machine.watch_opened(ApiResponse{200, "application/json", {}, ""}, now).empty());
  const std::string object = R"({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1",)"
                             R"("metadata":{"name":"a","uid":"u","resourceVersion":"3"}})";
  EXPECT_TRUE(machine.watch_event({WatchEventType::Added, object}, now).empty());
  const ReflectorActions end = machine.watch_event(
      {WatchEventType::Bookmark,
       R"({"metadata":{"resourceVersion":"4","annotations":{"k8s.io/initial-events-end":"true"}}})"},
      now);
  EXPECT_EQ(to_string(std::get<ReplaceStore>(end.front()).items.at(0)->key), "Widget.ex.io a");
}

}  // namespace
}  // namespace holdfast
