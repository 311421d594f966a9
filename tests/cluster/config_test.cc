// Several applications in one process, from a configuration that is edited while it runs.
#include <gtest/gtest.h>

#include <fstream>

#include "cluster/application.h"
#include "cluster/eventually.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;

constexpr auto kDeadline = 20s;

// Namespace and installation are those of the one test; applications are folders of one repository.
class ConfigTest : public testing::Test {
 protected:
  ConfigTest()
      : plane(ControlPlane::shared()), app(plane, name_of_test("config")), config(app.repository.cache() + ".d") {
    app.kubectl.must({"create", "namespace", app.name});
    std::filesystem::create_directories(config);
  }
  ~ConfigTest() override {
    daemon.reset();
    std::error_code ignored;
    std::filesystem::remove_all(config, ignored);
  }

  // An Application that reads the folder of its name; `spec` is more of it, indented by two.
  [[nodiscard]] std::string application(const std::string& name, const std::string& spec = "") const {
    return "apiVersion: holdfast.dev/v1alpha1\nkind: Application\nmetadata: {name: " + name + "}\nspec:\n  source:\n" +
           "    repoURL: " + app.repository.directory() + "\n    path: " + name + "\n" + spec;
  }

  // As an editor does it: whoever looks sees the old file or the new one.
  void configure(const std::string& name, const std::string& text) const {
    const std::string path = config + "/" + name + ".yaml", hidden = config + "/." + name;
    std::ofstream(hidden) << text;
    std::filesystem::rename(hidden, path);
  }
  void unconfigure(const std::string& name) const { std::filesystem::remove(config + "/" + name + ".yaml"); }

  [[nodiscard]] std::vector<std::string> arguments(const std::string& verb) const {
    return {verb,     "--config",       config,   "--kubeconfig", plane.kubeconfig(),    "--namespace",
            app.name, "--installation", app.name, "--cache-dir",  app.repository.cache()};
  }
  void start() { daemon = std::make_unique<HoldfastProcess>(arguments("run")); }

  std::string wait_for(const std::string& text, std::size_t from = 0) {
    return daemon->wait_for_line(text, kDeadline, from);
  }
  void wait_synced(const std::string& name, const std::string& commit, std::size_t from = 0) {
    const auto synced = [&] {
      for (const std::string& line : daemon->lines(from))
        if (line.contains("the cluster is at main@sha1:" + commit) && line.contains("application=" + name)) return true;
      return false;
    };
    ASSERT_TRUE(eventually(synced, kDeadline)) << name << " is not at " << commit << "\n" << daemon->output();
  }

  [[nodiscard]] std::string color(const std::string& object) const { return app.field(object, "{.data.color}"); }
  [[nodiscard]] bool exists(const std::string& object) const { return !color(object).empty(); }
  void paint(const std::string& object, const std::string& color) const {
    app.kubectl.must({"-n", app.name, "patch", "configmap", object, "--type=merge", "-p",
                      R"({"data":{"color":")" + color + R"("}})"});
  }

  ControlPlane plane;
  Application app;
  std::string config;
  std::unique_ptr<HoldfastProcess> daemon;
};

TEST_F(ConfigTest, ask_37_a_move_between_applications_in_one_commit_keeps_the_object) {
  app.repository.write("one/moved.yaml", app.config_map("moved", "blue"));
  app.repository.write("one/stays.yaml", app.config_map("stays", "blue"));
  app.repository.write("two/other.yaml", app.config_map("other", "blue"));
  const std::string first = app.repository.commit("Start");
  configure("both", application("one") + "---\n" + application("two"));
  start();
  wait_synced("one", first);
  wait_synced("two", first);
  const std::string uid = app.field("moved", "{.metadata.uid}"),
                    set = "{.metadata.labels.applyset\\.kubernetes\\.io/part-of}";
  const std::string set_of_two = app.field("other", set);
  ASSERT_NE(app.field("moved", set), set_of_two);
  const auto since = std::chrono::system_clock::now();

  app.repository.remove("one/moved.yaml");
  app.repository.write("two/moved.yaml", app.config_map("moved", "blue"));
  const std::string second = app.repository.commit("Move");
  wait_synced("one", second);
  wait_synced("two", second);
  EXPECT_EQ(app.field("moved", "{.metadata.uid}"), uid);
  EXPECT_EQ(app.field("moved", set), set_of_two);
  EXPECT_TRUE(daemon->output().contains("belongs to two now")) << daemon->output();
  std::size_t writes = 0;
  for (const AuditedRequest& request : app.requests_for("moved", since)) {
    EXPECT_NE(request.verb, "delete");
    writes += request.is_write() && request.code < 300 ? 1 : 0;
  }
  EXPECT_EQ(writes, 1U) << "the label alone changes hands";
}

// What gives the object away has to wait for what takes it, and nothing was learned of either in this process.
TEST_F(ConfigTest, ask_37_a_new_process_moves_an_object_to_what_its_application_depends_on) {
  app.repository.write("one/moved.yaml", app.config_map("moved", "blue"));
  app.repository.write("one/stays.yaml", app.config_map("stays", "blue"));
  app.repository.write("two/other.yaml", app.config_map("other", "blue"));
  const std::string first = app.repository.commit("Start");
  configure("both", application("one", "  dependsOn: [{name: two}]\n") + "---\n" + application("two"));
  start();
  wait_synced("one", first);
  const std::string uid = app.field("moved", "{.metadata.uid}");
  ASSERT_EQ(daemon->stop(10s), 0);

  app.repository.remove("one/moved.yaml");
  app.repository.write("two/moved.yaml", app.config_map("moved", "green"));
  const std::string second = app.repository.commit("Move");
  start();
  wait_synced("two", second);
  wait_synced("one", second);
  EXPECT_EQ(app.field("moved", "{.metadata.uid}"), uid);
  EXPECT_EQ(color("moved"), "green");
  EXPECT_EQ(daemon->stop(10s), 0);
}

TEST_F(ConfigTest, ask_14_what_is_ignored_is_neither_written_nor_reported_nor_in_a_diff) {
  app.repository.write("one/a.yaml", app.config_map("a", "blue"));
  const std::string first = app.repository.commit("Start");
  configure("one", application("one", "  ignore:\n    - paths: [/data/color]\n      target: {kind: ConfigMap}\n"));
  start();
  wait_synced("one", first);
  EXPECT_EQ(color("a"), "") << "it is not even there";
  paint("a", "red");
  EXPECT_EQ(HoldfastProcess::run(arguments("diff")).exit_code, 0);
  const std::size_t from = daemon->lines().size();
  app.kubectl.must({"-n", app.name, "patch", "configmap", "a", "--type=merge", "-p", R"({"data":{"size":"tiny"}})"});
  wait_for("put back", from);
  EXPECT_EQ(color("a"), "red");
  EXPECT_EQ(app.field("a", "{.data.size}"), "large");
  EXPECT_FALSE(daemon->output().contains(".data.color was")) << daemon->output();
}

TEST_F(ConfigTest, a_broken_manifest_hinders_nobody_else) {
  app.repository.write("good/a.yaml", app.config_map("good", "blue"));
  app.repository.write("bad/a.yaml", "kind: [");
  const std::string first = app.repository.commit("Start");
  configure("good", application("good"));
  configure("bad", application("bad"));
  configure("locked", application("locked", "    credentials: {passwordFile: missing}\n"));
  start();
  wait_for("bad/a.yaml");
  wait_for("locked cannot be held");
  wait_synced("good", first);
  paint("good", "red");
  wait_for("put back ConfigMap " + app.name + "/good");

  app.repository.write("bad/a.yaml", app.config_map("bad", "blue"));
  const std::string second = app.repository.commit("Repair");
  wait_synced("bad", second);
  wait_for("leaves 1 application as it is");
}

TEST_F(ConfigTest, one_that_leaves_the_configuration_leaves_its_objects) {
  app.repository.write("one/a.yaml", app.config_map("a", "blue"));
  app.repository.write("two/b.yaml", app.config_map("b", "blue"));
  const std::string commit = app.repository.commit("Start");
  configure("one", application("one"));
  configure("two", application("two"));
  start();
  wait_synced("one", commit);
  wait_synced("two", commit);
  const std::string version = app.field("a", "{.metadata.resourceVersion}");
  unconfigure("one");
  wait_for("letting go of one; its objects stay");
  paint("b", "red");
  wait_for("put back ConfigMap " + app.name + "/b");
  EXPECT_EQ(app.field("a", "{.metadata.resourceVersion}"), version);
  paint("a", "red");
  paint("b", "green");
  ASSERT_TRUE(eventually([&] { return color("b") == "blue"; }, kDeadline));
  EXPECT_EQ(color("a"), "red") << "nobody holds it any more";
}

TEST_F(ConfigTest, one_whose_objects_are_to_go_with_it_is_pruned_under_the_guards) {
  app.repository.write("one/a.yaml", app.config_map("a", "blue"));
  app.repository.write("one/namespace.yaml",
                       "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: " + app.name + "-more\n");
  app.repository.write("two/b.yaml", app.config_map("b", "blue"));
  const std::string commit = app.repository.commit("Start");
  configure("one", application("one", "  prune: false\n  deletionPolicy: Prune\n"));
  configure("two", application("two"));
  start();
  wait_synced("one", commit);
  wait_synced("two", commit);
  unconfigure("one");
  wait_for("pruned ConfigMap " + app.name + "/a");
  wait_for("did not prune Namespace " + app.name + "-more");
  wait_for("one has ended; what was held back stays");
  EXPECT_FALSE(exists("a"));
  EXPECT_TRUE(exists("b"));
  const Finished got = HoldfastProcess::run({"get", "--kubeconfig", plane.kubeconfig(), "--installation", app.name});
  EXPECT_TRUE(got.out.contains(app.name + "-more") && got.out.contains("the end of one")) << got.out;
  EXPECT_TRUE(got.out.contains("two")) << got.out;
}

TEST_F(ConfigTest, one_that_has_ended_leaves_no_record) {
  app.repository.write("one/a.yaml", app.config_map("a", "blue"));
  app.repository.write("two/b.yaml", app.config_map("b", "blue"));
  const std::string commit = app.repository.commit("Start");
  configure("one", application("one", "  deletionPolicy: Prune\n"));
  configure("two", application("two"));
  start();
  wait_synced("one", commit);
  wait_synced("two", commit);
  const auto records = [&] { return app.kubectl.must({"-n", app.name, "get", "configmaps,secrets", "-o", "name"}); };
  ASSERT_TRUE(eventually([&] { return records().contains("configmap/holdfast-one.learned-0"); }, kDeadline));
  EXPECT_TRUE(records().contains("secret/holdfast-one.key"));
  unconfigure("one");
  wait_for("one has ended");
  ASSERT_TRUE(eventually([&] { return !records().contains("holdfast-one"); }, kDeadline)) << records();
  EXPECT_TRUE(records().contains("holdfast-two"));
  const Finished got = HoldfastProcess::run({"get", "--kubeconfig", plane.kubeconfig(), "--installation", app.name});
  EXPECT_FALSE(got.out.contains("\none ")) << got.out;
  EXPECT_TRUE(got.out.contains("two")) << got.out;
}

TEST_F(ConfigTest, what_leaves_git_stays_where_pruning_is_off) {
  app.repository.write("one/a.yaml", app.config_map("a", "blue"));
  app.repository.write("one/b.yaml", app.config_map("b", "blue"));
  const std::string first = app.repository.commit("Start");
  configure("one", application("one", "  prune: false\n"));
  start();
  wait_synced("one", first);
  app.repository.remove("one/b.yaml");
  const std::string second = app.repository.commit("Remove");
  wait_synced("one", second);
  app.repository.write("one/a.yaml", app.config_map("a", "green"));
  const std::string third = app.repository.commit("Paint");
  wait_synced("one", third);
  EXPECT_TRUE(exists("b"));
  std::size_t said = 0;
  for (const std::string& line : daemon->lines()) said += line.contains("did not prune ConfigMap") ? 1 : 0;
  EXPECT_EQ(said, 1U) << daemon->output();
}

TEST_F(ConfigTest, what_depends_on_another_begins_when_that_is_ready_and_is_healed_meanwhile) {
  app.repository.write("base/a.yaml", app.config_map("base", "blue"));
  app.repository.write("shop/b.yaml", app.config_map("shop", "blue"));
  const std::string first = app.repository.commit("Start");
  configure("both", application("shop", "  dependsOn: [{name: base}]\n") + "---\n" + application("base"));
  start();
  wait_synced("base", first);
  wait_synced("shop", first);
  const auto made = [&](const std::string& object) {
    return std::stol(app.field(object, "{.metadata.resourceVersion}"));
  };
  EXPECT_LT(made("base"), made("shop"));

  // The base cannot be brought about: the shop waits, and is held at what it has.
  app.repository.write("base/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: base, namespace: " + app.name +
                                          "}\ndata: {color: 7}\n");
  app.repository.write("shop/b.yaml", app.config_map("shop", "green"));
  std::size_t from = daemon->line_count();
  const std::string second = app.repository.commit("Broken base");
  wait_for("main@sha1:" + second + " waits until what it depends on is ready: base", from);
  wait_for("could not be applied", from);
  paint("shop", "red");
  wait_for("put back ConfigMap " + app.name + "/shop", from);
  EXPECT_EQ(color("shop"), "blue");

  from = daemon->line_count();
  app.repository.write("base/a.yaml", app.config_map("base", "green"));
  app.repository.commit("Good base");
  wait_synced("shop", second, from);  // which is the last one that concerns it
  EXPECT_EQ(color("shop"), "green");
}

// Nobody makes the Deployment's pods here; the test says for its controller what became of it.
TEST_F(ConfigTest, a_dependency_has_to_be_healthy_not_only_applied) {
  const std::string labels = "{app: db}";
  app.repository.write("base/db.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: db, namespace: " +
                                           app.name + "}\nspec:\n  replicas: 1\n  selector: {matchLabels: " + labels +
                                           "}\n  template:\n    metadata: {labels: " + labels +
                                           "}\n    spec:\n      containers: [{name: main, image: example.com/db:1}]\n");
  app.repository.write("shop/b.yaml", app.config_map("b", "blue"));
  const std::string commit = app.repository.commit("Start");
  configure("both",
            application("base", "  timeout: 1s\n") + "---\n" + application("shop", "  dependsOn: [{name: base}]\n"));
  std::vector<std::string> once = arguments("run");
  once.emplace_back("--once");
  const Finished tried = HoldfastProcess::run(once);
  EXPECT_EQ(tried.exit_code, 1) << tried.err;
  EXPECT_TRUE(app.kubectl.must({"-n", app.name, "get", "deployments"}).contains("db"));

  start();
  wait_synced("base", commit);
  wait_for("shop goes on waiting for base, which is applied and not healthy: Deployment.apps " + app.name + "/db");
  EXPECT_FALSE(exists("b"));
  const auto status = [&](const std::string& conditions) {
    app.kubectl.must({"-n", app.name, "patch", "deployment", "db", "--subresource=status", "--type=merge", "-p",
                      R"({"status":{"observedGeneration":1,"replicas":1,"updatedReplicas":1,"readyReplicas":1,)"
                      R"("availableReplicas":1,"conditions":[)" +
                          conditions + "]}}"});
  };
  status(R"({"type":"Available","status":"True"},
            {"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"})");
  EXPECT_TRUE(wait_for("main@sha1:" + commit + " is healthy: 1 object").contains("application=base"));
  wait_synced("shop", commit);
  EXPECT_TRUE(exists("b"));

  status(R"({"type":"Available","status":"True"},
            {"type":"Progressing","status":"False","reason":"ProgressDeadlineExceeded","message":"too slow"})");
  wait_for("main@sha1:" + commit + " is no longer healthy: Deployment.apps " + app.name + "/db is Degraded");
}

TEST_F(ConfigTest, an_object_that_moves_to_one_that_waits_for_the_giver_gets_there) {
  app.repository.write("base/a.yaml", app.config_map("a", "blue"));
  app.repository.write("base/moved.yaml", app.config_map("moved", "blue"));
  app.repository.write("shop/b.yaml", app.config_map("b", "blue"));
  const std::string first = app.repository.commit("Start");
  configure("both", application("base") + "---\n" + application("shop", "  dependsOn: [{name: base}]\n"));
  start();
  wait_synced("shop", first);
  const std::string uid = app.field("moved", "{.metadata.uid}");
  app.repository.remove("base/moved.yaml");
  app.repository.write("shop/moved.yaml", app.config_map("moved", "blue"));
  const std::string second = app.repository.commit("Move");
  wait_synced("base", second);
  wait_synced("shop", second);
  EXPECT_EQ(app.field("moved", "{.metadata.uid}"), uid);
  EXPECT_TRUE(daemon->output().contains("belongs to shop now")) << daemon->output();
}

TEST_F(ConfigTest, edits_while_running_are_followed_and_a_wrong_one_changes_nothing) {
  app.repository.write("one/a.yaml", app.config_map("a", "blue"));
  app.repository.write("two/b.yaml", app.config_map("b", "blue"));
  app.repository.write("two/b.test.yaml", app.config_map("test", "blue"));
  const std::string commit = app.repository.commit("Start");
  configure("one", application("one"));
  start();
  wait_synced("one", commit);

  configure("two", application("two", "    directory: {exclude: '*.test.yaml'}\n"));
  wait_synced("two", commit);
  EXPECT_FALSE(exists("test"));
  configure("two", application("two", "    directory: {exclud: x}\n"));
  wait_for("did you mean spec.source.directory.exclude?");
  paint("b", "red");
  wait_for("put back ConfigMap " + app.name + "/b");

  configure("two", application("two"));
  wait_for("the configuration is good again");
  ASSERT_TRUE(eventually([&] { return exists("test"); }, kDeadline)) << daemon->output();

  // Suspended: nothing is done, and nothing is lost.
  std::size_t from = daemon->line_count();
  configure("two", application("two", "  suspend: true\n"));
  wait_for("letting go of two", from);
  paint("b", "red");
  paint("a", "red");
  wait_for("put back ConfigMap " + app.name + "/a", from);
  EXPECT_EQ(color("b"), "red");
  from = daemon->line_count();
  configure("two", application("two"));
  wait_synced("two", commit, from);
  EXPECT_EQ(color("b"), "blue");
  EXPECT_EQ(daemon->stop(10s), 0) << daemon->output();
}

TEST_F(ConfigTest, run_once_and_diff_take_a_configuration) {
  app.repository.write("one/a.yaml", app.config_map("a", "blue"));
  app.repository.write("two/b.yaml", app.config_map("b", "blue"));
  app.repository.commit("Start");
  configure("both", application("one", "  dependsOn: [{name: two}]\n") + "---\n" + application("two"));
  const auto once = [&] {
    std::vector<std::string> command = arguments("run");
    command.push_back("--once");
    return HoldfastProcess::run(command);
  };
  const Finished first = once();
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_TRUE(exists("a") && exists("b"));

  app.repository.remove("one/a.yaml");
  app.repository.write("one/c.yaml", app.config_map("c", "blue"));
  app.repository.write("two/a.yaml", app.config_map("a", "blue"));
  app.repository.commit("Move");
  const Finished all = HoldfastProcess::run(arguments("diff"));
  EXPECT_EQ(all.exit_code, 1) << all.err;
  EXPECT_TRUE(all.out.contains("move      ConfigMap " + app.name + "/a  to two")) << all.out;
  EXPECT_TRUE(all.out.contains("1 to create, 1 to change, 0 to replace, 0 to prune, 1 to move; 1 in sync")) << all.out;
  std::vector<std::string> of_two = arguments("diff");
  of_two.insert(of_two.end(), {"--name", "two"});
  const Finished two = HoldfastProcess::run(of_two);
  EXPECT_TRUE(two.out.contains("# two") && !two.out.contains("# one")) << two.out;

  // What depends on one that fails is not tried, and that ends too.
  app.repository.write("two/a.yaml", "kind: [");
  app.repository.commit("Broken");
  const Finished broken = once();
  EXPECT_EQ(broken.exit_code, 1) << broken.err;
  EXPECT_FALSE(exists("c")) << broken.err;

  // Without the dependency it is, but nothing is pruned that may have moved where nobody could look.
  configure("both", application("one") + "---\n" + application("two"));
  const Finished half = once();
  EXPECT_EQ(half.exit_code, 1) << half.err;
  EXPECT_TRUE(exists("c") && exists("a")) << half.err;
}

}  // namespace
}  // namespace holdfast::cluster
