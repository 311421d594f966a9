// The verbs that make a cluster what Git says, or show what that would be: `run`, `diff`, `plan`, `apply` and `render`.
// Defined and run here; the command line (command_line.cc) has them among all others.
#pragma once

#include <CLI/App.hpp>
#include <optional>
#include <string>

#include "app/options.h"

namespace holdfast {

class HoldingVerbs {
 public:
  // Both outlive it.
  HoldingVerbs(CLI::App& app, LogOptions& log);

  // After parsing: throws a CLI::ParseError where options that belong together do not go together.
  void check() const;
  // The exit code of the verb that was named; nothing where it is none of these.
  std::optional<int> run();

 private:
  LogOptions& log_;
  RunOptions options_;
  PlanOptions plan_options_;
  std::string plan_file_;
  long interval_s_ = 60;
  CLI::App *run_, *diff_, *plan_, *apply_, *render_;
};

}  // namespace holdfast
