#include "app/live_listing.h"

#include <utility>

#include "holdfast/model/api_status.h"
#include "net/url.h"
#include "watchers/list_page.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr int kPageObjects = 500;
constexpr int kMostPages = 10'000;
constexpr int kMostAttempts = 3;

std::string target_of(const ApiResource& resource, const std::string& namespace_, const std::string& installation,
                      const std::string& token) {
  std::string target = resource_path(resource, namespace_, "") +
                       "?labelSelector=" + encode_query_value(std::string(kInstallationLabel) + "=" + installation) +
                       "&limit=" + std::to_string(kPageObjects);
  if (!token.empty()) target += "&continue=" + encode_query_value(token);
  return target;
}

asio::awaitable<Result<LiveObjects>> list_once(ApiServer& api, const ApiResource* resource, std::string namespace_,
                                               std::string installation) {
  LiveObjects objects;
  std::string token;
  for (int pages = 0; pages < kMostPages; ++pages) {
    ApiRequest request;
    request.target = target_of(*resource, namespace_, installation, token);
    const Result<ApiResponse> response = co_await api.send(std::move(request));
    if (!response) co_return std::unexpected(response.error());
    const std::string where = "list of " + to_string(resource->gvk);
    if (response->status != 200)
      co_return std::unexpected(
          to_error(parse_api_status(response->status, response->content_type, response->body), where));
    Result<ListPage> page = parse_list_page(response->body, resource->gvk);
    if (!page) co_return std::unexpected(page.error());
    for (LivePtr& item : page->items) {
      const ObjectKey key = item->key;
      objects.insert_or_assign(key, std::move(item));
    }
    token = std::move(page->continue_token);
    if (token.empty()) co_return objects;
  }
  co_return fail(ErrorKind::TooLarge, "more than 10,000 pages", "list of " + to_string(resource->gvk));
}

asio::awaitable<Result<LiveObjects>> list_all(ApiServer& api, const ApiResource* resource, std::string namespace_,
                                              std::string installation) {
  Result<LiveObjects> objects = co_await list_once(api, resource, namespace_, installation);
  for (int attempt = 1; attempt < kMostAttempts && !objects && objects.error().kind == ErrorKind::Gone; ++attempt)
    objects = co_await list_once(api, resource, namespace_, installation);
  co_return objects;
}

}  // namespace

asio::awaitable<Result<LiveObjects>> list_live(ApiServer& api, ApiResource resource, std::string installation,
                                               std::set<std::string> namespaces) {
  Result<LiveObjects> everywhere = co_await list_all(api, &resource, std::string(), installation);
  if (everywhere || everywhere.error().kind != ErrorKind::Forbidden || !resource.namespaced) co_return everywhere;
  LiveObjects objects;
  for (const std::string& namespace_ : namespaces) {
    Result<LiveObjects> some = co_await list_all(api, &resource, namespace_, installation);
    if (!some) co_return some;
    objects.merge(*some);
  }
  co_return objects;
}

}  // namespace holdfast
