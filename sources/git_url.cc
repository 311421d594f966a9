#include "sources/git_url.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

namespace holdfast {
namespace {

int hex_digit(char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const std::size_t at = kDigits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool is_loopback(std::string_view host) {
  if (host.starts_with("[::1]")) return true;
  host = host.substr(0, host.find(':'));
  return host == "localhost" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

std::unexpected<Error> refuse(std::string message, std::string hint = "use https://, ssh:// or a directory") {
  return fail(ErrorKind::Invalid, std::move(message), {}, std::move(hint));
}

// The authority of "scheme://[user[:password]@]host/path".
Result<GitUrl> with_authority(std::string_view url, std::string_view scheme) {
  const std::string_view rest = url.substr(scheme.size() + 3);
  const std::size_t end = std::min(rest.find('/'), rest.size());
  const std::string_view authority = rest.substr(0, end);
  const std::size_t at = authority.rfind('@');
  const std::string_view user_info = at == std::string_view::npos ? std::string_view() : authority.substr(0, at);
  const std::string_view host = at == std::string_view::npos ? authority : authority.substr(at + 1);
  if (host.empty() || percent_decoded(host).starts_with("-")) return refuse("the repository's URL has no host");
  if (scheme == "http" && !is_loopback(host))
    return refuse(fmt::format("http:// to {} would be neither private nor proven", host), "use https://");
  GitUrl result;
  result.http = scheme != "ssh";
  result.ssh = scheme == "ssh";
  const std::size_t colon = std::min(user_info.find(':'), user_info.size());
  const std::string user = percent_decoded(user_info.substr(0, colon));
  if (user.starts_with("-")) return refuse("the user name of the repository's URL begins with a dash");
  if (result.http) {
    result.username = user;
    result.password = Secret(percent_decoded(user_info.substr(std::min(colon + 1, user_info.size()))));
  }
  const std::string shown = result.ssh && !user.empty() ? fmt::format("{}@", user_info.substr(0, colon)) : "";
  result.text = fmt::format("{}://{}{}{}", scheme, shown, host, rest.substr(end));
  return result;
}

}  // namespace

Result<GitUrl> parse_git_url(std::string_view url) {
  if (url.empty() || url.size() > 4096) return refuse("the repository's URL is empty or longer than 4096 bytes");
  if (url.starts_with("-")) return refuse("the repository's URL begins with a dash");
  for (char c : url)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return refuse("the repository's URL holds a control character");
  const std::size_t scheme_end = url.find("://"), colon = url.find(':');
  if (colon != std::string_view::npos && url.substr(colon).starts_with("::"))
    return refuse("a remote helper (transport::address) may run programs and is not allowed");
  if (scheme_end != std::string_view::npos) {
    const std::string_view scheme = url.substr(0, scheme_end);
    if (scheme == "file" && url.substr(scheme_end + 3).starts_with("/"))
      return GitUrl{std::string(url), {}, {}, false, false};
    if (scheme == "https" || scheme == "http" || scheme == "ssh") return with_authority(url, scheme);
    return refuse(fmt::format("{}:// is not a way to a repository that is allowed", scheme));
  }
  // user@host:path, as ssh writes it.
  const std::size_t slash = std::min(url.find('/'), url.size());
  if (colon == std::string_view::npos || colon == 0 || colon > slash)
    return refuse(fmt::format("\"{}\" is neither a URL nor a directory", without_credentials(url)));
  const std::size_t at = url.substr(0, colon).rfind('@');
  if (at != std::string_view::npos && url.substr(at + 1).starts_with("-")) return refuse("the host begins with a dash");
  return GitUrl{std::string(url), {}, {}, false, true};
}

std::string without_credentials(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t scheme = text.find("://");
    if (scheme == std::string_view::npos) return out += text;
    out += text.substr(0, scheme + 3);
    text.remove_prefix(scheme + 3);
    const std::string_view authority = text.substr(0, std::min(text.find_first_of("/ '\"\n"), text.size()));
    const std::size_t at = authority.rfind('@');
    if (at == std::string_view::npos) continue;
    out += "***";
    text.remove_prefix(at);
  }
}

Result<void> check_git_ref(std::string_view ref) {
  auto refused = [&](std::string_view why) {
    return fail(ErrorKind::Invalid,
                fmt::format("\"{}\" cannot be a branch, tag or commit: {}", ref.substr(0, 100), why), {},
                "give --ref a branch, a tag or a full commit id");
  };
  if (ref.empty()) return {};
  if (ref.size() > 1024) return refused("too long");
  if (ref.starts_with("-")) return refused("it begins with a dash");
  for (char c : ref)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f ||
        std::string_view("~^:?*[\\").find(c) != std::string_view::npos)
      return refused("it holds a character that Git does not allow");
  for (std::string_view part : {"..", "@{", "//", "/.", ".lock/"})
    if (ref.find(part) != std::string_view::npos) return refused(fmt::format("it holds {}", part));
  if (ref.starts_with("/") || ref.starts_with(".") || ref.ends_with("/") || ref.ends_with(".") ||
      ref.ends_with(".lock"))
    return refused("of how it begins or ends");
  return {};
}

bool is_commit_id(std::string_view ref) {
  return ref.size() == 40 && ref.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace holdfast
