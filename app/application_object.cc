#include "app/application_object.h"

#include <spdlog/fmt/fmt.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "app/cluster_session.h"
#include "app/own_definitions.h"
#include "holdfast/base/clock.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds kBetweenLooks{150};

std::string path_of(const ApplicationName& name) {
  return resource_path(application_resource(), name.first, name.second);
}

}  // namespace

ApplicationName application_named(const std::string& text, const std::string& default_namespace) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return {default_namespace, text};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

asio::awaitable<Result<json::object>> read_application_object(ApiServer& api, ApplicationName name) {
  ApiRequest request;
  request.target = path_of(name);
  Result<json::value> read = co_await ask_json(api, std::move(request));
  if (read && read->is_object()) co_return std::move(read->get_object());
  if (read) co_return fail(ErrorKind::Protocol, "the answer is no object", path_of(name));
  if (read.error().kind != ErrorKind::NotFound) co_return std::unexpected(std::move(read.error()));
  co_return fail(ErrorKind::NotFound,
                 fmt::format("there is no Application {} in the namespace {}", name.second, name.first), {},
                 "`kubectl get hfapp -A` lists them; name it NAMESPACE/NAME, or its namespace with -n");
}

asio::awaitable<std::string> who_we_are(ApiServer& api) {
  ApiRequest request;
  request.method = Method::Post;
  request.target = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
  request.content_type = "application/json";
  request.body = to_json(json::object{{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "SelfSubjectReview"}});
  const Result<json::value> answer = co_await ask_json(api, std::move(request));
  co_return answer ? std::string(string_at(*answer, {"status", "userInfo", "username"})) : std::string();
}

asio::awaitable<Result<void>> annotate(ApiServer& api, ApplicationName name, json::object object,
                                       json::object annotations) {
  ApiRequest request;
  request.method = Method::Patch;
  request.target = path_of(name) + "?fieldManager=holdfast-cli";
  request.content_type = "application/merge-patch+json";
  request.body = to_json(json::object{
      {"metadata", {{"uid", string_at(object, {"metadata", "uid"})}, {"annotations", std::move(annotations)}}}});
  const Result<json::value> written = co_await ask_json(api, std::move(request));
  if (!written) co_return std::unexpected(written.error());
  co_return Result<void>();
}

asio::awaitable<Result<json::object>> wait_for_status(asio::any_io_executor executor, ApiServer& api,
                                                      ApplicationName name, std::string field, std::string value,
                                                      std::chrono::seconds patience) {
  const auto end = Clock::now() + patience;
  Timer pause(executor);
  for (;;) {
    Result<json::object> object = co_await read_application_object(api, name);
    if (!object) co_return object;
    if (string_at(*object, {"status", field}) == value) co_return object;
    if (Clock::now() >= end)
      co_return fail(ErrorKind::Timeout, fmt::format("the daemon has not taken it up within {} s", patience.count()),
                     {}, "it does so when it runs again; look at it with `kubectl -n holdfast-system get pods`");
    pause.expires_at(Clock::now() + kBetweenLooks);
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

}  // namespace holdfast
