#include "net/request_text.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "net/url.h"

namespace holdfast {
namespace {

bool printable(char c) { return c > 0x20 && c < 0x7f; }
bool printable_or_space(char c) { return c == ' ' || printable(c); }

void add_header(std::string& text, std::string_view name, std::string_view value) {
  text.append(name).append(": ").append(value).append("\r\n");
}

Result<void> check(const ClientConfig& config, const ApiRequest& request, const Secret* token) {
  if (request.target.empty() || request.target.front() != '/' || !std::ranges::all_of(request.target, printable)) {
    return fail(ErrorKind::Invalid, "the target of a request is not an encoded path");
  }
  for (const std::string* value : {&request.content_type, &request.accept, &config.user_agent}) {
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

Result<Secret> request_text(const ClientConfig& config, const ApiRequest& request, const Secret* token) {
  if (auto checked = check(config, request, token); !checked) return std::unexpected(std::move(checked.error()));
  const bool with_token = token != nullptr && config.tls;
  // Reserved at once: a reallocation would leave a copy of the token behind, unwiped.
  constexpr std::size_t kFixedBytes = 256;
  std::string text;
  text.reserve(kFixedBytes + config.base_path.size() + request.target.size() + config.host.size() + config.port.size() +
               config.user_agent.size() + request.accept.size() + request.content_type.size() +
               (with_token ? token->reveal().size() : 0) + request.body.size());
  text.append(to_string(request.method)).append(" ").append(config.base_path).append(request.target);
  text.append(" HTTP/1.1\r\n");
  add_header(text, "Host", authority(config.host, config.port, config.tls));
  if (!config.user_agent.empty()) add_header(text, "User-Agent", config.user_agent);
  if (!request.accept.empty()) add_header(text, "Accept", request.accept);
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
