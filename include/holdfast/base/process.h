// Runs another program, without a shell. Blocks: call it on a worker thread.
//
// The child gets exactly the given arguments, environment and standard input, no other open descriptor than
// `held_descriptor`, no blocked signals, and a process group of its own, which is killed at the deadline, when `stop`
// is requested, when it writes more than the bound, and when its leader has ended. Errors: NotFound (no such program),
// Timeout, Cancelled, TooLarge, Internal. A program that ran to its end, whatever its exit status, is a value.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/base/sandbox.h"

namespace holdfast {

struct ProcessSpec {
  std::vector<std::string> argv;         // the first is the program's absolute path
  std::vector<std::string> environment;  // "NAME=value"; nothing is inherited
  std::string directory = "/";
  std::string input = {};    // what it reads from standard input, to its end; at most kInputLimitBytes
  int held_descriptor = -1;  // stays open, as 3, in the child and in what it starts: a file lock outlives us with them
  std::chrono::milliseconds deadline{60'000};
  std::size_t stdout_limit_bytes = std::size_t{64} << 20;  // beyond: TooLarge
  std::size_t stderr_limit_bytes = std::size_t{64} << 10;  // beyond: cut off
  std::stop_token stop = {};
  std::optional<Confinement> confinement = {};  // where given, `held_descriptor` is not handed on
};

inline constexpr std::size_t kInputLimitBytes = std::size_t{1} << 20;

struct ProcessOutput {
  int exit_status = 0;  // 128 + the signal where one ended it
  std::string out, err;
};

Result<ProcessOutput> run_program(const ProcessSpec& spec);

// The absolute path of a program in a fixed search path (never the caller's PATH); NotFound with a hint.
Result<std::string> find_program(const std::string& name);
inline constexpr const char* kProgramPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

}  // namespace holdfast
