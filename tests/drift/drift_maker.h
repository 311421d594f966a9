// Makes histories of one object from a seed: what we apply and hold, and what others do to it, so that drift of every
// kind occurs, is restored, and does not occur. Our engine takes part: what is applied next depends on what it says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/drift/drift_run.h"
#include "tests/merge/history_maker.h"

namespace holdfast {

// A line as docs/drift-histories.md has it, and what came of it on our side.
struct MadeHistory {
  std::string line;
  std::vector<json::object> answers;
  std::vector<Opinion> opinions;  // one for each operation
};

class DriftMaker {
 public:
  DriftMaker(std::uint64_t seed, Breakage breakage) : choice_(seed), breakage_(breakage) {}
  MadeHistory make();

 private:
  struct Story;  // the history under way
  void renew_types();
  std::optional<json::value> desired(const Story& story, const json::value* old);
  void run(Story& story, json::object operation);
  void apply_ours(Story& story);
  void look(Story& story);
  void disturb(Story& story);
  void foreign_update(Story& story, json::value object);
  void restore(Story& story);
  void foreign_apply(Story& story);
  void rewrite_managers(Story& story);
  void reorder(json::value& value);
  void empty_something(json::value& value);
  json::value with_identity(json::value object, const json::value* metadata);

  SeededChoice choice_;
  Breakage breakage_;
  DriftTools tools_;
  json::object definitions_;
  std::string definitions_text_;
  std::optional<Schema> schema_;
  std::size_t left_ = 0;  // histories with the same types
};

}  // namespace holdfast
