// `holdfast why` as a person types it, on a cluster that Holdfast holds from a Git repository.
#include <gmock/gmock.h>

#include "cluster/repository.h"
#include "sim/served_simulator.h"

namespace holdfast::cluster {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

const std::string kWeb = std::string(kWebDeployment) + R"(---
apiVersion: v1
kind: Secret
metadata: {name: token, namespace: default}
stringData: {password: hunter2}
)";

class WhyOnSimulator : public ServedSimulator {
 protected:
  WhyOnSimulator() {
    repository_.write("apps/web.yaml", kWeb);
    repository_.commit("Begin the shop");
    std::string three = kWeb;
    three.replace(three.find("replicas: 2"), 11, "replicas: 3");
    repository_.write("apps/web.yaml", three);
    newest_ = repository_.commit("Scale the shop to three");
    std::vector<std::string> once = {"run", "--once"};
    const Finished applied = HoldfastProcess::run(with_source(std::move(once)));
    if (applied.exit_code != 0) throw std::runtime_error(applied.err);
  }

  [[nodiscard]] std::vector<std::string> with_source(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(),
                     {"--repo", repository_.directory(), "--path", "apps", "--cache-dir", repository_.cache()});
    return here(std::move(arguments));
  }
  [[nodiscard]] Finished why(std::vector<std::string> words) const {
    words.insert(words.begin(), "why");
    return HoldfastProcess::run(with_source(std::move(words)));
  }

  Repository repository_;
  std::string newest_;
};

TEST_F(WhyOnSimulator, ask_38_a_field_that_somebody_took_names_them_and_the_commit_that_declares_it) {
  must({"scale", "deployment/web", "--replicas=5"});
  const Finished told = why({"deploy/web", ".spec.replicas"});
  EXPECT_EQ(told.exit_code, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr(".spec.replicas: 5\n  owner     kubectl, Update of scale"));
  EXPECT_THAT(told.out, HasSubstr("declared  apps/web.yaml:5, " + newest_.substr(0, 7) + " by "));
  EXPECT_THAT(told.out, HasSubstr(": Scale the shop to three\n  in Git    3\n"));
  EXPECT_THAT(told.out, HasSubstr("run puts it back at once"));
}

TEST_F(WhyOnSimulator, every_field_has_its_owner) {
  must({"label", "deployment", "web", "team=shop"});
  const Finished told = why({"Deployment", "web"});
  EXPECT_EQ(told.exit_code, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr("Deployment.apps default/web, of the application apps"));
  EXPECT_THAT(told.out, HasSubstr(".metadata.labels.team: \"shop\"\n  owner     kubectl-label, Update"));
  EXPECT_THAT(
      told.out,
      HasSubstr(".spec.template.spec.containers[name=\"web\"].image: \"nginx:1\"\n  owner     holdfast, Apply"));
  EXPECT_THAT(told.out, HasSubstr("nobody owns these"));
  EXPECT_THAT(told.out, HasSubstr("  .spec.revisionHistoryLimit: 10\n"));
}

TEST_F(WhyOnSimulator, no_secret_is_printed) {
  must({"patch", "secret", "token", "--type", "merge", "-p", R"({"data":{"password":"aGFja2Vk"}})"});
  for (const char* output : {"text", "json", "yaml"}) {
    const Finished told = why({"secret/token", "-o", output});
    EXPECT_EQ(told.exit_code, 0) << told.err;
    EXPECT_THAT(told.out, HasSubstr("(secret)"));
    for (const char* secret : {"hunter2", "aHVudGVyMg==", "aGFja2Vk"}) EXPECT_THAT(told.out, Not(HasSubstr(secret)));
  }
}

TEST_F(WhyOnSimulator, what_is_gone_or_never_was_is_said) {
  must({"delete", "secret", "token"});
  const Finished gone = why({"secret/token"});
  EXPECT_EQ(gone.exit_code, 1);
  EXPECT_THAT(gone.out, HasSubstr("it is not in the cluster; run puts it back at once"));
  EXPECT_THAT(gone.out, HasSubstr("declared in apps/web.yaml:11"));
  const Finished never = why({"deploy/nope"});
  EXPECT_EQ(never.exit_code, 1);
  EXPECT_THAT(never.err, HasSubstr("there is no deploy nope in the namespace default, and Git declares none"));
  EXPECT_EQ(why({"deploy/web", ".spec.nope"}).exit_code, 1);
  EXPECT_EQ(why({"starship/web"}).exit_code, 2);
  EXPECT_EQ(why({"deploy"}).exit_code, 2);
}

TEST_F(WhyOnSimulator, D15_what_was_there_before_is_not_said_to_be_put_back) {
  must({"create", "configmap", "mine", "--from-literal=a=1"});
  repository_.write("apps/mine.yaml",
                    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: mine, namespace: default}\ndata: {a: \"2\"}\n");
  repository_.commit("Want what is somebody else's");
  const Finished told = why({"configmap/mine", ".data.a"});
  EXPECT_EQ(told.exit_code, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr("run leaves it alone: it was there before this application; --adopt takes it over"));
  EXPECT_THAT(told.out, Not(HasSubstr("puts it back")));
}

TEST_F(WhyOnSimulator, ask_33_an_object_that_does_not_go_says_what_holds_it) {
  must({"patch", "secret", "token", "--type", "merge", "-p", R"({"metadata":{"finalizers":["ex.io/slow"]}})"});
  must({"delete", "secret", "token", "--wait=false"});
  EXPECT_THAT(why({"secret/token"}).out, HasSubstr("it is being deleted, held by its finalizers: ex.io/slow"));
}

TEST_F(WhyOnSimulator, without_git_there_are_owners_all_the_same) {
  const Finished told = HoldfastProcess::run(here({"why", "deploy/web", ".spec.replicas"}));
  EXPECT_EQ(told.exit_code, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr("nothing is known of Git: name it by --repo and --path, or by --config"));
  EXPECT_THAT(told.out, HasSubstr("owner     holdfast, Apply"));
}

TEST_F(WhyOnSimulator, the_applications_of_a_configuration_are_asked_too) {
  write("holdfast.yaml",
        "apiVersion: holdfast.dev/v1alpha1\nkind: Application\nmetadata: {name: apps}\nspec:\n"
        "  source: {repoURL: " +
            repository_.directory() +
            ", path: apps}\n"
            "  drift: {policy: Warn}\n");
  must({"scale", "deployment/web", "--replicas=5"});
  const Finished told =
      HoldfastProcess::run(here({"why", "deploy/web", "/spec/replicas", "--config",
                                 (folder_ / "holdfast.yaml").string(), "--cache-dir", repository_.cache()}));
  EXPECT_EQ(told.exit_code, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr("run reports it and leaves it so, by spec.drift"));
}

TEST_F(WhyOnSimulator, a_diff_explains_each_object) {
  must({"scale", "deployment/web", "--replicas=5"});
  const Finished told = HoldfastProcess::run(with_source({"diff", "--explain"}));
  EXPECT_EQ(told.exit_code, 1) << told.err;
  EXPECT_THAT(told.err, HasSubstr("explain: Deployment.apps default/web: change: "));
  EXPECT_THAT(told.err, HasSubstr("explain: Secret default/token: nothing to do: "));
  const Finished listed = HoldfastProcess::run(here({"get", "--explain"}));
  EXPECT_THAT(listed.err,
              HasSubstr("explain: Secret default/token: Present: its uid is the one that the inventory has (D11)"));
}

TEST_F(WhyOnSimulator, run_explains_each_decision_where_it_is_asked_to) {
  HoldfastProcess daemon(with_source({"run", "--explain"}));
  daemon.wait_for_line("the cluster is at", 20s);
  must({"scale", "deployment/web", "--replicas=5"});
  daemon.wait_for_line("put back Deployment.apps default/web", 10s);
  daemon.wait_for_line(
      "explain: Deployment.apps default/web: put it back by apply: owned fields differ from what converged (C5.6)", 1s);
  EXPECT_THAT(daemon.output(),
              HasSubstr("explain: Secret default/token: nothing to do: it is as an earlier process has learned it"));
  EXPECT_EQ(daemon.stop(10s), 0);
}

}  // namespace
}  // namespace holdfast::cluster
