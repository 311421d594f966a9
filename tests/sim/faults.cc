#include "sim/faults.h"

#include <algorithm>

namespace holdfast::sim {
namespace {

using enum FaultKind;

constexpr std::uint64_t kRequestsOneIn = 10, kStreamsOneIn = 3;

struct Named {
  FaultKind kind;
  const char* name;
};
constexpr std::array kNamed{Named{Refused, "Refused"},
                            Named{RequestLost, "RequestLost"},
                            Named{RequestLate, "RequestLate"},
                            Named{AnswerLost, "AnswerLost"},
                            Named{AnswerLate, "AnswerLate"},
                            Named{AnswerTruncated, "AnswerTruncated"},
                            Named{TimedOut, "TimedOut"},
                            Named{Throttled, "Throttled"},
                            Named{ServerError, "ServerError"},
                            Named{Unavailable, "Unavailable"},
                            Named{Forbidden, "Forbidden"},
                            Named{PagesExpired, "PagesExpired"},
                            Named{StreamRefused, "StreamRefused"},
                            Named{StreamThrottled, "StreamThrottled"},
                            Named{StreamForbidden, "StreamForbidden"},
                            Named{StreamBreaks, "StreamBreaks"},
                            Named{StreamEnds, "StreamEnds"},
                            Named{StreamBlackhole, "StreamBlackhole"},
                            Named{StreamTruncated, "StreamTruncated"},
                            Named{StreamMalformed, "StreamMalformed"},
                            Named{StreamSlow, "StreamSlow"},
                            Named{StreamBytewise, "StreamBytewise"},
                            Named{StreamGzipped, "StreamGzipped"},
                            Named{StreamError, "StreamError"},
                            Named{GoneInStream, "GoneInStream"},
                            Named{GoneOnOpening, "GoneOnOpening"},
                            Named{InitialCut, "InitialCut"},
                            Named{InitialUnordered, "InitialUnordered"},
                            Named{InitialIgnored, "InitialIgnored"},
                            Named{InitialRefused, "InitialRefused"},
                            Named{Compaction, "Compaction"},
                            Named{Partition, "Partition"},
                            Named{Overloaded, "Overloaded"},
                            Named{ServersRestarted, "ServersRestarted"},
                            Named{LaggingServer, "LaggingServer"},
                            Named{TokenRotated, "TokenRotated"},
                            Named{TokenRevoked, "TokenRevoked"},
                            Named{CertificateRotated, "CertificateRotated"},
                            Named{PluginFails, "PluginFails"},
                            Named{RoleRevoked, "RoleRevoked"},
                            Named{DiscoveryUnavailable, "DiscoveryUnavailable"},
                            Named{GroupStale, "GroupStale"},
                            Named{GroupMissing, "GroupMissing"},
                            Named{TypeRecreated, "TypeRecreated"}};
constexpr auto kAll = [] {
  std::array<FaultKind, kNamed.size()> kinds{};
  std::ranges::transform(kNamed, kinds.begin(), &Named::kind);
  return kinds;
}();

constexpr std::array kOfRequests{Refused,         RequestLost, RequestLate, AnswerLost,  AnswerLate,
                                 AnswerTruncated, Throttled,   ServerError, Unavailable, Forbidden};
constexpr std::array kOfStreams{StreamRefused, StreamThrottled, StreamForbidden, StreamBreaks,
                                StreamEnds,    StreamBlackhole, StreamTruncated, StreamMalformed,
                                StreamSlow,    StreamBytewise,  StreamGzipped,   StreamError};

}  // namespace

std::span<const FaultKind> all_faults() { return kAll; }

const char* to_string(FaultKind kind) {
  const auto* const found = std::ranges::find(kNamed, kind, &Named::kind);
  return found == kNamed.end() ? "None" : found->name;
}

void FaultPlan::set_active(bool active) {
  active_ = active;
  if (!active) windows_.clear();
}

bool FaultPlan::allows(FaultKind kind) const { return only_.empty() || std::ranges::find(only_, kind) != only_.end(); }

FaultKind FaultPlan::draw(std::span<const FaultKind> kinds) {
  std::vector<FaultKind> allowed;
  for (const FaultKind kind : kinds)
    if (allows(kind)) allowed.push_back(kind);
  return allowed.empty() ? None : allowed[random_.below(allowed.size())];
}

FaultKind FaultPlan::next_request(const RequestTraits& traits) {
  if (!active_) return None;
  const bool struck = random_.below(only_.empty() ? kRequestsOneIn : 2) == 0;
  if (traits.continues && allows(PagesExpired) && random_.coin()) return PagesExpired;
  if (traits.paged && allows(PagesExpired) && random_.below(only_.empty() ? 4 : 1) == 0) return PagesExpired;
  if (!struck) return None;
  std::vector<FaultKind> kinds(kOfRequests.begin(), kOfRequests.end());
  if (traits.write) kinds.push_back(TimedOut);
  return draw(kinds);
}

FaultKind FaultPlan::next_stream(const StreamTraits& traits) {
  if (!active_ || random_.below(only_.empty() ? kStreamsOneIn : 2) != 0) return None;
  std::vector<FaultKind> kinds(kOfStreams.begin(), kOfStreams.end());
  for (const FaultKind kind : {GoneInStream, GoneOnOpening}) kinds.push_back(kind);
  if (traits.initial)
    for (const FaultKind kind : {InitialCut, InitialUnordered, InitialIgnored, InitialRefused}) kinds.push_back(kind);
  return draw(kinds);
}

void FaultPlan::begin(FaultKind kind, Clock::duration duration, std::string detail) {
  if (active_ && allows(kind)) windows_[kind] = {Clock::now() + duration, std::move(detail)};
}

Clock::time_point FaultPlan::end_of(FaultKind kind) const {
  const auto window = windows_.find(kind);
  return window == windows_.end() ? Clock::time_point::min() : window->second.end;
}

bool FaultPlan::lasts(FaultKind kind) const { return Clock::now() < end_of(kind); }

const std::string& FaultPlan::detail_of(FaultKind kind) const {
  static const std::string kNone;
  const auto window = windows_.find(kind);
  return window == windows_.end() ? kNone : window->second.detail;
}

std::size_t FaultPlan::hits(FaultKind kind) const {
  const auto found = hits_.find(kind);
  return found == hits_.end() ? 0 : found->second;
}

}  // namespace holdfast::sim
