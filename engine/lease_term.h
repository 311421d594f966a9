// Who of several daemons may write: by a Lease, as client-go's leader election has it (correctness F1). It says which
// request is to be sent when, and is told what was answered; time is an argument.
//
// The holder renews every kRetry. A renewal gives it kTerm from the moment at which it was sent, while others wait for
// kDuration from the moment at which they saw it: whoever may write stops well before another begins. A term that ran
// out, while the server could not be asked, is taken up again where the Lease still names us and went through no other
// hands; otherwise it is lost for good, for what is remembered may be another's past by now.
//
// One thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "engine/lease_record.h"
#include "holdfast/ports/write_fence.h"

namespace holdfast {

class LeaseTerm final : public WriteFence {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kDuration{15}, kTerm{10}, kRetry{2};

  enum class Standing { Waiting, Holding, Lost };
  struct Request {
    enum class Kind { Read, Create, Update };
    Kind kind = Kind::Read;
    LeaseRecord record;  // to be written
  };
  struct Answer {
    enum class Kind { Record, Absent, Conflict, Failed };
    Kind kind = Kind::Failed;
    LeaseRecord record;  // as the server has it
  };

  // `identity`: of this process and of no other, ever. `chance`: in [0, 1). `wall_time`: what is written as its times.
  LeaseTerm(std::string identity, std::function<double()> chance, std::function<std::string()> wall_time);

  // What is to be sent now; nothing: wait until due(). One under way at a time.
  [[nodiscard]] std::optional<Request> next(Time now) const;
  [[nodiscard]] Time due() const { return due_; }
  // `sent`: when the request was handed over, before its first byte left.
  void answered(const Request& request, const Answer& answer, Time sent, Time now);
  // What gives the Lease to whoever asks next, once all writes have ended; nothing where it is not ours. From then on
  // nothing is written.
  std::optional<Request> release();

  [[nodiscard]] Time ends() const override { return standing_ == Standing::Holding ? ends_ : Time::min(); }
  [[nodiscard]] std::chrono::milliseconds grace() const override { return kDuration - kTerm; }
  [[nodiscard]] Standing standing() const { return standing_; }
  [[nodiscard]] const std::string& identity() const { return identity_; }
  [[nodiscard]] const std::string& holder() const { return seen_.holder; }  // as it was seen last; empty: nobody
  [[nodiscard]] bool seen() const { return !seen_.version.value.empty(); }

 private:
  [[nodiscard]] LeaseRecord mine() const;
  void see(const LeaseRecord& record, Time now);
  void won(const LeaseRecord& record, Time sent);
  void wait(Time from);

  std::string identity_;
  std::function<double()> chance_;
  std::function<std::string()> wall_time_;
  Standing standing_ = Standing::Waiting;
  LeaseRecord seen_;
  Time seen_at_{};        // when it was seen to be as it is
  bool absent_ = false;   // there is none
  bool outdated_ = true;  // it may be another than seen_
  int transitions_ = 0;   // when we got it
  Time ends_{};           // of our term
  Time due_{};
};

}  // namespace holdfast
