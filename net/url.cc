#include "net/url.h"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>
#include <cstdint>

namespace holdfast {
namespace {

bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

std::string percent_encoded(std::string_view text, std::string_view also_plain) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (unreserved(c) || also_plain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<std::uint8_t>(c);
    out += '%';
    out += kHex[byte >> 4U];
    out += kHex[byte & 0xfU];
  }
  return out;
}

bool valid_port(std::string_view port) {
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  return error == std::errc{} && end == port.data() + port.size() && number != 0;
}

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::Invalid, std::move(message), "", "write it as https://HOST:PORT");
}

// Boost.URL takes "host:--" for a host of another name.
bool is_host_and_port(std::string_view url, const boost::urls::url_view& view) {
  const std::size_t begin = url.find("://") + 3;
  const std::string_view authority = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  const std::string_view host(view.encoded_host().data(), view.encoded_host().size());
  const std::string_view port(view.port().data(), view.port().size());
  return authority == std::string(host) + (view.has_port() ? ":" + std::string(port) : "");
}

}  // namespace

Result<ServerAddress> parse_server_url(std::string_view url) {
  const auto parsed = boost::urls::parse_uri({url.data(), url.size()});
  if (!parsed) return invalid("the server address is not a URL");
  const boost::urls::url_view view = *parsed;
  const bool tls = view.scheme_id() == boost::urls::scheme::https;
  if (!tls && view.scheme_id() != boost::urls::scheme::http) {
    return invalid("the server address has neither the scheme https nor http");
  }
  if (view.has_userinfo()) return invalid("the server address holds a user name or a password");
  if (view.has_query() || view.has_fragment()) return invalid("the server address has a query or a fragment");

  if (!is_host_and_port(url, view)) return invalid("the server address is not a URL");

  ServerAddress address;
  address.tls = tls;
  address.host = view.host_address();
  if (address.host.empty()) return invalid("the server address names no host");
  const bool numeric = view.host_type() == boost::urls::host_type::ipv6;
  const auto strange = [&](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'), digit = c >= '0' && c <= '9';
    return !letter && !digit && std::string_view(numeric ? "-._:" : "-._").find(c) == std::string_view::npos;
  };
  if (std::ranges::any_of(address.host, strange)) {
    return invalid("the host of the server address has a character that no host has");
  }
  const std::string_view port(view.port().data(), view.port().size());
  address.port = port.empty() ? (tls ? "443" : "80") : std::string(port);
  if (!valid_port(address.port)) return invalid("the port of the server address is not in 1..65535");
  const auto path = view.encoded_path();
  address.base_path.assign(path.data(), path.size());
  while (address.base_path.ends_with('/')) address.base_path.pop_back();
  return address;
}

std::string to_string(const ServerAddress& address) {
  return (address.tls ? "https://" : "http://") + authority(address.host, address.port, address.tls) +
         address.base_path;
}

std::string authority(std::string_view host, std::string_view port, bool tls) {
  std::string out;
  const bool ipv6 = host.find(':') != std::string_view::npos;
  if (ipv6) out += '[';
  out += host;
  if (ipv6) out += ']';
  if (port != (tls ? "443" : "80")) {
    out += ':';
    out += port;
  }
  return out;
}

std::string encode_path_segment(std::string_view segment) { return percent_encoded(segment, ":"); }

std::string encode_query_value(std::string_view value) { return percent_encoded(value, ""); }

}  // namespace holdfast
