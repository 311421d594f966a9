// What is told of admission configurations: which types a change may touch, and what there is (correctness C10).
#include "watchers/admission_follower.h"

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace holdfast {
namespace {

namespace asio = boost::asio;

const ApiResource kConfigMaps{{"", "v1", "ConfigMap"}, "configmaps", true, {}};
const ApiResource kSecrets{{"", "v1", "Secret"}, "secrets", true, {}};

// Never answers until it is cancelled.
class Silence final : public ApiServer, public WatchTransport {
 public:
  asio::awaitable<Result<ApiResponse>> send(ApiRequest) override {
    co_await for_ever();
    co_return fail(ErrorKind::Cancelled, "cancelled");
  }
  asio::awaitable<Result<std::unique_ptr<ResponseStream>>> open(ApiRequest request,
                                                                std::chrono::milliseconds) override {
    asked.push_back(request.target);
    co_await for_ever();
    co_return fail(ErrorKind::Cancelled, "cancelled");
  }
  std::vector<std::string> asked;

 private:
  static asio::awaitable<void> for_ever() {
    asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
};

class Sink final : public AdmissionSink {
 public:
  void admission_changed(const AdmissionReach& reach) override { changes.push_back(reach); }
  void admission_known() override { ++known; }
  void admission_hidden(const ApiResource&, const Error&) override { ++hidden; }
  std::vector<AdmissionReach> changes;
  int known = 0, hidden = 0;
};

class AdmissionFollowerTest : public testing::Test {
 protected:
  static constexpr const char* kGroup = "admissionregistration.k8s.io";

  ~AdmissionFollowerTest() override {
    follower.stop();
    asio::co_spawn(io, follower.ended(), [](std::exception_ptr failure) { EXPECT_EQ(failure, nullptr); });
    io.restart();
    io.poll();
  }
  static ApiResource resource(const char* kind, const char* plural) {
    return {{kGroup, "v1", kind}, plural, false, {"list", "watch"}};
  }
  void serve(const std::vector<ApiResource>& resources) {
    ApiCatalog catalog;
    for (const ApiResource& one : resources) {
      catalog.resources[one.gvk] = one;
      catalog.preferred[one.gvk.group_kind()] = one.gvk.version;
    }
    follower.set_catalog(catalog);
    io.restart();
    io.poll();
  }
  static StoreEvent upserted(const char* kind, const std::string& name, const std::string& rest) {
    auto object = std::make_shared<LiveObject>();
    object->key = {kGroup, kind, "", name};
    object->body = R"({"kind":")" + std::string(kind) + R"(","metadata":{"name":")" + name + R"("},)" + rest + "}";
    return {StoreEventKind::Upserted, object->key, nullptr, object};
  }
  static StoreEvent webhook(const std::string& name, const std::string& plural, const std::string& url = "a") {
    return upserted("MutatingWebhookConfiguration", name,
                    R"("webhooks":[{"clientConfig":{"url":")" + url +
                        R"("},"rules":[{"apiGroups":[""],"resources":[")" + plural + R"("]}]}])");
  }
  static StoreEvent synced(const char* kind) { return {StoreEventKind::Synced, {kGroup, kind, "", ""}, {}, {}}; }
  void show(const std::vector<StoreEvent>& events) { follower.changed(events, {}); }
  std::optional<Digest128> state(const ApiResource& type) const { return follower.state_for({type}); }

  asio::io_context io;
  Silence server;
  Sink sink;
  AdmissionFollower follower{io.get_executor(), server, server, sink, [] { return 0.5; }, {}};
  const ApiResource webhooks = resource("MutatingWebhookConfiguration", "mutatingwebhookconfigurations");
};

TEST_F(AdmissionFollowerTest, C10_what_there_is_at_first_is_no_change) {
  serve({webhooks});
  EXPECT_EQ(state(kConfigMaps), std::nullopt);
  show({webhook("w", "configmaps"), synced("MutatingWebhookConfiguration")});
  EXPECT_EQ(sink.known, 1);
  EXPECT_TRUE(sink.changes.empty());
  EXPECT_TRUE(state(kConfigMaps).has_value());
}

TEST_F(AdmissionFollowerTest, C10_a_change_touches_what_it_was_about_and_what_it_is_about) {
  serve({webhooks});
  show({webhook("w", "configmaps"), synced("MutatingWebhookConfiguration")});
  const auto of_maps = state(kConfigMaps), of_secrets = state(kSecrets);
  show({webhook("w", "configmaps")});
  EXPECT_TRUE(sink.changes.empty());
  show({webhook("w", "secrets")});
  ASSERT_EQ(sink.changes.size(), 1U);
  EXPECT_TRUE(sink.changes[0].touches(kConfigMaps));
  EXPECT_TRUE(sink.changes[0].touches(kSecrets));
  EXPECT_NE(state(kConfigMaps), of_maps);
  EXPECT_NE(state(kSecrets), of_secrets);
}

TEST_F(AdmissionFollowerTest, C10_one_that_goes_touches_what_it_was_about_and_no_more) {
  serve({webhooks});
  show({synced("MutatingWebhookConfiguration")});
  const auto before = state(kConfigMaps), of_secrets = state(kSecrets);
  show({webhook("w", "configmaps")});
  EXPECT_EQ(state(kSecrets), of_secrets);
  show({{StoreEventKind::Deleted, {kGroup, "MutatingWebhookConfiguration", "", "w"}, nullptr, nullptr}});
  ASSERT_EQ(sink.changes.size(), 2U);
  EXPECT_TRUE(sink.changes[1].touches(kConfigMaps));
  EXPECT_FALSE(sink.changes[1].touches(kSecrets));
  EXPECT_EQ(state(kConfigMaps), before);
}

TEST_F(AdmissionFollowerTest, C10_a_binding_touches_what_its_policy_is_about) {
  serve({webhooks, resource("MutatingAdmissionPolicy", "mutatingadmissionpolicies"),
         resource("MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings")});
  show({synced("MutatingWebhookConfiguration")});
  show({synced("MutatingAdmissionPolicyBinding")});
  EXPECT_EQ(sink.known, 0);
  show({upserted("MutatingAdmissionPolicy", "p",
                 R"("spec":{"matchConstraints":{"resourceRules":[{"apiGroups":[""],"resources":["secrets"]}]}})"),
        synced("MutatingAdmissionPolicy")});
  EXPECT_EQ(sink.known, 1);
  show({upserted("MutatingAdmissionPolicyBinding", "b", R"("spec":{"policyName":"p"})")});
  ASSERT_EQ(sink.changes.size(), 1U);
  EXPECT_TRUE(sink.changes[0].touches(kSecrets));
  EXPECT_FALSE(sink.changes[0].touches(kConfigMaps));
  show({upserted("MutatingAdmissionPolicyBinding", "c", R"("spec":{"policyName":"nobody"})")});
  EXPECT_EQ(sink.changes.size(), 1U);
}

TEST_F(AdmissionFollowerTest, a_cluster_without_these_types_is_known_at_once) {
  serve({});
  EXPECT_EQ(sink.known, 1);
  EXPECT_TRUE(state(kConfigMaps).has_value());
  EXPECT_TRUE(server.asked.empty());
}

TEST_F(AdmissionFollowerTest, A23_what_may_not_be_read_is_said_once) {
  serve({webhooks});
  const ReflectorStatus forbidden{ReflectorState::Forbidden, Error{ErrorKind::Forbidden, "no"}};
  follower.status_changed(webhooks, forbidden);
  follower.status_changed(webhooks, forbidden);
  EXPECT_EQ(sink.hidden, 1);
  EXPECT_EQ(state(kConfigMaps), std::nullopt);
}

}  // namespace
}  // namespace holdfast
