#include "engine/reconciler_group.h"

#include "unit/engine/reconciler_fixture.h"

namespace holdfast {
namespace {

// A second application beside the fixture's, in the same cluster and group.
class ReconcilerGroupTest : public fake::ReconcilerTest {
 protected:
  static constexpr const char* kTheirs = "applyset-theirs-v1";

  ReconcilerGroupTest() {
    ReconcilerOptions options;
    options.application = "theirs";
    options.prepare = {"web", "prod", kTheirs, {"holdfast"}};
    options.chance = [] { return 0.5; };
    options.now = [this] { return now; };
    their_inventory = std::make_unique<InventoryKeeper>(api, InventoryLocation{"system", "theirs", "prod"});
    theirs = std::make_unique<Reconciler>(io.get_executor(), api, live, watches, *their_inventory, group,
                                          their_observer, std::move(options));
  }
  ~ReconcilerGroupTest() override {
    theirs->stop();
    settle();
    EXPECT_TRUE(their_end) << "stop() did not end run()";
  }

  void start_theirs() {
    their_end = false;
    auto task = [this]() -> boost::asio::awaitable<void> {
      EXPECT_TRUE((co_await their_inventory->load()).has_value());
      co_await theirs->run();
      their_end = true;
    };
    boost::asio::co_spawn(io, task, [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
    theirs->set_catalog(catalog());
    settle();
  }
  void their_git(const std::string& revision, const std::vector<std::string>& objects) {
    auto set = std::make_shared<ManifestSet>();
    set->revision = revision;
    for (const std::string& text : objects) set->manifests.push_back(manifest(text));
    theirs->set_desired(std::move(set));
    settle();
  }
  // As the watch shows it to whoever looks after the object.
  void shown(const std::string& name) {
    const auto found = api.objects.find(path(name));
    if (found == api.objects.end()) {
      live.objects.erase(key(name));
    } else {
      const std::string text = to_json(found->second);
      JsonIndexer indexer;
      const Result<JsonView> view = indexer.view(text);
      auto object = read_live_object(*view, {"", "v1", "ConfigMap"});
      if (group.read(**object, *view)) keep_body(**object, text);
      live.objects[key(name)] = *object;
    }
    group.live_changed(key(name), now);
    settle();
  }
  [[nodiscard]] std::string owner(const std::string& name) const {
    return std::string(string_at(api.objects.at(path(name)), {"metadata", "labels", "applyset.kubernetes.io/part-of"}));
  }

  fake::Observer their_observer;
  std::unique_ptr<InventoryKeeper> their_inventory;
  std::unique_ptr<Reconciler> theirs;
  bool their_end = true;
};

TEST_F(ReconcilerGroupTest, ask37_a_move_keeps_the_uid_when_the_old_application_hears_of_it_first) {
  converged({"a=1", "b=1"});
  start_theirs();
  their_git("r1", {"c=1"});
  const std::string uid(string_at(api.objects.at(path("a")), {"metadata", "uid"}));
  std::string reason = "theirs has not read it";  // as the daemon says it of applications of one repository
  pruning_waits_for = &reason;
  git("r2", {"b=1"});
  EXPECT_EQ(owner("a"), kSet);
  their_git("r2", {"a=1", "c=1"});
  EXPECT_EQ(owner("a"), kTheirs);
  reason.clear();
  reconciler->reconsider_pruning();
  settle();
  shown("a");
  EXPECT_EQ(string_at(api.objects.at(path("a")), {"metadata", "uid"}), uid);
  EXPECT_EQ(owner("a"), kTheirs);
  EXPECT_EQ(observer.times("pruned a"), 0U);
  EXPECT_EQ(inventory->uid(key("a")), nullptr);
  ASSERT_NE(their_inventory->uid(key("a")), nullptr);
  EXPECT_EQ(their_inventory->uid(key("a"))->value, uid);
}

TEST_F(ReconcilerGroupTest, ask37_the_new_application_waits_until_the_old_one_lets_go) {
  converged({"a=1", "b=1"});
  const std::string uid(string_at(api.objects.at(path("a")), {"metadata", "uid"}));
  start_theirs();
  their_git("r2", {"a=1"});
  shown("a");
  EXPECT_EQ(owner("a"), kSet) << "still wanted there";
  EXPECT_EQ(their_observer.times("refused a"), 1U);
  git("r2", {"b=1"});
  EXPECT_EQ(owner("a"), kTheirs);
  shown("a");
  EXPECT_EQ(string_at(api.objects.at(path("a")), {"metadata", "uid"}), uid);
  EXPECT_EQ(observer.times("pruned a"), 0U);
  EXPECT_EQ(api.count(Method::Delete, path("a")), 0U);
}

TEST_F(ReconcilerGroupTest, ask16_what_another_application_wants_is_left_to_it) {
  converged({"a=1"});
  start_theirs();
  their_git("r2", {"a=2"});
  shown("a");
  EXPECT_EQ(live_value("a"), "1");
  EXPECT_EQ(their_observer.times("refused a"), 1U);
}

TEST_F(ReconcilerGroupTest, D12_nothing_is_pruned_while_something_stands_against_it) {
  start();
  git("r1", {"a=1", "b=1"});
  for (const char* name : {"a", "b"}) shown(name);
  std::string reason = "the other one has not read it";
  pruning_waits_for = &reason;
  git("r2", {"b=1"});
  EXPECT_TRUE(api.objects.contains(path("a")));
  EXPECT_EQ(observer.times("waiting"), 1U);
  reason.clear();
  reconciler->reconsider_pruning();
  settle();
  EXPECT_FALSE(api.objects.contains(path("a")));
}

}  // namespace
}  // namespace holdfast
