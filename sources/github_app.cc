#include "sources/github_app.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <spdlog/fmt/fmt.h>

#include <memory>
#include <optional>
#include <utility>

#include "holdfast/base/digest.h"
#include "holdfast/base/timestamp.h"
#include "holdfast/model/json.h"
#include "net/http_client.h"
#include "net/url.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;

constexpr std::chrono::seconds kClockSkew{60}, kJwtLife{9 * 60};
constexpr std::size_t kLongestAnswer_bytes = std::size_t{64} << 10;

// Nobody is asked for a passphrase.
int no_passphrase(char*, int, int, void*) { return 0; }

std::optional<std::string> signature_of(const std::string& text, std::string_view key_pem) {
  const Bio bio(BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())));
  const Key key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr) : nullptr);
  if (!key || EVP_PKEY_base_id(key.get()) != EVP_PKEY_RSA) return std::nullopt;
  const DigestContext context(EVP_MD_CTX_new());
  std::size_t size = 0;
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1)
    return std::nullopt;
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, text.size()) != 1)
    return std::nullopt;
  signature.resize(size);
  return signature;
}

}  // namespace

Result<Secret> github_app_jwt(const GithubApp& app, std::chrono::sys_seconds now) {
  const std::int64_t second = now.time_since_epoch().count();
  const json::object claims{{"iat", second - kClockSkew.count()}, {"exp", second + kJwtLife.count()}, {"iss", app.id}};
  const std::string text =
      base64url_unpadded(R"({"alg":"RS256","typ":"JWT"})") + "." + base64url_unpadded(to_json(claims));
  const auto signature = signature_of(text, app.private_key.reveal());
  if (!signature)
    return fail(ErrorKind::Invalid, "githubAppPrivateKey is no RSA key without a passphrase", {},
                "generate one on the app's page at GitHub, and give it as it is");
  return Secret(text + "." + base64url_unpadded(*signature));
}

Result<InstallationToken> read_installation_token(int status, std::string_view body, const GithubApp& app) {
  if (status == 401)
    return fail(ErrorKind::Unauthorized, fmt::format("GitHub does not know the app {} by this key", app.id),
                app.base_url, "check githubAppID and githubAppPrivateKey, and this machine's clock");
  if (status == 404)
    return fail(ErrorKind::NotFound, fmt::format("the app {} has no installation {}", app.id, app.installation),
                app.base_url, "check githubAppInstallationID and githubAppBaseURL");
  if (status == 403 || status == 429)
    return fail(ErrorKind::Forbidden, fmt::format("GitHub gives the app {} no token now", app.id), app.base_url,
                "its installation may be suspended, or its rate limit used up");
  if (status / 100 != 2)
    return fail(ErrorKind::Unreachable, fmt::format("GitHub answers {} when asked for a token", status), app.base_url,
                "it is tried again");
  const auto answer = parse_json(body);
  const std::string_view token = answer ? string_at(*answer, {"token"}) : std::string_view();
  const auto expires = answer ? parse_timestamp(string_at(*answer, {"expires_at"})) : std::nullopt;
  if (token.empty() || !expires)
    return fail(ErrorKind::Protocol, "GitHub's answer holds no token with an end", app.base_url,
                "check githubAppBaseURL");
  for (const char c : token)
    if (c <= 0x20 || c >= 0x7f)
      return fail(ErrorKind::Protocol, "GitHub's answer holds a token with strange characters", app.base_url);
  return InstallationToken{Secret(std::string(token)), *expires};
}

GithubAppTokens::GithubAppTokens(asio::any_io_executor executor, Now now) : executor_(executor), now_(std::move(now)) {
  if (!now_) now_ = [] { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); };
}

asio::awaitable<Result<Secret>> GithubAppTokens::token(GithubApp app) {
  if (app_ == app && !in_hand_.token.empty() && now_() + kRenewBefore < in_hand_.expires) co_return in_hand_.token;
  auto fresh = co_await ask(&app);
  if (!fresh) co_return std::unexpected(std::move(fresh.error()));
  app_ = std::move(app);
  in_hand_ = std::move(*fresh);
  co_return in_hand_.token;
}

asio::awaitable<Result<InstallationToken>> GithubAppTokens::ask(const GithubApp* app) {
  const auto address = parse_server_url(app->base_url);
  if (!address || !address->tls)
    co_return fail(ErrorKind::Invalid, "githubAppBaseURL is no https address", app->base_url,
                   "as in https://github.example.com/api/v3");
  auto jwt = github_app_jwt(*app, now_());
  if (!jwt) co_return std::unexpected(std::move(jwt.error()));
  ClientConfig config;
  config.host = address->host;
  config.port = address->port;
  config.base_path = address->base_path;
  config.ca_pem = app->ca_pem;
  config.token = std::make_shared<StaticToken>(std::move(*jwt));
  config.user_agent = "holdfast";
  config.max_response_bytes = kLongestAnswer_bytes;
  auto client = HttpClient::create(executor_, std::move(config));
  if (!client) co_return std::unexpected(std::move(client.error()));
  ApiRequest request;
  request.method = Method::Post;
  request.target = "/app/installations/" + encode_path_segment(app->installation) + "/access_tokens";
  request.content_type = "application/json";
  request.accept = "application/vnd.github+json";
  request.body = "{}";
  const auto answer = co_await (*client)->send(std::move(request));
  if (!answer) {
    Error error = answer.error();
    if (error.kind == ErrorKind::UnknownOutcome) error.kind = ErrorKind::Unreachable;  // another token does no harm
    error.message = "cannot ask GitHub for a token: " + error.message;
    if (error.where.empty()) error.where = app->base_url;
    co_return std::unexpected(std::move(error));
  }
  co_return read_installation_token(answer->status, answer->body, *app);
}

}  // namespace holdfast
