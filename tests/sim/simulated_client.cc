#include "sim/simulated_client.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace holdfast::sim {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using enum FaultKind;

namespace {

constexpr auto kPluginHangs = 60s;  // then it is killed (correctness B5)

TlsFiles certificate_files(const SimulatedCluster& cluster) {
  TlsFilePaths paths;
  paths.ca = "ca.crt";
  return TlsFiles(
      paths, {cluster.keys().authority, std::nullopt},
      [&cluster](const std::string&) -> Result<std::string> { return cluster.keys().authority; }, Clock::now);
}

}  // namespace

SimulatedClient::SimulatedClient(asio::any_io_executor executor, SimulatedNetwork& network, SimulatedCluster& cluster,
                                 FaultPlan& faults)
    : executor_(std::move(executor)),
      network_(network),
      faults_(faults),
      token_file_(
          "token", [&cluster](const std::string&) -> Result<std::string> { return cluster.keys().token; }, Clock::now),
      authority_(cluster.keys().authority),
      certificate_files_(certificate_files(cluster)),
      flows_([&faults] { return static_cast<double>(faults.random().below(1'000)) / 1'000; }) {}

// A plugin that fails does so at once, or when it was killed.
asio::awaitable<Result<Secret>> SimulatedClient::token() {
  if (!faults_.lasts(PluginFails)) co_return token_file_.token();
  faults_.hit(PluginFails);
  Timer timer(executor_, Clock::now() + (faults_.random().coin() ? 0s : kPluginHangs));
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return fail(ErrorKind::Unauthorized, "the credential plugin failed");
}

void SimulatedClient::look_at_files() {
  auto renewed = certificate_files_.changed();
  if (!renewed) return;
  authority_ = renewed->ca_pem;
  certificate_files_.in_use(std::move(*renewed));
  network_.replace_connections();
}

ServerKeys SimulatedClient::keys_with(const Secret& token) const { return {std::string(token.reveal()), authority_}; }

asio::awaitable<Result<ApiResponse>> SimulatedClient::send(ApiRequest request) {
  const Clock::time_point deadline = Clock::now() + request.deadline;
  const std::function<asio::awaitable<Result<FlowAnswer>>()> attempt = [this, request, deadline] {
    return send_once(request, deadline);
  };
  co_return co_await with_patience(executor_, flows_, request.method, request.max_retries, deadline, attempt);
}

asio::awaitable<Result<FlowAnswer>> SimulatedClient::send_once(ApiRequest request, Clock::time_point deadline) {
  look_at_files();
  request.deadline = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
  const auto attempt = [this, request](const Secret& token) { return network_.send(request, keys_with(token)); };
  auto answer = co_await with_credential(*this, attempt, [](const ApiResponse& response) { return response.status; });
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  if (answer->status == 401) ++unauthorized_;
  co_return FlowAnswer{std::move(*answer), ""};
}

asio::awaitable<Result<std::unique_ptr<ResponseStream>>> SimulatedClient::open(
    ApiRequest request, std::chrono::milliseconds stream_deadline) {
  look_at_files();
  const auto attempt = [this, request, stream_deadline](const Secret& token) {
    return network_.open(request, stream_deadline, keys_with(token));
  };
  auto stream = co_await with_credential(
      *this, attempt, [](const std::unique_ptr<ResponseStream>& opened) { return opened->status(); });
  if (stream && (*stream)->status() == 401) ++unauthorized_;
  co_return stream;
}

}  // namespace holdfast::sim
