#include "watchers/watch_decoder.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "holdfast/model/json.h"

namespace holdfast {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::string_view kWhitespace = " \t\r\n";

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

// The raw text of an object ends where the next token begins: what lies between is not part of it.
std::string_view without_trailing_space(std::string_view text) {
  return text.substr(0, text.find_last_not_of(kWhitespace) + 1);
}

simdjson::error_code split_event(ondemand::document& document, std::string& type, std::string_view& object_json) {
  ondemand::object root;
  if (const auto error = document.get_object().get(root)) return error;
  for (auto entry : root) {
    std::string_view key;
    ondemand::value value;
    if (const auto error = entry.unescaped_key().get(key)) return error;
    if (const auto error = entry.value().get(value)) return error;
    if (key == "type") {
      std::string_view text;
      if (const auto error = value.get_string().get(text)) return error;
      type = text;
    } else if (key == "object") {
      ondemand::object object;
      if (const auto error = value.get_object().get(object)) return error;
      if (const auto error = object.raw_json().get(object_json)) return error;
    }
  }
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS ? simdjson::SUCCESS
                                                                        : simdjson::TRAILING_CONTENT;
}

// `readable_bytes`: how far the memory behind `line` may be read, at least its size and simdjson's padding.
Result<WatchEvent> decode_line(std::string_view line, std::size_t readable_bytes) {
  thread_local ondemand::parser parser;
  ondemand::document document;
  std::string type;
  WatchEvent event;
  auto error = parser.iterate(simdjson::padded_string_view(line.data(), line.size(), readable_bytes)).get(document);
  if (!error) error = split_event(document, type, event.object_json);
  if (error)
    return fail(ErrorKind::Protocol, std::string("not a readable watch event: ") + simdjson::error_message(error));
  const auto known = event_type(type);
  if (!known) return fail(ErrorKind::Protocol, "a watch event of unknown type \"" + type.substr(0, 32) + "\"");
  if (event.object_json.empty()) return fail(ErrorKind::Protocol, "a watch event without object");
  event.type = *known;
  event.object_json = without_trailing_space(event.object_json);
  return event;
}

}  // namespace

Result<std::vector<WatchEvent>> WatchDecoder::feed(std::string_view chunk) {
  buffer_.erase(0, consumed_bytes_);
  searched_bytes_ -= consumed_bytes_;
  consumed_bytes_ = 0;
  const std::size_t needed_bytes = buffer_.size() + chunk.size() + simdjson::SIMDJSON_PADDING;
  if (buffer_.capacity() < needed_bytes) buffer_.reserve(std::max(needed_bytes, 2 * buffer_.capacity()));
  buffer_ += chunk;

  std::vector<WatchEvent> events;
  const std::string_view text = buffer_;
  for (;;) {
    const std::size_t end = text.find('\n', searched_bytes_);
    const std::size_t line_bytes = std::min(end, text.size()) - consumed_bytes_;
    if (line_bytes > max_event_bytes_)
      return fail(ErrorKind::TooLarge, "a watch event of more than " + std::to_string(max_event_bytes_ / 1024) +
                                           " KiB came from the server");
    if (end == std::string_view::npos) break;
    const std::string_view line = text.substr(consumed_bytes_, line_bytes);
    if (line.find_first_not_of(kWhitespace) != std::string_view::npos) {
      Result<WatchEvent> event = decode_line(line, buffer_.capacity() - consumed_bytes_);
      if (!event) return std::unexpected(event.error());
      events.push_back(*event);
    }
    consumed_bytes_ = searched_bytes_ = end + 1;
  }
  searched_bytes_ = text.size();
  return events;
}

void WatchDecoder::reset() {
  buffer_.clear();
  consumed_bytes_ = searched_bytes_ = 0;
}

Result<ResourceVersion> bookmark_version(std::string_view object_json) {
  const Result<json::value> object = parse_json(object_json);
  const std::string_view version = object ? string_at(*object, {"metadata", "resourceVersion"}) : "";
  if (version.empty()) return fail(ErrorKind::Protocol, "a bookmark without metadata.resourceVersion");
  return ResourceVersion{std::string(version)};
}

}  // namespace holdfast
