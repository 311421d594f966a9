#include "sources/push_hint.h"

#include <utility>

#include "holdfast/model/json.h"

namespace holdfast {
namespace {

std::unexpected<Error> unreadable(std::string why) {
  return fail(ErrorKind::Protocol, "a hint about a push cannot be read: " + std::move(why));
}

// Absent is empty.
Result<std::string> text_of(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr) return std::string();
  if (!value->is_string() || value->get_string().size() > kLongestHintTextBytes)
    return unreadable(std::string(name) + " is no text, or too long");
  return std::string(value->get_string());
}

}  // namespace

std::string to_text(const PushHint& hint) {
  json::object object;
  json::array urls;
  for (const std::string& url : hint.urls) urls.emplace_back(url);
  object["urls"] = std::move(urls);
  if (!hint.ref.empty()) object["ref"] = hint.ref;
  if (!hint.old_commit.empty()) object["old"] = hint.old_commit;
  if (!hint.new_commit.empty()) object["new"] = hint.new_commit;
  return to_json(object);
}

Result<PushHint> parse_push_hint(std::string_view text) {
  const auto value = parse_json(text);
  if (!value) return unreadable(value.error().message);
  if (!value->is_object()) return unreadable("it is no object");
  const json::object& object = value->get_object();
  PushHint hint;
  const json::value* const urls = object.if_contains("urls");
  if (urls == nullptr || !urls->is_array() || urls->get_array().size() > kMostHintUrls)
    return unreadable("its urls are no list, or too many");
  for (const json::value& url : urls->get_array()) {
    if (!url.is_string() || url.get_string().size() > kLongestHintTextBytes)
      return unreadable("a url is no text, or too long");
    hint.urls.emplace_back(url.get_string());
  }
  for (auto [name, into] : {std::pair{"ref", &hint.ref}, {"old", &hint.old_commit}, {"new", &hint.new_commit}}) {
    auto read = text_of(object, name);
    if (!read) return std::unexpected(std::move(read.error()));
    *into = std::move(*read);
  }
  return hint;
}

}  // namespace holdfast
