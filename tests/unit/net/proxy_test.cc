#include "net/proxy.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(Proxy, B4_addresses) {
  const auto plain = parse_proxy_url("http://proxy.example:3128");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->host, "proxy.example");
  EXPECT_EQ(plain->port, "3128");
  EXPECT_TRUE(plain->credentials.empty());
  EXPECT_EQ(parse_proxy_url("proxy:8080")->port, "8080");
  EXPECT_EQ(parse_proxy_url("http://[fd00::1]")->host, "fd00::1");
  EXPECT_EQ(parse_proxy_url("http://me:p%40ss@proxy")->credentials.reveal(), "me:p@ss");
}

TEST(Proxy, B4_what_we_cannot_speak_is_refused_without_repeating_credentials) {
  for (const char* url : {"socks5://me:secret@proxy:1080", "https://me:secret@proxy", "http://", "http://me:secret@"}) {
    const auto proxy = parse_proxy_url(url);
    ASSERT_FALSE(proxy) << url;
    EXPECT_EQ(proxy.error().kind, ErrorKind::Invalid);
    EXPECT_EQ(describe(proxy.error()).find("secret"), std::string::npos);
  }
}

TEST(Proxy, B4_no_proxy_names_hosts_domains_addresses_and_ranges) {
  const struct {
    const char* no_proxy;
    const char* host;
    bool bypassed;
  } cases[] = {
      {"", "api.example", false},
      {"*", "api.example", true},
      {"example", "api.example", true},
      {"example", "example", true},
      {"example", "badexample", false},
      {".example", "api.example", true},
      {".example", "example", false},
      {"*.example", "api.example", true},
      {"other, API.example ,x", "api.EXAMPLE", true},
      {"api.example:6443", "api.example", true},
      {"api.example:443", "api.example", false},
      {"10.0.0.1", "10.0.0.1", true},
      {"10.0.0.1:443", "10.0.0.1", false},
      {"10.0.0.0/8", "10.9.8.7", true},
      {"10.0.0.0/8", "11.0.0.1", false},
      {"10.96.0.0/12", "10.111.255.255", true},
      {"10.96.0.0/12", "10.112.0.0", false},
      {"10.0.0.0/8", "api.example", false},
      {"fd00::/8", "fd12::1", true},
      {"fd00::/8", "fe80::1", false},
      {"fd00::1", "fd00::1", true},
      {"[fd00::1]:6443", "fd00::1", true},
      {"10.0.0.0/99", "10.0.0.1", false},
      {"0.0.0.1", "10.0.0.1", false},
      {"", "127.0.0.1", true},
      {"", "::1", true},
      {"", "localhost", true},
  };
  for (const auto& one : cases)
    EXPECT_EQ(bypasses_proxy(one.no_proxy, one.host, "6443"), one.bypassed) << one.no_proxy << " " << one.host;
}

TEST(Proxy, B4_the_kubeconfig_comes_before_the_environment_and_ignores_no_proxy) {
  const ProxyEnvironment environment{"http://env:1", "api.example"};
  EXPECT_EQ((*choose_proxy("http://file:2", environment, "api.example", "443"))->host, "file");
  EXPECT_FALSE(*choose_proxy("", environment, "api.example", "443"));
  EXPECT_EQ((*choose_proxy("", environment, "other.example", "443"))->host, "env");
  EXPECT_FALSE(*choose_proxy("", {}, "other.example", "443"));
  EXPECT_FALSE(choose_proxy("ftp://x", {}, "other.example", "443"));
}

TEST(Proxy, B4_the_words_of_connect) {
  const ProxyAddress proxy{"p", "1", Secret("me:pw")};
  EXPECT_EQ(connect_request(proxy, "fd00::1", "6443").reveal(),
            "CONNECT [fd00::1]:6443 HTTP/1.1\r\nHost: [fd00::1]:6443\r\nProxy-Authorization: Basic bWU6cHc=\r\n\r\n");
  EXPECT_FALSE(read_connect_reply("HTTP/1.1 200 Connection established\r\nVia: x\r\n"));
  EXPECT_TRUE(*read_connect_reply("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n"));
  const auto refused = read_connect_reply("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n<html>");
  ASSERT_TRUE(refused);
  ASSERT_FALSE(*refused);
  EXPECT_EQ(refused->error().kind, ErrorKind::Unreachable);
  EXPECT_NE(describe(refused->error()).find("407"), std::string::npos);
  EXPECT_FALSE(*read_connect_reply("SSH-2.0-OpenSSH\r\n\r\n"));
  EXPECT_FALSE(*read_connect_reply("HTTP/1.1 200 OK\r\n\r\nbytes of somebody else"));
  EXPECT_FALSE(*read_connect_reply(std::string(kMaxProxyReplyBytes, 'x')));
}

}  // namespace
}  // namespace holdfast
