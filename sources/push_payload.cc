#include "sources/push_payload.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "sources/git_url.h"
#include "sources/payload_hints.h"

namespace holdfast {
namespace {

bool usable(std::string_view text) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return !text.empty() && text.size() <= kLongestHintTextBytes && std::ranges::none_of(text, control);
}

// The id of a commit, or a registry's digest. Zeros stand for none.
std::string content_id(std::string_view id) {
  std::string_view digits = id;
  for (const std::string_view algorithm : {"sha256:", "sha512:"})
    if (digits.starts_with(algorithm)) digits.remove_prefix(algorithm.size());
  const bool whole = digits.size() == 40 || digits.size() == 64 || digits.size() == 128;
  const bool hex = digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  return whole && hex && digits.find_first_not_of('0') != std::string_view::npos ? std::string(id) : std::string();
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string form_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

// The JSON of a form, as GitHub and Gitea send it where somebody left the content type at that.
std::string form_payload(std::string_view form) {
  constexpr std::string_view kName = "payload=";
  while (!form.empty()) {
    const std::string_view pair = form.substr(0, form.find('&'));
    if (pair.starts_with(kName)) return form_decoded(pair.substr(kName.size()));
    form.remove_prefix(std::min(pair.size() + 1, form.size()));
  }
  return {};
}

// What goes into a log as it is.
std::string word(std::string_view text) {
  std::string out(text.substr(0, 100));
  std::erase_if(out, [](char c) { return c <= 0x20 || c >= 0x7f; });
  return out;
}

std::string delivery_id(const ReceivedRequest& request) {
  for (std::string_view name : {"x-github-delivery", "x-gitlab-event-uuid", "x-gitea-delivery", "x-forgejo-delivery",
                                "x-gogs-delivery", "x-request-uuid", "x-request-id", "x-nexus-webhook-delivery"})
    if (const auto id = request.header(name); !id.empty()) return word(id);
  return {};
}

bool of_registry(Forge forge) {
  switch (forge) {
    case Forge::GitHub:
    case Forge::GitLab:
    case Forge::Gitea:
    case Forge::Bitbucket:
    case Forge::BitbucketServer:
    case Forge::AzureDevOps:
    case Forge::Generic:
    case Forge::Ghcr:
      return false;
    case Forge::Registry:
    case Forge::DockerHub:
    case Forge::Harbor:
    case Forge::Quay:
    case Forge::Acr:
    case Forge::Nexus:
      return true;
  }
  return false;
}

}  // namespace

void PayloadHints::add_url(std::string_view url) {
  if (!usable(url) || urls_.size() >= kMostHintUrls) return;
  std::string shown = without_credentials(url);  // what a sender lets slip goes no further
  if (std::ranges::find(urls_, shown) == urls_.end()) urls_.push_back(std::move(shown));
}

void PayloadHints::add_urls(const json::value* object, std::initializer_list<std::string_view> names) {
  if (object == nullptr) return;
  for (std::string_view name : names) add_url(string_at(*object, {name}));
}

void PayloadHints::add_ref(std::string_view ref, std::string_view old_commit, std::string_view new_commit) {
  too_many_ |= refs_.size() >= kMostHintsOfDelivery || !usable(ref);
  if (too_many_) return;
  refs_.push_back({{}, std::string(ref), content_id(old_commit), content_id(new_commit)});
}

std::vector<PushHint> PayloadHints::take() {
  if (refs_.empty() || too_many_) return {PushHint{urls_, {}, {}, {}}};
  for (PushHint& hint : refs_) hint.urls = urls_;
  return std::move(refs_);
}

std::string full_ref(std::string_view name, bool tag) {
  if (name.empty() || name.starts_with("refs/")) return std::string(name);
  return (tag ? "refs/tags/" : "refs/heads/") + std::string(name);
}

Result<DecodedPush> decode_push(Forge forge, const ReceivedRequest& request) {
  // A tool that says so of whatever it sends is common, too.
  const bool form =
      request.header("content-type").starts_with("application/x-www-form-urlencoded") && !request.body.starts_with('{');
  std::optional<std::string> decoded;
  if (form && (forge == Forge::GitHub || forge == Forge::Ghcr || forge == Forge::Gitea))
    decoded = form_payload(request.body);
  auto payload = parse_json(decoded ? *decoded : request.body);
  if (!payload && forge == Forge::Generic) payload = json::value(json::object());  // signed, and that is enough
  if (!payload) return fail(ErrorKind::Protocol, "its body is no JSON: " + payload.error().message);
  if (!payload->is_object()) return fail(ErrorKind::Protocol, "its body is no JSON object");
  auto push = of_registry(forge) ? decode_registry_push(forge, *payload) : decode_git_push(forge, request, *payload);
  if (!push) return push;
  push->event = word(push->event);
  push->id = delivery_id(request);
  return push;
}

}  // namespace holdfast
