#include "net/url.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(Url, path_segments_keep_names_readable_and_encode_what_would_end_them) {
  EXPECT_EQ(encode_path_segment("web-1.example_x~"), "web-1.example_x~");
  EXPECT_EQ(encode_path_segment("system:node"), "system:node");
  EXPECT_EQ(encode_path_segment("a/b?c#d%e f"), "a%2Fb%3Fc%23d%25e%20f");
  EXPECT_EQ(encode_path_segment("\xC3\xA9\r\n"), "%C3%A9%0D%0A");
}

TEST(Url, query_values_encode_the_separators_and_plus) {
  EXPECT_EQ(encode_query_value("a=b&c+d,e:f"), "a%3Db%26c%2Bd%2Ce%3Af");
  EXPECT_EQ(encode_query_value(""), "");
}

TEST(Url, server_with_port_and_prefix) {
  const auto address = parse_server_url("https://1.2.3.4:6443/prefix/k8s/");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->host, "1.2.3.4");
  EXPECT_EQ(address->port, "6443");
  EXPECT_EQ(address->base_path, "/prefix/k8s");
  EXPECT_TRUE(address->tls);
  EXPECT_EQ(to_string(*address), "https://1.2.3.4:6443/prefix/k8s");
}

TEST(Url, a_host_is_of_letters_digits_and_what_joins_them) {
  for (const char* const text :
       {"https://a%1eb", "https://a%00", "https://a%0d%0ab", "https://a%7f", "https://a%e9", "https://a%20b",
        "https://a%3e", "https://a(b)", "https://a%3ab", "https://a%3cb", "https://a%2fb"})
    EXPECT_FALSE(parse_server_url(text)) << text;
}

TEST(Url, what_is_no_port_is_no_part_of_the_host) {
  for (const char* const text : {"https://host:--/x", "https://host:a", "https://host:1:2", "https://[::1]x"})
    EXPECT_FALSE(parse_server_url(text)) << text;
  EXPECT_EQ(parse_server_url("https://host:/x")->port, "443");
}

TEST(Url, server_ports_default_to_those_of_the_scheme) {
  EXPECT_EQ(parse_server_url("https://api.example.com")->port, "443");
  EXPECT_EQ(parse_server_url("http://api.example.com/")->port, "80");
  EXPECT_FALSE(parse_server_url("http://api.example.com/")->tls);
  EXPECT_EQ(parse_server_url("https://api.example.com/")->base_path, "");
}

TEST(Url, ipv6_loses_its_brackets_and_gets_them_back) {
  const auto address = parse_server_url("https://[fd00::1]:6443");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->host, "fd00::1");
  EXPECT_EQ(authority(address->host, address->port, true), "[fd00::1]:6443");
  EXPECT_EQ(authority("::1", "443", true), "[::1]");
  EXPECT_EQ(authority("::1", "443", false), "[::1]:443");
}

TEST(Url, server_addresses_that_cannot_be_meant_are_refused) {
  for (const char* url : {"", "1.2.3.4:6443", "localhost", "ftp://a", "https://", "https://:6443", "https://a:0",
                          "https://a:65536", "https://a:6443?x=1", "https://a#f", "https://a%2Fb", "https://a\r\nb"}) {
    const auto address = parse_server_url(url);
    ASSERT_FALSE(address) << url;
    EXPECT_EQ(address.error().kind, ErrorKind::Invalid) << url;
    EXPECT_FALSE(address.error().hint.empty()) << url;
  }
}

TEST(Url, a_password_in_the_address_is_refused_and_not_repeated) {
  const auto address = parse_server_url("https://admin:hunter2@a:6443");
  ASSERT_FALSE(address);
  EXPECT_EQ(describe(address.error()).find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace holdfast
