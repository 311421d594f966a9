#include "app/account_access.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <set>

#include "app/account_values.h"
#include "app/acting_account.h"
#include "holdfast/model/json.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

const ApiResource kConfigMaps{{"", "v1", "ConfigMap"}, "configmaps", true, {}};
const ObjectKey kPage{"", "ConfigMap", "team-a", "page"};
const ServiceAccount kDeployer{"team-a", "deployer"};

ApiResponse status(int code, const std::string& message) {
  return {code,
          "application/json",
          {},
          to_json(json::object{{"kind", "Status"}, {"status", "Failure"}, {"code", code}, {"message", message}})};
}

class Server final : public ApiServer {
 public:
  asio::awaitable<Result<ApiResponse>> send(ApiRequest request) override {
    sent.push_back(request);
    if (down) co_return fail(ErrorKind::Unreachable, "nobody answers");
    if (request.method == Method::Post) {
      if (!impersonates)
        co_return status(403, "serviceaccounts \"deployer\" is forbidden: User \"daemon\" cannot impersonate resource");
      if (!reviews) co_return status(403, "may not ask");
      co_return ApiResponse{201, "application/json", {}, to_json(json::object{{"status", {{"allowed", all_of_them}}}})};
    }
    if (all_of_them || allowed.contains(request.target)) co_return ApiResponse{200, "application/json", {}, "{}"};
    co_return status(403, "cannot get resource in the namespace");
  }
  bool down = false, impersonates = true, reviews = true, all_of_them = false;
  std::set<std::string> allowed;
  std::vector<ApiRequest> sent;
};

class AccountAccessTest : public testing::Test {
 protected:
  template <class Task>
  void run(Task task) {
    asio::co_spawn(io_, std::move(task), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
    io_.restart();
    io_.poll();
  }
  Result<void> ask(ObjectKey key = kPage) {
    Result<void> answer = fail(ErrorKind::Internal, "not answered");
    run([this, &answer, key]() -> asio::awaitable<void> {
      answer = co_await access_.may_see(kDeployer, kConfigMaps, key);
    });
    return answer;
  }

  asio::io_context io_;
  VirtualTime time_;
  Server server_;
  AccountAccess access_{server_};
};

TEST_F(AccountAccessTest, one_question_tells_of_all_objects_of_a_type_in_a_namespace) {
  server_.all_of_them = true;
  EXPECT_TRUE(ask());
  EXPECT_TRUE(ask({"", "ConfigMap", "team-a", "other"}));
  ASSERT_EQ(server_.sent.size(), 1U);
  EXPECT_EQ(server_.sent[0].impersonate, kDeployer);
  EXPECT_TRUE(access_.was_seen(kDeployer, kConfigMaps, kPage));
  EXPECT_FALSE(access_.was_seen({"team-b", "deployer"}, kConfigMaps, kPage));
  EXPECT_TRUE(ask({"", "ConfigMap", "team-b", "page"}));
  EXPECT_EQ(server_.sent.size(), 2U);
}

TEST_F(AccountAccessTest, a_right_to_some_names_is_a_right_to_these) {
  server_.allowed = {"/api/v1/namespaces/team-a/configmaps/page"};
  EXPECT_TRUE(ask());
  const Result<void> other = ask({"", "ConfigMap", "team-a", "other"});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, ErrorKind::Forbidden);
  EXPECT_EQ(other.error().message, "cannot get resource in the namespace") << "the server's own words";
  EXPECT_TRUE(access_.was_seen(kDeployer, kConfigMaps, kPage));
}

TEST_F(AccountAccessTest, what_was_answered_is_believed_for_a_while_and_no_longer) {
  server_.all_of_them = true;
  EXPECT_TRUE(ask());
  server_.all_of_them = false;
  time_.advance_to(time_.now() + kAccessTrust);
  EXPECT_TRUE(ask());
  time_.advance_to(time_.now() + 1s);
  EXPECT_FALSE(ask());
  EXPECT_FALSE(access_.was_seen(kDeployer, kConfigMaps, kPage));
}

TEST_F(AccountAccessTest, who_cannot_be_asked_is_not_refused_and_not_allowed) {
  server_.down = true;
  const Result<void> answer = ask();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::Unreachable);
  server_.down = false;
  server_.all_of_them = true;
  EXPECT_TRUE(ask());
}

TEST_F(AccountAccessTest, an_account_that_may_not_be_acted_as_says_what_to_do) {
  server_.impersonates = false;
  const Result<void> answer = ask();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::Forbidden);
  EXPECT_TRUE(answer.error().hint.contains("holdfast install --tenancy --tenant team-a/deployer"));
}

TEST_F(AccountAccessTest, an_account_that_may_ask_for_no_review_is_told_by_what_it_may_get) {
  server_.reviews = false;
  EXPECT_FALSE(ask());
  server_.allowed = {"/api/v1/namespaces/team-a/configmaps/other"};
  EXPECT_TRUE(ask({"", "ConfigMap", "team-a", "other"}));
}

TEST_F(AccountAccessTest, whatever_an_application_asks_is_asked_as_its_account) {
  ActingAccount acting(server_, access_, kDeployer), daemon(server_, access_, std::nullopt);
  run([&]() -> asio::awaitable<void> {
    ApiRequest request;
    request.target = "/x";
    ApiRequest same = request;
    (void)co_await acting.send(std::move(request));
    (void)co_await daemon.send(std::move(same));
  });
  ASSERT_EQ(server_.sent.size(), 2U);
  EXPECT_EQ(server_.sent[0].impersonate, kDeployer);
  EXPECT_FALSE(server_.sent[1].impersonate);
  EXPECT_TRUE(daemon.was_seen(kConfigMaps, kPage));
}

class Values final : public ClusterValues {
 public:
  asio::awaitable<Result<ClusterValuePtr>> read(ValueReference) override {
    ++reads;
    co_return std::make_shared<ClusterValue>();
  }
  asio::awaitable<Result<void>> changed(SeenValues) override { co_return Result<void>{}; }
  int reads = 0;
};

TEST_F(AccountAccessTest, a_secret_is_handed_out_to_whom_it_may_be_shown) {
  Values values;
  AccountValues as(access_, values);
  Result<ClusterValuePtr> got = fail(ErrorKind::Internal, "not answered");
  const auto read = [&]() -> asio::awaitable<void> {
    ValueReference wanted{ValueReference::Kind::Secret, "team-a", "hush"};
    got = co_await as.of(kDeployer).read(std::move(wanted));
  };
  run(read);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::Forbidden);
  EXPECT_EQ(got.error().where, "Secret team-a/hush");
  EXPECT_EQ(values.reads, 0);
  server_.allowed = {"/api/v1/namespaces/team-a/secrets/hush"};
  time_.advance_to(time_.now() + 2 * kAccessTrust);
  run(read);
  EXPECT_TRUE(got);
  EXPECT_EQ(values.reads, 1);
}

}  // namespace
}  // namespace holdfast
