// What a forge or registry says was pushed: within the bounds of hints, and the same when the relay hands it on.
#include <algorithm>

#include "fuzz/target.h"
#include "sources/push_payload.h"

namespace holdfast::fuzz {
namespace {

bool printable(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

void hold_hint(const PushHint& hint) {
  hold(hint.urls.size() <= kMostHintUrls, "a hint with endless spellings");
  for (const std::string& url : hint.urls) {
    hold(!url.empty() && url.size() <= kLongestHintTextBytes && printable(url), "a strange URL");
  }
  for (const std::string& text : {hint.ref, hint.old_commit, hint.new_commit})
    hold(text.size() <= kLongestHintTextBytes && printable(text), "a strange ref or commit");
  hold(!hint.new_commit.starts_with("0000000000000000000000000000000000000000"), "a deleted ref has a commit");

  const std::string text = to_text(hint);
  hold(text.find('\n') == std::string::npos, "a hint of several lines");
  const auto again = parse_push_hint(text);
  hold(again.has_value() && *again == hint, "a hint is another one when it was handed on: " + text);
}

}  // namespace

// A letter for the forge, then the event as headers have it, the content type, and the body.
void run_push_payload(std::string_view bytes) {
  if (bytes.empty()) return;
  const auto forges = all_forges();
  const Forge forge = forges[static_cast<unsigned char>(bytes.front()) % forges.size()].forge;
  const auto parts = split(bytes.substr(1), 3);
  ReceivedRequest request{"POST", "/hook/x", "192.0.2.1"};
  for (const char* const name : {"x-github-event", "x-gitlab-event", "x-gitea-event", "x-event-key"})
    request.headers[name] = parts[0];
  request.headers["content-type"] = parts[1];
  request.headers["x-github-delivery"] = parts[0];
  request.body = parts[2];
  const auto push = decode_push(forge, request);
  if (!push) {
    hold(push.error().kind == ErrorKind::Protocol && printable(push.error().message), "refused in strange words");
    return;
  }
  hold(printable(push->event) && printable(push->id), "an event that is no word");
  hold(push->hints.size() <= kMostHintsOfDelivery, "endless hints");
  for (const PushHint& hint : push->hints) hold_hint(hint);
}

}  // namespace holdfast::fuzz
