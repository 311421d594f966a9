#include "net/proxy.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <cctype>

#include "holdfast/base/digest.h"
#include "net/url.h"

namespace holdfast {
namespace {

namespace ip = boost::asio::ip;

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::Invalid, std::move(message), "", "write it as http://HOST:PORT");
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<ip::address> address_of(std::string_view text) {
  boost::system::error_code error;
  ip::address address = ip::make_address(std::string(text), error);
  if (error) return std::nullopt;
  return address;
}

bool in_range(std::string_view range, const ip::address& address) {
  boost::system::error_code error;
  const std::string text(range);
  if (address.is_v4()) {
    const auto network = ip::make_network_v4(text, error);
    if (error) return false;
    const unsigned bits = network.netmask().to_uint();
    return (address.to_v4().to_uint() & bits) == (network.address().to_uint() & bits);
  }
  const auto network = ip::make_network_v6(text, error);
  if (error) return false;
  const auto ours = address.to_v6().to_bytes();
  const auto theirs = network.address().to_bytes();
  for (unsigned bit = 0; bit < network.prefix_length(); ++bit) {
    const unsigned mask = 0x80U >> (bit % 8);
    if (((ours[bit / 8] ^ theirs[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

// Splits "host:port" and "[v6]:port"; a plain IPv6 address has no port.
void split_port(std::string_view entry, std::string_view& host, std::string_view& port) {
  host = entry;
  port = {};
  if (entry.starts_with('[')) {
    const std::size_t close = entry.find(']');
    if (close == std::string_view::npos) return;
    host = entry.substr(1, close - 1);
    if (entry.substr(close + 1).starts_with(':')) port = entry.substr(close + 2);
    return;
  }
  const std::size_t colon = entry.find(':');
  if (colon == std::string_view::npos || entry.find(':', colon + 1) != std::string_view::npos) return;
  host = entry.substr(0, colon);
  port = entry.substr(colon + 1);
}

bool names_server(std::string_view entry, const std::string& host, const std::optional<ip::address>& address,
                  std::string_view port) {
  if (entry == "*") return true;
  if (entry.find('/') != std::string_view::npos) return address && in_range(entry, *address);
  std::string_view wanted_host;
  std::string_view wanted_port;
  split_port(entry, wanted_host, wanted_port);
  if (!wanted_port.empty() && wanted_port != port) return false;
  if (const auto wanted = address_of(wanted_host)) return address && *address == *wanted;
  if (address) return false;
  std::string wanted = lower(wanted_host);
  if (wanted.starts_with("*.")) wanted.erase(0, 1);
  if (wanted.empty()) return false;
  if (wanted.front() == '.') return host.size() > wanted.size() && host.ends_with(wanted);
  return host == wanted || host.ends_with("." + wanted);
}

}  // namespace

Result<ProxyAddress> parse_proxy_url(std::string_view url) {
  const std::string text = url.find("://") == std::string_view::npos ? "http://" + std::string(url) : std::string(url);
  const auto parsed = boost::urls::parse_uri(text);
  if (!parsed) return invalid("the address of the proxy is not a URL");
  const boost::urls::url_view& view = *parsed;
  if (view.scheme_id() != boost::urls::scheme::http)
    return invalid("only proxies that are spoken to over plain HTTP are supported");
  ProxyAddress proxy;
  proxy.host = view.host_address();
  proxy.port = view.has_port() ? std::string(view.port()) : "80";
  if (proxy.host.empty() || proxy.port.empty()) return invalid("the address of the proxy names no host or port");
  if (view.has_userinfo()) proxy.credentials = Secret(view.user() + ":" + view.password());
  return proxy;
}

bool bypasses_proxy(std::string_view no_proxy, std::string_view host, std::string_view port) {
  const std::string name = lower(host);
  const auto address = address_of(name);
  if (name == "localhost" || (address && address->is_loopback())) return true;
  while (!no_proxy.empty()) {
    const std::size_t comma = std::min(no_proxy.find(','), no_proxy.size());
    const std::string_view entry = trimmed(no_proxy.substr(0, comma));
    if (!entry.empty() && names_server(entry, name, address, port)) return true;
    no_proxy.remove_prefix(std::min(comma + 1, no_proxy.size()));
  }
  return false;
}

Result<std::optional<ProxyAddress>> choose_proxy(std::string_view proxy_url, const ProxyEnvironment& environment,
                                                 std::string_view host, std::string_view port) {
  std::string_view chosen = proxy_url;
  if (chosen.empty() && !bypasses_proxy(environment.no_proxy, host, port)) chosen = environment.https_proxy;
  if (chosen.empty()) return std::optional<ProxyAddress>();
  Result<ProxyAddress> proxy = parse_proxy_url(chosen);
  if (!proxy) return std::unexpected(std::move(proxy.error()));
  return std::optional(*std::move(proxy));
}

Secret connect_request(const ProxyAddress& proxy, std::string_view host, std::string_view port) {
  const std::string bracketed =
      host.find(':') == std::string_view::npos ? std::string(host) : "[" + std::string(host) + "]";
  const std::string server = bracketed + ":" + std::string(port);
  std::string text = "CONNECT " + server + " HTTP/1.1\r\nHost: " + server + "\r\n";
  if (!proxy.credentials.empty())
    text += "Proxy-Authorization: Basic " + base64_encode(proxy.credentials.reveal()) + "\r\n";
  return Secret(text + "\r\n");
}

std::optional<Result<void>> read_connect_reply(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() < kMaxProxyReplyBytes) return std::nullopt;
    return fail(ErrorKind::Protocol, "the answer of the proxy is too long");
  }
  const std::string_view line = bytes.substr(0, bytes.find("\r\n"));
  const std::size_t space = line.find(' ');
  if (!line.starts_with("HTTP/1.") || space == std::string_view::npos)
    return fail(ErrorKind::Protocol, "the proxy does not speak HTTP", "", "check proxy-url or HTTPS_PROXY");
  std::string said(line.substr(space + 1, 128));
  std::ranges::replace_if(said, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  if (!said.starts_with("2"))
    return fail(ErrorKind::Unreachable, "the proxy refuses to connect: " + said, "",
                "check proxy-url or HTTPS_PROXY, and what the proxy allows");
  // The server speaks only when it was spoken to: what comes now is not its.
  if (end + 4 != bytes.size()) return fail(ErrorKind::Protocol, "the proxy sent bytes of its own into the connection");
  return Result<void>{};
}

}  // namespace holdfast
