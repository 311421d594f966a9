// Keys out of a Secret, and a program in place of sops that fails in every way that one can: nothing is deleted, it is
// said why, and what was good last goes on being healed.
#include <gmock/gmock.h>

#include "cluster/eventually.h"
#include "cluster/repository.h"
#include "sim/served_simulator.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr auto kDeadline = 30s;

class DecryptionOnSimulator : public ServedSimulator {
 protected:
  DecryptionOnSimulator() {
    write("plain",
          "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: default}\nstringData: {password: "
          "swordfish}\n---\n" +
              config_map());
    program("cat " + (folder_ / "plain").string());
    write("holdfast.yaml",
          "apiVersion: holdfast.dev/v1alpha1\nkind: Application\nmetadata: {name: web, namespace: default}\nspec:\n"
          "  source: {repoURL: " +
              repository_.directory() + ", path: apps}\n  decryption: {secretRef: {name: age}}\n");
  }
  static std::string config_map() {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: default}\ndata: {color: blue}\n";
  }
  // What sops does where the key is a good one.
  void program(const std::string& script) const {
    write("sops.new",
          "#!/bin/sh\ncase $1 in --version) echo sops 3.13.3; exit;; esac\n"
          "case $SOPS_AGE_KEY in *GOOD*) ;; *) exit 128;; esac\n" +
              script + "\n");
    std::filesystem::permissions(folder_ / "sops.new", std::filesystem::perms::owner_all);
    std::filesystem::rename(folder_ / "sops.new", folder_ / "sops");
  }
  // Encrypted documents, which say nothing of what is in them, each time others.
  std::string commit() {
    const std::string block =
        "\nsops:\n  age:\n  - recipient: age1jane\n  mac: ENC[" + std::to_string(++commits_) + "]\n";
    repository_.write("apps/all.yaml",
                      "kind: Secret\ndata: ENC[x]" + block + "---\nkind: ConfigMap\ndata: ENC[y]" + block);
    return repository_.commit("change");
  }
  void keys(const std::string& key) {
    must({"apply", "-f", "-"},
         "apiVersion: v1\nkind: Secret\nmetadata: {name: age, namespace: default}\nstringData: {my.agekey: " + key +
             "}\n");
  }
  void start() {
    daemon_ =
        std::make_unique<HoldfastProcess>(here({"run", "--config", (folder_ / "holdfast.yaml").string(), "--namespace",
                                                "default", "--cache-dir", (folder_ / "cache").string()}),
                                          Environment{{"HOLDFAST_SOPS", (folder_ / "sops").string()}});
  }
  std::string wait_for(const std::string& text, std::size_t from = 0) {
    return daemon_->wait_for_line(text, kDeadline, from);
  }
  std::string uid(const std::string& what) { return must({"get", what, "-o", "jsonpath={.metadata.uid}"}); }
  void expect_healed() {
    must({"patch", "configmap", "settings", "--type=merge", "-p", R"({"data":{"color":"red"}})"});
    EXPECT_TRUE(eventually(
        [&] { return must({"get", "configmap", "settings", "-o", "jsonpath={.data.color}"}) == "blue"; }, kDeadline))
        << daemon_->output();
  }

  Repository repository_;
  int commits_ = 0;
  std::unique_ptr<HoldfastProcess> daemon_;
};

TEST_F(DecryptionOnSimulator, keys_come_from_the_secret_as_it_is_now) {
  const std::string first = commit();
  start();
  wait_for("there is no Secret default/age");
  keys("AGE-SECRET-KEY-1BAD");
  wait_for("no key of Secret default/age can decrypt it");
  keys("AGE-SECRET-KEY-1GOOD");
  wait_for("the cluster is at main@sha1:" + first);
  EXPECT_EQ(must({"get", "secret", "db", "-o", "go-template={{.data.password | base64decode}}"}), "swordfish");
  const std::size_t from = daemon_->line_count();
  must({"delete", "secret", "age"});
  wait_for("there is no Secret default/age", from);
  expect_healed();
  EXPECT_THAT(daemon_->output(), Not(HasSubstr("swordfish")));
  EXPECT_THAT(daemon_->output(), Not(HasSubstr("AGE-SECRET")));
}

TEST_F(DecryptionOnSimulator, a_decryption_that_fails_at_any_step_deletes_nothing_and_the_last_good_is_healed) {
  keys("AGE-SECRET-KEY-1GOOD");
  std::string good = commit();
  start();
  wait_for("the cluster is at main@sha1:" + good);
  const std::string secret = uid("secret/db"), map = uid("configmap/settings");
  const std::string plain = (folder_ / "plain").string();
  int healed = 0;
  for (const std::string& script :
       {std::string("exit 0"), std::string("exit 1"), std::string("exit 25"), std::string("exit 51"),
        std::string("kill -9 $$"), "head -n 4 " + plain, "head -c 20 " + plain, "cat " + plain + "; exit 1",
        std::string("echo '['"), std::string("cat"), std::string("yes | head -c 20000000"),
        "sed 's/^kind: .*//' " + plain}) {
    program(script);
    std::size_t from = daemon_->line_count();
    commit();
    EXPECT_THAT(wait_for("still holding main@sha1:" + good, from), HasSubstr("apps/all.yaml")) << script;
    if (++healed <= 2) expect_healed();  // who does so for ever is met with patience
    program("cat " + plain);
    from = daemon_->line_count();
    good = commit();
    wait_for("the cluster is at main@sha1:" + good, from);
    EXPECT_EQ(uid("secret/db"), secret) << script;
    EXPECT_EQ(uid("configmap/settings"), map) << script;
  }
}

}  // namespace
}  // namespace holdfast::cluster
