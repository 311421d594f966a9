#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <boost/url/url_view.hpp>

#include "net/url.h"
#include "net/web_client.h"

namespace holdfast {
namespace {

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::Invalid, std::move(message), {}, "write it as https://HOST/PATH");
}

}  // namespace

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

Result<WebUrl> parse_web_url(std::string_view url) {
  const auto parsed = boost::urls::parse_uri({url.data(), url.size()});
  if (!parsed) return invalid("this is no URL");
  boost::urls::url server(*parsed);
  server.remove_fragment();
  WebUrl result;
  const auto target = server.encoded_target();
  result.target.assign(target.data(), target.size());
  if (!result.target.starts_with('/')) result.target.insert(0, "/");
  server.remove_query();
  server.set_encoded_path("");
  auto address = parse_server_url({server.buffer().data(), server.buffer().size()});
  if (!address) return std::unexpected(std::move(address.error()));
  if (!address->tls && !is_loopback(address->host))
    return invalid("http:// to another machine would be neither private nor proven");
  result.host = std::move(address->host);
  result.port = std::move(address->port);
  result.tls = address->tls;
  return result;
}

Result<std::string> resolve_web_url(std::string_view base, std::string_view reference) {
  const auto from = boost::urls::parse_uri({base.data(), base.size()});
  const auto to = boost::urls::parse_uri_reference({reference.data(), reference.size()});
  if (!from || !to) return invalid("this is no URL");
  boost::urls::url resolved;
  if (const auto done = boost::urls::resolve(*from, *to, resolved); !done) return invalid("this is no URL");
  return std::string(resolved.buffer().data(), resolved.buffer().size());
}

}  // namespace holdfast
