#include "app/probe_service.h"

#include <spdlog/fmt/fmt.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

#include "holdfast/base/log.h"
#include "sources/receiver_config.h"

namespace holdfast {

namespace asio = boost::asio;

namespace {

constexpr const char* kText = "text/plain; charset=utf-8";
constexpr int kUnfit = 503;

}  // namespace

WebAnswer probe_answer(std::string_view target, const Fitness& fitness, std::chrono::milliseconds since_heard,
                       std::chrono::milliseconds patience) {
  const std::string_view path = target.substr(0, target.find('?'));
  if (path != "/healthz" && path != "/readyz") return {404, kText, "here are /healthz and /readyz\n"};
  if (since_heard > patience)
    return {kUnfit, kText,
            fmt::format("the thread that decides has not answered for {} s\n",
                        std::chrono::duration_cast<std::chrono::seconds>(since_heard).count())};
  if (path == "/healthz") return {200, kText, "ok\n"};
  return {fitness.ready ? 200 : kUnfit, kText, fitness.words};
}

ProbeService::ProbeService(asio::any_io_executor executor, std::function<Fitness()> fitness)
    : ask_(std::move(fitness)), pause_(std::move(executor)), heard_at_(Clock::now()) {}

Result<std::unique_ptr<ProbeService>> ProbeService::create(asio::any_io_executor executor, const std::string& listen,
                                                           std::function<Fitness()> fitness) {
  const auto address = parse_listen_address(listen);
  if (!address) {
    Error error = address.error();
    error.where = "--probes";
    return std::unexpected(std::move(error));
  }
  auto made = std::unique_ptr<ProbeService>(new ProbeService(std::move(executor), std::move(fitness)));
  WebServerOptions options{.address = address->address, .port = address->port};
  auto server = WebServer::listen(made->serving_.get_executor(), *made, std::move(options));
  if (!server) return std::unexpected(std::move(server.error()));
  made->server_ = std::move(*server);
  made->thread_ = std::jthread([self = made.get()] {
    asio::co_spawn(self->serving_, self->server_->run(), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
    self->serving_.run();
  });
  log(LogLevel::Info, "probes", fmt::format("answering /healthz and /readyz at port {}", made->port()));
  return made;
}

ProbeService::~ProbeService() {
  stop();
  if (server_ != nullptr) asio::post(serving_, [this] { server_->stop(); });
}

void ProbeService::hear() {
  Fitness now = ask_();
  const std::scoped_lock lock(mutex_);
  if (now.ready != fitness_.ready && !now.ready) log(LogLevel::Debug, "unready", now.words);
  fitness_ = std::move(now);
  heard_at_ = Clock::now();
}

asio::awaitable<void> ProbeService::run() {
  while (!stopping_) {
    hear();
    pause_.expires_at(Clock::now() + kBeat);
    co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

void ProbeService::stop() {
  stopping_ = true;
  pause_.cancel();
}

std::optional<WebAnswer> ProbeService::refuse(const ReceivedRequest& head) {
  if (head.method == "GET" || head.method == "HEAD") return std::nullopt;
  return WebAnswer{405, kText, "only GET\n"};
}

WebAnswer ProbeService::answer(ReceivedRequest request) {
  const std::scoped_lock lock(mutex_);
  const auto silent = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - heard_at_);
  WebAnswer answer = probe_answer(request.target, fitness_, silent, kPatience);
  if (request.method == "HEAD") answer.body.clear();
  return answer;
}

}  // namespace holdfast
