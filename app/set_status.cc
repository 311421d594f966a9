#include "app/set_status.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <utility>

#include "holdfast/base/timestamp.h"

namespace holdfast {
namespace {

constexpr std::array kTypes{"Ready", "Reconciling", "Stalled"};
constexpr std::size_t kLongestMessageBytes = 2'000, kMostLeftOut = 100, kTold = 3;

std::string cut(const std::string& text) {
  if (text.size() <= kLongestMessageBytes) return text;
  std::size_t end = kLongestMessageBytes - 4;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // no half of a character
  return text.substr(0, end) + " …";
}

// So is what the set itself asks for.
bool is_meant(const LeftOut& one) { return one.reason == "MaxReached" || one.reason == "Expired"; }
// It comes right by itself.
bool is_tried_again(const LeftOut& one) { return one.reason == "ApplyFailed" || one.reason == "Waiting"; }

ConditionStatus status_of(std::string_view word) {
  if (word == "True") return ConditionStatus::True;
  return word == "False" ? ConditionStatus::False : ConditionStatus::Unknown;
}

}  // namespace

void SetStatus::recall(const json::object& status) {
  const json::value* list = find(status, {"conditions"});
  if (list == nullptr || !list->is_array()) return;
  for (const json::value& one : list->get_array()) {
    Since since;
    since.condition = {status_of(string_at(one, {"status"})), std::string(string_at(one, {"reason"})),
                       std::string(string_at(one, {"message"}))};
    since.transition = string_at(one, {"lastTransitionTime"});
    if (parse_timestamp(since.transition)) since_[std::string(string_at(one, {"type"}))] = std::move(since);
  }
}

void SetStatus::set(SetStanding standing) {
  standing_ = std::move(standing);
  const std::string now = to_timestamp(hooks_.now());
  for (auto& [type, condition] : conditions()) {
    Since& since = since_[type];
    const bool other_status = since.transition.empty() || since.condition.status != condition.status;
    const bool told = !other_status && since.condition.reason == condition.reason;
    if (other_status) since.transition = now;
    since.condition = condition;
    if (!told && hooks_.transition) hooks_.transition(type, condition);
  }
  if (std::string text = canonical_json(document()); text != std::exchange(told_, text) && hooks_.changed)
    hooks_.changed();
}

std::string SetStatus::some_left_out() const {
  std::string text;
  std::size_t told = 0, all = 0;
  for (const LeftOut& one : standing_.left_out) {
    if (is_meant(one)) continue;
    if (++all > kTold) continue;
    text += (told++ == 0 ? "" : "; ") + one.element + ": " + one.message;
  }
  return all > told ? fmt::format("{}; and {} more", text, all - told) : text;
}

ApplicationCondition SetStatus::ready() const {
  using enum ConditionStatus;
  if (!standing_.refused.empty()) return {False, standing_.refused_reason, standing_.refused};
  if (standing_.suspended) return {Unknown, "Suspended", "suspended: its applications are left as they are"};
  for (const SetStanding::Generator& generator : standing_.generators)
    if (!generator.message.empty())
      return {False, "GeneratorFailed", generator.message + "; its applications stay as they are"};
  if (const std::string text = some_left_out(); !text.empty()) {
    const auto first = std::ranges::find_if_not(standing_.left_out, is_meant);
    return {False, first->reason, text};
  }
  if (!standing_.under_way.empty()) return {Unknown, "Progressing", standing_.under_way};
  const std::string counts = fmt::format("{} of {} applications are ready", standing_.ready, standing_.wanted);
  if (standing_.applied < standing_.wanted || standing_.ready < standing_.wanted)
    return {Unknown, "Progressing", counts};
  return {True, "ReconciliationSucceeded", counts};
}

ApplicationCondition SetStatus::stalled() const {
  using enum ConditionStatus;
  if (!standing_.refused.empty()) return {True, standing_.refused_reason, standing_.refused};
  for (const LeftOut& one : standing_.left_out)
    if (!standing_.suspended && !is_meant(one) && !is_tried_again(one)) return {True, one.reason, some_left_out()};
  return {False, "NotStalled", "nobody has to do anything"};
}

Conditions SetStatus::conditions() const {
  using enum ConditionStatus;
  Conditions all{{"Ready", ready()}, {"Stalled", stalled()}};
  const ApplicationCondition now = all.at("Ready");
  const bool idle = now.status == True || standing_.suspended || all.at("Stalled").status == True;
  all["Reconciling"] =
      idle ? ApplicationCondition{False, "Idle", "nothing is under way"}
           : ApplicationCondition{True, now.status == False ? "ProgressingWithRetry" : "Progressing", now.message};
  for (auto& [type, condition] : all) condition.message = cut(condition.message);
  return all;
}

json::object SetStatus::document() const {
  json::array conditions, generators, left_out;
  for (const char* type : kTypes) {
    const auto found = since_.find(type);
    if (found == since_.end()) continue;
    const ApplicationCondition& condition = found->second.condition;
    conditions.push_back({{"type", type},
                          {"status", to_string(condition.status)},
                          {"reason", condition.reason},
                          {"message", condition.message},
                          {"lastTransitionTime", found->second.transition},
                          {"observedGeneration", standing_.generation}});
  }
  for (const SetStanding::Generator& generator : standing_.generators) {
    json::object one{{"type", generator.type}, {"elements", generator.elements}};
    if (!generator.message.empty()) one["message"] = cut(generator.message);
    generators.push_back(std::move(one));
  }
  for (const LeftOut& one : standing_.left_out)
    if (left_out.size() < kMostLeftOut)
      left_out.push_back({{"element", one.element}, {"reason", one.reason}, {"message", cut(one.message)}});
  json::object status{{"observedGeneration", standing_.generation},
                      {"conditions", std::move(conditions)},
                      {"matched", standing_.matched},
                      {"applied", standing_.applied},
                      {"ready", standing_.ready}};
  if (!generators.empty()) status["generators"] = std::move(generators);
  if (!left_out.empty()) status["leftOut"] = std::move(left_out);
  return status;
}

}  // namespace holdfast
