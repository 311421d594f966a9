#include "sim/faults.h"

#include <array>

namespace holdfast::sim {
namespace {

constexpr std::uint64_t kOneIn = 10;

}  // namespace

RequestFault FaultPlan::next_request(bool is_write) {
  if (!active_ || random_.below(kOneIn) != 0) return RequestFault::None;
  constexpr std::array kFaults{RequestFault::Refused,   RequestFault::RequestLost, RequestFault::AnswerLost,
                               RequestFault::Throttled, RequestFault::ServerError, RequestFault::Unavailable,
                               RequestFault::Forbidden, RequestFault::TimedOut};
  const RequestFault fault = kFaults.at(random_.below(kFaults.size()));
  return fault == RequestFault::TimedOut && !is_write ? RequestFault::Unavailable : fault;
}

StreamFault FaultPlan::next_stream() {
  if (!active_ || random_.below(3) != 0) return StreamFault::None;
  constexpr std::array kFaults{StreamFault::Refused,  StreamFault::Throttled, StreamFault::Forbidden,
                               StreamFault::CutLater, StreamFault::EndLater,  StreamFault::Blackhole};
  return kFaults.at(random_.below(kFaults.size()));
}

}  // namespace holdfast::sim
