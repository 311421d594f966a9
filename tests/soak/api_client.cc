#include "soak/api_client.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include "watchers/kubeconfig.h"

namespace holdfast::soak {

namespace asio = boost::asio;

namespace {

constexpr int kAttempts = 4;

}  // namespace

ApiClient::ApiClient(const std::string& kubeconfig) {
  KubeconfigOptions options;
  options.path = kubeconfig;
  Result<KubeContext> context = load_kubeconfig(options);
  if (!context) throw std::runtime_error(describe(context.error()));
  context->client.user_agent = "holdfast-soak";
  port_ = context->client.port;
  Result<std::unique_ptr<HttpClient>> client = HttpClient::create(io_.get_executor(), std::move(context->client));
  if (!client) throw std::runtime_error(describe(client.error()));
  client_ = std::move(*client);
}

Result<ApiResponse> ApiClient::try_to_send(ApiRequest request) {
  std::optional<Result<ApiResponse>> answer;
  asio::co_spawn(io_, client_->send(std::move(request)),
                 [&answer](std::exception_ptr failure, Result<ApiResponse> got) {
                   if (failure) std::rethrow_exception(failure);
                   answer = std::move(got);
                 });
  io_.restart();
  while (!answer) io_.run_one();
  return *std::move(answer);
}

// Again where the connection ended: a person does not mind whether the first attempt was carried out.
ApiResponse ApiClient::send(const ApiRequest& request, std::initializer_list<int> expected) {
  const std::string what = std::string(to_string(request.method)) + " " + request.target;
  Result<ApiResponse> answer = try_to_send(request);
  for (int left = kAttempts - 1; left > 0 && !answer; --left) answer = try_to_send(request);
  if (!answer) throw std::runtime_error(what + ": " + describe(answer.error()));
  if (std::ranges::find(expected, answer->status) == expected.end())
    throw std::runtime_error(what + ": " + std::to_string(answer->status) + " " + answer->body);
  return *std::move(answer);
}

json::value ApiClient::get(const std::string& target) {
  ApiRequest request;
  request.target = target;
  const ApiResponse response = send(request, {200, 404});
  Result<json::value> body = parse_json(response.body);
  if (!body) throw std::runtime_error("GET " + target + ": " + describe(body.error()));
  return *std::move(body);
}

bool ApiClient::patch(const std::string& target, const std::string& merge_patch) {
  ApiRequest request;
  request.method = Method::Patch;
  request.target = target + "?fieldManager=somebody";
  request.content_type = "application/merge-patch+json";
  request.body = merge_patch;
  return send(request, {200, 404}).status == 200;
}

bool ApiClient::remove(const std::string& target) {
  ApiRequest request;
  request.method = Method::Delete;
  request.target = target;
  return send(request, {200, 202, 404}).status != 404;
}

}  // namespace holdfast::soak
