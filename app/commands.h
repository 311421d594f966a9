// The verbs, one file each: run_command.cc, diff_command.cc, get_command.cc. Each returns the process' exit code.
#pragma once

#include "app/options.h"

namespace holdfast {

int run_command(const RunOptions& options);
int diff_command(const RunOptions& options);
int get_command(const GetOptions& options);

}  // namespace holdfast
