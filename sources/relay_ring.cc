#include "sources/relay_ring.h"

#include <spdlog/fmt/fmt.h>

#include <charconv>

namespace holdfast {

RelayRing::Position RelayRing::position_after(std::string_view last_event_id) const {
  const std::uint64_t end = first_ + hints_.size();
  const Position lost{end, true};
  const std::size_t dash = last_event_id.find('-');
  if (dash == std::string_view::npos || last_event_id.substr(0, dash) != epoch_) return lost;
  const std::string_view digits = last_event_id.substr(dash + 1);
  std::uint64_t seen = 0;
  const auto [last, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seen);
  if (error != std::errc{} || last != digits.data() + digits.size()) return lost;
  if (seen + 1 < first_ || seen >= end) return lost;
  return {seen + 1, false};
}

void RelayRing::add(const PushHint& hint) {
  hints_.push_back(to_text(hint));
  bytes_ += hints_.back().size();
  while (hints_.size() > kMostHints || (bytes_ > kMostBytes && hints_.size() > 1)) {
    bytes_ -= hints_.front().size();
    hints_.pop_front();
    ++first_;
  }
}

std::string RelayRing::id_line(std::uint64_t seen) const { return fmt::format("id: {}-{}\n", epoch_, seen); }

std::string RelayRing::take(Position& position) const {
  std::string text;
  const std::uint64_t end = first_ + hints_.size();
  if (position.next < first_) position = {end, true};
  if (position.lost) {
    // What comes after it is told by itself, and all before it by this.
    text = id_line(position.next - 1) + fmt::format("event: {}\ndata: {{}}\n\n", kEventEverything);
    position.lost = false;
  }
  for (; position.next < end && text.size() < kPieceBytes; ++position.next)
    text += id_line(position.next) + fmt::format("event: {}\ndata: {}\n\n", kEventPush, hints_[position.next - first_]);
  return text;
}

}  // namespace holdfast
