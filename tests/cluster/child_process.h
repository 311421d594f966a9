// A program that a test runs: started without a shell, awaited with a deadline, never left behind.
//
// Failures to start or to end in time are exceptions (std::runtime_error), which GoogleTest reports as failures.
// Not thread-safe: one thread per ChildProcess.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::cluster {

using Environment = std::map<std::string, std::string>;  // added to the test's own; an empty value removes the name

struct Finished {
  int exit_code = -1;  // 128 + the signal's number where one ended it
  std::string out, err;
};

class ChildProcess {
 public:
  struct Streams {
    int in = -1, out = -1, err = -1;  // descriptors that become 0, 1 and 2; -1 for /dev/null
  };
  ChildProcess(const std::vector<std::string>& command, const Environment& environment, Streams streams);
  ~ChildProcess();  // SIGKILL where it still runs
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  void signal(int number) const;  // no effect once it has ended
  [[nodiscard]] bool running() { return !wait(std::chrono::milliseconds{0}).has_value(); }
  std::optional<int> wait(std::chrono::milliseconds deadline);  // its exit code as in Finished; empty: still running
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  int pidfd_ = -1;
  std::optional<int> exit_code_;
};

// Runs a command to its end. Output is kept in memory, so neither side can wait for the other.
Finished run(const std::vector<std::string>& command, const std::string& input = {},
             const Environment& environment = {}, std::chrono::milliseconds deadline = std::chrono::seconds{60});

}  // namespace holdfast::cluster
