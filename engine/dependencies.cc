#include "engine/dependencies.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>
#include <vector>

namespace holdfast {
namespace {

using DesiredMap = std::map<ObjectKey, Desired>;
using Refused = std::map<ObjectKey, Error>;

const Desired* member(const DesiredMap& set, const Refused& refused, const ObjectKey& key) {
  const auto found = set.find(key);
  return found == set.end() || refused.contains(key) ? nullptr : &found->second;
}

void refuse_what_cannot_come(const DesiredMap& set, const std::function<bool(const ObjectKey&)>& may_come,
                             Refused& refused) {
  for (const auto& [key, desired] : set) {
    for (const ObjectKey& other : desired.options.depends_on) {
      const auto found = set.find(other);
      const auto refuse = [&](const std::string& why, const char* hint) {
        refused.insert(
            {key,
             {ErrorKind::Invalid, fmt::format("{} depends on {}, which {}", to_string(key), to_string(other), why),
              desired.origin, hint}});
      };
      if (found == set.end() && !may_come(other))
        refuse("is not managed by this application", "check the group, kind, namespace and name in its annotation");
      else if (found != set.end() && wave_of(found->second) > wave_of(desired))
        refuse("comes later, in " + to_string(wave_of(found->second)), "give it the same wave or an earlier one");
    }
  }
}

// Those that are left when whatever waits for nothing is taken away, again and again.
std::set<ObjectKey> never_reached(const DesiredMap& set, const Refused& refused) {
  std::map<ObjectKey, std::size_t> open;
  std::map<ObjectKey, std::vector<ObjectKey>> waiting;
  std::vector<ObjectKey> free;
  for (const auto& [key, desired] : set) {
    if (refused.contains(key)) continue;
    std::size_t count = 0;
    for (const ObjectKey& other : desired.options.depends_on) {
      if (member(set, refused, other) == nullptr) continue;
      waiting[other].push_back(key);
      ++count;
    }
    if (count == 0)
      free.push_back(key);
    else
      open[key] = count;
  }
  while (!free.empty()) {
    const ObjectKey key = std::move(free.back());
    free.pop_back();
    for (const ObjectKey& dependent : waiting[key]) {
      if (--open[dependent] != 0) continue;
      open.erase(dependent);
      free.push_back(dependent);
    }
  }
  std::set<ObjectKey> left;
  for (const auto& [key, count] : open) left.insert(key);
  return left;
}

void refuse_ring(const DesiredMap& set, const std::vector<ObjectKey>& ring, Refused& refused) {
  std::string names;
  for (const ObjectKey& key : ring) names += to_string(key) + " -> ";
  names += to_string(ring.front());
  for (const ObjectKey& key : ring)
    refused.insert({key,
                    {ErrorKind::Invalid, "these depend on one another: " + names, set.at(key).origin,
                     "remove one of the dependencies"}});
}

// Each of `left` has a dependency among them, so whoever follows those comes round at last.
void refuse_rings(const DesiredMap& set, const std::set<ObjectKey>& left, Refused& refused) {
  std::map<ObjectKey, std::size_t> met;  // in which walk
  std::size_t walk = 0;
  for (const ObjectKey& start : left) {
    ++walk;
    std::vector<ObjectKey> way;
    ObjectKey here = start;
    while (met.try_emplace(here, walk).second) {
      way.push_back(here);
      const std::vector<ObjectKey>& next = set.at(here).options.depends_on;
      here = *std::ranges::find_if(next, [&](const ObjectKey& other) { return left.contains(other); });
    }
    if (met.at(here) == walk) refuse_ring(set, {std::ranges::find(way, here), way.end()}, refused);
  }
}

}  // namespace

std::map<ObjectKey, Error> refuse_dependencies(const std::map<ObjectKey, Desired>& set,
                                               const std::function<bool(const ObjectKey&)>& may_come) {
  Refused refused;
  refuse_what_cannot_come(set, may_come, refused);
  for (std::set<ObjectKey> left = never_reached(set, refused); !left.empty(); left = never_reached(set, refused))
    refuse_rings(set, left, refused);
  return refused;
}

}  // namespace holdfast
