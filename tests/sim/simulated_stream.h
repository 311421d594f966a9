// A watch as it arrives: late, in pieces, and not always to its end.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "holdfast/base/clock.h"
#include "holdfast/ports/watch_transport.h"
#include "net/gzip_reader.h"
#include "sim/faults.h"
#include "sim/simulated_cluster.h"

namespace holdfast::sim {

// What becomes of the streams of one daemon.
struct Connections {
  bool isolated = false;      // nothing comes any more
  unsigned replacements = 0;  // those from before the last one are closed
};

class SimulatedStream final : public ResponseStream {
 public:
  struct Opening {
    SimulatedAnswer answer;
    std::optional<std::chrono::seconds> retry_after;
    FaultKind fault = FaultKind::None;
    Clock::time_point deadline;
    bool lags = false;  // nothing comes while LaggingServer lasts
  };

  // All of them outlive the stream.
  SimulatedStream(boost::asio::any_io_executor executor, SimulatedCluster& cluster, FaultPlan& faults,
                  const Connections& connections, Opening opening);
  ~SimulatedStream() override;

  [[nodiscard]] int status() const override { return answer_.response.status; }
  [[nodiscard]] const std::string& content_type() const override { return answer_.response.content_type; }
  [[nodiscard]] std::optional<std::chrono::seconds> retry_after() const override { return retry_after_; }
  boost::asio::awaitable<Result<std::size_t>> read_some(std::span<char> into) override;
  void close() override;

 private:
  [[nodiscard]] bool silent();
  [[nodiscard]] bool ended() const;
  [[nodiscard]] Clock::time_point next_look() const;
  void sever();
  void strike();
  void interrupt(std::string& text);
  void spoil_initial(std::string& text);
  void spoil(std::string& text);
  bool fill();
  Result<std::size_t> deliver(std::span<char> into);
  Result<std::size_t> deliver_gzipped(std::span<char> into);

  SimulatedCluster& cluster_;
  FaultPlan& faults_;
  const Connections& connections_;
  const unsigned replacements_, restarts_;  // as it was opened
  SimulatedAnswer answer_;
  std::optional<std::chrono::seconds> retry_after_;
  FaultKind fault_;
  bool lags_;
  Clock::time_point deadline_, over_at_ = Clock::time_point::max(), readable_at_{};
  Timer signal_;
  std::uint64_t listening_;
  std::string pending_;  // to be read; in gzip members with StreamGzipped
  GzipReader inflater_;
  bool body_taken_ = false, closed_ = false, struck_ = false, severed_ = false, first_ = true;
  bool ends_ = false;     // after what is pending
  bool breaks_ = false;   // the same, and not cleanly
  bool cut_off_ = false;  // by a partition that it does not survive
  bool was_parted_ = false;
};

}  // namespace holdfast::sim
