// The verbs that tell how things stand, and change nothing: `get`, `wait`, `why`, `health` and `previews`. Defined and
// run here; the command line (command_line.cc) has them among all others.
#pragma once

#include <CLI/App.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "app/options.h"

namespace holdfast {

// "sets", and the other words for what `holdfast get` lists; any other is objects.
Listed listed_as(std::string_view word);

class LookingVerbs {
 public:
  // Both outlive it.
  LookingVerbs(CLI::App& app, LogOptions& log);

  // After parsing: throws a CLI::ParseError where something is missing that no option alone can tell.
  void check() const;
  // The exit code of the verb that was named; nothing where it is none of these.
  std::optional<int> run();

 private:
  GetOptions get_options_;
  WaitOptions wait_options_;
  std::string wait_for_ = "healthy", wait_timeout_ = "5m";
  WhyOptions why_options_;
  HealthOptions health_options_;
  PreviewsOptions previews_options_;
  CLI::App *get_, *wait_, *why_, *health_, *previews_;
};

}  // namespace holdfast
