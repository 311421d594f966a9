// The credential of an exec plugin, run when it is needed and kept for as long as it is good (correctness B5).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "holdfast/base/clock.h"
#include "holdfast/base/result.h"
#include "net/backoff.h"
#include "net/exec_plugin.h"

namespace holdfast {

using ExecCredentialPtr = std::shared_ptr<const ExecCredential>;

// One thread, that of the executor; the program runs on a worker of its own, so a plugin that hangs delays this cluster
// only. At most one runs at a time, whoever asks. After a failure, it is not run again before a backoff.
class ExecCredentials : public std::enable_shared_from_this<ExecCredentials> {
 public:
  using Run = std::function<Result<ProcessOutput>(const ProcessSpec&)>;
  using WallClock = std::function<std::chrono::system_clock::time_point()>;
  struct World {
    Run run = run_program;
    WallClock wall_clock = std::chrono::system_clock::now;
    std::function<double()> random;  // in [0, 1)
  };

  ExecCredentials(boost::asio::any_io_executor executor, ExecPlugin plugin, ProcessSpec process, World world);
  ~ExecCredentials();
  ExecCredentials(const ExecCredentials&) = delete;
  ExecCredentials& operator=(const ExecCredentials&) = delete;

  // Errors: Unauthorized, Cancelled.
  boost::asio::awaitable<Result<ExecCredentialPtr>> get();
  // The server answered 401 to this one: the next call runs the plugin, unless somebody's has already.
  void rejected(const ExecCredentialPtr& credential);

 private:
  void start();
  void finished(const Result<ProcessOutput>& output);
  [[nodiscard]] bool good() const;

  boost::asio::any_io_executor executor_;
  ExecPlugin plugin_;
  ProcessSpec process_;
  World world_;
  Backoff backoff_;
  ExecCredentialPtr current_;
  std::optional<Error> failure_;  // of the last run
  Clock::time_point run_next_;    // not before
  bool running_ = false;
  Timer done_;  // wakes who waits for the run under way
  std::stop_source stop_;
  boost::asio::thread_pool worker_{1};
};

}  // namespace holdfast
