#include "net/request_text.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "net/url.h"

namespace holdfast {
namespace {

bool printable(char c) { return c > 0x20 && c < 0x7f; }
bool printable_or_space(char c) { return c == ' ' || printable(c); }

// The name of an extra becomes part of a header's name: whatever may not stand there is percent-encoded.
std::string header_key(std::string_view key) {
  constexpr std::string_view kToken = "!#$&'*+-.^_`|~";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : key) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       kToken.find(c) != std::string_view::npos;
    const auto byte = static_cast<std::uint8_t>(c);
    out += plain ? std::string(1, c) : std::string{'%', kHex[byte >> 4U], kHex[byte & 0xfU]};
  }
  return out;
}

void add_header(std::string& text, std::string_view name, std::string_view value) {
  text.append(name).append(": ").append(value).append("\r\n");
}

void add_impersonation(std::string& text, const Impersonation& who) {
  if (who.user.empty()) return;
  add_header(text, "Impersonate-User", who.user);
  if (!who.uid.empty()) add_header(text, "Impersonate-Uid", who.uid);
  for (const std::string& group : who.groups) add_header(text, "Impersonate-Group", group);
  for (const auto& [key, value] : who.extra) add_header(text, "Impersonate-Extra-" + header_key(key), value);
}

Result<void> check_impersonation(const Impersonation& who) {
  if (who.user.empty() && !(who.uid.empty() && who.groups.empty() && who.extra.empty()))
    return fail(ErrorKind::Invalid, "impersonation of a uid, groups or extras needs a user", "",
                "set `as` in the kubeconfig");
  bool clean = std::ranges::all_of(who.user, printable_or_space) && std::ranges::all_of(who.uid, printable_or_space);
  for (const std::string& group : who.groups) clean = clean && std::ranges::all_of(group, printable_or_space);
  for (const auto& [key, value] : who.extra) clean = clean && std::ranges::all_of(value, printable_or_space);
  if (clean) return {};
  return fail(ErrorKind::Invalid, "a name to impersonate has a control character or is not ASCII");
}

// The account's name alone: its groups follow from it.
Result<Impersonation> acting_as(const ClientConfig& config, const ApiRequest& request) {
  if (!request.impersonate) return config.impersonation;
  if (!config.impersonation.user.empty())
    return fail(ErrorKind::Invalid,
                "a request as " + to_string(*request.impersonate) + " cannot be made by somebody who impersonates", "",
                "remove `as` from the kubeconfig, or serviceAccountName from the application");
  return Impersonation{user_name(*request.impersonate), {}, {}, {}};
}

Result<void> check(const ClientConfig& config, const ApiRequest& request, const Impersonation& as,
                   const Secret* token) {
  if (request.target.empty() || request.target.front() != '/' || !std::ranges::all_of(request.target, printable)) {
    return fail(ErrorKind::Invalid, "the target of a request is not an encoded path");
  }
  if (auto checked = check_impersonation(as); !checked) return checked;
  for (const std::string* value :
       {&request.content_type, &request.accept, &request.if_none_match, &config.user_agent}) {
    if (!std::ranges::all_of(*value, printable_or_space)) {
      return fail(ErrorKind::Invalid, "a header of a request has a control character or is not ASCII");
    }
  }
  if (token != nullptr && !std::ranges::all_of(token->reveal(), printable)) {
    return fail(ErrorKind::Unauthorized, "the bearer token has a character that no token has", "",
                "check that the token file holds one token and nothing else");
  }
  return {};
}

}  // namespace

Result<Secret> request_text(const ClientConfig& config, const ApiRequest& request, const Secret* token,
                            ConnectionUse use) {
  const auto as = acting_as(config, request);
  if (!as) return std::unexpected(as.error());
  if (auto checked = check(config, request, *as, token); !checked) return std::unexpected(std::move(checked.error()));
  const bool with_token = token != nullptr && config.tls;
  std::string who;
  add_impersonation(who, *as);
  // Reserved at once: a reallocation would leave a copy of the token behind, unwiped.
  constexpr std::size_t kFixedBytes = 384;
  std::string text;
  text.reserve(kFixedBytes + who.size() + request.if_none_match.size() + config.base_path.size() +
               request.target.size() + config.host.size() + config.port.size() + config.user_agent.size() +
               request.accept.size() + request.content_type.size() + (with_token ? token->reveal().size() : 0) +
               request.body.size());
  text.append(to_string(request.method)).append(" ").append(config.base_path).append(request.target);
  text.append(" HTTP/1.1\r\n");
  add_header(text, "Host", authority(config.host, config.port, config.tls));
  if (!config.user_agent.empty()) add_header(text, "User-Agent", config.user_agent);
  if (!request.accept.empty()) add_header(text, "Accept", request.accept);
  if (request.accept_gzip && !config.disable_compression) add_header(text, "Accept-Encoding", "gzip");
  if (!request.if_none_match.empty()) add_header(text, "If-None-Match", request.if_none_match);
  if (use == ConnectionUse::Single) add_header(text, "Connection", "close");
  text.append(who);
  if (with_token) text.append("Authorization: Bearer ").append(token->reveal()).append("\r\n");
  if (!request.content_type.empty()) {
    add_header(text, "Content-Type", request.content_type);
    add_header(text, "Content-Length", std::to_string(request.body.size()));
  } else if (request.method != Method::Get && request.method != Method::Delete) {
    add_header(text, "Content-Length", "0");
  }
  text.append("\r\n");
  if (!request.content_type.empty()) text.append(request.body);
  return Secret{std::move(text)};
}

}  // namespace holdfast
