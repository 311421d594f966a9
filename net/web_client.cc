#include "net/web_client.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/system/system_error.hpp>
#include <map>

#include "net/connection_pool.h"
#include "net/exchange.h"
#include "net/tls_context.h"
#include "net/url.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using SteadyClock = Connection::Clock;
using ExchangePtr = std::unique_ptr<Exchange>;

constexpr unsigned kMostRedirects = 5;
constexpr std::size_t kMostOrigins = 16;
constexpr std::size_t kPieceBytes = std::size_t{64} << 10;

bool printable_or_space(char c) { return c >= 0x20 && c < 0x7f; }
bool printable(char c) { return c > 0x20 && c < 0x7f; }

// For messages: without what may be secret in a query, as signed addresses of blobs have it.
std::string shown(const WebUrl& url) {
  return (url.tls ? "https://" : "http://") + authority(url.host, url.port, url.tls) +
         url.target.substr(0, url.target.find('?'));
}

Result<Secret> text_of(const WebRequest& request, const WebUrl& url, const std::string& user_agent) {
  const std::string_view authorization = request.authorization.reveal();
  bool clean = std::ranges::all_of(url.target, printable) && std::ranges::all_of(user_agent, printable_or_space) &&
               std::ranges::all_of(authorization, printable_or_space);
  std::size_t size = 256 + url.target.size() + url.host.size() + user_agent.size() + authorization.size();
  for (const auto& [name, value] : request.headers) {
    clean = clean && std::ranges::all_of(name, printable) && std::ranges::all_of(value, printable_or_space);
    size += name.size() + value.size() + 4;
  }
  if (!clean) return fail(ErrorKind::Invalid, "a header of a request has a control character or is not ASCII");
  std::string text;
  text.reserve(size);  // at once: a reallocation would leave a copy of the credential behind, unwiped
  text.append(request.head_only ? "HEAD " : "GET ").append(url.target).append(" HTTP/1.1\r\nHost: ");
  text.append(authority(url.host, url.port, url.tls)).append("\r\n");
  if (!user_agent.empty()) text.append("User-Agent: ").append(user_agent).append("\r\n");
  if (request.accept_gzip) text.append("Accept-Encoding: gzip\r\n");
  for (const auto& [name, value] : request.headers) text.append(name).append(": ").append(value).append("\r\n");
  if (!authorization.empty()) text.append("Authorization: ").append(authorization).append("\r\n");
  text.append("\r\n");
  return Secret(std::move(text));
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

std::string WebResponse::header(std::string_view name) const {
  const auto all = all_headers(name);
  return all.empty() ? std::string() : all.front();
}

std::vector<std::string> WebResponse::all_headers(std::string_view name) const {
  std::vector<std::string> found;
  for (const auto& [key, value] : headers)
    if (boost::beast::iequals(key, name)) found.push_back(value);
  return found;
}

struct WebClient::Core {
  WebClientOptions options;
  asio::io_context io{1};
  std::map<std::string, std::shared_ptr<ConnectionPool>> pools;  // by origin
  std::shared_ptr<Gate> handshakes = std::make_shared<Gate>(io.get_executor(), 4);

  Result<std::shared_ptr<ConnectionPool>> pool_of(const WebUrl& url);
  asio::awaitable<Result<ExchangePtr>> start(const WebRequest* request, WebUrl url, SteadyClock::time_point deadline);
  asio::awaitable<Result<WebResponse>> once(const WebRequest* request, WebUrl url, SteadyClock::time_point deadline);
  asio::awaitable<Result<WebResponse>> follow(WebRequest* request, SteadyClock::time_point deadline);
  asio::awaitable<Result<void>> pour(Exchange* from, const WebRequest* request, SteadyClock::time_point deadline);
};

Result<std::shared_ptr<ConnectionPool>> WebClient::Core::pool_of(const WebUrl& url) {
  const std::string origin = (url.tls ? "https://" : "http://") + authority(url.host, url.port, url.tls);
  if (const auto found = pools.find(origin); found != pools.end()) return found->second;
  auto config = std::make_shared<ClientConfig>();
  config->host = url.host;
  config->port = url.port;
  config->tls = url.tls;
  config->ca_pem = options.ca_pem;
  config->max_idle_connections = 2;
  if (url.tls) {
    auto proxy = choose_proxy("", options.proxy, url.host, url.port);
    if (!proxy) return std::unexpected(std::move(proxy.error()));
    config->proxy = std::move(*proxy);
  }
  auto tls = TlsContext::create(*config);
  if (!tls) return fail(ErrorKind::Invalid, "the CA certificates cannot be used", {}, options.hint);
  if (pools.size() >= kMostOrigins) pools.clear();
  return pools[origin] =
             std::make_shared<ConnectionPool>(io.get_executor(), std::move(config), std::move(*tls), handshakes);
}

// To the head of the answer; once more where an idle connection turns out to be closed.
asio::awaitable<Result<ExchangePtr>> WebClient::Core::start(const WebRequest* request, WebUrl url,
                                                            SteadyClock::time_point deadline) {
  if (options.stop.stop_requested()) co_return fail(ErrorKind::Cancelled, "stopped");
  auto text = text_of(*request, url, options.user_agent);
  if (!text) co_return std::unexpected(std::move(text.error()));
  const auto bytes = std::make_shared<const Secret>(std::move(*text));
  auto pool = pool_of(url);
  if (!pool) co_return std::unexpected(std::move(pool.error()));
  for (bool fresh = false;; fresh = true) {
    auto lease = fresh ? (*pool)->take_fresh() : (*pool)->take();
    auto exchange = std::make_unique<Exchange>(std::move(lease), true, shown(url));
    if (request->head_only) exchange->expect_no_body();
    if (!request->accept_gzip) exchange->keep_encoding();
    auto started = co_await exchange->start(bytes, deadline);
    if (started) co_return std::move(exchange);
    if (exchange->repeatable()) continue;
    if (!started.error().hint.empty()) started.error().hint = options.hint;  // those speak of a kubeconfig
    if (started.error().where.empty()) started.error().where = shown(url);
    co_return std::unexpected(std::move(started.error()));
  }
}

asio::awaitable<Result<void>> WebClient::Core::pour(Exchange* from, const WebRequest* request,
                                                    SteadyClock::time_point deadline) {
  std::vector<char> piece(kPieceBytes);
  std::size_t size = 0;
  while (true) {
    from->connection().set_deadline(std::min(deadline, SteadyClock::now() + options.silence));
    const auto got = co_await from->read_body(piece);
    if (!got) co_return std::unexpected(got.error());
    if (*got == 0) co_return Result<void>();
    size += *got;
    if (size > request->body_limit_bytes)
      co_return fail(ErrorKind::TooLarge, fmt::format("the answer is larger than {} bytes", request->body_limit_bytes));
    if (auto taken = request->sink({piece.data(), *got}); !taken) co_return taken;
  }
}

asio::awaitable<Result<WebResponse>> WebClient::Core::once(const WebRequest* request, WebUrl url,
                                                           SteadyClock::time_point deadline) {
  auto started = co_await start(request, url, std::min(deadline, SteadyClock::now() + options.silence));
  if (!started) co_return std::unexpected(std::move(started.error()));
  Exchange& exchange = **started;
  WebResponse response{exchange.head().status(), {}, exchange.head().headers(), {}, exchange.head().retry_after()};
  WebRequest to_memory;
  const bool pours = request->sink && response.status == 200;
  to_memory.body_limit_bytes = request->body_limit_bytes;
  to_memory.sink = [&response](std::string_view bytes) -> Result<void> {
    response.body += bytes;
    return {};
  };
  auto read = co_await pour(&exchange, pours ? request : &to_memory, deadline);
  if (!read) {
    if (read.error().where.empty()) read.error().where = shown(url);
    co_return std::unexpected(std::move(read.error()));
  }
  exchange.finish();
  co_return response;
}

asio::awaitable<Result<WebResponse>> WebClient::Core::follow(WebRequest* request, SteadyClock::time_point deadline) {
  auto url = parse_web_url(request->url);
  if (!url) co_return std::unexpected(std::move(url.error()));
  for (unsigned redirects = 0;; ++redirects) {
    auto response = co_await once(request, *url, deadline);
    if (!response) co_return response;
    const std::string location = response->header("Location");
    if (!is_redirect(response->status) || location.empty()) {
      response->url = request->url;
      co_return response;
    }
    if (redirects == kMostRedirects)
      co_return fail(ErrorKind::Protocol, "is redirected again and again", shown(*url), options.hint);
    auto to = resolve_web_url(request->url, location);
    auto next = to ? parse_web_url(*to) : Result<WebUrl>(std::unexpected(to.error()));
    if (!next || (url->tls && !next->tls))
      co_return fail(ErrorKind::Protocol, "is redirected to where we do not go: " + (next ? shown(*next) : "no https"),
                     shown(*url), options.hint);
    if (!next->same_origin(*url)) request->authorization = Secret();
    request->url = std::move(*to);
    url = std::move(next);
  }
}

WebClient::WebClient(WebClientOptions options) : core_(std::make_unique<Core>()) {
  core_->options = std::move(options);
}
WebClient::~WebClient() = default;
WebClient::WebClient(WebClient&&) noexcept = default;
WebClient& WebClient::operator=(WebClient&&) noexcept = default;

Result<WebResponse> WebClient::send(WebRequest request) {
  Core& core = *core_;
  Result<WebResponse> outcome = fail(ErrorKind::Cancelled, "stopped");
  if (core.options.stop.stop_requested()) return outcome;
  core.io.restart();
  auto call = core.follow(&request, SteadyClock::now() + request.deadline);
  asio::co_spawn(core.io, std::move(call), [&](const std::exception_ptr& thrown, Result<WebResponse> response) {
    // Asio throws where a call is cancelled between two steps.
    if (!thrown) outcome = std::move(response);
    core.io.stop();
  });
  const std::stop_callback stopped(core.options.stop, [&core] {
    asio::post(core.io, [&core] {
      for (const auto& [origin, pool] : core.pools) pool->close_all();
    });
  });
  core.io.run();
  return outcome;
}

}  // namespace holdfast
