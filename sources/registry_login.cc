#include "sources/registry_login.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "holdfast/base/digest.h"
#include "holdfast/model/json.h"

namespace holdfast {
namespace {

bool is_token_byte(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kOthers.find(c) != std::string_view::npos;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

class HeaderScanner {
 public:
  explicit HeaderScanner(std::string_view text) : rest_(text) {}

  void skip(std::string_view bytes) { rest_.remove_prefix(std::min(rest_.find_first_not_of(bytes), rest_.size())); }
  bool take(char wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string take_token() {
    const auto end = std::ranges::find_if_not(rest_, is_token_byte);
    std::string token(rest_.begin(), end);
    rest_.remove_prefix(token.size());
    return token;
  }
  // What follows an opening quote, up to the closing one.
  std::optional<std::string> take_quoted() {
    std::string text;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return text;
      if (c != '\\') {
        text += c;
      } else if (!rest_.empty()) {
        text += rest_.front();
        rest_.remove_prefix(1);
      }
    }
    return std::nullopt;
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// "Bearer realm=\"…\", service=x, Basic realm=y": a word without "=" begins another challenge.
void parse_challenges(std::string_view header, std::vector<Challenge>& into) {
  HeaderScanner from(header);
  for (from.skip(" \t,"); !from.at_end(); from.skip(" \t,")) {
    const std::string word = from.take_token();
    if (word.empty()) return;
    from.skip(" \t");
    if (!from.take('=')) {
      into.push_back({lower(word), {}});
      continue;
    }
    if (into.empty()) return;
    from.skip(" \t");
    std::optional<std::string> value;
    if (from.take('"'))
      value = from.take_quoted();
    else
      value = from.take_token();
    if (!value) return;
    into.back().parameters.emplace(lower(word), std::move(*value));
  }
}

std::unexpected<Error> refuse(std::string message, std::string hint) {
  return fail(ErrorKind::Invalid, std::move(message), {}, std::move(hint));
}

// "https://index.docker.io/v1/" is Docker Hub; a scheme and a path count for nothing elsewhere.
std::string host_of(std::string_view key) {
  for (std::string_view scheme : {"https://", "http://"})
    if (key.starts_with(scheme)) key.remove_prefix(scheme.size());
  key = key.substr(0, key.find('/'));
  return std::string(key == "index.docker.io" || key == "registry-1.docker.io" ? std::string_view("docker.io") : key);
}

Result<RegistryLogin> login_of(const json::object& entry, std::string_view host) {
  constexpr const char* kHint = "write \"auth\" as `docker login` does, or \"username\" and \"password\"";
  if (!string_at(entry, {"identitytoken"}).empty())
    return refuse(fmt::format("the credentials file has an identity token for {}, which is not supported", host),
                  "put a user name and a password or access token there");
  RegistryLogin login{std::string(string_at(entry, {"username"})), Secret(std::string(string_at(entry, {"password"})))};
  if (const std::string_view both = string_at(entry, {"auth"}); !both.empty()) {
    auto decoded = base64_decode(std::string(both));
    const std::size_t colon = decoded ? decoded->find(':') : std::string::npos;
    if (colon == std::string::npos)
      return refuse(fmt::format("the credentials file has no user name and password for {}", host), kHint);
    login.username = decoded->substr(0, colon);
    login.password = Secret(decoded->substr(colon + 1));
    std::ranges::fill(*decoded, '\0');
  }
  if (login.password.empty()) return refuse(fmt::format("the credentials file has no password for {}", host), kHint);
  return login;
}

}  // namespace

Secret basic_authorization(const RegistryLogin& login) {
  std::string both;
  both.reserve(login.username.size() + 1 + login.password.reveal().size());
  both.append(login.username).append(":").append(login.password.reveal());
  std::string value = "Basic " + base64_encode(both);
  std::ranges::fill(both, '\0');
  return Secret(std::move(value));
}

std::vector<Challenge> parse_challenges(const std::vector<std::string>& headers) {
  std::vector<Challenge> found;
  for (const std::string& header : headers) parse_challenges(header, found);
  return found;
}

Result<std::optional<RegistryLogin>> docker_login(std::string_view config, std::string_view host) {
  const auto parsed = parse_json(config);
  const json::object* all = parsed ? parsed->if_object() : nullptr;
  if (all == nullptr)
    return refuse("the credentials file is no JSON object", "write it as `docker login` writes config.json");
  const json::value* auths = all->if_contains("auths");
  if (auths != nullptr && auths->is_object())
    for (const auto& [key, entry] : auths->get_object())
      if (host_of(key) == host && entry.is_object() && !entry.get_object().empty()) {
        auto login = login_of(entry.get_object(), host);
        if (!login) return std::unexpected(login.error());
        return std::move(*login);
      }
  const json::value* helpers = all->if_contains("credHelpers");
  const bool helped = helpers != nullptr && helpers->is_object() && helpers->get_object().contains(host);
  if (helped || !string_at(*all, {"credsStore"}).empty())
    return refuse("the credentials file names a program that keeps the passwords, and none is run",
                  "use one that holds them itself, as a Secret of the type kubernetes.io/dockerconfigjson does");
  return std::nullopt;
}

}  // namespace holdfast
