// Keeps what happened in a simulated world and what its daemons said, for the message of a failed history.
#pragma once

#include <string>
#include <vector>

#include "app/application_observer.h"

namespace holdfast::sim {

class Diary {
 public:
  void say(std::string text);
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool says(const std::string& text) const;

 private:
  std::vector<std::string> lines_;
};

// Writes down what one daemon says.
class DiaryOf final : public ApplicationObserver {
 public:
  DiaryOf(Diary& diary, std::string who) : diary_(diary), who_(std::move(who)) {}
  void applied(const ObjectKey& key, bool created, const std::string& revision) override;
  void repaired(const Repair& repair) override;
  void pruned(const ObjectKey& key) override;
  void held_back(const ObjectKey& key, const std::string& reason) override;
  void refused(const ObjectKey& key, const Error& error) override;
  void failed(const ObjectKey& key, const Error& error, std::chrono::milliseconds retry_in) override;
  void set_problem(const Error& error) override;
  void waiting(const Error& reason) override;
  void round(const RoundSummary& summary) override;

 private:
  void say(const std::string& text) { diary_.say(who_ + " " + text); }

  Diary& diary_;
  std::string who_;
};

}  // namespace holdfast::sim
