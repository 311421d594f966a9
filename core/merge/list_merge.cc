#include "core/merge/list_merge.h"

#include <string_view>
#include <unordered_map>

namespace holdfast {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

// Both lists as positions in `applied`; kNone for a live item that is not applied.
class Interleaver {
 public:
  Interleaver(const std::vector<PathElement>& live, const std::vector<PathElement>& applied)
      : live_count_(applied.size(), 0), live_position_(applied.size(), kNone), taken_(applied.size(), false) {
    std::unordered_map<std::string_view, std::size_t> positions;
    for (std::size_t i = 0; i < applied.size(); ++i) positions.emplace(applied[i].text(), i);
    for (std::size_t i = 0; i < live.size(); ++i) {
      const auto found = positions.find(live[i].text());
      live_.push_back(found == positions.end() ? kNone : found->second);
      if (live_.back() == kNone) continue;
      if (live_count_[live_.back()]++ == 0) live_position_[live_.back()] = i;
    }
    for (std::size_t i = 0; i < applied.size(); ++i)
      if (live_count_[i] != 0) shared_.push_back(i);
  }

  std::vector<MergedItem> run() {
    const std::size_t live_end = live_.size(), applied_end = taken_.size();
    std::size_t live = 0, applied = 0;
    while (live < live_end || applied < applied_end) {
      if (live < live_end && applied < applied_end) {
        if (live_[live] == applied) {
          take_applied(applied++);
          ++live;
          ++next_shared_;
          continue;
        }
        // Shared, but not the shared one whose turn it is: it comes later, where it is applied.
        if (live_[live] != kNone && next_shared() != kNone && next_shared() != live_[live]) {
          ++live;
          continue;
        }
      }
      if (live < live_end && live_[live] == kNone) {
        items_.push_back({.live = live, .applied = std::nullopt});
        ++live;
        continue;
      }
      if (live < live_end && taken_[live_[live]]) ++live;
      if (applied < applied_end) {
        const bool was_next = next_shared() == applied;
        take_applied(applied++);
        if (was_next) ++next_shared_;
      }
    }
    return std::move(items_);
  }

 private:
  [[nodiscard]] std::size_t next_shared() const {
    return next_shared_ < shared_.size() ? shared_[next_shared_] : kNone;
  }

  void take_applied(std::size_t applied) {
    taken_[applied] = true;
    MergedItem item{.live = std::nullopt, .applied = applied};
    if (live_count_[applied] == 1) item.live = live_position_[applied];
    items_.push_back(item);
  }

  std::vector<std::size_t> live_;
  std::vector<std::size_t> live_count_, live_position_;  // of each applied item
  std::vector<bool> taken_;
  std::vector<std::size_t> shared_;  // the applied items that are live, in the order in which they are applied
  std::size_t next_shared_ = 0;
  std::vector<MergedItem> items_;
};

}  // namespace

std::vector<MergedItem> merged_order(const std::vector<PathElement>& live, const std::vector<PathElement>& applied) {
  return Interleaver(live, applied).run();
}

}  // namespace holdfast
