#include "sources/receiver_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<ReceiverConfig> read(const std::string& text) {
  return read_receiver_config({"receivers.yaml", text}, "/etc/rx");
}

std::string said_about(const std::string& text) {
  const auto config = read(text);
  return config ? std::string("nothing") : describe(config.error());
}

TEST(ReceiverConfig, has_what_is_written_and_files_beside_it) {
  const auto config = read(R"(
listen: "[::]:9443"
tls: {certFile: tls/tls.crt, keyFile: /run/tls.key}
trustedProxies: [10.0.0.0/8, "::1"]
rate: {perSecond: 5, burst: 50}
relay: {tokenFile: relay-tokens}
receivers:
- {name: github, type: github, secretFile: secrets/github}
- name: old
  type: forgejo
  secretFile: secrets/forgejo
  path: /hook/0123abcd
  repositories: [https://git.example/team/web]
  hosts: [gitea.svc]
)");
  ASSERT_TRUE(config) << describe(config.error());
  EXPECT_EQ(config->listen, "[::]:9443");
  EXPECT_EQ(config->certificate_file, "/etc/rx/tls/tls.crt");
  EXPECT_EQ(config->key_file, "/run/tls.key");
  EXPECT_EQ(config->relay_token_file, "/etc/rx/relay-tokens");
  EXPECT_EQ(config->rate_per_second, 5);
  ASSERT_EQ(config->receivers.size(), 2U);
  EXPECT_EQ(config->receivers[0].path, "/hook/github");
  EXPECT_EQ(config->receivers[0].secret_file, "/etc/rx/secrets/github");
  EXPECT_EQ(config->receivers[1].forge, Forge::Gitea);
  EXPECT_EQ(config->receivers[1].path, "/hook/0123abcd");
  EXPECT_THAT(config->receivers[1].hosts, ElementsAre("gitea.svc"));
}

TEST(ReceiverConfig, a_secret_is_required) {
  EXPECT_THAT(said_about("receivers:\n- {name: github, type: github}\n"),
              HasSubstr("receivers.yaml:2: receivers[0].secretFile is missing"));
}

TEST(ReceiverConfig, mistakes_are_told_with_their_line_and_the_nearest_word) {
  EXPECT_THAT(said_about("receivers:\n- name: a\n  type: githb\n  secretFile: s\n"),
              testing::AllOf(HasSubstr("receivers.yaml:3:"), HasSubstr("did you mean github?")));
  EXPECT_THAT(said_about("receivers:\n- {name: a, type: github, secret: s}\n"), HasSubstr("secretFile"));
  EXPECT_THAT(said_about("listen: here\nreceivers:\n- {name: a, type: github, secretFile: s}\n"),
              HasSubstr("127.0.0.1:8080"));
  EXPECT_THAT(said_about("receivers: []\n"), HasSubstr("name at least one sender"));
  EXPECT_THAT(said_about("receivers:\n- {name: A_b, type: github, secretFile: s}\n"), HasSubstr("receivers[0].name"));
  EXPECT_THAT(
      said_about("receivers:\n- {name: a, type: github, secretFile: s}\n- {name: a, type: gitlab, secretFile: s}\n"),
      HasSubstr("the name a is there twice"));
  EXPECT_THAT(said_about("receivers:\n- {name: a, type: github, secretFile: s, path: /other}\n"), HasSubstr("/hook/"));
  EXPECT_THAT(said_about("trustedProxies: [everybody]\nreceivers:\n- {name: a, type: github, secretFile: s}\n"),
              HasSubstr("neither an address nor a network"));
  EXPECT_THAT(said_about("receivers:\n- {name: a, type: nexus, secretFile: s, repositories: [images]}\n"),
              HasSubstr("no URL of a repository"));
  EXPECT_THAT(said_about("tls: {certFile: c}\nreceivers:\n- {name: a, type: nexus, secretFile: s}\n"),
              HasSubstr("tls.keyFile is missing"));
  EXPECT_THAT(said_about("recievers: []\n"), HasSubstr("is no field of a receiver's configuration"));
  EXPECT_NE(said_about(""), "nothing");
  EXPECT_NE(said_about("[]"), "nothing");
}

TEST(ReceiverConfig, every_type_can_be_configured) {
  for (const ForgeWords& words : all_forges())
    EXPECT_EQ(said_about("receivers:\n- {name: a, secretFile: s, type: " + std::string(words.type) + "}\n"), "nothing");
}

TEST(ListenAddress, is_an_address_with_a_port) {
  EXPECT_EQ(parse_listen_address("127.0.0.1:8080")->address, "127.0.0.1");
  EXPECT_EQ(parse_listen_address("[::1]:80")->address, "::1");
  EXPECT_EQ(parse_listen_address(":8080")->address, "::");
  EXPECT_EQ(parse_listen_address("localhost:0")->address, "127.0.0.1");
  for (const char* text :
       {"", ":", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "1.2.3.4:70000", "git.example:80"})
    EXPECT_FALSE(parse_listen_address(text)) << text;
}

}  // namespace
}  // namespace holdfast
