#include "watchers/watch_decoder.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "holdfast/model/json.h"

namespace holdfast {
namespace {

std::optional<WatchEventType> event_type(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, WatchEventType>, 5> kTypes{{
      {"ADDED", WatchEventType::Added},
      {"MODIFIED", WatchEventType::Modified},
      {"DELETED", WatchEventType::Deleted},
      {"BOOKMARK", WatchEventType::Bookmark},
      {"ERROR", WatchEventType::Error},
  }};
  const auto* const found = std::ranges::find(kTypes, name, &std::pair<std::string_view, WatchEventType>::first);
  if (found == kTypes.end()) return std::nullopt;
  return found->second;
}

std::unexpected<Error> unreadable(const std::string& why) {
  return fail(ErrorKind::Protocol, "not a readable watch event: " + why);
}

// `cursor` stands at the first token of the line, which ends before `line_end`.
Result<WatchEvent> decode_line(JsonCursor& cursor, std::size_t line_end) {
  std::string_view type;
  WatchEvent event;
  for (JsonMembers members(cursor); members.next();) {
    if (members.key() == "type") {
      type = cursor.plain_string();
    } else if (members.key() == "object") {
      JsonCursor object = cursor;
      if (object.peek() != '{') return unreadable("its object is none");
      event.object_json = cursor.raw();
      event.object = JsonView(event.object_json, object);
    } else {
      cursor.skip();
    }
  }
  if (!cursor.ok() || cursor.offset_before() >= line_end) return unreadable("it is cut off, or no JSON");
  if (cursor.offset() < line_end) return unreadable("something follows it on its line");
  const auto known = event_type(type);
  if (!known)
    return fail(ErrorKind::Protocol, "a watch event of unknown type \"" + std::string(type.substr(0, 32)) + "\"");
  if (event.object.empty()) return fail(ErrorKind::Protocol, "a watch event without object");
  event.type = *known;
  return event;
}

}  // namespace

Result<std::vector<WatchEvent>> WatchDecoder::feed(std::string_view chunk) {
  buffer_.erase(0, consumed_bytes_);
  consumed_bytes_ = 0;
  const void* const last_end = chunk.empty() ? nullptr : ::memrchr(chunk.data(), '\n', chunk.size());
  const std::size_t lines_bytes =
      last_end == nullptr
          ? 0
          : buffer_.size() + static_cast<std::size_t>(static_cast<const char*>(last_end) - chunk.data()) + 1;
  buffer_ += chunk;
  if (buffer_.size() - lines_bytes > max_event_bytes_) return too_large();
  std::vector<WatchEvent> events;
  if (lines_bytes == 0) return events;

  const std::string_view text = std::string_view(buffer_).substr(0, lines_bytes);
  Result<JsonCursor> cursor = indexer_.index(text);
  if (!cursor) return unreadable(cursor.error().message);
  while (consumed_bytes_ < text.size()) {
    const std::size_t line_end = text.find('\n', consumed_bytes_);
    if (line_end - consumed_bytes_ > max_event_bytes_) return too_large();
    consumed_bytes_ = line_end + 1;
    if (cursor->offset() >= line_end) continue;  // nothing in it
    Result<WatchEvent> event = decode_line(*cursor, line_end);
    if (!event) return std::unexpected(event.error());
    events.push_back(*event);
  }
  return events;
}

std::unexpected<Error> WatchDecoder::too_large() const {
  return fail(ErrorKind::TooLarge,
              "a watch event of more than " + std::to_string(max_event_bytes_ / 1024) + " KiB came from the server");
}

void WatchDecoder::reset() {
  buffer_ = {};  // and what a large event has made of it
  indexer_ = {};
  consumed_bytes_ = 0;
}

Result<Bookmark> read_bookmark(std::string_view object_json) {
  const Result<json::value> object = parse_json(object_json);
  const std::string_view version = object ? string_at(*object, {"metadata", "resourceVersion"}) : "";
  if (version.empty()) return fail(ErrorKind::Protocol, "a bookmark without metadata.resourceVersion");
  return Bookmark{{std::string(version)},
                  string_at(*object, {"metadata", "annotations", "k8s.io/initial-events-end"}) == "true"};
}

}  // namespace holdfast
