#include "sources/registry_address.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "net/web_client.h"

namespace holdfast {
namespace {

constexpr std::string_view kScheme = "oci://";
constexpr std::size_t kLongestRepository = 255, kLongestTag = 128;

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

std::unexpected<Error> refuse(std::string message, std::string hint = "write it as oci://REGISTRY/REPOSITORY") {
  return fail(ErrorKind::Invalid, std::move(message), {}, std::move(hint));
}

// "web-1.x": words of lower-case letters and digits, between them ".", "_", "__" or any number of "-".
bool is_name(std::string_view name) {
  while (true) {
    const auto word = static_cast<std::size_t>(std::ranges::find_if_not(name, is_lower_or_digit) - name.begin());
    name.remove_prefix(word);
    if (word == 0 || name.empty()) return word != 0;
    const auto end = static_cast<std::size_t>(std::ranges::find_if(name, is_lower_or_digit) - name.begin());
    const std::string_view between = name.substr(0, end);
    const bool dashes = between.find_first_not_of('-') == std::string_view::npos;
    if (!dashes && between != "." && between != "_" && between != "__") return false;
    name.remove_prefix(end);
  }
}

bool is_repository(std::string_view path) {
  if (path.size() > kLongestRepository) return false;
  while (true) {
    const std::size_t slash = path.find('/');
    if (!is_name(path.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

// As Docker Hub names its machines, and what has one name there.
void expand_docker_hub(std::string& host, std::string& repository) {
  if (host != "docker.io" && host != "index.docker.io" && host != "registry-1.docker.io") return;
  host = "registry-1.docker.io";
  if (!repository.contains('/')) repository.insert(0, "library/");
}

}  // namespace

bool is_registry_url(std::string_view url) { return url.starts_with(kScheme); }

Result<RegistryAddress> parse_registry_url(std::string_view url) {
  if (!is_registry_url(url)) return refuse("does not begin with oci://");
  const std::string_view rest = url.substr(kScheme.size());
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos || slash == 0) return refuse("names no repository");
  if (rest.substr(0, slash).contains('@')) return refuse("holds a user name or a password");
  std::string host(rest.substr(0, slash)), repository(rest.substr(slash + 1));
  while (repository.ends_with('/')) repository.pop_back();
  if (repository.contains('@') || repository.contains(':'))
    return refuse("names a tag or a digest", "name it in spec.source.ref.tag or spec.source.ref.digest");
  if (!is_repository(repository))
    return refuse(fmt::format("'{}' is no repository that a registry may have", repository.substr(0, 100)),
                  "write it in lower case, as in oci://registry.example/team/web");
  expand_docker_hub(host, repository);
  const std::string server = "https://" + host;
  const auto parsed = parse_web_url(server);
  if (!parsed) return refuse("names no registry: " + parsed.error().message);
  const bool hub = host == "registry-1.docker.io";
  return RegistryAddress{server, hub ? "docker.io" : host, std::move(repository), is_loopback(parsed->host)};
}

Result<void> check_tag(std::string_view tag) {
  const auto allowed = [](char c) {
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '-';
  };
  if (!tag.empty() && tag.size() <= kLongestTag && std::ranges::all_of(tag, allowed) && tag.front() != '.' &&
      tag.front() != '-')
    return {};
  return fail(ErrorKind::Invalid, fmt::format("'{}' is no tag that a registry may have", tag.substr(0, 100)), {},
              "a tag has letters, digits, '_', '.' and '-', 128 of them at most");
}

}  // namespace holdfast
