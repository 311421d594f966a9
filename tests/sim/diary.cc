#include "sim/diary.h"

#include <algorithm>

#include "holdfast/base/clock.h"
#include "holdfast/base/log.h"

namespace holdfast::sim {

void Diary::say(std::string text) {
  constexpr std::size_t kKept = 8'000;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch()).count();
  if (lines_.size() < kKept) lines_.push_back(std::to_string(ms) + " ms: " + std::move(text));
  log(LogLevel::Debug, "diary", lines_.back());
}

std::string Diary::text() const {
  std::string all;
  for (const std::string& line : lines_) all += line + "\n";
  return all;
}

bool Diary::says(const std::string& text) const {
  return std::ranges::any_of(lines_, [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

void DiaryOf::applied(const ObjectKey& key, bool created, const std::string& revision) {
  say((created ? "created " : "configured ") + to_string(key) + " " + revision);
}
void DiaryOf::repaired(const Repair& repair) { say("repaired " + to_string(repair.drift.key)); }
void DiaryOf::pruned(const ObjectKey& key) { say("pruned " + to_string(key)); }
void DiaryOf::held_back(const ObjectKey& key, const std::string& reason) {
  say("held back " + to_string(key) + ": " + reason);
}
void DiaryOf::refused(const ObjectKey& key, const Error& error) {
  say("refused " + to_string(key) + ": " + describe(error));
}
void DiaryOf::failed(const ObjectKey& key, const Error& error, std::chrono::milliseconds retry_in) {
  say("failed " + to_string(key) + ": " + describe(error) + ", again in " + std::to_string(retry_in.count()) + " ms");
}
void DiaryOf::set_problem(const Error& error) { say("problem: " + describe(error)); }
void DiaryOf::waiting(const Error& reason) { say("waiting: " + describe(reason)); }
void DiaryOf::round(const RoundSummary& summary) {
  say("round " + summary.revision + (summary.complete ? " complete" : " failed"));
}

}  // namespace holdfast::sim
