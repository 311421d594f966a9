#include "net/http_client.h"

#include <boost/asio/awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <functional>
#include <optional>
#include <random>
#include <utility>

#include "holdfast/base/log.h"
#include "net/attempts.h"
#include "net/connection.h"
#include "net/connection_pool.h"
#include "net/exchange.h"
#include "net/exec_credentials.h"
#include "net/gate.h"
#include "net/request_text.h"
#include "net/tls_context.h"
#include "net/tls_files.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using ExchangePtr = std::unique_ptr<Exchange>;

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

// Spreads retries; nothing that is decided depends on it.
double chance() {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(random);
}

// A path may be long and its query longer; a message needs neither.
std::string where(const ClientConfig& config, const ApiRequest& request) {
  const auto query = request.target.find('?');
  return std::string(to_string(request.method)) + " " + server_name(config) + config.base_path +
         request.target.substr(0, query);
}

}  // namespace

struct HttpClient::Core final : CredentialSource {
  asio::any_io_executor executor;
  std::shared_ptr<const ClientConfig> config;
  std::shared_ptr<Gate> handshakes;
  std::shared_ptr<ConnectionPool> pool;                // of the credentials in use
  std::vector<std::weak_ptr<ConnectionPool>> retired;  // with requests under way, some of them
  TlsFiles files{{}, {}};
  std::shared_ptr<ExecCredentials> exec;  // null where there is no plugin
  ExecCredentialPtr exec_in_use;
  FlowBackoffs flows{chance};
  std::shared_ptr<const WriteFence> fence;  // null: none

  // What a call keeps for as long as it is under way.
  struct Call {
    std::shared_ptr<Core> core;
    ApiRequest request;
    ConnectionUse use;
    Connection::Clock::time_point deadline;
    std::shared_ptr<const Secret> text = {};
  };
  using CallPtr = std::shared_ptr<Call>;

  Result<void> use(ClientConfig with);
  void look_at_files();
  asio::awaitable<Result<Secret>> token() override;
  [[nodiscard]] std::shared_ptr<const void> in_use() const override { return exec_in_use; }
  [[nodiscard]] bool renewable(const Secret& token) const override { return exec || !token.empty(); }
  void rejected() override;

  static asio::awaitable<Result<ApiResponse>> send(CallPtr call);
  static asio::awaitable<Result<FlowAnswer>> send_once(CallPtr call);
  static asio::awaitable<Result<std::unique_ptr<ResponseStream>>> open(CallPtr call,
                                                                       Connection::Clock::time_point stream_deadline);
  static asio::awaitable<Result<ExchangePtr>> answered(CallPtr call);
  static asio::awaitable<Result<ExchangePtr>> exchange(CallPtr call, Secret token);
};

// From here on connections are made with this configuration; those of the one before are given up.
Result<void> HttpClient::Core::use(ClientConfig with) {
  auto tls = TlsContext::create(with);
  if (!tls) return std::unexpected(std::move(tls.error()));
  if (pool) {
    pool->retire();
    std::erase_if(retired, [](const auto& old) { return old.expired(); });
    retired.push_back(pool);
  }
  config = std::make_shared<const ClientConfig>(std::move(with));
  pool = std::make_shared<ConnectionPool>(executor, config, std::move(*tls), handshakes);
  return {};
}

// Certificates that were renewed on disk (correctness B1, B2). What cannot be used leaves everything as it is.
void HttpClient::Core::look_at_files() {
  auto renewed = files.changed();
  if (!renewed) return;
  ClientConfig with = *config;
  with.ca_pem = renewed->ca_pem;
  if (!exec_in_use || !exec_in_use->identity) with.identity = renewed->identity;
  const Result<void> used = use(std::move(with));
  if (used) {
    log(LogLevel::Info, "certificates-renewed", "using the certificates that were renewed on disk");
    files.in_use(std::move(*renewed));
  } else {
    log(LogLevel::Warning, "certificates-unusable", "keeping the certificates in use: " + describe(used.error()));
    files.unusable();
  }
}

// Empty where there is none to send. Errors: Unauthorized.
asio::awaitable<Result<Secret>> HttpClient::Core::token() {
  if (!config->tls) co_return Secret{};
  if (config->token) co_return config->token->token();
  if (!exec) co_return Secret{};
  auto credential = co_await exec->get();
  if (!credential) co_return std::unexpected(std::move(credential.error()));
  const auto had = exec_in_use ? exec_in_use->identity : nullptr;
  const auto has = (*credential)->identity;
  const bool other_identity = has != had && !(has && had && *has == *had);
  exec_in_use = *credential;
  if (other_identity) {
    ClientConfig with = *config;
    with.identity = has ? std::optional(*has) : std::nullopt;
    if (auto used = use(std::move(with)); !used) {
      exec->rejected(*credential);
      co_return fail(ErrorKind::Unauthorized,
                     "the credential plugin gave a certificate that cannot be used: " + used.error().message);
    }
  }
  co_return exec_in_use->token;
}

void HttpClient::Core::rejected() {
  if (config->token) config->token->rejected();
  if (exec) exec->rejected(exec_in_use);
}

// The head of a response, after at most one further attempt with another credential (correctness B9).
asio::awaitable<Result<ExchangePtr>> HttpClient::Core::answered(CallPtr call) {
  Core& core = *call->core;
  core.look_at_files();
  const auto attempt = [call](Secret token) { return exchange(call, std::move(token)); };
  const auto status_of = [](const ExchangePtr& exchange) { return exchange->head().status(); };
  co_return co_await with_credential(core, attempt, status_of);
}

// One attempt, and another one if an idle connection turned out to be closed.
asio::awaitable<Result<ExchangePtr>> HttpClient::Core::exchange(CallPtr call, Secret token) {
  Core& core = *call->core;
  auto text = request_text(*core.config, call->request, token.empty() ? nullptr : &token, call->use);
  if (!text) co_return std::unexpected(std::move(text.error()));
  call->text = std::make_shared<const Secret>(std::move(*text));
  const bool safe = call->request.method == Method::Get;
  for (bool fresh = false;; fresh = true) {
    auto lease = call->use == ConnectionUse::Single ? core.pool->take_for_stream()
                 : fresh                            ? core.pool->take_fresh()
                                                    : core.pool->take();
    auto attempt = std::make_unique<Exchange>(std::move(lease), safe, where(*core.config, call->request));
    if (!safe && core.fence != nullptr) attempt->hold_behind(core.fence);
    auto started = co_await attempt->start(call->text, call->deadline);
    if (started) co_return attempt;
    if (!attempt->repeatable()) co_return std::unexpected(std::move(started.error()));
  }
}

// A cancelled caller makes Asio throw at the next suspension; no exception leaves this room.
asio::awaitable<Result<ApiResponse>> HttpClient::Core::send(CallPtr call) {
  try {
    Core& core = *call->core;
    const std::function<asio::awaitable<Result<FlowAnswer>>()> attempt = [call] { return send_once(call); };
    co_return co_await with_patience(core.executor, core.flows, call->request.method, call->request.max_retries,
                                     call->deadline, attempt);
  } catch (const boost::system::system_error& error) {
    co_return fail(ErrorKind::Cancelled, error.what(), where(*call->core->config, call->request));
  }
}

asio::awaitable<Result<FlowAnswer>> HttpClient::Core::send_once(CallPtr call) {
  auto exchange = co_await answered(call);
  if (!exchange) co_return std::unexpected(std::move(exchange.error()));
  Exchange& response = **exchange;
  auto body = co_await response.read_whole_body(call->core->config->max_response_bytes);
  if (!body) co_return std::unexpected(std::move(body.error()));
  const ResponseReader& head = response.head();
  FlowAnswer answer{{head.status(), head.content_type(), head.retry_after(), std::move(*body), head.header("ETag"),
                     head.header("Date")},
                    head.header("X-Kubernetes-PF-FlowSchema-UID")};
  response.finish();
  co_return answer;
}

asio::awaitable<Result<std::unique_ptr<ResponseStream>>> HttpClient::Core::open(
    CallPtr call, Connection::Clock::time_point stream_deadline) {
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
  auto core = std::make_shared<Core>();
  core->executor = executor;
  core->handshakes = std::make_shared<Gate>(executor, config.max_handshakes);
  core->files = TlsFiles(config.tls_files, {config.ca_pem, config.identity});
  if (config.exec && !config.token && !config.identity) {
    const ExecClusterInfo cluster{server_name(config) + config.base_path,
                                  config.tls_server_name,
                                  config.ca_pem,
                                  config.proxy_url,
                                  config.insecure_skip_verify,
                                  config.disable_compression};
    ProcessSpec process = exec_process(*config.exec, cluster, config.environment);
    ExecCredentials::World world;
    world.random = chance;
    core->exec = std::make_shared<ExecCredentials>(executor, *config.exec, std::move(process), std::move(world));
  }
  if (auto used = core->use(std::move(config)); !used) return std::unexpected(std::move(used.error()));
  return std::unique_ptr<HttpClient>(new HttpClient(std::move(core)));
}

HttpClient::HttpClient(std::shared_ptr<Core> core) : core_(std::move(core)) {}

HttpClient::~HttpClient() { close_all(); }

asio::awaitable<Result<ApiResponse>> HttpClient::send(ApiRequest request) {
  const auto deadline = Connection::Clock::now() + request.deadline;
  return Core::send(std::make_shared<Core::Call>(core_, std::move(request), ConnectionUse::KeepAlive, deadline));
}

asio::awaitable<Result<std::unique_ptr<ResponseStream>>> HttpClient::open(ApiRequest request,
                                                                          std::chrono::milliseconds stream_deadline) {
  const auto now = Connection::Clock::now();
  const auto head_deadline = now + request.deadline;
  return Core::open(std::make_shared<Core::Call>(core_, std::move(request), ConnectionUse::Single, head_deadline),
                    now + stream_deadline);
}

void HttpClient::set_write_fence(std::shared_ptr<const WriteFence> fence) { core_->fence = std::move(fence); }

void HttpClient::cut_writes() {
  core_->pool->cut_writes();
  for (const auto& old : core_->retired)
    if (const auto pool = old.lock()) pool->cut_writes();
}

void HttpClient::close_all() { core_->pool->close_all(); }

}  // namespace holdfast
