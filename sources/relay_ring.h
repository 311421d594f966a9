// The hints that a relay has handed on last, as server-sent events. Pure.
//
// A subscriber is at a position in the ring. Where it has fallen behind so far that hints are gone, or says that it was
// at a position that this ring never had (another process, a restart), it is told to look at everything: a hint may be
// late or doubled, never missed unnoticed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "sources/push_hint.h"

namespace holdfast {

class RelayRing {
 public:
  static constexpr std::size_t kMostHints = 1'024;
  static constexpr std::size_t kMostBytes = 1024UL * 1024;
  static constexpr std::size_t kPieceBytes = 64UL * 1024;

  // `epoch` tells one ring from another: letters and digits, by chance.
  explicit RelayRing(std::string epoch) : epoch_(std::move(epoch)) {}

  struct Position {
    std::uint64_t next = 0;  // number of the hint that it wants
    bool lost = false;       // it has to look at everything first
  };
  // From the id of the event that it has seen last; empty: it has seen none, and may have missed anything.
  [[nodiscard]] Position position_after(std::string_view last_event_id) const;

  void add(const PushHint& hint);
  // What there is for it, some kPieceBytes at most, as event-stream text; empty: nothing yet. Moves it on.
  [[nodiscard]] std::string take(Position& position) const;

  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  [[nodiscard]] std::string id_line(std::uint64_t seen) const;

  std::string epoch_;
  std::deque<std::string> hints_;  // as JSON, without line breaks
  std::uint64_t first_ = 1;        // number of the first of them
  std::size_t bytes_ = 0;
};

inline constexpr std::string_view kEventPush = "push";              // data: a PushHint
inline constexpr std::string_view kEventEverything = "everything";  // hints were missed: look at all repositories once

}  // namespace holdfast
