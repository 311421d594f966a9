#include "engine/fight_watch.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace holdfast {
namespace {

// What the opponent made of the field. The time of its entry is not in it, since that is new each time.
std::string state_of(const FieldDrift& drift) {
  if (!drift.owner) return fmt::format("{}\n", drift.live);
  return fmt::format("{}\n{}\n{}\n{}", drift.live, drift.owner->manager, drift.owner->operation,
                     drift.owner->subresource);
}

}  // namespace

FightWatch::Field& FightWatch::field(const std::string& name) {
  if (const auto known = fields_.find(name); known != fields_.end()) return known->second;
  if (fields_.size() >= kMaxFields) {
    const auto quietest = std::ranges::min_element(fields_, {}, [](const auto& one) {
      return std::pair(one.second.fight.has_value() || one.second.drifting, one.second.last_change);
    });
    fields_.erase(quietest);
  }
  return fields_[name];
}

std::string FightWatch::reason_to_fight(const Field& field, std::size_t object_repairs) {
  if (field.repairs.size() > kMaxRepairs) return fmt::format("{} repairs within a minute", field.repairs.size());
  const std::string& undone = field.repairs.back().undone;
  if (std::ranges::count(field.repairs, undone, &Repair::undone) > 1) return "the same change was undone twice";
  if (object_repairs > kMaxRepairs) return fmt::format("{} repairs of its object within a minute", object_repairs);
  return {};
}

std::vector<Fight> FightWatch::repaired(const std::vector<FieldDrift>& fields, Time now) {
  std::vector<Fight> begun;
  while (!object_repairs_.empty() && object_repairs_.front() + kWindow <= now) object_repairs_.pop_front();
  object_repairs_.push_back(now);
  if (object_repairs_.size() > kMaxRepairs + 1) object_repairs_.pop_front();
  for (const FieldDrift& drift : fields) {
    Field& one = field(drift.path);
    while (!one.repairs.empty() && one.repairs.front().at + kWindow <= now) one.repairs.pop_front();
    one.repairs.push_back({now, state_of(drift)});
    if (one.repairs.size() > kMaxRepairs + 1) one.repairs.pop_front();
    one.drifting = false;
    one.last_change = now;
    if (one.fight) {
      one.fight->interval = std::min(one.fight->interval * 2, kLongestInterval);
      if (drift.owner) one.fight->opponent = drift.owner;
      one.not_before = now + one.fight->interval;
    } else if (std::string why = reason_to_fight(one, object_repairs_.size()); !why.empty()) {
      one.fight = Fight{drift.path, drift.owner, std::move(why), now, kFirstInterval};
      one.not_before = now + kFirstInterval;
      begun.push_back(*one.fight);
    }
  }
  return begun;
}

void FightWatch::drifted(const std::vector<FieldDrift>& fields, Time now) {
  for (const FieldDrift& drift : fields) {
    const auto known = fields_.find(drift.path);
    if (known == fields_.end()) continue;  // never repaired, so nobody has undone anything
    known->second.drifting = true;
    known->second.last_change = now;
    if (known->second.fight && drift.owner) known->second.fight->opponent = drift.owner;
  }
}

void FightWatch::settled(Time now) {
  for (auto& [name, one] : fields_) {
    if (!one.drifting) continue;
    one.drifting = false;
    one.last_change = now;
  }
}

std::optional<FightWatch::Time> FightWatch::not_before(const std::string& field) const {
  const auto known = fields_.find(field);
  if (known == fields_.end() || !known->second.fight) return std::nullopt;
  return known->second.not_before;
}

std::vector<Fight> FightWatch::fights() const {
  std::vector<Fight> all;
  for (const auto& [name, one] : fields_)
    if (one.fight) all.push_back(*one.fight);
  return all;
}

FightWatch::Time FightWatch::end_of(const Field& field) {
  return field.last_change + std::max(kWindow, field.fight ? field.fight->interval * 2 : kWindow);
}

std::vector<Fight> FightWatch::ended(Time now) {
  std::vector<Fight> over;
  std::erase_if(fields_, [&](const auto& entry) {
    const Field& one = entry.second;
    if (one.drifting || end_of(one) > now) return false;
    if (one.fight) over.push_back(*one.fight);
    return true;
  });
  return over;
}

std::optional<FightWatch::Time> FightWatch::next_end() const {
  std::optional<Time> earliest;
  for (const auto& [name, one] : fields_)
    if (one.fight && !one.drifting) earliest = earliest ? std::min(*earliest, end_of(one)) : end_of(one);
  return earliest;
}

}  // namespace holdfast
