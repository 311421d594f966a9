#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>

#include "app/holding_verbs.h"
#include "app/looking_verbs.h"
#include "app/moving_verbs.h"
#include "app/nearest_command.h"
#include "app/operating_verbs.h"
#include "app/option_choices.h"
#include "app/trial_verbs.h"

namespace holdfast {
namespace {

constexpr int kUsageError = 2;

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app{"Holdfast keeps Kubernetes clusters exactly where Git says they should be, the moment something moves."};
  app.name(invoked_as(argc, argv));
  app.require_subcommand(1);
  app.footer("Errors say what to do next. See also: holdfast VERB --help");
  LogOptions log;
  HoldingVerbs holding(app, log);
  LookingVerbs looking(app, log);
  TrialVerbs trials(app);
  OperatingVerbs operating(app, log);
  MovingVerbs moving(app);
  tell_choices_in_words(app);
  if (const std::optional<int> code = moving.complete(argc, argv)) return *code;
  try {
    app.parse(argc, argv);
    holding.check();
    looking.check();
    trials.check();
    operating.check();
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    if (code != 0) std::fputs(nearest_command(app, argc, argv).c_str(), stderr);
    return code == 0 ? 0 : kUsageError;
  }
  if (const std::optional<int> code = moving.run()) return *code;
  start_logging(log.format, log.level);
  if (const std::optional<int> code = holding.run()) return *code;
  if (const std::optional<int> code = looking.run()) return *code;
  if (const std::optional<int> code = trials.run()) return *code;
  if (const std::optional<int> code = operating.run()) return *code;
  return kUsageError;
}

}  // namespace holdfast
