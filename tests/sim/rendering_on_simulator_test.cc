// What rendering comes to in the cluster, and that no failure of it deletes anything: the program over a repository,
// with the real kustomize.
#include <gmock/gmock.h>

#include <cstdlib>

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

class RenderingOnSimulator : public ServedSimulator {
 protected:
  void SetUp() override {
    ServedSimulator::SetUp();
    const char* program = std::getenv("HOLDFAST_KUSTOMIZE");
    ASSERT_NE(program, nullptr) << "run ./dev test sim";
    std::filesystem::copy_file(program, kustomize());
  }
  [[nodiscard]] std::filesystem::path kustomize() const { return folder_ / "kustomize"; }
  [[nodiscard]] std::vector<std::string> daemon() const {
    return here({"run", "--repo", "file://" + repository_.directory(), "--path", "apps/web", "--name", "web", "-n",
                 "default", "--cache-dir", (folder_ / "cache-of-git").string(), "--interval", "1",
                 "--kustomize-program", kustomize().string()});
  }
  std::string value(const std::string& name) { return must({"get", "configmap", name, "-o", "jsonpath={.data.a}"}); }
  void until(const std::string& name, const std::string& wanted) {
    must({"wait", "configmap", name, "--for=create", "--timeout=30s"});
    must({"wait", "configmap", name, "--for=jsonpath={.data.a}=" + wanted, "--timeout=30s"});
  }
  // Somebody edits an object, and another one is deleted.
  void is_healed(const std::string& wanted) {
    must({"patch", "configmap", "x-web", "--type=merge", "-p", R"({"data":{"a":"edited"}})"});
    until("x-web", wanted);
    must({"delete", "configmap", "x-other"});
    must({"wait", "configmap", "x-other", "--for=create", "--timeout=30s"});
  }

  Repository repository_;
};

TEST_F(RenderingOnSimulator, a_change_of_a_base_is_applied_and_no_failure_deletes_anything) {
  repository_.write("base/kustomization.yaml", "resources: [web.yaml, other.yaml]\n");
  repository_.write("base/web.yaml", config_map("web", "1"));
  repository_.write("base/other.yaml", config_map("other", "1"));
  repository_.write("apps/web/kustomization.yaml", "namePrefix: x-\nresources: [../../base]\n");
  repository_.commit("begin");
  HoldfastProcess holding(daemon());
  until("x-web", "1");
  repository_.write("base/web.yaml", config_map("web", "2"));
  repository_.commit("a base");
  until("x-web", "2");

  const std::string good = "namePrefix: x-\nresources: [../../base]\n";
  const std::vector<std::pair<std::string, std::string>> faults = {
      {"resources: [../../base, missing.yaml]\n", "resources[1] names missing.yaml, which is not there"},
      {"resources: [https://example.org/base]\n", "is an address"},
      {"resources: [../../base]\nnonsense: true\n", "nonsense"},
      {"resources: [\n", "apps/web/kustomization.yaml"},
      {"resources: []\n", "web"},
  };
  for (const auto& [text, message] : faults) {
    repository_.write("apps/web/kustomization.yaml", text);
    repository_.commit("a fault");
    holding.wait_for_line(message, 30s);
    is_healed("2");
  }
  std::filesystem::remove(kustomize());
  repository_.write("apps/web/kustomization.yaml", "# changed\n" + good);
  repository_.commit("the program is gone");
  holding.wait_for_line("there is no such program", 30s);
  is_healed("2");
  std::filesystem::copy_file(std::getenv("HOLDFAST_KUSTOMIZE"), kustomize());
  repository_.write("base/web.yaml", config_map("web", "3"));
  repository_.commit("it is back");
  until("x-web", "3");
  EXPECT_EQ(holding.stop(10s), 0);
  EXPECT_THAT(holding.output(), Not(HasSubstr("pruned")));
}

TEST_F(RenderingOnSimulator, render_prints_what_run_would_hold) {
  repository_.write("apps/web/kustomization.yaml", "namePrefix: x-\nresources: [web.yaml]\n");
  repository_.write("apps/web/web.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n");
  repository_.commit("begin");
  const Finished printed =
      HoldfastProcess::run({"render", "--repo", repository_.directory(), "--path", "apps/web", "--cache-dir",
                            (folder_ / "cache").string(), "--kustomize-program", kustomize().string()});
  EXPECT_EQ(printed.exit_code, 0) << printed.err;
  EXPECT_THAT(printed.out, HasSubstr("---\n# apps/web/web.yaml:1\napiVersion: v1\n"));
  EXPECT_THAT(printed.out, HasSubstr("name: x-web\n"));
  const Finished failed = HoldfastProcess::run({"render", "--repo", repository_.directory(), "--path", "apps/none",
                                                "--cache-dir", (folder_ / "cache").string()});
  EXPECT_EQ(failed.exit_code, 2);
  EXPECT_EQ(failed.out, "");
}

}  // namespace
}  // namespace holdfast::cluster
