// `holdfast version --cluster`: this program, the API server, and the daemons that run there.
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <utility>

#include "app/application_verbs.h"
#include "app/cluster_session.h"
#include "net/url.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr int kTrouble = 2;

asio::awaitable<Result<json::value>> get(ApiServer& api, std::string target) {
  ApiRequest request;
  request.target = std::move(target);
  co_return co_await ask_json(api, std::move(request));
}

void print_daemons(const json::value& list) {
  const json::value* items = find(list, {"items"});
  if (items == nullptr || !items->is_array()) return;
  for (const json::value& item : items->get_array()) {
    const json::value* containers = find(item, {"spec", "template", "spec", "containers"});
    if (containers == nullptr || !containers->is_array() || containers->get_array().empty()) continue;
    std::printf("daemon %s (%s/%s)\n", std::string(string_at(containers->get_array()[0], {"image"})).c_str(),
                std::string(string_at(item, {"metadata", "namespace"})).c_str(),
                std::string(string_at(item, {"metadata", "name"})).c_str());
  }
}

}  // namespace

int version_command(const ClusterOptions& options) {
  return run_in_session(
      options, kTrouble, [&](asio::any_io_executor, ClusterSession& session) -> asio::awaitable<Result<int>> {
        std::string target = "/version";
        const Result<json::value> server = co_await get(*session.client, std::move(target));
        if (!server) co_return std::unexpected(server.error());
        std::printf("kubernetes %s\n", std::string(string_at(*server, {"gitVersion"})).c_str());
        std::string daemons =
            "/apis/apps/v1/deployments?labelSelector=" + encode_query_value("app.kubernetes.io/name=holdfast");
        const Result<json::value> list = co_await get(*session.client, std::move(daemons));
        if (list)
          print_daemons(*list);
        else
          std::fprintf(stderr, "holdfast: which daemons run there cannot be seen: %s\n",
                       describe(list.error()).c_str());
        co_return 0;
      });
}

}  // namespace holdfast
