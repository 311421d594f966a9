// A Reconciler in a fake cluster, with words for what happens to it.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "engine/reconciler.h"
#include "unit/engine/fake_cluster.h"

namespace holdfast::fake {

// Each call as one line: "created a", "repaired a", "refused a: why".
class Observer final : public ReconcileObserver {
 public:
  void round_started(const std::string&, std::size_t) override { ++rounds_started; }
  void applied(const ObjectKey& key, bool created, const std::string&) override {
    said.push_back((created ? "created " : "configured ") + key.name);
  }
  void repaired(const Repair& repair) override {
    said.push_back("repaired " + repair.drift.key.name);
    repairs.push_back(repair);
  }
  void pruned(const ObjectKey& key) override { said.push_back("pruned " + key.name); }
  void hook_dismissed(const ObjectKey& key, const std::string&) override { said.push_back("dismissed " + key.name); }
  void held_up(const ObjectKey& key, const Error&) override { said.push_back("held up " + key.name); }
  void held_back(const ObjectKey& key, const std::string&) override { said.push_back("held back " + key.name); }
  void refused(const ObjectKey& key, const Error&) override { said.push_back("refused " + key.name); }
  void failed(const ObjectKey& key, const Error&, std::chrono::milliseconds) override {
    said.push_back("failed " + key.name);
  }
  void set_problem(const Error& error) override { said.push_back("problem " + error.message); }
  void waiting(const Error&) override { said.push_back("waiting"); }
  void round(const RoundSummary& summary) override {
    said.push_back((summary.complete ? "complete " : "incomplete ") + summary.revision);
  }
  [[nodiscard]] bool wants_explanations() const override { return wants_reasons; }
  void explained(const std::string& subject, const Explanation& explanation) override {
    reasons.push_back(subject + ": " + to_string(explanation));
  }
  [[nodiscard]] bool has_reason(const std::string& line) const { return std::ranges::count(reasons, line) != 0; }
  void became_ready(const std::string& revision, std::size_t objects) override {
    fared.push_back("ready " + revision + " " + std::to_string(objects));
  }
  void no_longer_ready(const std::string& revision, const ObjectKey& key, const Health&) override {
    fared.push_back("degraded " + revision + " " + key.name);
  }
  void health_unknown(const ObjectKey& key, const std::string&) override { fared.push_back("unknown " + key.name); }
  [[nodiscard]] std::size_t times(std::string_view line) const {
    return static_cast<std::size_t>(std::ranges::count(said, line));
  }

  int rounds_started = 0;
  std::vector<std::string> said;
  std::vector<std::string> fared;  // of health: "ready r1 2", "degraded r1 a", "unknown a"
  std::vector<Repair> repairs;
  bool wants_reasons = false;
  std::vector<std::string> reasons;  // "ConfigMap web/a: nothing to do: fingerprint known (C5.4)"
};

class ReconcilerTest : public testing::Test {
 protected:
  static constexpr const char* kSet = "applyset-ours-v1";
  static constexpr const char* kInventory = "/api/v1/namespaces/system/configmaps/inventory";

  ReconcilerTest() { make(); }
  ~ReconcilerTest() override {
    api.hold = nullptr;
    reconciler->stop();
    for (fake::ApiServer::Call& call : api.held) {
      if (!call.answer) call.answer = fail(ErrorKind::Cancelled, "the test is over");
      call.signal.cancel();
    }
    settle();
    EXPECT_TRUE(ended) << "stop() did not end run()";
    EXPECT_LE(api.most_at_once_per_path, 1) << "D14: one request per object at a time";
  }

  void make(bool adopt = false) {
    ReconcilerOptions options;
    options.prepare = {"web", "prod", kSet, {"holdfast"}};
    options.adopt = adopt;
    options.chance = [] { return 0.5; };
    options.now = [this] { return now; };
    options.pruning_waits_for = [this] { return pruning_waits_for == nullptr ? std::string() : *pruning_waits_for; };
    if (adjust) adjust(options);
    inventory = std::make_unique<InventoryKeeper>(api, InventoryLocation{"system", "inventory", "prod"});
    reconciler.reset();
    reconciler = std::make_unique<Reconciler>(io.get_executor(), api, live, watches, *inventory, group, observer,
                                              std::move(options));
  }

  void start() {
    ended = false;
    auto task = [this]() -> boost::asio::awaitable<void> {
      EXPECT_TRUE((co_await inventory->load()).has_value());
      if (learned != nullptr) (void)co_await learned->load();
      co_await reconciler->run();
      ended = true;
    };
    boost::asio::co_spawn(io, task, [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
    reconciler->set_catalog(catalog());
    settle();
  }

  static std::shared_ptr<ApiCatalog> catalog() {
    auto made = std::make_shared<ApiCatalog>();
    const auto add = [&](GroupVersionKind gvk, const char* plural, bool namespaced) {
      made->preferred[gvk.group_kind()] = gvk.version;
      made->resources[gvk] = {gvk, plural, namespaced, {"patch"}};
    };
    add({"", "v1", "ConfigMap"}, "configmaps", true);
    add({"", "v1", "Namespace"}, "namespaces", false);
    return made;
  }
  static std::shared_ptr<ApiCatalog> catalog_with_widgets() {
    auto made = catalog();
    const GroupVersionKind gvk{"acme.dev", "v1", "Widget"};
    made->preferred[gvk.group_kind()] = gvk.version;
    made->resources[gvk] = {gvk, "widgets", true, {"patch"}};
    return made;
  }

  // "a=1" is a ConfigMap, "Namespace/n" a Namespace, "Widget/w" a custom resource.
  void git(const std::string& revision, const std::vector<std::string>& objects) {
    auto set = std::make_shared<ManifestSet>();
    set->revision = revision;
    for (const std::string& text : objects) set->manifests.push_back(manifest(text));
    reconciler->set_desired(std::move(set));
    settle();
  }

  static Manifest manifest(const std::string& text) {
    Manifest made;
    const std::size_t slash = text.find('/');
    const std::size_t equals = text.find('=');
    const std::string kind = slash == std::string::npos ? "ConfigMap" : text.substr(0, slash);
    made.name = slash == std::string::npos ? text.substr(0, equals) : text.substr(slash + 1);
    made.gvk = kind == "Widget" ? GroupVersionKind{"acme.dev", "v1", kind} : GroupVersionKind{"", "v1", kind};
    made.body = {{"apiVersion", made.gvk.api_version()}, {"kind", kind}, {"metadata", {{"name", made.name}}}};
    if (equals != std::string::npos) made.body["data"] = json::object{{"k", text.substr(equals + 1)}};
    made.origin = "all.yaml:1";
    return made;
  }

  static ObjectKey key(const std::string& name) { return {"", "ConfigMap", "web", name}; }
  static std::string path(const std::string& name) { return "/api/v1/namespaces/web/configmaps/" + name; }

  void settle() {
    io.restart();
    io.poll();
  }
  void advance(std::chrono::milliseconds by) {
    now += by;
    reconciler->type_synced({"", "Nothing"});  // wakes it, as its timer would
    settle();
  }
  // As the watchers take an object in: the body stays only where the reconciler wants it.
  LivePtr take_in(const std::string& text) {
    JsonIndexer indexer;
    const Result<JsonView> view = indexer.view(text);
    auto read = view ? read_live_object(*view, {"", "v1", "ConfigMap"}) : std::unexpected(view.error());
    EXPECT_TRUE(read.has_value());
    if (read && reconciler->read(**read, *view)) keep_body(**read, text);
    return read ? *read : nullptr;
  }
  // The watch shows what the server holds now, or that it is gone or without our label.
  void watch_event(const std::string& name) {
    const auto found = api.objects.find(path(name));
    if (found == api.objects.end() ||
        string_at(found->second, {"metadata", "labels", "holdfast.dev/installation"}) != "prod") {
      live.objects.erase(key(name));
    } else {
      live.objects[key(name)] = take_in(to_json(found->second));
    }
    reconciler->live_changed(key(name), now);
    settle();
  }
  void hold(const std::string& held_path, Method method = Method::Patch) {
    api.hold = [held_path, method](const ApiRequest& request) {
      return request.method == method && fake::ApiServer::path_of(request) == held_path;
    };
  }
  void release(const std::string& held_path, std::optional<Result<ApiResponse>> instead = {}) {
    api.release(held_path, std::move(instead));
    settle();
  }
  // Git and cluster agree on these, and the watch has shown it.
  void converged(const std::vector<std::string>& objects) {
    start();
    git("r1", objects);
    for (const std::string& text : objects) watch_event(text.substr(0, text.find('=')));
    ASSERT_EQ(observer.times("complete r1"), 1U);
    api.sent.clear();
    observer.said.clear();
  }
  [[nodiscard]] std::size_t patches(const std::string& name) const { return api.count(Method::Patch, path(name)); }
  [[nodiscard]] std::string live_value(const std::string& name) const {
    return std::string(string_at(api.objects.at(path(name)), {"data", "k"}));
  }

  boost::asio::io_context io;
  std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now() + std::chrono::hours(1);
  fake::ApiServer api{io};
  fake::Live live;
  fake::Watches watches;
  fake::Observer observer;
  // As a daemon has it: what is no repair is told of a place in a turn of its own.
  ReconcilerGroup group{ReconcilerGroup::kWritesAtOnce, [this](WriteBudget::Told told) {
                          boost::asio::post(io, [told = std::move(told)] { told({}); });
                        }};
  std::unique_ptr<InventoryKeeper> inventory;
  std::unique_ptr<LearnedKeeper> learned;  // made by `adjust`, where anything is to be kept
  std::unique_ptr<Reconciler> reconciler;
  const std::string* pruning_waits_for = nullptr;
  std::function<void(ReconcilerOptions&)> adjust;  // what make() does besides
  bool ended = true;
};

}  // namespace holdfast::fake
