#include "app/set_status.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <utility>

#include "app/short_text.h"
#include "holdfast/base/timestamp.h"

namespace holdfast {
namespace {

constexpr std::array kTypes{"Ready", "Reconciling", "Stalled"};
constexpr std::size_t kLongestMessageBytes = 2'000, kMostLeftOut = 100, kTold = 3;

std::string cut(std::string text) { return shortened(std::move(text), kLongestMessageBytes); }

// So is what the set itself asks for.
bool is_meant(const LeftOut& one) { return one.reason == "MaxReached" || one.reason == "Expired"; }
// It comes right by itself.
bool is_tried_again(const LeftOut& one) { return one.reason == "ApplyFailed" || one.reason == "Waiting"; }

}  // namespace

void SetStatus::recall(const json::object& status) { stated_.recall(status); }

void SetStatus::set(SetStanding standing) {
  standing_ = std::move(standing);
  contested_.clear();
  stated_.state(conditions(), hooks_.now(), hooks_.transition);
  tell();
}

void SetStatus::contest(std::string message) {
  if (std::exchange(contested_, std::move(message)).empty()) contested_since_ = to_timestamp(hooks_.now());
  tell();
}

void SetStatus::tell() {
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
  if (!contested_.empty())
    return {{"conditions", json::array{{{"type", "Contested"},
                                        {"status", "True"},
                                        {"reason", "HeldByAnotherInstallation"},
                                        {"message", cut(contested_)},
                                        {"lastTransitionTime", contested_since_}}}}};
  json::array generators, left_out;
  for (const SetStanding::Generator& generator : standing_.generators) {
    json::object one{{"type", generator.type}, {"elements", generator.elements}};
    if (!generator.message.empty()) one["message"] = cut(generator.message);
    generators.push_back(std::move(one));
  }
  for (const LeftOut& one : standing_.left_out)
    if (left_out.size() < kMostLeftOut)
      left_out.push_back({{"element", one.element}, {"reason", one.reason}, {"message", cut(one.message)}});
  json::object status{{"observedGeneration", standing_.generation},
                      {"conditions", stated_.document(kTypes, standing_.generation)},
                      {"applied", standing_.applied},
                      {"ready", standing_.ready}};
  if (standing_.matched) status["matched"] = *standing_.matched;
  if (!generators.empty()) status["generators"] = std::move(generators);
  if (!left_out.empty()) status["leftOut"] = std::move(left_out);
  return status;
}

}  // namespace holdfast
