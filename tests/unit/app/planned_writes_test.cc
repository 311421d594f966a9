#include "app/planned_writes.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

namespace holdfast {
namespace {

namespace asio = boost::asio;

// Notes what reaches it.
struct Server final : ApiServer {
  asio::awaitable<Result<ApiResponse>> send(ApiRequest request) override {
    reached.push_back(std::string(to_string(request.method)) + " " + request.target);
    co_return ApiResponse{status, "application/json", {}, R"({"metadata":{"uid":"u-made"}})"};
  }
  std::vector<std::string> reached;
  int status = 200;
};

class PlannedWritesTest : public testing::Test {
 protected:
  PlannedWritesTest() {
    auto wanted = std::make_unique<WantedApplication>();
    wanted->setup.name = "shop";
    wanted->setup.inventory.namespace_ = "w";
    wanted->setup.inventory.name = "holdfast-shop";
    ApplicationPlan plan{"shop", "w", "r", {}, {}};
    const ApiResource maps{{"", "v1", "ConfigMap"}, "configmaps", true, {}};
    const auto add = [&](ChangeVerb verb, const std::string& name, const std::string& uid) {
      PlannedChange change;
      change.verb = verb;
      change.key = {"", "ConfigMap", "w", name};
      change.uid = {uid};
      plan.changes.push_back(change);
      Desired desired;
      desired.key = change.key;
      desired.resource = maps;
      if (verb != ChangeVerb::Prune) wanted->prepared.desired.emplace(change.key, std::move(desired));
    };
    add(ChangeVerb::Create, "new", "");
    add(ChangeVerb::Change, "a", "u-a");
    add(ChangeVerb::Prune, "old", "u-old");
    add(ChangeVerb::Refuse, "bad", "u-bad");
    add(ChangeVerb::HoldBack, "held", "u-held");
    Desired fine;
    fine.key = {"", "ConfigMap", "w", "fine"};
    fine.resource = maps;
    wanted->prepared.desired.emplace(fine.key, fine);
    plan.settled.push_back({fine.key, {"u-fine"}, {"1"}, {}, true});
    made_.applications.push_back(std::move(wanted));
    made_.catalog.resources.emplace(maps.gvk, maps);
    made_.catalog.preferred.emplace(maps.gvk.group_kind(), "v1");
    made_.plan.applications.push_back(std::move(plan));
  }

  // Whether it was let through.
  bool send(Method method, const std::string& name, const std::string& body, const std::string& query = "?force=true") {
    if (!writes_) writes_.emplace(server_, made_);
    ApiRequest request;
    request.method = method;
    request.target = name.starts_with("../") ? "/api/v1/namespaces/w/" + name.substr(3) + query
                                             : "/api/v1/namespaces/w/configmaps/" + name + query;
    request.content_type = method == Method::Patch ? "application/apply-patch+yaml" : "application/json";
    request.body = body;
    std::optional<bool> through;
    asio::io_context io;
    asio::co_spawn(io, writes_->send(request),
                   [&](std::exception_ptr, Result<ApiResponse> response) { through = response.has_value(); });
    io.run();
    return *through;
  }
  static std::string about(const std::string& uid) { return R"({"metadata":{"uid":")" + uid + "\"}}"; }
  static std::string of(const std::string& uid) { return R"({"preconditions":{"uid":")" + uid + "\"}}"; }

  MadePlan made_;
  Server server_;
  std::optional<PlannedWrites> writes_;
};

TEST_F(PlannedWritesTest, what_is_planned_is_written_to_the_object_that_was_judged) {
  EXPECT_TRUE(send(Method::Patch, "a", about("u-a")));
  EXPECT_FALSE(send(Method::Patch, "a", about("u-other")));
  EXPECT_FALSE(send(Method::Patch, "a", "{}")) << "it would be made anew";
  EXPECT_FALSE(send(Method::Delete, "a", of("u-a")));
  EXPECT_TRUE(send(Method::Delete, "old", of("u-old")));
  EXPECT_FALSE(send(Method::Delete, "old", of("u-other")));
  EXPECT_TRUE(send(Method::Patch, "holdfast-shop", about("x"))) << "the inventory";
  EXPECT_EQ(server_.reached.size(), 3U);
}

TEST_F(PlannedWritesTest, what_was_made_may_be_settled_by_a_second_apply) {
  EXPECT_FALSE(send(Method::Patch, "new", about("u-somebody")));
  server_.status = 201;
  EXPECT_TRUE(send(Method::Patch, "new", "{}"));
  server_.status = 200;
  EXPECT_TRUE(send(Method::Patch, "new", about("u-made")));
  EXPECT_FALSE(send(Method::Patch, "new", "{}"));
}

TEST_F(PlannedWritesTest, records_of_ours_are_written_whatever_is_planned) {
  EXPECT_TRUE(send(Method::Patch, "holdfast-shop.learned-0", "{}"));
  EXPECT_TRUE(send(Method::Delete, "holdfast-shop.learned-1", of("u")));
  EXPECT_TRUE(send(Method::Post, "../secrets", R"({"metadata":{"name":"holdfast-shop.key"}})", ""));
  EXPECT_FALSE(send(Method::Post, "../secrets", R"({"metadata":{"name":"another"}})", ""));
  EXPECT_FALSE(send(Method::Patch, "holdfast-other.learned-0", "{}"));
}

TEST_F(PlannedWritesTest, whatever_else_is_not_written_and_noted) {
  EXPECT_FALSE(send(Method::Patch, "bad", about("u-bad")));
  EXPECT_FALSE(send(Method::Patch, "held", about("u-held")));
  EXPECT_FALSE(send(Method::Delete, "stranger", of("u")));
  EXPECT_FALSE(send(Method::Delete, "fine", of("u-fine")));
  EXPECT_FALSE(send(Method::Delete, "holdfast-shop", of("x")));
  EXPECT_TRUE(server_.reached.empty());
  EXPECT_EQ(writes_->refused().size(), 5U);
}

TEST_F(PlannedWritesTest, what_is_as_it_should_be_is_confirmed_by_a_dry_run) {
  EXPECT_TRUE(send(Method::Patch, "fine", about("u-fine")));
  ASSERT_EQ(server_.reached.size(), 1U);
  EXPECT_TRUE(server_.reached[0].ends_with("&dryRun=All")) << server_.reached[0];
  EXPECT_TRUE(send(Method::Get, "anything", ""));
  EXPECT_TRUE(send(Method::Patch, "bad", about("u-bad"), "?dryRun=All"));
}

}  // namespace
}  // namespace holdfast
