#include "sim/fault_table.h"

#include <array>

namespace holdfast::sim {
namespace {

using enum FaultKind;

// A request that fails is sent once more, and so is a stream that cannot be opened. One that ends early is opened
// again, perhaps after a question whether the server is still where it was; where it fails as a list, the list may be
// asked for page by page. A write whose answer is not known may be sent again, after its object was looked at.
constexpr std::array kCosts{
    FaultCost{Refused, 1, 0},
    FaultCost{RequestLost, 1, 0},
    FaultCost{RequestLate, 2, 1},
    FaultCost{AnswerLost, 2, 1},
    FaultCost{AnswerLate, 2, 1},
    FaultCost{AnswerTruncated, 2, 1},
    FaultCost{TimedOut, 2, 1},
    FaultCost{Throttled, 1, 0},
    FaultCost{ServerError, 1, 0},
    FaultCost{Unavailable, 1, 0},
    FaultCost{Forbidden, 1, 0},
    FaultCost{PagesExpired, 6, 0},
    FaultCost{StreamRefused, 1, 0},
    FaultCost{StreamThrottled, 1, 0},
    FaultCost{StreamForbidden, 1, 0},
    FaultCost{StreamBreaks, 2, 0},
    FaultCost{StreamEnds, 2, 0},
    FaultCost{StreamBlackhole, 3, 0},
    FaultCost{StreamTruncated, 2, 0},
    FaultCost{StreamMalformed, 2, 0},
    FaultCost{StreamSlow, 2, 1},
    FaultCost{StreamBytewise, 0, 0},
    FaultCost{StreamGzipped, 0, 0},
    FaultCost{StreamError, 2, 0},
    FaultCost{GoneInStream, 2, 0},
    FaultCost{GoneOnOpening, 2, 0},
    FaultCost{InitialCut, 4, 0},
    FaultCost{InitialUnordered, 4, 0},
    FaultCost{InitialIgnored, 4, 0},
    FaultCost{InitialRefused, 4, 0},
    FaultCost{Compaction, 24, 0},
    FaultCost{Partition, 2, 1},
    FaultCost{Overloaded, 1, 0},
    FaultCost{ServersRestarted, 2, 0},
    FaultCost{LaggingServer, 3, 2},
    FaultCost{TokenRotated, 1, 0},
    FaultCost{TokenRevoked, 1, 0},
    FaultCost{CertificateRotated, 2, 0},
    FaultCost{PluginFails, 1, 0},
    FaultCost{RoleRevoked, 1, 0},
    FaultCost{DiscoveryUnavailable, 1, 0},
    FaultCost{GroupStale, 2, 0},
    FaultCost{GroupMissing, 2, 0},
    FaultCost{TypeRecreated, 30, 0},
};

}  // namespace

std::span<const FaultCost> fault_costs() { return kCosts; }

}  // namespace holdfast::sim
