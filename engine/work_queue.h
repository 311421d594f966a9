// Keys that want a look. Level-triggered: a key says that something may have changed, never what, so that any number of
// events about one object cost one look, and an edge cannot be missed (style rule 2).
//
// Invariants: a key is popped by one caller at a time; a key added while it is being processed is due again as soon as
// done() is called; a key is never lost. Pure: time is an argument. One thread.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "holdfast/model/object_key.h"

namespace holdfast {

// Lower goes first. Repairs overtake roll-outs; a roll-out goes rank by rank (correctness D9).
enum class Lane : int { Repair = 0, FirstRank = 1 };
inline constexpr Lane kConfirmLane{1'000'000};  // behind all ranks: what is most probably as it should be
inline Lane lane_of_rank(int rank) { return static_cast<Lane>(static_cast<int>(Lane::FirstRank) + rank); }

class WorkQueue {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Due at once; the lower lane wins where the key is queued already, and a delayed key is due now.
  void add(const ObjectKey& key, Lane lane);
  // Due at `due`, unless the key is due earlier anyhow.
  void add_at(const ObjectKey& key, Lane lane, Time due);

  // The first due key of the lowest lane, now being processed. Repairs go at any time; a rank waits until the lower
  // ranks are neither due nor being processed. Empty where nothing is due.
  std::optional<ObjectKey> pop(Time now);
  // The lane of what pop() would return.
  std::optional<Lane> next_lane(Time now);
  void done(const ObjectKey& key);

  // When the next delayed key becomes due; empty where none is delayed.
  [[nodiscard]] std::optional<Time> next_due() const;
  [[nodiscard]] bool processing(const ObjectKey& key) const { return processing_.contains(key); }
  [[nodiscard]] std::size_t processing_count() const { return processing_.size(); }
  [[nodiscard]] bool idle() const { return due_.empty() && processing_.empty(); }

 private:
  using Position = std::pair<Lane, std::uint64_t>;  // lane, then order of arrival

  void promote(Time now);
  void insert(const ObjectKey& key, Lane lane);

  std::uint64_t arrivals_ = 0;
  std::map<Position, ObjectKey> due_;
  std::unordered_map<ObjectKey, Position, ObjectKeyHash> due_positions_;
  std::multimap<Time, std::pair<ObjectKey, Lane>> delayed_;
  std::unordered_map<ObjectKey, std::multimap<Time, std::pair<ObjectKey, Lane>>::iterator, ObjectKeyHash> delayed_at_;
  std::unordered_map<ObjectKey, Lane, ObjectKeyHash> processing_;
  std::unordered_map<ObjectKey, Lane, ObjectKeyHash> again_;
  std::multiset<Lane> processing_lanes_;
};

}  // namespace holdfast
