#include "sources/repository_identity.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>
#include <vector>

namespace holdfast {
namespace {

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Of text in lower case. A slash or a control character, which no repository has in its name, stays as it is written.
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool encoded =
        text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0;
    const int byte = encoded ? hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]) : 0;
    const bool decoded = byte > ' ' - 1 && byte != 0x7f && byte != '/';
    out += decoded ? static_cast<char>(byte) : text[i];
    if (decoded) i += 2;
  }
  return out;
}

struct Place {
  std::string host;
  std::vector<std::string> path;  // no empty parts
};

void add_parts(std::string_view path, std::vector<std::string>& parts) {
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end != 0) parts.push_back(percent_decoded(path.substr(0, end)));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
}

// "scheme://user@host:port/path" and "user@host:path", in lower case.
Place place_of(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  std::size_t end = std::min(url.find('/'), url.size());
  const std::size_t at = url.substr(0, end).rfind('@');
  if (at != std::string_view::npos) {
    url.remove_prefix(at + 1);
    end = std::min(url.find('/'), url.size());
  }
  std::string_view host = url.substr(0, end);
  Place place;
  const bool bracketed = host.starts_with('[');
  const std::size_t colon = host.find(':', bracketed ? std::min(host.find(']'), host.size()) : 0);
  if (colon != std::string_view::npos) {
    const std::string_view after = host.substr(colon + 1);
    // ssh's short form has a path there, everything else a port.
    if (scheme == std::string_view::npos && after.find_first_not_of("0123456789") != std::string_view::npos)
      add_parts(after, place.path);
    host = host.substr(0, colon);
  }
  while (host.ends_with('.')) host.remove_suffix(1);
  if (host.starts_with("www.")) host.remove_prefix(4);
  place.host = std::string(host);
  add_parts(url.substr(end), place.path);
  return place;
}

void drop(std::vector<std::string>& path, std::size_t at) {
  path.erase(path.begin() + static_cast<std::ptrdiff_t>(at));
}

// https://dev.azure.com/ORG/PROJECT/_git/REPO, https://ORG.visualstudio.com/[DefaultCollection/]PROJECT/_git/REPO,
// git@ssh.dev.azure.com:v3/ORG/PROJECT/REPO, and without PROJECT where that has the repository's name.
void see_azure(Place& place) {
  constexpr std::string_view kOld = ".visualstudio.com";
  if (place.host.ends_with(kOld)) {
    std::string organisation = place.host.substr(0, place.host.size() - kOld.size());
    if (organisation != "vs-ssh") place.path.insert(place.path.begin(), std::move(organisation));
    place.host = "dev.azure.com";
  }
  if (place.host == "ssh.dev.azure.com") place.host = "dev.azure.com";
  if (place.host == "dev.azure.com") {
    if (!place.path.empty() && place.path.front() == "v3") drop(place.path, 0);
    std::erase(place.path, "defaultcollection");
  }
  if (const auto git = std::ranges::find(place.path, "_git"); git != place.path.end()) {
    const bool named_once = git - place.path.begin() == 1 && git + 1 != place.path.end();
    if (named_once && place.host == "dev.azure.com")
      *git = *(git + 1);
    else
      place.path.erase(git);
  }
}

// https://HOST/scm/KEY/REPO, its page /projects/KEY/repos/REPO/browse, and of a person /users/NAME/repos/REPO.
void see_bitbucket_server(Place& place) {
  auto& path = place.path;
  if (path.size() > 2 && path.front() == "scm") drop(path, 0);
  for (std::size_t i = 0; i + 3 < path.size(); ++i) {
    if ((path[i] != "projects" && path[i] != "users") || path[i + 2] != "repos") continue;
    if (path[i] == "users") path[i + 1].insert(0, "~");
    if (path.size() > i + 4 && path[i + 4] == "browse") path.resize(i + 4);
    drop(path, i + 2);
    drop(path, i);
    return;
  }
}

// Its images have one name under many hosts, and pages of their own.
void see_docker_hub(Place& place) {
  constexpr std::array kHosts{"docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com",
                              "hub.docker.com"};
  if (std::ranges::find(kHosts, place.host) == kHosts.end()) return;
  place.host = "docker.io";
  auto& path = place.path;
  if (path.size() > 1 && (path.front() == "r" || path.front() == "u")) drop(path, 0);
  if (!path.empty() && path.front() == "_") path.front() = "library";
  if (path.size() == 1) path.insert(path.begin(), "library");
}

}  // namespace

std::string repository_identity(std::string_view url) {
  if (url.empty() || url.starts_with('/') || url.starts_with('.')) return {};
  const std::string lower = lower_case(url);
  if (lower.starts_with("file:")) return {};
  Place place = place_of(lower);
  if (place.host.empty() || place.path.empty()) return {};
  see_azure(place);
  see_bitbucket_server(place);
  see_docker_hub(place);
  if (place.host == "altssh.bitbucket.org") place.host = "bitbucket.org";
  if (place.host == "ssh.github.com") place.host = "github.com";
  if (place.host == "altssh.gitlab.com") place.host = "gitlab.com";
  if (place.path.back().ends_with(".git")) place.path.back().resize(place.path.back().size() - 4);
  if (place.path.back().empty()) place.path.pop_back();
  if (place.path.empty()) return {};
  std::string identity = std::move(place.host);
  for (const std::string& part : place.path) identity.append("/").append(part);
  return identity;
}

}  // namespace holdfast
