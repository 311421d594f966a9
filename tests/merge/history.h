// A history of writes to one object, as docs/merge-histories.md describes it, and what our merge makes of it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "holdfast/merge/schema.h"
#include "holdfast/merge/structured_merge.h"
#include "holdfast/model/json.h"

namespace holdfast {

// The object and its managers between two operations.
class HistoryState {
 public:
  // `ignored` (fieldsV1, or null): of every operation that does not say it itself.
  explicit HistoryState(json::value ignored = nullptr) : ignored_(std::move(ignored)) {}

  // Answers one operation, and keeps what it changed. `type` may be another for each.
  json::object run(const json::object& operation, const TypeNode& type);

  [[nodiscard]] const json::value& live() const { return live_; }
  [[nodiscard]] const ManagedSets& managers() const { return managers_; }

 private:
  json::object apply_or_update(const json::object& operation, const TypedValue& live);
  json::object apply_forced(const json::object& operation, const TypedValue& live) const;
  json::object own(const json::object& operation);
  json::object keep(Merged merged);
  [[nodiscard]] Result<FieldSet> ignored_by(const json::object& operation) const;

  json::value ignored_;
  json::value live_ = json::object();
  ManagedSets managers_;
};

// The answer to a whole line. A line that is no history is an error.
Result<json::object> answer_history(const json::value& history);

// Where two answers differ, in a word or two; empty where they agree. Numbers are compared by value, field sets as
// sets, violations as what is said by either: the judge ends at the first undeclared field of an object, in random
// order.
std::string difference(const json::object& ours, const json::object& theirs);

}  // namespace holdfast
