#include "app/cluster_session.h"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <random>

#include "holdfast/model/api_status.h"
#include "net/user_agent.h"
#include "watchers/kubeconfig.h"

namespace holdfast {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<KubeContext> find_context(const ClusterOptions& options) {
  KubeconfigOptions kubeconfig;
  kubeconfig.path = options.kubeconfig;
  kubeconfig.context = options.context;
  kubeconfig.kubeconfig_env = environment("KUBECONFIG");
  kubeconfig.home = environment("HOME");
  kubeconfig.path_env = environment("PATH");
  // Both spellings are in use; where both are set, the lower case one is what programs agree on.
  const auto either = [](const char* lower, const char* upper) {
    const std::string value = environment(lower);
    return value.empty() ? environment(upper) : value;
  };
  kubeconfig.proxy = {either("https_proxy", "HTTPS_PROXY"), either("no_proxy", "NO_PROXY")};
  InClusterOptions in_cluster;
  in_cluster.host = environment("KUBERNETES_SERVICE_HOST");
  in_cluster.port = environment("KUBERNETES_SERVICE_PORT");
  // As kubectl: a kubeconfig that was named wins; otherwise a pod's own account, where we are in one.
  const bool named = !options.kubeconfig.empty() || !kubeconfig.kubeconfig_env.empty() || !options.context.empty();
  if (!named && !in_cluster.host.empty()) return load_in_cluster(in_cluster);
  return load_kubeconfig(kubeconfig);
}

Result<KubeContext> client_context(const ClusterOptions& options) {
  Result<KubeContext> context = find_context(options);
  if (!context) return context;
  context->client.user_agent = user_agent("holdfast", HOLDFAST_VERSION);
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    context->client.environment.emplace_back(*entry);
  return context;
}

}  // namespace

Result<std::unique_ptr<HttpClient>> open_connection(boost::asio::any_io_executor executor,
                                                    const ClusterOptions& options) {
  Result<KubeContext> context = client_context(options);
  if (!context) return std::unexpected(context.error());
  return HttpClient::create(std::move(executor), std::move(context->client));
}

Result<ClusterSession> open_session(boost::asio::any_io_executor executor, const ClusterOptions& options) {
  Result<KubeContext> context = client_context(options);
  if (!context) return std::unexpected(context.error());
  ClusterSession session;
  session.server = "https://" + context->client.host + ":" + context->client.port;
  session.namespace_ = options.namespace_.empty() ? context->namespace_ : options.namespace_;
  Result<std::unique_ptr<HttpClient>> client = HttpClient::create(executor, std::move(context->client));
  if (!client) return std::unexpected(client.error());
  session.client = std::move(*client);
  session.values = std::make_unique<ValueFollower>(
      executor, *session.client, *session.client, [engine = std::make_shared<std::mt19937_64>(std::random_device{}())] {
        return std::uniform_real_distribution<double>()(*engine);
      });
  return session;
}

boost::asio::awaitable<Result<json::value>> ask_json(ApiServer& api, ApiRequest request) {
  const std::string target = request.target;
  const Result<ApiResponse> response = co_await api.send(std::move(request));
  if (!response) co_return std::unexpected(response.error());
  if (response->status / 100 != 2)
    co_return std::unexpected(
        to_error(parse_api_status(response->status, response->content_type, response->body), target));
  co_return parse_json(response->body);
}

int run_in_session(const ClusterOptions& options, int trouble, const SessionVerb& verb) {
  boost::asio::io_context io(1);
  Result<ClusterSession> session = open_session(io.get_executor(), options);
  Result<int> outcome = trouble;
  auto task = [&]() -> boost::asio::awaitable<void> {
    outcome = co_await verb(io.get_executor(), *session);
    session->close();
  };
  if (session) {
    boost::asio::co_spawn(io, task(), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
    io.run();
  } else {
    outcome = std::unexpected(session.error());
  }
  if (outcome) return *outcome;
  std::fprintf(stderr, "holdfast: %s\n", describe(outcome.error()).c_str());
  return trouble;
}

}  // namespace holdfast
