// ApplicationSets under virtual time: generators that fail, listings that come out short, a network with faults, and
// restarts. Whatever happens, what has a branch is never deleted.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <iostream>
#include <set>

#include "app/application_sets.h"
#include "app/own_definitions.h"
#include "app/set_application.h"
#include "sim/simulated_client.h"
#include "sources/branch_slug.h"

namespace holdfast::sim {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// What the remote has, and how it shows it: wholly, not at all, or a part of it.
struct Remote {
  enum class Way { Whole, Away, Short };
  std::set<std::string> branches;
  Way way = Way::Whole;
  std::vector<std::function<void()>> followers;
  std::size_t looks = 0;

  [[nodiscard]] GeneratorReading read() const {
    if (way == Way::Away) return fail(ErrorKind::Unreachable, "the repository is away");
    std::vector<GeneratedElement> elements;
    for (const std::string& branch : branches)
      if (way == Way::Whole)
        elements.push_back({"branch " + branch,
                            {{"branch", branch}, {"branchSlug", slug_of(branch)}, {"commit", std::string(40, 'a')}}});
    return elements;
  }
};

class RemoteSource final : public GeneratorSource {
 public:
  RemoteSource(asio::any_io_executor executor, Remote& remote, GeneratorHeard heard)
      : executor_(std::move(executor)), remote_(remote), heard_(std::move(heard)) {
    remote_.followers.clear();
    remote_.followers.emplace_back([weak = std::weak_ptr<bool>(alive_), this] {
      if (!weak.expired()) look();
    });
    look();
  }
  void look() override {
    ++remote_.looks;
    asio::post(executor_, [weak = std::weak_ptr<bool>(alive_), begun = Clock::now(), this] {
      if (!weak.expired()) heard_(begun, remote_.read());
    });
  }

 private:
  asio::any_io_executor executor_;
  Remote& remote_;
  GeneratorHeard heard_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// The watch of Applications, as ClusterApplications has it.
struct Applications final : ApplicationObjectsSink {
  std::function<void(const ApplicationName&)> changed;
  void object_changed(const ApplicationName& name) override { changed(name); }
  void objects_known() override {}
  void objects_unknown(const Error&) override {}
};

// One daemon, as far as it has to do with sets.
struct Life {
  Life(asio::io_context& io, SimulatedCluster& cluster, FaultPlan& faults, Remote& remote,
       std::function<void(const SeenRequest&)> seen, const std::string& installation)
      : network(io.get_executor(), cluster, faults, std::move(seen)),
        client(io.get_executor(), network, cluster, faults),
        daemon(io.get_executor(), ClusterPorts{client, client, [] {}, "simulated"}, DaemonOptions{.installation = "i"}),
        objects(io.get_executor(), client, client, sink, [] { return 0.5; }),
        sets(
            io.get_executor(), daemon, ClusterPorts{client, client, [] {}, "simulated"},
            SetupContext{installation, {}, {}}, std::make_shared<RepositoryHub>(io.get_executor()), objects,
            [] { return 0.5; }, true) {
    sink.changed = [this](const ApplicationName& name) { sets.application_changed(name); };
    sets.read_generators_by([&io, &remote](const Generator&, GeneratorHeard heard) {
      return Result<std::unique_ptr<GeneratorSource>>(
          std::make_unique<RemoteSource>(io.get_executor(), remote, std::move(heard)));
    });
    objects.start();
    asio::co_spawn(io, run(), [this](std::exception_ptr failure) {
      ended = true;
      if (failure) std::rethrow_exception(failure);
    });
  }
  asio::awaitable<void> run() {
    co_await sets.run();
    objects.stop();
    co_await objects.ended();
  }

  SimulatedNetwork network;
  SimulatedClient client;
  Applications sink;
  Daemon daemon;
  ApplicationObjects objects;
  ApplicationSets sets;
  bool ended = false;
};

constexpr const char* kSet = R"({"apiVersion":"holdfast.dev/v1alpha1","kind":"ApplicationSet",
  "metadata":{"name":"previews","namespace":"default"},
  "spec":{"generators":[{"branches":{"repoURL":"https://git.example/shop.git","match":"**"}}],
   "template":{"metadata":{"name":"web-{{branchSlug}}"},"spec":{"source":{"repoURL":"https://git.example/shop.git"}}},
   "preview":{"namespace":"preview-{{branchSlug}}"}}})";

class SetsOnSimulator : public testing::Test {
 protected:
  SetsOnSimulator() {
    for (const json::value& definition : own_definitions())
      EXPECT_EQ(request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", to_json(definition)), 201);
    run_for(5s);
    start();
    EXPECT_EQ(request("POST", "/apis/holdfast.dev/v1alpha1/namespaces/default/applicationsets", kSet), 201);
    run_for(5s);
  }
  ~SetsOnSimulator() override {
    faults_.set_active(false);
    for (const auto& life : lives_) life->sets.stop();
    for (int i = 0; i < 1'000 && !all_ended(); ++i) run_for(10s);
    if (!all_ended()) {
      std::cerr << "a daemon does not end" << std::endl;
      std::abort();
    }
  }

  void start(const std::string& installation = "holdfast") {
    const auto seen = [this, installation](const SeenRequest& seen) {
      if (seen.status < 200 || seen.status >= 300) return;
      const std::string path = seen.target.substr(0, seen.target.find('?'));
      if (seen.method == Method::Patch && path.contains("/applications/web-")) ++applied_by_[installation];
      if (seen.method == Method::Delete) deleted_.push_back(path.substr(path.rfind('/') + 1));
    };
    lives_.push_back(std::make_unique<Life>(io_, cluster_, faults_, remote_, seen, installation));
  }
  // kill -9, and another one.
  void restart() {
    lives_.back()->network.isolate();
    lives_.back()->sets.stop();
    start();
  }
  [[nodiscard]] bool all_ended() const {
    return std::ranges::all_of(lives_, [](const auto& life) { return life->ended; });
  }

  int request(const std::string& method, const std::string& path, const std::string& body) {
    SimulatedRequest request;
    request.method = method;
    request.target = path + "?fieldManager=person";
    request.content_type = method == "PATCH" ? "application/merge-patch+json" : "application/json";
    request.accept = "application/json";
    request.user_agent = "person/1";
    request.body = body;
    return cluster_.handle(request).response.status;
  }
  void run_for(std::chrono::nanoseconds span) {
    const Clock::time_point end = time_.now() + span;
    for (;;) {
      io_.restart();
      io_.poll();
      const Clock::time_point next = std::min(time_.next_due(), cluster_.next_due());
      if (next > end) break;
      time_.advance_to(next);
      if (cluster_.next_due() <= time_.now() + 1ms) cluster_.settle();
    }
    time_.advance_to(end);
  }
  void look() {
    const auto followers = remote_.followers;
    for (const auto& follower : followers) follower();
  }
  void show(Remote::Way way) {
    remote_.way = way;
    look();
  }
  [[nodiscard]] StoredPtr namespace_of(const std::string& branch) {
    return cluster_.store().find("namespaces", "", "preview-" + slug_of(branch));
  }
  [[nodiscard]] StoredPtr application_of(const std::string& branch) {
    return cluster_.store().find("applications.holdfast.dev", "default", "web-" + slug_of(branch));
  }
  [[nodiscard]] bool stands(const std::string& branch) {
    return namespace_of(branch) != nullptr && application_of(branch) != nullptr;
  }
  [[nodiscard]] std::string shown_set() {
    const StoredPtr set = cluster_.store().find("applicationsets.holdfast.dev", "default", "previews");
    return set == nullptr ? "gone" : std::string(set->text);
  }

  VirtualTime time_;
  asio::io_context io_;
  FaultPlan faults_{7};
  SimulatedCluster cluster_{7};
  Remote remote_;
  std::vector<std::unique_ptr<Life>> lives_;
  std::vector<std::string> deleted_;               // names, by daemons
  std::map<std::string, std::size_t> applied_by_;  // Applications, by installations
};

TEST_F(SetsOnSimulator, a_branch_comes_and_goes) {
  remote_.branches = {"a", "b"};
  look();
  run_for(2s);
  ASSERT_TRUE(stands("a") && stands("b")) << shown_set();
  remote_.branches = {"a"};
  look();
  run_for(AbsenceGuard::kBetween - 1s);
  EXPECT_TRUE(stands("b")) << "one reading deletes nothing";
  run_for(60s - AbsenceGuard::kBetween);
  EXPECT_EQ(namespace_of("b"), nullptr) << shown_set();
  EXPECT_EQ(application_of("b"), nullptr);
  EXPECT_TRUE(stands("a"));
  EXPECT_EQ(deleted_, (std::vector<std::string>{"web-b", "preview-b"}));
}

TEST_F(SetsOnSimulator, what_is_another_installations_is_left_to_it) {
  const std::string path = "/apis/holdfast.dev/v1alpha1/namespaces/default/applicationsets/previews";
  const auto hand_to = [&](const std::string& installation) {
    const json::object labels{{"holdfast.dev/installation", installation}};
    EXPECT_EQ(request("PATCH", path, to_json(json::object{{"metadata", {{"labels", labels}}}})), 200);
    run_for(2s);
  };
  hand_to("other");
  remote_.branches = {"a"};
  look();
  run_for(10s);
  EXPECT_EQ(application_of("a"), nullptr);
  EXPECT_EQ(namespace_of("a"), nullptr);
  hand_to("holdfast");
  look();
  run_for(2s);
  ASSERT_TRUE(stands("a")) << shown_set();
  EXPECT_EQ(string_at(application_of("a")->body, {"metadata", "labels", "holdfast.dev/installation"}), "holdfast");
}

TEST_F(SetsOnSimulator, one_installation_expands_what_the_label_gives_to_none) {
  start("other");
  run_for(5s);
  remote_.branches = {"a"};
  for (const auto& follower : remote_.followers) follower();
  look();
  run_for(5s);
  ASSERT_TRUE(stands("a")) << shown_set();
  EXPECT_EQ(applied_by_["holdfast"], 1U);
  EXPECT_EQ(applied_by_["other"], 0U);
  EXPECT_TRUE(shown_set().contains("the installation holdfast expands it")) << shown_set();

  // Nothing of it goes with the one that has claimed it; whoever takes the claim away hands it on.
  lives_.front()->network.isolate();
  lives_.front()->sets.stop();
  run_for(5min);
  EXPECT_EQ(applied_by_["other"], 0U);
  EXPECT_EQ(request("PATCH", "/apis/holdfast.dev/v1alpha1/namespaces/default/applicationsets/previews",
                    R"({"metadata":{"annotations":{"holdfast.dev/expanded-by":null}}})"),
            200);
  run_for(5s);
  remote_.branches = {"a", "b"};
  look();
  run_for(5s);
  EXPECT_TRUE(stands("a") && stands("b")) << shown_set();
  EXPECT_FALSE(shown_set().contains("expands it")) << shown_set();
  EXPECT_TRUE(deleted_.empty());
}

TEST_F(SetsOnSimulator, of_two_that_see_a_set_at_once_one_expands_it) {
  EXPECT_EQ(request("DELETE", "/apis/holdfast.dev/v1alpha1/namespaces/default/applicationsets/previews", ""), 200);
  run_for(5s);
  start("other");
  run_for(5s);
  remote_.branches = {"a"};
  EXPECT_EQ(request("POST", "/apis/holdfast.dev/v1alpha1/namespaces/default/applicationsets", kSet), 201);
  run_for(5s);
  ASSERT_TRUE(stands("a")) << shown_set();
  EXPECT_EQ(applied_by_["holdfast"] + applied_by_["other"], 1U);
}

TEST_F(SetsOnSimulator, what_is_suspended_is_not_looked_at_for_what_it_missed) {
  remote_.branches = {"a", "b"};
  look();
  run_for(2s);
  ASSERT_TRUE(stands("b")) << shown_set();
  remote_.branches = {"a"};
  look();
  run_for(1s);
  EXPECT_EQ(request("PATCH", "/apis/holdfast.dev/v1alpha1/namespaces/default/applicationsets/previews",
                    R"({"spec":{"suspend":true}})"),
            200);
  run_for(1s);
  const std::size_t looks = remote_.looks;
  run_for(5min);
  EXPECT_EQ(remote_.looks, looks);
  EXPECT_TRUE(stands("b"));
}

TEST_F(SetsOnSimulator, a_generator_that_cannot_be_read_deletes_nothing) {
  remote_.branches = {"a"};
  look();
  run_for(2s);
  ASSERT_TRUE(stands("a"));
  for (int minutes = 0; minutes < 30; ++minutes) {
    show(Remote::Way::Away);
    run_for(1min);
  }
  EXPECT_TRUE(stands("a"));
  EXPECT_TRUE(deleted_.empty());
  EXPECT_TRUE(shown_set().contains("GeneratorFailed")) << shown_set();
}

TEST_F(SetsOnSimulator, a_listing_that_comes_out_short_now_and_then_deletes_nothing) {
  remote_.branches = {"a", "b", "c"};
  look();
  run_for(2s);
  for (int i = 0; i < 200; ++i) {
    show(Remote::Way::Short);
    run_for(AbsenceGuard::kBetween - 100ms);
    show(i % 3 == 0 ? Remote::Way::Away : Remote::Way::Whole);
    run_for(1s);
    show(Remote::Way::Whole);
    run_for(1s);
  }
  EXPECT_TRUE(stands("a") && stands("b") && stands("c"));
  EXPECT_TRUE(deleted_.empty()) << deleted_.front();
}

TEST_F(SetsOnSimulator, through_faults_and_restarts_what_has_a_branch_is_never_deleted) {
  remote_.branches = {"a", "b"};
  look();
  run_for(2s);
  ASSERT_TRUE(stands("a") && stands("b"));
  const std::string uid(string_at(namespace_of("a")->body, {"metadata", "uid"}));
  faults_.set_active(true);
  for (int i = 0; i < 120; ++i) {
    if (i % 7 == 3) show(Remote::Way::Away);
    if (i % 7 == 4) show(Remote::Way::Whole);
    if (i % 11 == 5) {
      remote_.branches = {"a", "b", "new" + std::to_string(i)};
      look();
    }
    if (i % 13 == 6) restart();
    run_for(10s);
    ASSERT_TRUE(stands("a") && stands("b")) << i << " " << shown_set();
  }
  faults_.set_active(false);
  remote_.way = Remote::Way::Whole;
  remote_.branches = {"a", "b"};
  look();
  run_for(5min);
  look();
  run_for(5min);
  EXPECT_TRUE(stands("a") && stands("b")) << shown_set();
  EXPECT_EQ(string_at(namespace_of("a")->body, {"metadata", "uid"}), uid);
  for (const std::string& name : deleted_) EXPECT_TRUE(name.contains("new")) << name << " was deleted";
  std::size_t previews = 0;
  for (const StoredPtr& one : cluster_.store().list("namespaces", ""))
    if (one->name.starts_with("preview-")) ++previews;
  EXPECT_EQ(previews, 2U) << "none is left over " << shown_set();
}

// Without previews: so many at once are more likely a slip in the set than what somebody wants.
TEST_F(SetsOnSimulator, many_applications_do_not_go_at_once) {
  EXPECT_EQ(request("DELETE", "/apis/holdfast.dev/v1alpha1/namespaces/default/applicationsets/previews", ""), 200);
  run_for(30s);
  json::object plain = parse_json(kSet).value().as_object();
  plain["spec"].as_object().erase("preview");
  plain["spec"].as_object()["pruneLimit"] = json::object{{"applications", 2}, {"percent", 20}};
  for (int i = 0; i < 20; ++i) remote_.branches.insert("b" + std::to_string(i));
  plain["spec"].at("generators").at(0).at("branches").as_object()["max"] = 100;
  EXPECT_EQ(request("POST", "/apis/holdfast.dev/v1alpha1/namespaces/default/applicationsets", to_json(plain)), 201);
  run_for(10s);
  ASSERT_NE(application_of("b19"), nullptr) << shown_set();
  EXPECT_EQ(namespace_of("b19"), nullptr);
  remote_.branches = {"b0"};
  look();
  run_for(5min);
  EXPECT_NE(application_of("b19"), nullptr);
  EXPECT_TRUE(deleted_.empty());
  EXPECT_TRUE(shown_set().contains("PruneHeldBack")) << shown_set();
  EXPECT_EQ(request("PATCH", "/apis/holdfast.dev/v1alpha1/namespaces/default/applicationsets/previews",
                    R"({"spec":{"pruneLimit":{"applications":100}}})"),
            200);
  run_for(1min);
  EXPECT_EQ(application_of("b19"), nullptr);
  EXPECT_NE(application_of("b0"), nullptr);
}

// Whoever may write a status names any namespace there: its own mark has to be on it.
TEST_F(SetsOnSimulator, a_namespace_that_only_the_status_names_is_not_deleted) {
  EXPECT_EQ(
      request("POST", "/api/v1/namespaces", R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"victim"}})"),
      201);
  const std::string uid(string_at(cluster_.store().find("namespaces", "", "victim")->body, {"metadata", "uid"}));
  lives_.back()->sets.stop();
  run_for(10s);
  EXPECT_EQ(request("PATCH", "/apis/holdfast.dev/v1alpha1/namespaces/default/applicationsets/previews/status",
                    R"({"status":{"previews":[{"application":"web-x","namespace":"victim","uid":")" + uid +
                        R"(","token":"t"}]}})"),
            200);
  start();
  run_for(5min);
  const StoredPtr victim = cluster_.store().find("namespaces", "", "victim");
  ASSERT_NE(victim, nullptr);
  EXPECT_EQ(find(victim->body, {"metadata", "deletionTimestamp"}), nullptr);
}

TEST_F(SetsOnSimulator, a_namespace_that_only_the_status_names_is_not_taken) {
  EXPECT_EQ(request("POST", "/api/v1/namespaces",
                    R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"preview-x"}})"),
            201);
  const std::string uid(string_at(namespace_of("x")->body, {"metadata", "uid"}));
  lives_.back()->sets.stop();
  run_for(10s);
  EXPECT_EQ(request("PATCH", "/apis/holdfast.dev/v1alpha1/namespaces/default/applicationsets/previews/status",
                    R"({"status":{"previews":[{"application":"web-x","namespace":"preview-x","uid":")" + uid +
                        R"(","token":"t"}]}})"),
            200);
  remote_.branches = {"x"};
  start();
  run_for(10s);
  EXPECT_EQ(string_at(namespace_of("x")->body, {"metadata", "labels", "pod-security.kubernetes.io/enforce"}), "");
  EXPECT_TRUE(shown_set().contains("NamespaceTaken")) << shown_set();
}

TEST_F(SetsOnSimulator, a_namespace_that_somebody_put_in_its_place_is_neither_used_nor_deleted) {
  remote_.branches = {"a"};
  look();
  run_for(2s);
  ASSERT_TRUE(stands("a"));
  lives_.back()->sets.stop();
  run_for(10s);
  EXPECT_EQ(request("DELETE", "/api/v1/namespaces/preview-a", ""), 200);
  run_for(30s);
  EXPECT_EQ(request("POST", "/api/v1/namespaces",
                    R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"preview-a",
                        "labels":{"holdfast.dev/application-set":"previews"}}})"),
            201);
  const std::string uid(string_at(namespace_of("a")->body, {"metadata", "uid"}));
  start();
  run_for(10s);
  const json::value* suspended = find(application_of("a")->body, {"spec", "suspend"});
  EXPECT_TRUE(suspended != nullptr && *suspended == json::value(true)) << application_of("a")->text;
  EXPECT_TRUE(shown_set().contains("NamespaceTaken")) << shown_set();
  remote_.branches.clear();
  look();
  run_for(2min);
  ASSERT_NE(namespace_of("a"), nullptr);
  EXPECT_EQ(string_at(namespace_of("a")->body, {"metadata", "uid"}), uid);
  EXPECT_EQ(find(namespace_of("a")->body, {"metadata", "deletionTimestamp"}), nullptr);
}

}  // namespace
}  // namespace holdfast::sim
