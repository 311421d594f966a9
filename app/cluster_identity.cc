#include "app/cluster_identity.h"

#include "holdfast/model/json.h"

namespace holdfast {

boost::asio::awaitable<std::string> cluster_identity(ApiServer& api) {
  ApiRequest request;
  request.target = "/api/v1/namespaces/kube-system";
  const Result<ApiResponse> answer = co_await api.send(std::move(request));
  if (!answer || answer->status != 200) co_return std::string();
  const Result<json::value> body = parse_json(answer->body);
  co_return body ? std::string(string_at(*body, {"metadata", "uid"})) : std::string();
}

}  // namespace holdfast
