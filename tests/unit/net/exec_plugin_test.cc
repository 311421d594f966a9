#include "net/exec_plugin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "holdfast/model/json.h"

namespace holdfast {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

ExecPlugin plugin() {
  ExecPlugin plugin;
  plugin.command = "/opt/get-token";
  plugin.arguments = {"--cluster", "a b"};
  plugin.environment = {{"REGION", "north"}};
  plugin.api_version = kExecV1;
  plugin.install_hint = "get it from the shelf";
  return plugin;
}

Result<ProcessOutput> said(const std::string& out, int status = 0, const std::string& err = "") {
  return ProcessOutput{status, out, err};
}

std::string answer(const std::string& status, const std::string& version = kExecV1) {
  return R"({"kind":"ExecCredential","apiVersion":")" + version + R"(","status":)" + status + "}";
}

TEST(ExecPlugin, B5_is_run_without_a_shell_with_our_environment_and_what_is_added) {
  const ProcessSpec spec = exec_process(plugin(), {}, {"HOME=/home/me", "REGION=south"});
  EXPECT_EQ(spec.argv, (std::vector<std::string>{"/opt/get-token", "--cluster", "a b"}));
  EXPECT_THAT(spec.environment, Contains("HOME=/home/me"));
  EXPECT_THAT(spec.environment, Contains("REGION=north"));
  EXPECT_THAT(spec.environment, Not(Contains("REGION=south")));
  EXPECT_THAT(
      spec.environment,
      Contains(R"(KUBERNETES_EXEC_INFO={"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1",)"
               R"("spec":{"interactive":false}})"));
  EXPECT_EQ(spec.deadline, std::chrono::seconds(60));
}

TEST(ExecPlugin, B5_is_told_about_the_cluster_only_where_the_kubeconfig_says_so) {
  ExecPlugin told = plugin();
  const ExecClusterInfo cluster{"https://api:6443", "api.example", "CA", "http://p:1", false, true};
  EXPECT_THAT(exec_info(told, cluster), Not(HasSubstr("api:6443")));
  told.provide_cluster_info = true;
  const auto info = parse_json(exec_info(told, cluster));
  EXPECT_EQ(string_at(*info, {"spec", "cluster", "server"}), "https://api:6443");
  EXPECT_EQ(string_at(*info, {"spec", "cluster", "tls-server-name"}), "api.example");
  EXPECT_EQ(string_at(*info, {"spec", "cluster", "certificate-authority-data"}), "Q0E=");
  EXPECT_EQ(string_at(*info, {"spec", "cluster", "proxy-url"}), "http://p:1");
}

TEST(ExecPlugin, B5_a_token_a_pair_and_an_expiry) {
  const auto token =
      read_exec_answer(plugin(), said(answer(R"({"token":"t","expirationTimestamp":"1970-01-01T00:01:00Z"})")));
  ASSERT_TRUE(token) << describe(token.error());
  EXPECT_EQ(token->token.reveal(), "t");
  EXPECT_EQ(token->expires, std::chrono::system_clock::time_point(std::chrono::seconds(60)));
  const auto pair =
      read_exec_answer(plugin(), said(answer(R"({"clientCertificateData":"CRT","clientKeyData":"KEY"})")));
  ASSERT_TRUE(pair) << describe(pair.error());
  EXPECT_EQ(pair->identity->certificate_pem, "CRT");
  EXPECT_EQ(pair->identity->key_pem.reveal(), "KEY");
  EXPECT_EQ(pair->expires, std::nullopt);
}

TEST(ExecPlugin, B5_answers_that_are_none) {
  for (const std::string& bad :
       {std::string("token"), std::string("{}"), answer("{}"), answer(R"({"token":""})"),
        answer(R"({"clientCertificateData":"CRT"})"), answer(R"({"clientKeyData":"KEY"})"),
        answer(R"({"token":"t"})", kExecV1beta1), answer(R"({"token":"t","expirationTimestamp":"tomorrow"})")}) {
    const auto credential = read_exec_answer(plugin(), said(bad));
    ASSERT_FALSE(credential) << bad;
    EXPECT_EQ(credential.error().kind, ErrorKind::Unauthorized);
    EXPECT_EQ(credential.error().hint, "get it from the shelf");
  }
}

TEST(ExecPlugin, B5_a_failure_shows_the_end_of_what_it_complained_about_and_never_its_output) {
  const auto credential =
      read_exec_answer(plugin(), said("secret-token", 3, std::string(5000, 'x') + "\nlog in first\x1b[0m\n"));
  ASSERT_FALSE(credential);
  EXPECT_THAT(credential.error().message, HasSubstr("status 3: log in first?[0m"));
  EXPECT_THAT(describe(credential.error()), Not(HasSubstr("secret-token")));
  EXPECT_LT(credential.error().message.size(), 1000U);
  EXPECT_LT(read_exec_answer(plugin(), said("", 1, std::string(60000, 'y'))).error().message.size(), 1000U);
  EXPECT_EQ(read_exec_answer(plugin(), fail(ErrorKind::Timeout, "took longer than 60 s")).error().kind,
            ErrorKind::Unauthorized);
}

}  // namespace
}  // namespace holdfast
