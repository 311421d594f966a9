// The verbs by which people let something be done to an Application, try it, keep it or take it back: `approve`, `try`,
// `drop`, `keep`, `rollback` and `history`. Defined and run here; the command line (command_line.cc) has them among all
// others.
#pragma once

#include <CLI/App.hpp>
#include <optional>

#include "app/options.h"

namespace holdfast {

class TrialVerbs {
 public:
  // `app` outlives it.
  explicit TrialVerbs(CLI::App& app);

  // After parsing: throws a CLI::ParseError where something is missing that no option alone can tell.
  void check() const;
  // The exit code of the verb that was named; nothing where it is none of these.
  [[nodiscard]] std::optional<int> run() const;

 private:
  ApproveOptions approve_options_;
  TryOptions tried_options_;
  OverrideOptions override_options_;
  RollbackOptions rollback_options_;
  HistoryOptions history_options_;
  CLI::App *approve_, *tried_, *drop_, *keep_, *rollback_, *history_;
};

}  // namespace holdfast
