// The relay's stream brings the same events, wherever its bytes are cut, and none beyond their bound.
#include "fuzz/target.h"
#include "sources/event_stream.h"
#include "sources/push_hint.h"

namespace holdfast::fuzz {
namespace {

void take(const std::vector<StreamEvent>& events, std::vector<StreamEvent>& into) {
  for (const StreamEvent& event : events) {
    hold(event.data.size() <= EventStreamReader::kMostBytes, "an event beyond its bound");
    hold(event.type.find_first_of("\r\n") == std::string::npos, "a type of several lines");
    hold(event.last_id.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "an id of several lines");
    if (const auto hint = parse_push_hint(event.data)) {
      const auto again = parse_push_hint(to_text(*hint));
      hold(again && *again == *hint, "a hint is another one when it is handed on: " + event.data);
    }
    into.push_back(event);
  }
}

}  // namespace

void run_relay(std::string_view bytes) {
  Cuts cuts(bytes);
  EventStreamReader at_once;
  std::vector<StreamEvent> whole;
  const auto all = at_once.feed(cuts.stream());
  if (all) take(*all, whole);

  EventStreamReader in_pieces;
  std::vector<StreamEvent> pieces;
  bool failed = false;
  for (std::string_view piece = cuts.next(); !piece.empty() && !failed; piece = cuts.next()) {
    const auto some = in_pieces.feed(piece);
    failed = !some;
    if (some) take(*some, pieces);
  }
  hold(failed == !all, "cuts decide whether a stream can be read");
  if (all) hold(whole == pieces, "cuts decide what a stream says");
}

}  // namespace holdfast::fuzz
