#include "engine/work_queue.h"

#include <algorithm>

namespace holdfast {

void WorkQueue::add(const ObjectKey& key, Lane lane) {
  if (const auto delayed = delayed_at_.find(key); delayed != delayed_at_.end()) {
    delayed_.erase(delayed->second);
    delayed_at_.erase(delayed);
  }
  if (processing_.contains(key)) {
    const auto [entry, inserted] = again_.try_emplace(key, lane);
    if (!inserted) entry->second = std::min(entry->second, lane);
    return;
  }
  insert(key, lane);
}

void WorkQueue::insert(const ObjectKey& key, Lane lane) {
  if (const auto found = due_positions_.find(key); found != due_positions_.end()) {
    if (found->second.first <= lane) return;
    due_.erase(found->second);
    due_positions_.erase(found);
  }
  const Position position{lane, arrivals_++};
  due_.emplace(position, key);
  due_positions_.emplace(key, position);
}

void WorkQueue::add_at(const ObjectKey& key, Lane lane, Time due) {
  if (due_positions_.contains(key) || again_.contains(key)) return;
  if (const auto delayed = delayed_at_.find(key); delayed != delayed_at_.end()) {
    if (delayed->second->first <= due) return;
    delayed_.erase(delayed->second);
    delayed_at_.erase(delayed);
  }
  delayed_at_[key] = delayed_.emplace(due, std::pair{key, lane});
}

void WorkQueue::promote(Time now) {
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    const auto [key, lane] = delayed_.begin()->second;
    add(key, lane);  // also takes it out of the delayed ones
  }
}

std::optional<Lane> WorkQueue::next_lane(Time now) {
  promote(now);
  if (due_.empty()) return std::nullopt;
  const Lane lane = due_.begin()->first.first;
  if (lane != Lane::Repair) {
    const auto lowest_rank = processing_lanes_.upper_bound(Lane::Repair);
    if (lowest_rank != processing_lanes_.end() && *lowest_rank < lane) return std::nullopt;
  }
  return lane;
}

std::optional<ObjectKey> WorkQueue::pop(Time now) {
  const std::optional<Lane> lane = next_lane(now);
  if (!lane) return std::nullopt;
  const auto first = due_.begin();
  ObjectKey key = first->second;
  due_.erase(first);
  due_positions_.erase(key);
  processing_.emplace(key, *lane);
  processing_lanes_.insert(*lane);
  return key;
}

void WorkQueue::done(const ObjectKey& key) {
  const auto found = processing_.find(key);
  if (found == processing_.end()) return;
  processing_lanes_.erase(processing_lanes_.find(found->second));
  processing_.erase(found);
  const auto again = again_.find(key);
  if (again == again_.end()) return;
  const Lane lane = again->second;
  again_.erase(again);
  add(key, lane);
}

std::optional<WorkQueue::Time> WorkQueue::next_due() const {
  if (delayed_.empty()) return std::nullopt;
  return delayed_.begin()->first;
}

}  // namespace holdfast
