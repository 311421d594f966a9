// Applications of tenants: each acts as the ServiceAccount that it names, the API server decides what that may do and
// says so in its own words, and nothing of the daemon's own rights comes out another way.
#include <gmock/gmock.h>

#include "cluster/installed.h"

namespace holdfast::cluster {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kAll = "get,list,watch,create,update,patch,delete";
constexpr const char* kDaemon = "system:serviceaccount:holdfast-system:holdfast";

class Tenancy : public InstalledOnce<Tenancy> {
 protected:
  // Each test has namespaces of its own.
  Tenancy() {
    static int number = 0;
    ++number;
    a_ = "team-a" + std::to_string(number);
    b_ = "team-b" + std::to_string(number);
    namespaces({a_, b_});
    install({"--tenancy", "--tenant", a_ + "/deployer", "--tenant", b_ + "/deployer"});
    wait_for_definitions();
    account(b_, "deployer", kAll, "configmaps,secrets");
  }
  ~Tenancy() override {
    daemon_.reset();
    for (const std::string& name : {a_, b_}) forget("hfapp", name);
  }

  void commit(const std::string& path, const std::string& text) const {
    repository_.write(path, text);
    repository_.commit("Write " + path);
  }
  void start() {
    Installed::start({"--tenancy"});
    daemon_->wait_for_line("holding what belongs on", kDeadline);
  }
  [[nodiscard]] std::string ready(const std::string& part = "message") const {
    return condition(a_, "shop", "Ready", part);
  }
  // Says in the record of its application that it has held that of the other tenant, beside its page.
  void claim_by_record(const std::string& name) const {
    const std::string record = kubectl_.field(a_, "configmap", "holdfast-shop", "{.data.inventory}");
    std::string line = record.substr(0, record.find('\n'));
    line.replace(line.find("page"), 4, name);
    line.replace(line.find(a_), a_.size(), b_);
    const std::string page = kubectl_.field(a_, "configmap", "page", "{.metadata.uid}");
    line.replace(line.find(page), page.size(), kubectl_.field(b_, "configmap", name, "{.metadata.uid}"));
    std::string patch = R"({"data":{"inventory":")";
    for (const char c : record + "\n" + line) patch += c == '\n' ? "\\n" : c == '"' ? "\\\"" : std::string(1, c);
    kubectl_.must({"-n", a_, "patch", "configmap", "holdfast-shop", "--type=merge", "-p", patch + R"("}})"});
  }
  // What the server says to the account about objects of a type.
  [[nodiscard]] std::string refusal(const std::string& verb, const std::string& resource,
                                    const std::string& namespace_) const {
    return "User \"system:serviceaccount:" + a_ + ":deployer\" cannot " + verb + " resource \"" + resource +
           "\" in API group \"\" in the namespace \"" + namespace_ + "\"";
  }

  std::string a_, b_;
};

TEST_F(Tenancy, what_names_no_account_is_refused_with_what_to_set) {
  account(a_, "deployer", kAll, "configmaps");
  commit("shop/page.yaml", config_map("page", "blue"));
  start();
  apply(application(a_, "shop"));
  EXPECT_TRUE(eventually_says([&] { return ready(); }, "spec.serviceAccountName is not set")) << daemon_->output();
  EXPECT_THAT(ready(), HasSubstr("holdfast install --tenancy --tenant " + a_ + "/NAME"));
  EXPECT_EQ(color(a_, "page"), "");
  apply(application(a_, "shop", "  serviceAccountName: deployer\n"));
  EXPECT_TRUE(becomes_ready(a_, "shop")) << daemon_->output();
  EXPECT_EQ(color(a_, "page"), "blue");
}

// The destination is the application's own namespace, where none is named.
TEST_F(Tenancy, all_that_concerns_its_objects_is_asked_as_the_account) {
  account(a_, "deployer", kAll, "configmaps");
  commit("shop/page.yaml", config_map("page", "blue"));
  commit("shop/old.yaml", config_map("old", "grey"));
  const auto since = std::chrono::system_clock::now();
  start();
  apply(application(a_, "shop", "  serviceAccountName: deployer\n  pruneLimit: {objects: 5}\n"));
  ASSERT_TRUE(becomes_ready(a_, "shop")) << daemon_->output();
  kubectl_.must({"-n", a_, "patch", "configmap", "page", "--type=merge", "-p", R"({"data":{"color":"red"}})"});
  EXPECT_TRUE(eventually([&] { return color(a_, "page") == "blue"; }, kDeadline)) << daemon_->output();
  repository_.remove("shop/old.yaml");
  repository_.commit("Remove it");
  EXPECT_TRUE(eventually([&] { return color(a_, "old").empty(); }, kDeadline)) << daemon_->output();
  plane_.settle_audit();
  std::size_t as_account = 0;
  for (const AuditedRequest& request : plane_.requests(kDaemon, since)) {
    if (request.name != "page" && request.name != "old") continue;
    EXPECT_EQ(request.impersonated, "system:serviceaccount:" + a_ + ":deployer") << request.verb << " " << request.uri;
    ++as_account;
  }
  EXPECT_GE(as_account, 4U);
}

TEST_F(Tenancy, without_permission_it_fails_in_the_servers_own_words_and_touches_nothing) {
  account(a_, "deployer", "", "");
  commit("shop/page.yaml", config_map("page", "blue"));
  start();
  apply(application(a_, "shop", "  serviceAccountName: deployer\n"));
  EXPECT_TRUE(eventually_says([&] { return ready(); }, refusal("get", "configmaps", a_))) << daemon_->output();
  EXPECT_EQ(ready("reason"), "ReconciliationFailed");
  EXPECT_EQ(color(a_, "page"), "");
  // As soon as it may, it does.
  kubectl_.must({"-n", a_, "create", "role", "deployer", std::string("--verb=") + kAll, "--resource=configmaps"});
  kubectl_.must(
      {"-n", a_, "create", "rolebinding", "deployer", "--role=deployer", "--serviceaccount=" + a_ + ":deployer"});
  EXPECT_TRUE(eventually([&] { return color(a_, "page") == "blue"; }, std::chrono::seconds(120))) << daemon_->output();
}

TEST_F(Tenancy, what_another_tenant_has_is_neither_shown_nor_claimed) {
  account(a_, "deployer", kAll, "configmaps");
  commit("other/plan.yaml", config_map("plan", "secret-blue"));
  commit("shop/plan.yaml", config_map("plan", "mine", b_));
  commit("shop/page.yaml", config_map("page", "blue"));
  start();
  apply(application(b_, "other", "  serviceAccountName: deployer\n"));
  ASSERT_TRUE(becomes_ready(b_, "other")) << daemon_->output();
  const std::string before = kubectl_.must({"-n", b_, "get", "configmap", "plan", "-o", "yaml"});
  apply(application(a_, "shop", "  serviceAccountName: deployer\n"));
  EXPECT_TRUE(eventually_says([&] { return ready(); }, refusal("get", "configmaps", b_))) << daemon_->output();
  EXPECT_TRUE(eventually([&] { return color(a_, "page") == "blue"; }, kDeadline)) << daemon_->output();
  const std::string shown = kubectl_.must({"-n", a_, "get", "hfapp", "shop", "-o", "yaml"}) +
                            kubectl_.must({"-n", a_, "get", "events", "-o", "yaml"});
  EXPECT_THAT(shown, Not(HasSubstr("secret-blue")));
  EXPECT_THAT(shown, Not(HasSubstr("applyset-")));
  EXPECT_THAT(shown, Not(HasSubstr("application other")));
  EXPECT_THAT(shown, Not(HasSubstr(b_ + "/other")));
  EXPECT_EQ(kubectl_.must({"-n", b_, "get", "configmap", "plan", "-o", "yaml"}), before);
  // That somebody without the right wants it keeps its owner from nothing.
  repository_.remove("other/plan.yaml");
  commit("other/new.yaml", config_map("new", "green"));
  EXPECT_TRUE(eventually([&] { return color(b_, "plan").empty(); }, kDeadline)) << daemon_->output();
}

// Neither by what the source wants, nor by what a record says that it once had.
TEST_F(Tenancy, a_plan_that_waits_does_not_tell_what_there_is) {
  account(a_, "deployer", kAll, "configmaps");
  for (const char* name : {"there", "kept"}) kubectl_.must({"apply", "-f", "-"}, config_map(name, "secret-blue", b_));
  kubectl_.must({"-n", b_, "label", "configmap", "there", "kept", "holdfast.dev/installation=holdfast"});
  commit("shop/page.yaml", config_map("page", "blue"));
  start();
  apply(application(a_, "shop", "  serviceAccountName: deployer\n"));
  ASSERT_TRUE(becomes_ready(a_, "shop")) << daemon_->output();
  ASSERT_EQ(daemon_->stop(kDeadline), 0);
  claim_by_record("kept");
  commit("shop/there.yaml", config_map("there", "mine", b_));
  commit("shop/gone.yaml", config_map("gone", "mine", b_));
  apply(application(a_, "shop", "  serviceAccountName: deployer\n  policy: Approve\n"));
  start();
  const auto plan = [&](const std::string& part) {
    return kubectl_.field(a_, "hfapp", "shop", "{.status.plan." + part + "}");
  };
  ASSERT_TRUE(eventually_says([&] { return plan("summary"); }, "refused")) << daemon_->output();
  EXPECT_EQ(plan("summary"), "2 refused, 1 unknown");
  // What is said of one, without its name and the spaces that make room for others.
  const std::string lines = plan("lines");
  const auto said_of = [&](const std::string& name) {
    const std::size_t named = lines.find(" " + b_ + "/" + name);
    if (named == std::string::npos) return name + " is not in " + lines;
    const std::size_t begin = lines.rfind(",\"", named);
    std::string text = lines.substr(begin == std::string::npos ? 2 : begin + 2);
    text.resize(std::min(text.size(), text.find("\",\"") == std::string::npos ? text.size() : text.find("\",\"")));
    for (const std::string& part : {name, std::string(" ")})
      for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part)) text.erase(at, part.size());
    return text;
  };
  EXPECT_EQ(said_of("there"), said_of("gone")) << lines;
  EXPECT_THAT(said_of("kept"), HasSubstr("unknown")) << lines;
}

TEST_F(Tenancy, the_daemon_is_nobody_whom_install_does_not_name) {
  account(a_, "admin", "", "");
  kubectl_.must({"create", "clusterrolebinding", a_ + "-admin", "--clusterrole=cluster-admin",
                 "--serviceaccount=" + a_ + ":admin"});
  commit("shop/page.yaml", config_map("page", "blue"));
  start();
  apply(application(a_, "shop", "  serviceAccountName: admin\n"));
  EXPECT_TRUE(eventually_says([&] { return ready(); }, "cannot impersonate resource \"serviceaccounts\""))
      << daemon_->output();
  EXPECT_THAT(ready(), HasSubstr("holdfast install --tenancy --tenant " + a_ + "/admin"));
  EXPECT_EQ(color(a_, "page"), "");
}

TEST_F(Tenancy, a_source_is_not_opened_with_a_secret_that_the_account_may_not_read) {
  account(a_, "deployer", kAll, "configmaps");
  kubectl_.must({"-n", a_, "create", "secret", "generic", "credentials", "--from-literal=username=u",
                 "--from-literal=password=hush-hush"});
  commit("shop/page.yaml", config_map("page", "blue"));
  start();
  apply(application(a_, "shop", "  serviceAccountName: deployer\n", ", secretRef: {name: credentials}"));
  EXPECT_TRUE(eventually_says([&] { return ready(); }, refusal("get", "secrets", a_))) << daemon_->output();
  EXPECT_EQ(color(a_, "page"), "");
  for (const GitServer::Seen& seen : server_.seen()) EXPECT_EQ(seen.authorization, "");
}

TEST_F(Tenancy, a_variable_is_not_filled_in_with_what_the_account_may_not_read) {
  account(a_, "deployer", kAll, "configmaps");
  kubectl_.must({"-n", a_, "create", "secret", "generic", "values", "--from-literal=color=hush-hush"});
  commit("shop/page.yaml", config_map("page", "\"${color}\""));
  start();
  apply(application(a_, "shop",
                    "  serviceAccountName: deployer\n"
                    "  postBuild: {substituteFrom: [{kind: Secret, name: values}]}\n"));
  EXPECT_TRUE(eventually_says([&] { return ready(); }, refusal("get", "secrets", a_))) << daemon_->output();
  EXPECT_EQ(color(a_, "page"), "");
  EXPECT_THAT(daemon_->output(), Not(HasSubstr("hush-hush")));
}

TEST_F(Tenancy, a_hook_may_do_no_more_than_the_account) {
  account(a_, "deployer", kAll, "configmaps");
  commit("shop/hook.yaml",
         "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata:\n  name: " + a_ +
             "-mine\n  annotations: {argocd.argoproj.io/hook: PreSync}\n"
             "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\n"
             "subjects: [{kind: ServiceAccount, name: deployer, namespace: " +
             a_ + "}]\n");
  start();
  apply(application(a_, "shop", "  serviceAccountName: deployer\n"));
  EXPECT_TRUE(eventually_says([&] { return ready(); }, "cannot get resource \"clusterrolebindings\""))
      << daemon_->output();
  EXPECT_THAT(kubectl_.must({"get", "clusterrolebindings", "-o", "name"}), Not(HasSubstr(a_ + "-mine")));
}

// Its record is in the tenant's own namespace, where the tenant may write what it likes.
TEST_F(Tenancy, a_forged_record_prunes_nothing_that_the_account_may_not_delete) {
  account(a_, "deployer", kAll, "configmaps");
  commit("shop/page.yaml", config_map("page", "blue"));
  commit("other/plan.yaml", config_map("plan", "green"));
  start();
  apply(application(b_, "other", "  serviceAccountName: deployer\n"));
  apply(application(a_, "shop", "  serviceAccountName: deployer\n"));
  ASSERT_TRUE(becomes_ready(b_, "other")) << daemon_->output();
  ASSERT_TRUE(becomes_ready(a_, "shop")) << daemon_->output();
  ASSERT_EQ(daemon_->stop(kDeadline), 0);
  const std::string uid = kubectl_.field(b_, "configmap", "plan", "{.metadata.uid}");
  claim_by_record("plan");
  start();
  EXPECT_TRUE(eventually_says([&] { return ready(); }, refusal("get", "configmaps", b_))) << daemon_->output();
  EXPECT_EQ(kubectl_.field(b_, "configmap", "plan", "{.metadata.uid}"), uid);
  EXPECT_THAT(kubectl_.must({"-n", a_, "get", "hfapp", "shop", "-o", "yaml"}), Not(HasSubstr("applyset-")));
}

// What one tenant was let read of a repository is not there for another that was not.
TEST_F(Tenancy, a_private_repository_is_not_read_from_what_another_tenant_fetched) {
  GitServer guarded({.folder = std::filesystem::path(repository_.directory()).parent_path(),
                     .username = "reader",
                     .password = "hush-hush",
                     .certificate = {},
                     .redirect_to = {}});
  const auto with = [&](const std::string& text) {
    std::string changed = text;
    changed.replace(changed.find(server_.url()), server_.url().size(), guarded.url());
    return changed;
  };
  account(a_, "deployer", kAll, "configmaps,secrets");
  kubectl_.must({"-n", b_, "create", "secret", "generic", "credentials", "--from-literal=username=reader",
                 "--from-literal=password=hush-hush"});
  repository_.write("other/plan.yaml", config_map("plan", "green"));
  const std::string commit = repository_.commit("Write a plan");
  start();
  apply(with(application(b_, "other", "  serviceAccountName: deployer\n", ", secretRef: {name: credentials}")));
  ASSERT_TRUE(becomes_ready(b_, "other")) << daemon_->output();
  const std::string record = kubectl_.must({"-n", b_, "get", "configmap", "holdfast-other", "-o", "json"});
  // As if it had been at that revision before.
  apply(with(application(a_, "other", "  serviceAccountName: deployer\n  suspend: true\n")));
  std::string forged = kubectl_.must({"-n", b_, "get", "configmap", "holdfast-other", "-o",
                                      R"(jsonpath={"{"}"apiVersion":"v1","kind":"ConfigMap","data":{.data}{"}"})"});
  forged.insert(1, R"("metadata":{"name":"holdfast-other","namespace":")" + a_ +
                       R"(","annotations":{"applyset.kubernetes.io/tooling":"holdfast/v1"}},)");
  kubectl_.must({"create", "-f", "-"}, forged);
  apply(with(application(a_, "other", "  serviceAccountName: deployer\n")));
  EXPECT_TRUE(eventually_says([&] { return daemon_->output(); }, "what is on record cannot be read either"))
      << daemon_->output();
  EXPECT_EQ(color(a_, "plan"), "");
}

TEST_F(Tenancy, rights_that_are_taken_away_end_what_was_done_by_them) {
  account(a_, "deployer", kAll, "configmaps");
  commit("shop/page.yaml", config_map("page", "blue"));
  start();
  apply(application(a_, "shop", "  serviceAccountName: deployer\n"));
  ASSERT_TRUE(becomes_ready(a_, "shop")) << daemon_->output();
  kubectl_.must({"-n", a_, "delete", "rolebinding", "deployer"});
  kubectl_.must({"-n", a_, "patch", "configmap", "page", "--type=merge", "-p", R"({"data":{"color":"red"}})"});
  EXPECT_TRUE(eventually_says([&] { return ready(); }, "is forbidden: User \"system:serviceaccount:" + a_))
      << daemon_->output();
  EXPECT_EQ(color(a_, "page"), "red");
}

}  // namespace
}  // namespace holdfast::cluster
