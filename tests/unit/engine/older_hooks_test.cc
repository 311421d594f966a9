// What becomes of a hook of an older revision that still runs: it is waited for, and not cut short.
#include "unit/engine/staged_fixture.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

class OlderHooksTest : public fake::StagedTest {
 protected:
  OlderHooksTest() {
    adjust = [this](ReconcilerOptions& options) {
      options.on_overdue = [this](const OverdueRollOut& roll_out) { overdue.push_back(roll_out.what); };
    };
    make();
  }
  static std::vector<Manifest> release(const std::string& value, const std::string& when = "pre",
                                       const std::string& policy = "") {
    Annotations annotations{{"holdfast.dev/hook", when}};
    if (!policy.empty()) annotations.emplace_back("holdfast.dev/hook-delete-policy", policy);
    return {object("Job/one", annotations), object("ConfigMap/a=" + value)};
  }
  void finish(const std::string& path, bool well = true) {
    api.edit(path, "/status",
             json::object{{"conditions",
                           json::array{json::object{{"type", well ? "Complete" : "Failed"}, {"status", "True"}}}}});
    rest();
  }
  void rest() {
    for (int i = 0; i < 4; ++i) {
      show_all();
      advance(6s);
    }
  }
  [[nodiscard]] bool is_there(const std::string& path) const { return api.objects.contains(path); }
  [[nodiscard]] std::size_t deletions() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(api.sent, [](const ApiRequest& request) { return request.method == Method::Delete; }));
  }
  // The Job of the first revision, which has begun.
  std::string begun(std::vector<Manifest> first) {
    start_staged();
    commit("r1", std::move(first));
    rest();
    return path_of("Job/one-");
  }

  std::vector<std::string> overdue;
};

TEST_F(OlderHooksTest, Ask34_a_commit_does_not_end_a_hook_before_that_runs) {
  const std::string first = begun(release("1"));
  ASSERT_FALSE(first.empty());
  commit("r2", release("2"));
  rest();
  EXPECT_EQ(paths_of("Job/one-"), std::vector<std::string>{first}) << "neither deleted, nor another beside it";
  EXPECT_EQ(deletions(), 0U);
  EXPECT_TRUE(said("held up one-"));
  EXPECT_FALSE(exists("ConfigMap/a"));
  finish(first);
  EXPECT_FALSE(is_there(first));
  ASSERT_TRUE(exists("Job/one-"));
  finish(path_of("Job/one-"));
  EXPECT_EQ(value_of("ConfigMap/a"), "2");
  EXPECT_EQ(observer.times("complete r2"), 1U);
}

TEST_F(OlderHooksTest, Ask34_nor_a_hook_after) {
  const std::string first = begun(release("1", "post"));
  ASSERT_FALSE(first.empty());
  commit("r2", release("2", "post"));
  rest();
  EXPECT_EQ(value_of("ConfigMap/a"), "2");
  EXPECT_EQ(paths_of("Job/one-"), std::vector<std::string>{first});
  EXPECT_TRUE(said("held up one-"));
  EXPECT_EQ(observer.times("complete r2"), 0U);
  finish(first);
  EXPECT_FALSE(is_there(first));
  finish(path_of("Job/one-"));
  EXPECT_EQ(observer.times("complete r2"), 1U);
}

TEST_F(OlderHooksTest, one_that_failed_is_no_reason_to_wait) {
  const std::string first = begun(release("1"));
  finish(first, false);
  commit("r2", release("2"));
  rest();
  EXPECT_FALSE(is_there(first));
  EXPECT_TRUE(exists("Job/one-"));
  EXPECT_FALSE(said("held up"));
}

TEST_F(OlderHooksTest, one_that_fails_meanwhile_makes_way) {
  const std::string first = begun(release("1"));
  commit("r2", release("2"));
  rest();
  finish(first, false);
  EXPECT_FALSE(is_there(first));
  EXPECT_TRUE(exists("Job/one-"));
}

TEST_F(OlderHooksTest, it_ends_at_once_where_the_next_one_says_so) {
  const std::string first = begun(release("1"));
  commit("r2", release("2", "pre", "before-hook-creation"));
  rest();
  EXPECT_FALSE(is_there(first));
  EXPECT_TRUE(exists("Job/one-"));
  EXPECT_FALSE(said("held up"));
}

TEST_F(OlderHooksTest, what_has_left_git_goes_at_once) {
  const std::string first = begun(release("1", "post"));
  commit("r2", {object("ConfigMap/a=2")});
  rest();
  EXPECT_FALSE(is_there(first));
  EXPECT_EQ(observer.times("complete r2"), 1U);
}

TEST_F(OlderHooksTest, one_beside_which_the_next_is_made_runs_to_its_end) {
  const std::string first = begun(release("1", "post", "hook-succeeded"));
  commit("r2", release("2", "post", "hook-succeeded"));
  rest();
  EXPECT_TRUE(is_there(first));
  finish(first);
  EXPECT_FALSE(is_there(first));
}

TEST_F(OlderHooksTest, a_third_revision_waits_as_the_second_did) {
  const std::string first = begun(release("1"));
  commit("r2", release("2"));
  rest();
  commit("r3", release("3"));
  rest();
  EXPECT_EQ(paths_of("Job/one-"), std::vector<std::string>{first});
  finish(first);
  finish(path_of("Job/one-"));
  EXPECT_EQ(value_of("ConfigMap/a"), "3");
  EXPECT_EQ(observer.times("complete r3"), 1U);
}

TEST_F(OlderHooksTest, Ask34_it_is_waited_for_by_a_process_that_did_not_see_it_begin) {
  const std::string first = begun(release("1"));
  die_and_start_anew();
  commit("r2", release("2"));
  rest();
  EXPECT_EQ(paths_of("Job/one-"), std::vector<std::string>{first});
  die_and_start_anew();
  show_all();  // the watch is there before the manifests are
  commit("r2", release("2"));
  rest();
  EXPECT_EQ(paths_of("Job/one-"), std::vector<std::string>{first});
  EXPECT_EQ(deletions(), 0U);
  finish(first);
  EXPECT_FALSE(is_there(first));
  EXPECT_TRUE(exists("Job/one-"));
}

TEST_F(OlderHooksTest, what_no_watch_shows_is_looked_at_now_and_then) {
  const std::string first = begun(release("1"));
  const json::value body = api.objects.at(first);
  live.objects.erase(key_at(first, body));  // its label was taken away
  commit("r2", release("2"));
  for (int i = 0; i < 6; ++i) advance(5s);
  EXPECT_TRUE(is_there(first));
  EXPECT_EQ(deletions(), 0U);
  EXPECT_LE(api.count(Method::Get, first), 6U);
  api.objects.erase(first);
  rest();
  EXPECT_TRUE(exists("Job/one-"));
}

TEST_F(OlderHooksTest, that_it_cannot_be_read_is_no_reason_to_delete_it) {
  const std::string first = begun(release("1"));
  die_and_start_anew();
  live.objects.clear();
  api.answers[first] =
      std::vector<Result<ApiResponse>>(3, Result<ApiResponse>(fake::status_response(403, "Forbidden", "not allowed")));
  commit("r2", release("2"));
  for (int i = 0; i < 12; ++i) advance(5s);
  EXPECT_TRUE(is_there(first));
  EXPECT_EQ(deletions(), 0U);
}

TEST_F(OlderHooksTest, a_wave_that_waits_for_it_is_said_to_take_long_with_what_it_waits_for) {
  const std::string first = begun(release("1"));
  commit("r2", release("2"));
  for (int i = 0; i < 70; ++i) advance(5s);
  show_all();
  ASSERT_EQ(overdue.size(), 1U);
  EXPECT_TRUE(overdue[0].contains("not made yet: Job.batch web/" + first.substr(first.rfind('/') + 1) +
                                  " of an older revision still runs"))
      << overdue[0];
  EXPECT_TRUE(said("problem the hooks before is not healthy after 300 s"));
  EXPECT_EQ(observer.times("incomplete r2"), 1U);
}

TEST_F(OlderHooksTest, and_so_is_a_hook_after_that_waits_for_it) {
  const std::string first = begun(release("1", "post"));
  commit("r2", release("2", "post"));
  for (int i = 0; i < 70; ++i) {
    show_all();
    advance(5s);
  }
  EXPECT_EQ(overdue.size(), 1U);
  EXPECT_TRUE(said("of an older revision still runs, 300 s after it was to go"));
  EXPECT_EQ(observer.times("incomplete r2"), 1U);
  finish(first);
  finish(path_of("Job/one-"));
  EXPECT_EQ(observer.times("complete r2"), 1U);
}

}  // namespace
}  // namespace holdfast
