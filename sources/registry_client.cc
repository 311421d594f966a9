#include "sources/registry_client.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "holdfast/base/digest.h"
#include "holdfast/model/json.h"
#include "net/url.h"
#include "sources/artifact_store.h"

namespace holdfast {
namespace {

constexpr const char* kManifestTypes =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json";
constexpr std::chrono::minutes kBlobDeadline{10};
constexpr std::chrono::seconds kLeastTokenLife{60};  // of the specification, where the service says nothing
constexpr std::chrono::seconds kLongestTokenLife{3600};
constexpr std::chrono::seconds kLeeway{10};
constexpr std::size_t kMostPages = 1000;

constexpr const char* kLoginHint =
    "check spec.source.credentials: username and passwordFile, or dockerConfigFile; and what the account may pull";

// The first code that a registry gives, as in "MANIFEST_UNKNOWN"; its message is not repeated.
std::string error_code(const std::string& body) {
  const auto parsed = parse_json(body);
  const json::value* errors = parsed ? find(*parsed, {"errors"}) : nullptr;
  if (errors == nullptr || !errors->is_array() || errors->get_array().empty()) return {};
  std::string code(string_at(errors->get_array().front(), {"code"}));
  const auto plain = [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; };
  return code.size() <= 40 && std::ranges::all_of(code, plain) ? code : std::string();
}

// The target of `rel="next"` in "<…>; rel=\"next\"".
std::string next_page(const WebResponse& response) {
  for (const std::string& link : response.all_headers("Link")) {
    const std::size_t open = link.find('<'), close = link.find('>');
    if (open == std::string::npos || close == std::string::npos || close < open) continue;
    if (link.find("next", close) == std::string::npos) continue;
    const auto next = resolve_web_url(response.url, link.substr(open + 1, close - open - 1));
    return next ? *next : std::string();
  }
  return {};
}

}  // namespace

RegistryClient::RegistryClient(WebClient& web, RegistryAddress address, std::optional<RegistryLogin> login,
                               RegistryAccess& access)
    : web_(web), address_(std::move(address)), login_(std::move(login)), access_(access) {}

std::string RegistryClient::name() const { return address_.host + "/" + address_.repository; }

Result<WebResponse> RegistryClient::send(const Wanted& wanted) {
  const bool whole = wanted.path.starts_with("http");
  const std::string server = access_.plain_http ? "http" + address_.server.substr(5) : address_.server;
  WebRequest request;
  request.url = whole ? wanted.path : fmt::format("{}/v2/{}/{}", server, address_.repository, wanted.path);
  request.head_only = wanted.head_only;
  if (!wanted.accept.empty()) request.headers.emplace_back("Accept", wanted.accept);
  if (Clock::now() < access_.good_until) request.authorization = access_.authorization;
  request.body_limit_bytes = wanted.body_limit_bytes;
  request.deadline = wanted.deadline;
  request.sink = wanted.sink;
  return web_.send(std::move(request));
}

// On this machine a registry may speak http; that is tried only where https does not work at all.
Result<WebResponse> RegistryClient::get_once(const Wanted& wanted) {
  auto response = send(wanted);
  if (response || !address_.loopback || access_.plain_http || response.error().kind != ErrorKind::Unreachable)
    return response;
  access_.plain_http = true;
  auto plain = send(wanted);
  access_.plain_http = plain ? plain->status != 400 : plain.error().kind != ErrorKind::Unreachable;
  return access_.plain_http ? std::move(plain) : std::move(response);  // 400: it does speak TLS
}

// Once more where the registry says what it demands; a token that ran out early is seen by the same answer.
Result<WebResponse> RegistryClient::get(Wanted wanted) {
  auto response = get_once(wanted);
  if (!response || response->status != 401) return response;
  if (auto gained = gain_access(*response); !gained) return std::unexpected(gained.error());
  return get_once(wanted);
}

Result<void> RegistryClient::gain_access(const WebResponse& refusal) {
  const auto challenges = parse_challenges(refusal.all_headers("WWW-Authenticate"));
  const auto bearer = std::ranges::find(challenges, "bearer", &Challenge::scheme);
  if (bearer != challenges.end()) return take_token(*bearer);
  const bool basic = std::ranges::find(challenges, "basic", &Challenge::scheme) != challenges.end();
  if (!basic || !login_) return std::unexpected(refusal_of(refusal, "an answer"));
  access_.authorization = basic_authorization(*login_);
  access_.good_until = Clock::time_point::max();
  return {};
}

Result<void> RegistryClient::take_token(const Challenge& challenge) {
  const auto parameter = [&](const char* of) {
    const auto found = challenge.parameters.find(of);
    return found == challenge.parameters.end() ? std::string() : found->second;
  };
  const std::string scope = fmt::format("repository:{}:pull", address_.repository), realm = parameter("realm");
  WebRequest request;
  request.url = fmt::format("{}{}service={}&scope={}", realm, realm.contains('?') ? '&' : '?',
                            encode_query_value(parameter("service")), encode_query_value(scope));
  request.body_limit_bytes = std::size_t{256} << 10;
  if (login_) request.authorization = basic_authorization(*login_);
  if (const auto url = parse_web_url(request.url); !url)
    return fail(ErrorKind::Protocol, "the registry sends us to a token service that is no https address", name(),
                "tell whoever runs it");
  auto response = web_.send(std::move(request));
  if (!response) return std::unexpected(response.error());
  if (response->status != 200) return std::unexpected(refusal_of(*response, "a token"));
  const auto parsed = parse_json(response->body);
  std::ranges::fill(response->body, '\0');
  if (!parsed) return fail(ErrorKind::Protocol, "the registry's token service gives no JSON", name());
  std::string_view token = string_at(*parsed, {"token"});
  if (token.empty()) token = string_at(*parsed, {"access_token"});
  if (token.empty()) return fail(ErrorKind::Protocol, "the registry's token service gives no token", name());
  const json::value* life = find(*parsed, {"expires_in"});
  std::chrono::seconds good_for = kLeastTokenLife;
  if (life != nullptr && life->is_int64() && life->get_int64() > 0)
    good_for = std::min(std::chrono::seconds(life->get_int64()), kLongestTokenLife);
  access_.authorization = Secret("Bearer " + std::string(token));
  access_.good_until = Clock::now() + std::max(good_for - kLeeway, kLeeway);
  return {};
}

Error RegistryClient::refusal_of(const WebResponse& response, const std::string& what) const {
  const std::string code = error_code(response.body);
  Error error{ErrorKind::Protocol,
              fmt::format("the registry answers {}{}{} when asked for {}", response.status, code.empty() ? "" : " ",
                          code, what),
              name(), "check spec.source.repoURL"};
  if (response.retry_after) error.retry_after = *response.retry_after;
  if (response.status == 401) {
    error.kind = ErrorKind::Unauthorized;
    error.message =
        login_ ? "the registry wants other credentials" : "the registry wants credentials, or has no such repository";
    error.hint = kLoginHint;
  } else if (response.status == 403) {
    error.kind = ErrorKind::Forbidden;
    error.message = fmt::format("the registry does not let us have {}", what);
    error.hint = kLoginHint;
  } else if (response.status == 404) {
    error.kind = ErrorKind::NotFound;
    error.message =
        code == "NAME_UNKNOWN" ? "the registry has no such repository" : fmt::format("the repository has no {}", what);
    error.hint = "check spec.source.repoURL and spec.source.ref; it may have been deleted";
  } else if (response.status == 429 || response.status >= 500) {
    error.kind = ErrorKind::Busy;
    error.hint = "it is asked again later";
  }
  return error;
}

Result<std::string> RegistryClient::digest_of(const std::string& tag) {
  Wanted wanted{.path = "manifests/" + encode_path_segment(tag), .accept = kManifestTypes, .head_only = true};
  auto response = get(wanted);
  if (!response) return std::unexpected(response.error());
  std::string said = response->header("Docker-Content-Digest");
  if (response->status == 200 && digest_hex(said)) return said;
  if (response->status != 200 && response->status != 404 && response->status != 405)
    return std::unexpected(refusal_of(*response, "tag " + tag));
  // Some registries answer to a GET only, or name no digest; and only a GET says what is missing.
  wanted.head_only = false;
  response = get(wanted);
  if (!response) return std::unexpected(response.error());
  if (response->status != 200) return std::unexpected(refusal_of(*response, "tag " + tag));
  return "sha256:" + to_hex(sha256(response->body));
}

Result<std::string> RegistryClient::manifest(const std::string& digest) {
  auto response = get({.path = "manifests/" + digest, .accept = kManifestTypes});
  if (!response) return std::unexpected(response.error());
  if (response->status != 200) return std::unexpected(refusal_of(*response, "manifest " + digest));
  const std::string has = "sha256:" + to_hex(sha256(response->body));
  if (has != digest)
    return fail(ErrorKind::Protocol, fmt::format("the manifest that came has the digest {} and not {}", has, digest),
                name(), "somebody changed it, or it was damaged on its way; nothing of it is used");
  return std::move(response->body);
}

Result<std::vector<std::string>> RegistryClient::tags() {
  std::vector<std::string> all;
  std::string page = "tags/list?n=1000";
  for (std::size_t pages = 0; !page.empty(); ++pages) {
    auto response = get({.path = page, .accept = "application/json"});
    if (!response) return std::unexpected(response.error());
    if (response->status != 200) return std::unexpected(refusal_of(*response, "tags"));
    const auto parsed = parse_json(response->body);
    const json::value* names = parsed ? find(*parsed, {"tags"}) : nullptr;
    if (!parsed) return fail(ErrorKind::Protocol, "the registry's list of tags is no JSON", name());
    if (names != nullptr && names->is_array())
      for (const json::value& tag : names->get_array())
        if (tag.is_string()) all.emplace_back(std::string_view(tag.get_string()));
    if (all.size() > kMostTags || pages > kMostPages)
      return fail(ErrorKind::TooLarge, fmt::format("the repository has more than {} tags", kMostTags), name(),
                  "name one tag in spec.source.ref.tag");
    page = next_page(*response);
    if (page.empty()) break;
    const auto here = parse_web_url(response->url), there = parse_web_url(page);
    if (!here || !there || !there->same_origin(*here))
      return fail(ErrorKind::Protocol, "the registry's list of tags goes on at another server", name());
  }
  return all;
}

Result<void> RegistryClient::blob(const std::string& digest, std::size_t limit_bytes,
                                  std::function<Result<void>(std::string_view)> sink) {
  auto response = get({.path = "blobs/" + digest,
                       .accept = "*/*",
                       .body_limit_bytes = limit_bytes,
                       .deadline = kBlobDeadline,
                       .sink = std::move(sink)});
  if (!response) return std::unexpected(response.error());
  if (response->status != 200) return std::unexpected(refusal_of(*response, "blob " + digest));
  return {};
}

}  // namespace holdfast
