// The verbs, one file each: run_command.cc, diff_command.cc, get_command.cc, approve_command.cc, health_command.cc,
// simulate_command.cc. Each returns the process' exit code.
#pragma once

#include "app/options.h"

namespace holdfast {

int run_command(const RunOptions& options);
int diff_command(const RunOptions& options);
int demo_command(const DemoOptions& options);
int approve_command(const ApproveOptions& options);
int get_command(const GetOptions& options);
int health_command(const HealthOptions& options);
int simulate_command(const SimulateOptions& options);

}  // namespace holdfast
