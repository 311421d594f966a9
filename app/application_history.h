// What was done to an application, newest first: each revision that was brought about, what became of it, and who asked
// for it and why. It is kept in the status of the Application, so that it outlives the daemon. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>

#include "holdfast/model/json.h"

namespace holdfast {

struct HistoryEntry {
  std::string action;    // "Apply", "Approve", "Rollback", "Return"; of others whatever they did
  std::string revision;  // what was brought about; may be empty
  std::string at;        // when it began, as a timestamp
  std::string outcome;  // "Progressing", "Applied", "Healthy", "Failed", "Superseded"; empty: there is none to wait for
  std::size_t objects = 0;
  std::string who, why;  // for people
  bool operator==(const HistoryEntry&) const = default;
};

class ApplicationHistory {
 public:
  static constexpr std::size_t kMost = 10;                 // older ones are forgotten
  static constexpr std::size_t kLongestReasonBytes = 500;  // of each `why`

  // Of status.history. What is no entry is passed over.
  static ApplicationHistory read(const json::value* list);
  [[nodiscard]] json::array document() const;

  void add(HistoryEntry entry);
  // A roll-out of this revision begins: where the newest entry of it is still under way, that one goes on. What else
  // was under way is superseded.
  void begin(const std::string& revision, std::size_t objects, std::chrono::sys_seconds now);
  // What became of the newest entry of this revision. A Failed one stays so until it is Healthy.
  void settle(const std::string& revision, const std::string& outcome, std::size_t objects,
              const std::string& why = {});

  [[nodiscard]] const std::deque<HistoryEntry>& entries() const { return entries_; }
  [[nodiscard]] bool has(const std::string& revision) const;
  // The one that was applied before this one was for the first time; empty: there is none.
  [[nodiscard]] std::string before(const std::string& revision) const;

 private:
  [[nodiscard]] HistoryEntry* newest_of(const std::string& revision);
  std::deque<HistoryEntry> entries_;
};

}  // namespace holdfast
