#include "app/application_history.h"

#include <algorithm>
#include <utility>

#include "app/short_text.h"
#include "holdfast/base/printable.h"
#include "holdfast/base/timestamp.h"

namespace holdfast {
namespace {

constexpr const char* kProgressing = "Progressing";

bool was_applied(const HistoryEntry& entry) { return entry.outcome == "Applied" || entry.outcome == "Healthy"; }

HistoryEntry read_entry(const json::value& value) {
  const auto text = [&](std::string_view name) { return std::string(string_at(value, {name})); };
  HistoryEntry entry{text("action"), text("revision"), text("at"), text("outcome"), 0, text("who"), text("why")};
  if (const json::value* objects = find(value, {"objects"}); objects != nullptr && objects->is_int64())
    entry.objects = static_cast<std::size_t>(std::max<std::int64_t>(0, objects->get_int64()));
  return entry;
}

}  // namespace

ApplicationHistory ApplicationHistory::read(const json::value* list) {
  ApplicationHistory history;
  if (list == nullptr || !list->is_array()) return history;
  for (const json::value& one : list->get_array()) {
    HistoryEntry entry = read_entry(one);
    if (entry.action.empty() || !parse_timestamp(entry.at)) continue;
    if (history.entries_.size() < kMost) history.entries_.push_back(std::move(entry));
  }
  return history;
}

json::array ApplicationHistory::document() const {
  json::array list;
  for (const HistoryEntry& entry : entries_) {
    json::object one{{"action", entry.action}, {"at", entry.at}};
    for (const auto& [name, text] : {std::pair("revision", &entry.revision), std::pair("outcome", &entry.outcome),
                                     std::pair("who", &entry.who), std::pair("why", &entry.why)})
      if (!text->empty()) one[name] = *text;
    if (entry.objects != 0) one["objects"] = static_cast<std::int64_t>(entry.objects);
    list.push_back(std::move(one));
  }
  return list;
}

void ApplicationHistory::add(HistoryEntry entry) {
  entry.why = shortened(printable_line(entry.why), kLongestReasonBytes);
  entry.who = printable_line(entry.who);
  entries_.push_front(std::move(entry));
  if (entries_.size() > kMost) entries_.pop_back();
}

void ApplicationHistory::begin(const std::string& revision, std::size_t objects, std::chrono::sys_seconds now) {
  HistoryEntry* const known = newest_of(revision);
  const bool goes_on = known != nullptr && known->outcome == kProgressing;
  // A restart, or another spec: the revision is the one that is in force.
  const auto in_force = std::ranges::find_if(entries_, [](const HistoryEntry& one) { return !one.outcome.empty(); });
  const bool same = in_force != entries_.end() && in_force->revision == revision;
  for (HistoryEntry& entry : entries_)
    if (&entry != known && entry.outcome == kProgressing) entry.outcome = "Superseded";
  if (goes_on) known->objects = objects;
  if (goes_on || same) return;
  add({"Apply", revision, to_timestamp(now), kProgressing, objects, {}, {}});
}

void ApplicationHistory::settle(const std::string& revision, const std::string& outcome, std::size_t objects,
                                const std::string& why) {
  HistoryEntry* const entry = newest_of(revision);
  if (entry == nullptr || (outcome == "Applied" && entry->outcome != kProgressing)) return;
  entry->outcome = outcome;
  if (objects != 0) entry->objects = objects;
  if (!why.empty()) entry->why = shortened(entry->why.empty() ? why : entry->why + "; " + why, kLongestReasonBytes);
}

HistoryEntry* ApplicationHistory::newest_of(const std::string& revision) {
  const auto found = std::ranges::find_if(
      entries_, [&](const HistoryEntry& one) { return one.revision == revision && !one.outcome.empty(); });
  return found == entries_.end() ? nullptr : &*found;
}

bool ApplicationHistory::has(const std::string& revision) const {
  return std::ranges::any_of(entries_,
                             [&](const HistoryEntry& one) { return one.revision == revision && was_applied(one); });
}

std::string ApplicationHistory::before(const std::string& revision) const {
  std::size_t from = 0;  // behind the first time that it was brought about
  for (std::size_t i = 0; i < entries_.size(); ++i)
    if (entries_[i].revision == revision) from = i + 1;
  for (std::size_t i = from; i < entries_.size(); ++i)
    if (entries_[i].revision != revision && was_applied(entries_[i])) return entries_[i].revision;
  return {};
}

}  // namespace holdfast
