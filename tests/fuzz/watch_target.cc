// A watch stream brings the same events, wherever its chunks end (correctness A15).
#include "fuzz/target.h"
#include "holdfast/model/json.h"
#include "holdfast/model/object.h"
#include "watchers/watch_decoder.h"

namespace holdfast::fuzz {
namespace {

constexpr std::size_t kMostEventBytes = 4096;

struct Seen {
  WatchEventType type;
  std::string object;
  bool operator==(const Seen&) const = default;
};

// All members at every depth, in the order of the text: a walk that reaches beyond the value would be noticed by ASan.
void walk(JsonCursor& cursor, std::size_t depth) {
  if (cursor.peek() == '{' && depth < 200) {
    for (JsonMembers members(cursor); members.next();) walk(cursor, depth + 1);
  } else if (cursor.peek() == '[' && depth < 200) {
    for (JsonItems items(cursor); items.next();) walk(cursor, depth + 1);
  } else {
    cursor.skip();
  }
}

Seen look_at(const WatchEvent& event) {
  hold(event.object_json.starts_with('{') && event.object_json.ends_with('}'), "an event whose object is none");
  hold(event.object.text() == event.object_json, "an event with two objects");
  JsonCursor cursor = event.object.cursor();
  walk(cursor, 0);
  const auto body = parse_json(event.object_json);
  hold(!body || cursor.ok(), "good JSON cannot be walked over: " + std::string(event.object_json));
  const auto live = read_live_object(event.object, {"", "v1", "ConfigMap"});
  if (body && live) {
    hold((*live)->key.name == string_at(*body, {"metadata", "name"}), "an object read under another name");
    hold((*live)->uid.value == string_at(*body, {"metadata", "uid"}), "an object read with another uid");
  }
  if (event.type == WatchEventType::Bookmark) (void)read_bookmark(event.object_json);
  return {event.type, std::string(event.object_json)};
}

// What the chunks bring, up to the first error.
struct Read {
  std::vector<Seen> events;
  bool failed = false;
};

void feed(WatchDecoder& decoder, std::string_view chunk, Read& into) {
  const auto events = decoder.feed(chunk);
  into.failed = !events;
  if (events)
    for (const WatchEvent& event : *events) into.events.push_back(look_at(event));
}

}  // namespace

void run_watch(std::string_view bytes) {
  Cuts cuts(bytes);
  WatchDecoder at_once(kMostEventBytes);
  Read whole;
  feed(at_once, cuts.stream(), whole);

  WatchDecoder in_pieces(kMostEventBytes);
  Read pieces;
  for (std::string_view piece = cuts.next(); !piece.empty() && !pieces.failed; piece = cuts.next())
    feed(in_pieces, piece, pieces);
  hold(whole.failed == pieces.failed, "chunks decide whether a stream can be read");
  if (!whole.failed) hold(whole.events == pieces.events, "chunks decide what a stream says");

  // After a cut nothing of it is left.
  in_pieces.reset();
  Read again;
  feed(in_pieces, cuts.stream(), again);
  hold(again.failed == whole.failed && again.events == whole.events, "what was cut off comes back");
}

}  // namespace holdfast::fuzz
