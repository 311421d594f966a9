// The verbs by which it is installed and served: `install`, `doctor`, `receiver`, `simulate` and `demo`. Defined and
// run here; the command line (command_line.cc) has them among all others.
#pragma once

#include <CLI/App.hpp>
#include <optional>

#include "app/options.h"

namespace holdfast {

class OperatingVerbs {
 public:
  // Both outlive it.
  OperatingVerbs(CLI::App& app, LogOptions& log);

  // After parsing: throws a CLI::ParseError where something is missing that no option alone can tell.
  void check() const;
  // The exit code of the verb that was named; nothing where it is none of these.
  std::optional<int> run();

 private:
  InstallOptions install_options_;
  DoctorOptions doctor_options_;
  ReceiverOptions receiver_options_;
  SimulateOptions simulate_options_;
  DemoOptions demo_options_;
  CLI::App *install_, *doctor_, *receiver_, *simulate_, *demo_;
};

}  // namespace holdfast
