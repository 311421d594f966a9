// `holdfast` as a person types it.
#pragma once

namespace holdfast {

// Parses, runs the verb and returns the exit code of the process: 0 success (for `diff`: no change), 1 failure (for
// `diff`: changes), 2 and more: wrong usage or, for `diff`, an error.
int run_command_line(int argc, char** argv);

}  // namespace holdfast
