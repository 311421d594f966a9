#include "engine/judgement_queue.h"

#include <utility>

namespace holdfast {
namespace {

constexpr std::size_t kRecalledAtOnce = 2;

}  // namespace

void JudgementQueue::let_go_of_body(State& state) {
  if (!state.waiting) return;
  waiting_bytes_ -= state.waiting->body.size();
  state.waiting.reset();
}

void JudgementQueue::stand_in_line(const Subject& subject, State& state) {
  if (state.in_line || state.under_way) return;
  state.in_line = true;
  lines_[subject.key.group_kind()].subjects.push_back(subject);
}

void JudgementQueue::add(const Subject& subject, HealthTask task) {
  State& state = states_[subject];
  let_go_of_body(state);
  if (waiting_bytes_ != 0 && waiting_bytes_ + task.body.size() > limits_.waiting_bytes) {
    missed_.insert(subject);
    return;
  }
  missed_.erase(subject);
  waiting_bytes_ += task.body.size();
  state.waiting = std::move(task);
  stand_in_line(subject, state);
}

std::optional<JudgementQueue::Job> JudgementQueue::next_of(Line& line) {
  while (!line.subjects.empty()) {
    const Subject subject = std::move(line.subjects.front());
    line.subjects.pop_front();
    const auto found = states_.find(subject);
    if (found == states_.end()) continue;  // forgotten
    State& state = found->second;
    state.in_line = false;
    if (!state.waiting) continue;  // its body was let go of
    waiting_bytes_ -= state.waiting->body.size();
    Job job{subject, *std::exchange(state.waiting, std::nullopt)};
    state.under_way = true;
    ++line.under_way;
    ++under_way_;
    return job;
  }
  return std::nullopt;
}

std::optional<JudgementQueue::Job> JudgementQueue::next() {
  if (under_way_ >= limits_.at_once) return std::nullopt;
  auto turn = lines_.upper_bound(last_kind_);
  for (std::size_t looked = 0; looked < lines_.size(); ++looked, ++turn) {
    if (turn == lines_.end()) turn = lines_.begin();
    if (turn->second.under_way >= most_of_a_kind()) continue;
    auto job = next_of(turn->second);
    if (!job) continue;
    last_kind_ = turn->first;
    return job;
  }
  return std::nullopt;
}

bool JudgementQueue::done(const Subject& subject) {
  --under_way_;
  --lines_[subject.key.group_kind()].under_way;
  const auto found = states_.find(subject);
  if (found == states_.end() || !found->second.under_way) return false;
  State& state = found->second;
  state.under_way = false;
  if (state.waiting)
    stand_in_line(subject, state);
  else if (!state.in_line)
    states_.erase(found);
  return true;
}

void JudgementQueue::forget(const HealthAsker* asker) {
  for (auto state = states_.begin(); state != states_.end();) {
    if (state->first.asker != asker) {
      ++state;
      continue;
    }
    let_go_of_body(state->second);
    state = states_.erase(state);
  }
  std::erase_if(missed_, [&](const Subject& subject) { return subject.asker == asker; });
  for (auto& [kind, line] : lines_)
    std::erase_if(line.subjects, [&](const Subject& subject) { return subject.asker == asker; });
}

std::vector<JudgementQueue::Subject> JudgementQueue::recall() {
  std::vector<Subject> recalled;
  if (waiting_bytes_ > limits_.waiting_bytes / 2) return recalled;
  const bool idle = waiting_bytes_ == 0 && under_way_ == 0;
  while (!missed_.empty() && (idle || recalled.size() < kRecalledAtOnce)) {
    recalled.push_back(*missed_.begin());
    missed_.erase(missed_.begin());
  }
  return recalled;
}

}  // namespace holdfast
