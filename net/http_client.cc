#include "net/http_client.h"

#include <boost/system/system_error.hpp>
#include <optional>
#include <utility>

#include "net/connection.h"
#include "net/connection_pool.h"
#include "net/exchange.h"
#include "net/request_text.h"
#include "net/tls_context.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using Clock = Connection::Clock;
using ExchangePtr = std::unique_ptr<Exchange>;

enum class Reuse { Idle, Never };

class HttpResponseStream final : public ResponseStream {
 public:
  explicit HttpResponseStream(ExchangePtr exchange)
      : exchange_(std::move(exchange)), content_type_(exchange_->head().content_type()) {}

  [[nodiscard]] int status() const override { return exchange_->head().status(); }
  [[nodiscard]] const std::string& content_type() const override { return content_type_; }
  [[nodiscard]] std::optional<std::chrono::seconds> retry_after() const override {
    return exchange_->head().retry_after();
  }
  asio::awaitable<Result<std::size_t>> read_some(std::span<char> into) override { return exchange_->read_body(into); }
  void close() override { exchange_->connection().stop(Connection::Stop::Cancelled); }

 private:
  ExchangePtr exchange_;
  std::string content_type_;
};

// A path may be long and its query longer; a message needs neither.
std::string where(const ClientConfig& config, const ApiRequest& request) {
  const auto query = request.target.find('?');
  return std::string(to_string(request.method)) + " " + server_name(config) + config.base_path +
         request.target.substr(0, query);
}

}  // namespace

struct HttpClient::Core {
  std::shared_ptr<const ClientConfig> config;
  std::shared_ptr<ConnectionPool> pool;

  // What a call keeps for as long as it is under way.
  struct Call {
    std::shared_ptr<Core> core;
    ApiRequest request;
    Reuse reuse;
    Clock::time_point deadline;
    std::shared_ptr<const Secret> text = {};
  };
  using CallPtr = std::shared_ptr<Call>;

  // Empty where there is no token to send. Errors: Unauthorized.
  [[nodiscard]] Result<Secret> token() const {
    if (!config->token || !config->tls) return Secret{};
    return config->token->token();
  }

  static asio::awaitable<Result<ApiResponse>> send(CallPtr call);
  static asio::awaitable<Result<std::unique_ptr<ResponseStream>>> open(CallPtr call, Clock::time_point stream_deadline);
  static asio::awaitable<Result<ExchangePtr>> answered(CallPtr call);
  static asio::awaitable<Result<ExchangePtr>> exchange(CallPtr call);
};

// The head of a response, after at most one further attempt with another token.
asio::awaitable<Result<ExchangePtr>> HttpClient::Core::answered(CallPtr call) {
  const Core& core = *call->core;
  auto token = core.token();
  for (bool again = false;; again = true) {
    if (!token) co_return std::unexpected(std::move(token.error()));
    auto text = request_text(*core.config, call->request, token->empty() ? nullptr : &*token);
    if (!text) co_return std::unexpected(std::move(text.error()));
    call->text = std::make_shared<const Secret>(std::move(*text));
    auto response = co_await exchange(call);
    if (!response || (*response)->head().status() != 401 || token->empty() || again) co_return response;
    core.config->token->rejected();
    auto fresh = core.token();
    if (!fresh || *fresh == *token) co_return response;
    token = std::move(fresh);
  }
}

// One attempt, and another one if an idle connection turned out to be closed.
asio::awaitable<Result<ExchangePtr>> HttpClient::Core::exchange(CallPtr call) {
  const Core& core = *call->core;
  const bool safe = call->request.method == Method::Get;
  for (bool fresh = call->reuse == Reuse::Never;; fresh = true) {
    auto lease = fresh ? core.pool->take_fresh() : core.pool->take();
    auto attempt = std::make_unique<Exchange>(std::move(lease), safe, where(*core.config, call->request));
    auto started = co_await attempt->start(call->text, call->deadline);
    if (started) co_return attempt;
    if (!attempt->repeatable()) co_return std::unexpected(std::move(started.error()));
  }
}

// A cancelled caller makes Asio throw at the next suspension; no exception leaves this room.
asio::awaitable<Result<ApiResponse>> HttpClient::Core::send(CallPtr call) {
  try {
    auto exchange = co_await answered(call);
    if (!exchange) co_return std::unexpected(std::move(exchange.error()));
    Exchange& response = **exchange;
    auto body = co_await response.read_whole_body(call->core->config->max_response_bytes);
    if (!body) co_return std::unexpected(std::move(body.error()));
    const ResponseReader& head = response.head();
    ApiResponse answer{head.status(), head.content_type(), head.retry_after(), std::move(*body)};
    response.finish();
    co_return answer;
  } catch (const boost::system::system_error& error) {
    co_return fail(ErrorKind::Cancelled, error.what(), where(*call->core->config, call->request));
  }
}

asio::awaitable<Result<std::unique_ptr<ResponseStream>>> HttpClient::Core::open(CallPtr call,
                                                                                Clock::time_point stream_deadline) {
  try {
    auto exchange = co_await answered(call);
    if (!exchange) co_return std::unexpected(std::move(exchange.error()));
    (*exchange)->connection().set_deadline(stream_deadline);
    co_return std::make_unique<HttpResponseStream>(std::move(*exchange));
  } catch (const boost::system::system_error& error) {
    co_return fail(ErrorKind::Cancelled, error.what(), where(*call->core->config, call->request));
  }
}

Result<std::unique_ptr<HttpClient>> HttpClient::create(asio::any_io_executor executor, ClientConfig config) {
  auto tls = TlsContext::create(config);
  if (!tls) return std::unexpected(std::move(tls.error()));
  auto core = std::make_shared<Core>();
  core->config = std::make_shared<const ClientConfig>(std::move(config));
  core->pool = std::make_shared<ConnectionPool>(std::move(executor), core->config, std::move(*tls));
  return std::unique_ptr<HttpClient>(new HttpClient(std::move(core)));
}

HttpClient::HttpClient(std::shared_ptr<Core> core) : core_(std::move(core)) {}

HttpClient::~HttpClient() { close_all(); }

asio::awaitable<Result<ApiResponse>> HttpClient::send(ApiRequest request) {
  const auto deadline = Clock::now() + request.deadline;
  return Core::send(std::make_shared<Core::Call>(core_, std::move(request), Reuse::Idle, deadline));
}

asio::awaitable<Result<std::unique_ptr<ResponseStream>>> HttpClient::open(ApiRequest request,
                                                                          std::chrono::milliseconds stream_deadline) {
  const auto now = Clock::now();
  const auto head_deadline = now + request.deadline;
  return Core::open(std::make_shared<Core::Call>(core_, std::move(request), Reuse::Never, head_deadline),
                    now + stream_deadline);
}

void HttpClient::close_all() { core_->pool->close_all(); }

}  // namespace holdfast
