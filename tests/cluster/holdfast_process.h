// The holdfast program as a test runs it: arguments in, lines out, signals, an exit code.
//
// A thread of its own reads what it prints (standard output and error in one stream, in order); all members may be
// called from one thread, the test's. Failures are exceptions that show the output so far.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cluster/child_process.h"

namespace holdfast::cluster {

class HoldfastProcess {
 public:
  // Starts HOLDFAST_BINARY ARGUMENT...
  explicit HoldfastProcess(std::vector<std::string> arguments, const Environment& environment = {});
  ~HoldfastProcess();  // SIGKILL where it still runs
  HoldfastProcess(const HoldfastProcess&) = delete;
  HoldfastProcess& operator=(const HoldfastProcess&) = delete;

  // The first line with that text among those from number `from` on (see line_count); throws after the deadline, and at
  // once when the program has ended without printing it.
  std::string wait_for_line(std::string_view text, std::chrono::milliseconds deadline, std::size_t from = 0);
  [[nodiscard]] std::size_t line_count() const;
  [[nodiscard]] std::vector<std::string> lines(std::size_t from = 0) const;
  [[nodiscard]] std::string output() const;  // all lines, for the message of a failed expectation

  void signal(int number) const { child_->signal(number); }
  [[nodiscard]] bool running() { return child_->running(); }
  int wait_exit(std::chrono::milliseconds deadline);  // exit code, 128 + signal; throws where it still runs
  int stop(std::chrono::milliseconds deadline);       // SIGTERM, then wait_exit
  [[nodiscard]] pid_t pid() const { return child_->pid(); }

  // One run to its end, output streams apart: for `diff`, `get`, `version` and `run --once`.
  static Finished run(std::vector<std::string> arguments, const Environment& environment = {},
                      std::chrono::milliseconds deadline = std::chrono::seconds{60});

 private:
  void read_lines(int descriptor);
  void take(std::string& pending);

  mutable std::mutex mutex_;  // guards lines_ and ended_
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  bool ended_ = false;  // the stream has ended
  std::unique_ptr<ChildProcess> child_;
  std::jthread reader_;
};

}  // namespace holdfast::cluster
