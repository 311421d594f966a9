// What can go wrong between the daemon and its API servers, drawn from a seed: kinds, when they strike, and how often
// they did. docs/simulation.md says what is expected of each.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "holdfast/base/clock.h"
#include "simulator/seeded_random.h"

namespace holdfast::sim {

enum class FaultKind {
  None,
  // One request.
  Refused,          // nothing reaches the server
  RequestLost,      // sent, never arrives, never answered
  RequestLate,      // overtaken by those sent after it
  AnswerLost,       // carried out, and the answer never arrives
  AnswerLate,       // overtaken by events and by other answers
  AnswerTruncated,  // the body ends in the middle, and nothing says so
  TimedOut,         // 504 after it was carried out
  Throttled,        // 429 with Retry-After
  ServerError,      // 500 without a reason
  Unavailable,      // 503
  Forbidden,        // 403, as a starting server answers
  PagesExpired,     // a list comes in small pages, and history expires between two of them
  // One stream.
  StreamRefused,
  StreamThrottled,
  StreamForbidden,
  StreamBreaks,      // reset, maybe in the middle of an event
  StreamEnds,        // cleanly, before its time, as when a server is stopped
  StreamBlackhole,   // open, and silent
  StreamTruncated,   // a clean end in the middle of an event
  StreamMalformed,   // what comes is no JSON
  StreamSlow,        // a few bytes at a time, and given up by the server
  StreamBytewise,    // each byte is read alone
  StreamGzipped,     // each flush is a gzip member of its own
  StreamError,       // an ERROR event other than 410
  GoneInStream,      // 410 as an ERROR event
  GoneOnOpening,     // 410 as a status
  InitialCut,        // the connection breaks before the end of the initial events is marked
  InitialUnordered,  // the initial events come in any order, and may be cut
  InitialIgnored,    // the server does not know sendInitialEvents
  InitialRefused,    // 422
  // For a while.
  Compaction,            // history is forgotten: watches from before it expire
  Partition,             // nothing comes through, for minutes
  Overloaded,            // 429 with Retry-After for everything
  ServersRestarted,      // all connections end at once, and for a moment none is taken
  LaggingServer,         // one of two servers shows the past: old lists, 504 where more is asked of it, late events
  TokenRotated,          // another token is in its file, and the one before is good no more
  TokenRevoked,          // 401 for everything
  CertificateRotated,    // the servers have a certificate of another CA, which is in its file
  PluginFails,           // there is no credential, at once or after a minute
  RoleRevoked,           // 403 for one type
  DiscoveryUnavailable,  // 503 on /apis
  GroupStale,            // a group's discovery is Stale
  GroupMissing,          // a group is not in discovery, though its APIService is there
  TypeRecreated,         // a CRD is deleted with its objects, and maybe comes back in another version
};
const char* to_string(FaultKind kind);
std::span<const FaultKind> all_faults();  // without None

// What a request is, as far as faults depend on it.
struct RequestTraits {
  bool write = false;
  bool list = false;
  bool paged = false;      // with a limit
  bool continues = false;  // a further page
  std::string type;        // "configmaps", "boats"; empty: discovery and other documents
};
struct StreamTraits {
  bool initial = false;  // with sendInitialEvents
  std::string type;
};

class FaultPlan {
 public:
  explicit FaultPlan(std::uint64_t seed) : random_(seed) {}

  // While active, a part of everything goes wrong; while inactive, nothing, and what lasts for a while is over.
  void set_active(bool active);
  [[nodiscard]] bool active() const { return active_; }
  // For tests of single kinds: nothing but these, and every second time.
  void only(std::vector<FaultKind> kinds) { only_ = std::move(kinds); }
  [[nodiscard]] bool allows(FaultKind kind) const;

  FaultKind next_request(const RequestTraits& traits);
  FaultKind next_stream(const StreamTraits& traits);

  // `detail`: of RoleRevoked a type, of GroupStale and GroupMissing a group.
  void begin(FaultKind kind, Clock::duration duration, std::string detail = {});
  [[nodiscard]] bool lasts(FaultKind kind) const;
  [[nodiscard]] Clock::time_point end_of(FaultKind kind) const;  // past or now: it does not last
  [[nodiscard]] const std::string& detail_of(FaultKind kind) const;

  // It struck once: one request or stream was hit.
  void hit(FaultKind kind) { ++hits_[kind]; }
  [[nodiscard]] std::size_t hits(FaultKind kind) const;
  SeededRandom& random() { return random_; }

 private:
  struct Window {
    Clock::time_point end;
    std::string detail;
  };
  FaultKind draw(std::span<const FaultKind> kinds);

  SeededRandom random_;
  std::vector<FaultKind> only_;
  std::map<FaultKind, Window> windows_;
  std::map<FaultKind, std::size_t> hits_;
  bool active_ = false;
};

}  // namespace holdfast::sim
