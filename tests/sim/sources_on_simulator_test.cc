// What commits, and the absence of the repository, come to in the cluster: the program over a repository of its own.
#include <gmock/gmock.h>

#include "cluster/repository.h"
#include "sim/served_simulator.h"

namespace holdfast::cluster {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

std::string config_map(const std::string& name, const std::string& value) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + ", namespace: default}\ndata: {a: \"" + value +
         "\"}\n";
}

class SourcesOnSimulator : public ServedSimulator {
 protected:
  [[nodiscard]] std::vector<std::string> daemon() const {
    return here({"run", "--config", (folder_ / "holdfast.yaml").string(), "-n", "default", "--cache-dir",
                 (folder_ / "cache-of-git").string()});
  }
  void configure(const std::vector<std::string>& applications, const std::string& ref = "branch: main") const {
    std::string text;
    for (const std::string& name : applications)
      text += "---\napiVersion: holdfast.dev/v1alpha1\nkind: Application\nmetadata: {name: " + name +
              "}\nspec:\n  source: {repoURL: \"file://" + repository_.directory() + "\", ref: {" + ref +
              "}, path: " + name + ", interval: 1s}\n";
    write("holdfast.yaml", text);
  }
  std::string value(const std::string& name) { return must({"get", "configmap", name, "-o", "jsonpath={.data.a}"}); }
  std::string version(const std::string& name) {
    return must({"get", "configmap", name, "-o", "jsonpath={.metadata.resourceVersion}"});
  }
  void until(const std::string& name, const std::string& wanted) {
    must({"wait", "configmap", name, "--for=jsonpath={.data.a}=" + wanted, "--timeout=30s"});
  }
  // Until the application is at that commit by its own record.
  void at(const std::string& name, const std::string& commit) {
    must({"wait", "configmap", "holdfast-" + name, "--for=create", "--timeout=30s"});
    must({"wait", "configmap", "holdfast-" + name, "--for=jsonpath={.data.revision}=main@sha1:" + commit,
          "--timeout=30s"});
  }
  // Both of them, up and running.
  std::unique_ptr<HoldfastProcess> hold_two() {
    repository_.write("one/a.yaml", config_map("one", "1"));
    repository_.write("two/a.yaml", config_map("two", "1"));
    const std::string commit = repository_.commit("begin");
    configure({"one", "two"});
    auto holding = std::make_unique<HoldfastProcess>(daemon());
    for (const char* name : {"one", "two"}) at(name, commit);
    return holding;
  }
  [[nodiscard]] std::filesystem::path away() const { return repository_.directory() + ".away"; }

  Repository repository_;
};

TEST_F(SourcesOnSimulator, a_commit_costs_an_application_that_it_does_not_concern_nothing) {
  const auto holding = hold_two();
  const std::string before = version("holdfast-two");
  repository_.write("one/a.yaml", config_map("one", "2"));
  const std::string commit = repository_.commit("one alone");
  at("one", commit);
  holding->wait_for_line("leaves 1 application as it is", 30s);
  const Finished waited =
      HoldfastProcess::run(here({"wait", "--name", "two", "--revision", commit, "--timeout", "20s"}));
  EXPECT_EQ(waited.exit_code, 0) << waited.err;
  EXPECT_THAT(waited.out, HasSubstr("two is at main@sha1:" + commit));
  EXPECT_EQ(holding->stop(10s), 0);
  EXPECT_EQ(version("holdfast-two"), before);
  EXPECT_EQ(value("one"), "2");
}

TEST_F(SourcesOnSimulator, a_restart_goes_on_with_what_later_commits_left_alone) {
  hold_two()->stop(10s);
  const std::string before = version("holdfast-two");
  repository_.write("one/a.yaml", config_map("one", "2"));
  const std::string commit = repository_.commit("one alone");
  HoldfastProcess again(daemon());
  at("one", commit);
  must({"patch", "configmap", "two", "--type=merge", "-p", R"({"data":{"a":"edited"}})"});
  until("two", "1");
  const Finished waited =
      HoldfastProcess::run(here({"wait", "--name", "two", "--revision", commit, "--timeout", "20s"}));
  EXPECT_EQ(waited.exit_code, 0) << waited.err;
  EXPECT_EQ(again.stop(10s), 0);
  EXPECT_EQ(version("holdfast-two"), before) << again.output();
}

TEST_F(SourcesOnSimulator, a_restart_while_the_repository_is_away_heals_what_is_on_record) {
  hold_two()->stop(10s);
  std::filesystem::rename(repository_.directory(), away());
  must({"patch", "configmap", "one", "--type=merge", "-p", R"({"data":{"a":"edited"}})"});
  HoldfastProcess again(daemon());
  again.wait_for_line("which is on record, until the source can be read", 30s);
  until("one", "1");
  EXPECT_EQ(value("two"), "1");
  std::filesystem::rename(away(), repository_.directory());
  repository_.write("one/a.yaml", config_map("one", "2"));
  repository_.commit("back");
  until("one", "2");
  EXPECT_EQ(again.stop(10s), 0);
}

TEST_F(SourcesOnSimulator, without_a_cache_nothing_is_written_until_the_repository_is_back) {
  hold_two()->stop(10s);
  std::filesystem::rename(repository_.directory(), away());
  std::filesystem::remove_all(folder_ / "cache-of-git");
  must({"patch", "configmap", "one", "--type=merge", "-p", R"({"data":{"a":"edited"}})"});
  const std::string edited = version("one"), inventory = version("holdfast-one");
  HoldfastProcess again(daemon());
  again.wait_for_line("what is on record cannot be read either, so nothing is written", 30s);
  EXPECT_EQ(version("one"), edited);
  EXPECT_EQ(version("holdfast-one"), inventory);
  std::filesystem::rename(away(), repository_.directory());
  until("one", "1");
  EXPECT_EQ(again.stop(10s), 0);
}

TEST_F(SourcesOnSimulator, a_deleted_branch_deletes_nothing_and_its_last_commit_is_still_healed) {
  repository_.write("one/a.yaml", config_map("one", "1"));
  repository_.commit("begin");
  repository_.git({"branch", "side"});
  configure({"one"}, "branch: side");
  HoldfastProcess holding(daemon());
  must({"wait", "configmap", "one", "--for=create", "--timeout=30s"});
  repository_.git({"branch", "-D", "side"});
  holding.wait_for_line("there is no branch or tag side", 30s);
  must({"patch", "configmap", "one", "--type=merge", "-p", R"({"data":{"a":"edited"}})"});
  until("one", "1");
  must({"delete", "configmap", "one"});
  must({"wait", "configmap", "one", "--for=create", "--timeout=30s"});
  EXPECT_EQ(holding.stop(10s), 0);
  EXPECT_THAT(holding.output(), Not(HasSubstr("pruned")));
}

}  // namespace
}  // namespace holdfast::cluster
