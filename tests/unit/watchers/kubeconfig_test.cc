#include "watchers/kubeconfig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "holdfast/base/digest.h"

namespace holdfast {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class KubeconfigTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "holdfast-kubeconfig-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string write(const std::string& name, const std::string& content) {
    const fs::path path = root_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
    return path.string();
  }

  // A file of one cluster, user and context, each called "one".
  static std::string config(const std::string& cluster, const std::string& user) {
    return "apiVersion: v1\nkind: Config\ncurrent-context: one\n"
           "contexts: [{name: one, context: {cluster: one, user: one, namespace: web}}]\n"
           "clusters: [{name: one, cluster: {" +
           cluster + "}}]\nusers: [{name: one, user: {" + user + "}}]\n";
  }

  Result<KubeContext> load(const std::string& cluster, const std::string& user) {
    KubeconfigOptions options;
    options.path = write("config", config(cluster, user));
    return load_kubeconfig(options);
  }

  fs::path root_;
};

constexpr char kServer[] = "server: 'https://10.0.0.1:6443/prefix'";

TEST_F(KubeconfigTest, B3_a_token_and_a_server) {
  const auto got = load(
      std::string(kServer) + ", tls-server-name: api.example, certificate-authority-data: " + base64_encode("CA PEM"),
      "token: abc");
  ASSERT_TRUE(got) << describe(got.error());
  EXPECT_EQ(got->client.host, "10.0.0.1");
  EXPECT_EQ(got->client.port, "6443");
  EXPECT_EQ(got->client.base_path, "/prefix");
  EXPECT_TRUE(got->client.tls);
  EXPECT_EQ(got->client.tls_server_name, "api.example");
  EXPECT_EQ(got->client.ca_pem, "CA PEM");
  EXPECT_EQ(got->client.token->token()->reveal(), "abc");
  EXPECT_EQ(got->namespace_, "web");
  EXPECT_EQ(got->context, "one");
  EXPECT_EQ(got->cluster, "one");
}

TEST_F(KubeconfigTest, B3_relative_files_are_beside_their_kubeconfig_and_data_beats_them) {
  write("pki/ca.pem", "CA FILE");
  write("pki/crt.pem", "CRT FILE");
  write("pki/key.pem", "KEY FILE");
  const auto got = load(
      std::string(kServer) + ", certificate-authority: pki/ca.pem",
      "client-certificate: pki/crt.pem, client-key: pki/missing.pem, client-key-data: " + base64_encode("KEY DATA"));
  ASSERT_TRUE(got) << describe(got.error());
  EXPECT_EQ(got->client.ca_pem, "CA FILE");
  EXPECT_EQ(got->client.identity->certificate_pem, "CRT FILE");
  EXPECT_EQ(got->client.identity->key_pem.reveal(), "KEY DATA");
}

TEST_F(KubeconfigTest, B3_token_file_beats_token) {
  write("token", "from-file\n");
  const auto got = load(kServer, "token: abc, tokenFile: token");
  ASSERT_TRUE(got) << describe(got.error());
  EXPECT_EQ(got->client.token->token()->reveal(), "from-file");
}

TEST_F(KubeconfigTest, B3_the_first_file_of_the_list_wins_for_each_key) {
  KubeconfigOptions options;
  options.kubeconfig_env =
      write("a/config", config("server: 'https://first:1'", "token: first")) + "::" + (root_ / "missing").string() +
      ":" +
      write("b/config",
            "current-context: two\nclusters: [{name: one, cluster: {server: 'https://second:2'}}]\n"
            "users: [{name: two, user: {tokenFile: t}}]\n"
            "contexts: [{name: two, context: {cluster: one, user: two}}]\n");
  write("b/t", "beside-b");
  const auto first = load_kubeconfig(options);
  ASSERT_TRUE(first) << describe(first.error());
  EXPECT_EQ(first->context, "one");
  options.context = "two";
  const auto second = load_kubeconfig(options);
  ASSERT_TRUE(second) << describe(second.error());
  EXPECT_EQ(second->client.host, "first");
  EXPECT_EQ(second->client.token->token()->reveal(), "beside-b");
  EXPECT_EQ(second->namespace_, "default");
}

TEST_F(KubeconfigTest, a_name_breaks_no_message) {
  KubeconfigOptions options;
  options.path = write("config", config(kServer, "token: abc"));
  options.context = "one\n\x1b[31mtwo";
  const auto got = load_kubeconfig(options);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().message, R"(no context "one\n\x1b[31mtwo")");
}

TEST_F(KubeconfigTest, the_home_folder_is_the_last_resort_and_an_explicit_file_the_only_one) {
  write(".kube/config", config("server: 'https://home:1'", "token: t"));
  KubeconfigOptions options;
  options.home = root_.string();
  ASSERT_TRUE(load_kubeconfig(options));
  options.path = (root_ / "absent").string();
  const auto got = load_kubeconfig(options);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::NotFound);
  EXPECT_THAT(describe(got.error()), HasSubstr("absent"));
}

TEST_F(KubeconfigTest, what_is_not_supported_is_refused_and_never_ignored) {
  const struct {
    std::string cluster, user, says;
  } cases[] = {
      {kServer, "auth-provider: {name: gcp}", "auth-provider"},
      {kServer, "token: t, username: u, password: p", "basic authentication"},
      {kServer, "exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Always}",
       "ask somebody"},
      {kServer, "token: t, as-groups: [admins]", "need a user"},
      {std::string(kServer) + ", proxy-url: 'socks5://p:3128'", "token: t", "proxy-url"},
  };
  for (const auto& refused : cases) {
    const auto got = load(refused.cluster, refused.user);
    ASSERT_FALSE(got) << refused.says;
    EXPECT_THAT(describe(got.error()), HasSubstr(refused.says));
    EXPECT_THAT(describe(got.error()), HasSubstr("\"one\""));
    EXPECT_FALSE(got.error().hint.empty());
  }
}

TEST_F(KubeconfigTest, B4_a_proxy_and_no_compression) {
  const auto got = load(std::string(kServer) + ", proxy-url: 'http://p:3128', disable-compression: true", "token: t");
  ASSERT_TRUE(got) << describe(got.error());
  EXPECT_EQ(got->client.proxy->host, "p");
  EXPECT_EQ(got->client.proxy_url, "http://p:3128");
  EXPECT_TRUE(got->client.disable_compression);
  KubeconfigOptions options;
  options.path = write("config", config(kServer, "token: t"));
  options.proxy = {"http://env:1", "10.0.0.0/8"};
  EXPECT_FALSE(load_kubeconfig(options)->client.proxy);
  options.proxy.no_proxy = "192.168.0.0/16";
  EXPECT_EQ(load_kubeconfig(options)->client.proxy->host, "env");
}

TEST_F(KubeconfigTest, B5_an_exec_plugin_is_found_beside_its_kubeconfig_or_on_the_path) {
  const std::string script = write("bin/plugin", "#!/bin/sh\n");
  fs::permissions(script, fs::perms::owner_all);
  const std::string rest =
      ", apiVersion: client.authentication.k8s.io/v1, interactiveMode: IfAvailable, args: [a, b], "
      "env: [{name: N, value: V}], provideClusterInfo: true, installHint: hint}";
  KubeconfigOptions options;
  options.path_env = "relative:" + (root_ / "bin").string();
  for (const char* command : {"plugin", "bin/plugin"}) {
    options.path = write("config", config(kServer, "exec: {command: " + std::string(command) + rest));
    const auto got = load_kubeconfig(options);
    ASSERT_TRUE(got) << describe(got.error());
    ASSERT_TRUE(got->client.exec);
    EXPECT_EQ(got->client.exec->command, script);
    EXPECT_EQ(got->client.exec->arguments, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(got->client.exec->environment.at(0).second, "V");
    EXPECT_TRUE(got->client.exec->provide_cluster_info);
  }
  options.path = write("config", config(kServer, "exec: {command: elsewhere" + rest));
  EXPECT_THAT(describe(load_kubeconfig(options).error()), HasSubstr("hint"));
}

TEST_F(KubeconfigTest, B5_exec_is_skipped_where_other_credentials_exist_and_checked_where_not) {
  const auto skipped = load(kServer, "token: t, exec: {apiVersion: client.authentication.k8s.io/v1, command: x}");
  ASSERT_TRUE(skipped) << describe(skipped.error());
  EXPECT_FALSE(skipped->client.exec);
  const std::string v1 = "exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/true";
  EXPECT_THAT(describe(load(kServer, v1 + "}").error()), HasSubstr("interactiveMode"));
  EXPECT_TRUE(load(kServer, "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: /bin/true}"));
  EXPECT_THAT(describe(load(kServer, "exec: {apiVersion: v1, command: /bin/true}").error()), HasSubstr("apiVersion"));
  EXPECT_THAT(describe(load("server: 'http://x'", v1 + ", interactiveMode: Never}").error()), HasSubstr("over http"));
}

TEST_F(KubeconfigTest, B6_impersonation) {
  const auto got = load(kServer, "token: t, as: jane, as-uid: u, as-groups: [a, b], as-user-extra: {k: [x, y]}");
  ASSERT_TRUE(got) << describe(got.error());
  const Impersonation& who = got->client.impersonation;
  EXPECT_EQ(who.user, "jane");
  EXPECT_EQ(who.uid, "u");
  EXPECT_EQ(who.groups, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(who.extra, (std::vector<std::pair<std::string, std::string>>{{"k", "x"}, {"k", "y"}}));
}

TEST_F(KubeconfigTest, B2_B1_files_that_may_be_renewed_are_remembered) {
  write("ca.pem", "CA");
  write("crt.pem", "CRT");
  write("key.pem", "KEY");
  const auto files = load(std::string(kServer) + ", certificate-authority: ca.pem",
                          "client-certificate: crt.pem, client-key: key.pem");
  ASSERT_TRUE(files) << describe(files.error());
  EXPECT_EQ(files->client.tls_files.ca, (root_ / "ca.pem").string());
  EXPECT_EQ(files->client.tls_files.certificate, (root_ / "crt.pem").string());
  EXPECT_EQ(files->client.tls_files.key, (root_ / "key.pem").string());
  const auto inlined =
      load(std::string(kServer) + ", certificate-authority: ca.pem, certificate-authority-data: Q0E=", "token: t");
  EXPECT_FALSE(inlined->client.tls_files.any());
}

TEST_F(KubeconfigTest, B3_no_credentials_over_http) {
  const auto with = load("server: 'http://127.0.0.1:8001'", "token: verysecret");
  ASSERT_FALSE(with);
  EXPECT_THAT(describe(with.error()), HasSubstr("http"));
  EXPECT_THAT(describe(with.error()), testing::Not(HasSubstr("verysecret")));
  const auto without = load("server: 'http://127.0.0.1:8001'", "");
  ASSERT_TRUE(without) << describe(without.error());
  EXPECT_FALSE(without->client.tls);
}

TEST_F(KubeconfigTest, mistakes_say_where) {
  const struct {
    std::string cluster, user, says;
  } cases[] = {
      {"server: ''", "token: t", "no server"},
      {"server: 'ftp://x'", "token: t", "server"},
      {std::string(kServer) + ", insecure-skip-tls-verify: perhaps", "token: t", "true or false"},
      {std::string(kServer) + ", insecure-skip-tls-verify: true, certificate-authority-data: QQ==", "token: t",
       "contradicts"},
      {std::string(kServer) + ", certificate-authority-data: '!!!!'", "token: t", "base64"},
      {std::string(kServer) + ", certificate-authority: no.pem", "token: t", "no.pem"},
      {kServer, "client-certificate-data: QQ==", "without client-key"},
      {kServer, "client-key-data: QQ==", "without client-certificate"},
      {kServer, "token: [a]", "must be a string"},
      {kServer, "tokenFile: nowhere", "nowhere"},
  };
  for (const auto& wrong : cases) {
    const auto got = load(wrong.cluster, wrong.user);
    ASSERT_FALSE(got) << wrong.says;
    EXPECT_THAT(describe(got.error()), HasSubstr(wrong.says));
    EXPECT_THAT(describe(got.error()), HasSubstr((root_ / "config").string()));
  }
}

TEST_F(KubeconfigTest, missing_names_list_what_is_there) {
  KubeconfigOptions options;
  options.path = write("config", config(kServer, "token: t"));
  options.context = "two";
  const auto got = load_kubeconfig(options);
  ASSERT_FALSE(got);
  EXPECT_THAT(describe(got.error()), HasSubstr("no context \"two\""));
  EXPECT_THAT(describe(got.error()), HasSubstr("there are: one"));
}

TEST_F(KubeconfigTest, a_file_that_is_no_kubeconfig) {
  const auto load_text = [this](const std::string& text) {
    KubeconfigOptions options;
    options.path = write("config", text);
    return load_kubeconfig(options);
  };
  EXPECT_THAT(describe(load_text("a: [\n").error()), HasSubstr("not valid YAML"));
  EXPECT_THAT(describe(load_text("- a\n").error()), HasSubstr("no map"));
  EXPECT_THAT(describe(load_text("").error()), HasSubstr("no context is chosen"));
  EXPECT_THAT(describe(load_text("clusters: 3\n").error()), HasSubstr("must be a list"));
  EXPECT_THAT(describe(load_text("users: [{user: {}}]\n").error()), HasSubstr("has no name"));
  EXPECT_THAT(describe(load_text("users: [{name: a}, {name: a}]\n").error()), HasSubstr("twice"));
  EXPECT_EQ(load_text(std::string(1024 * 1024 + 1, '#')).error().kind, ErrorKind::TooLarge);
}

TEST_F(KubeconfigTest, B1_in_cluster) {
  const std::string folder = "var/run/secrets/kubernetes.io/serviceaccount/";
  InClusterOptions options{"fd00::1", "443", root_.string()};
  EXPECT_EQ(load_in_cluster(options).error().kind, ErrorKind::NotFound);
  write(folder + "token", "tok\n");
  write(folder + "ca.crt", "CA");
  write(folder + "namespace", "holdfast\n");
  const auto got = load_in_cluster(options);
  ASSERT_TRUE(got) << describe(got.error());
  EXPECT_EQ(got->client.host, "fd00::1");
  EXPECT_EQ(got->client.port, "443");
  EXPECT_TRUE(got->client.tls);
  EXPECT_EQ(got->client.ca_pem, "CA");
  EXPECT_EQ(got->client.token->token()->reveal(), "tok");
  EXPECT_EQ(got->namespace_, "holdfast");
  write(folder + "token", " \n");
  EXPECT_EQ(load_in_cluster(options).error().kind, ErrorKind::Unauthorized);
  EXPECT_EQ(load_in_cluster({"", "443", root_.string()}).error().kind, ErrorKind::NotFound);
}

}  // namespace
}  // namespace holdfast
