// List, then watch, then follow for ever: the protocol of one type as a state machine without I/O. Time is an argument,
// chance a function, so that every path is a test of a few lines (correctness A1-A15, A18, A23).
//
// The list is asked for as a stream where the server can do that (A7), page by page otherwise. What came of a stream is
// kept aside until its end is marked, and then replaces the store as a list does.
//
// Every input returns actions to be performed in order and completely before the next input: the machine counts an
// event as seen once it has returned it (A6). At most one of them, the last, says what to wait for:
//   SendList  -> list_answered      OpenWatch -> watch_opened      Wait -> timer      AskCluster -> cluster_answered
// None of the four, while a watch is open: read on, until read_until() at most (then: watch_silent). One of them, while
// a watch is open: close it first.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "holdfast/model/api_resource.h"
#include "holdfast/model/api_status.h"
#include "holdfast/model/object.h"
#include "holdfast/ports/api_server.h"
#include "holdfast/ports/live_reader.h"
#include "net/backoff.h"
#include "watchers/cluster_knowledge.h"
#include "watchers/list_page.h"
#include "watchers/watch_decoder.h"

namespace holdfast {

enum class ReflectorState {
  Listing,    // asking for everything; with an error: why it has to be asked again
  Watching,   // the list is stored and its watch is open
  Retrying,   // something failed that may pass by itself
  Forbidden,  // 403 for longer than a starting server takes; asked again every minute
  NotServed,  // 404: the type is not there (any more)
  Failed,     // our own bug ended the reflector; nothing is retried
};
const char* to_string(ReflectorState state);

struct ReflectorStatus {
  ReflectorState state = ReflectorState::Listing;
  std::optional<Error> error;
};

struct SendList {
  std::string target;
  std::string accept;
};
struct OpenWatch {
  std::string target;
  std::string accept;
  std::chrono::milliseconds stream_deadline{};  // of the whole stream: the server ends it some seconds before
  bool lists = false;                           // it costs what a list costs, until the store was replaced (A7, A22)
};
struct AskCluster {  // which cluster is this?
  std::string target;
};
struct Wait {
  std::chrono::steady_clock::time_point until;
};
struct ReplaceStore {  // only ever a complete list (A3)
  std::vector<LivePtr> items;
  ResourceVersion resource_version;
};
struct ApplyEvent {
  WatchEventType type = WatchEventType::Added;
  LivePtr object;
};
struct ClusterRestored {
};  // older than it was, and the same cluster: the marks are gone, every type is to be read anew
struct ClusterReplaced {  // another cluster answers: nothing that is known holds, and nothing may be done to it
  Error error;
};
struct MarkUnsynced {};  // what is stored is no longer followed; a ReplaceStore comes before anything else is applied
using ReflectorAction = std::variant<SendList, OpenWatch, Wait, AskCluster, ReplaceStore, ApplyEvent, MarkUnsynced,
                                     ClusterRestored, ClusterReplaced, ReflectorStatus>;
using ReflectorActions = std::vector<ReflectorAction>;

// MetadataOnly asks for PartialObjectMetadata: for types whose objects are never judged, only seen to come and go
// (A18).
enum class Detail { Full, MetadataOnly };

class ReflectorMachine {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // `random` returns uniform values of [0, 1). `knowledge` is shared by all machines of one cluster.
  ReflectorMachine(ApiResource resource, std::string label_selector, std::function<double()> random,
                   std::shared_ptr<ClusterKnowledge> knowledge, Detail detail = Detail::Full);

  // Sees the bytes of every object that comes; must outlive the machine. Null: every body is kept.
  void set_reader(LiveReader* reader) { reader_ = reader; }

  // Before start(): only what is in this namespace, and what the selector chooses; empty: everything.
  void narrow(std::string_view namespace_, std::string_view field_selector);

  ReflectorActions start(TimePoint now);
  ReflectorActions list_answered(Result<ApiResponse> answer, TimePoint now);
  // The head of the answer; the body only where the status is not 200.
  ReflectorActions watch_opened(const Result<ApiResponse>& head, TimePoint now);
  ReflectorActions watch_event(const WatchEvent& event, TimePoint now);
  // The bytes could not be decoded (A15).
  ReflectorActions watch_broken(Error error, TimePoint now);
  // Clean end (no error), or a connection lost, or the stream's deadline.
  ReflectorActions watch_ended(std::optional<Error> error, TimePoint now);
  ReflectorActions timer(TimePoint now);
  // read_until() passed without a byte.
  ReflectorActions watch_silent(TimePoint now);
  ReflectorActions cluster_answered(const Result<ApiResponse>& answer, TimePoint now);

  // While a watch is open: how long it may stay silent, as far as that is known (A8, A12).
  [[nodiscard]] std::optional<TimePoint> read_until() const;
  [[nodiscard]] const ApiResource& resource() const { return resource_; }
  [[nodiscard]] const ResourceVersion& last_resource_version() const { return last_; }

 private:
  enum class Step { List, Watch, Probe, AskCluster };
  enum class ListMode {
    Stream,              // consistent, as the first events of a watch (A7)
    StreamNotOlderThan,  // the same, no older than what we saw
    Paged,               // consistent, 500 at a time
    Unpaged,             // consistent, at once: after history expired between two pages
    NotOlderThan,        // at once, from the watch cache, no older than what we saw
  };
  // The first events of a stream: what they leave is the list, once their end is marked.
  struct Filling {
    std::unordered_map<ObjectKey, LivePtr, ObjectKeyHash> objects;
    TimePoint progressed_at;
  };

  // reflector_machine.cc: asking, listing, waiting
  ReflectorActions send_list();
  ReflectorActions open_stream();
  ReflectorActions open_watch();
  ReflectorActions retry(Step step, ReflectorState state, Error error, std::chrono::nanoseconds least, TimePoint now);
  ReflectorActions retry_forbidden(Step step, Error error, TimePoint now);
  ReflectorActions relist(Error error, TimePoint now);
  ReflectorActions list_refused(const ApiResponse& answer, TimePoint now);
  ReflectorActions accept_page(ListPage page, TimePoint now);
  ReflectorActions accept_list(std::vector<LivePtr> items, const ResourceVersion& version, TimePoint now);
  void restart_list(ListMode mode);
  void start_anew() { restart_list(streams() ? ListMode::Stream : ListMode::Paged); }
  void catch_up();
  void list_plainly();
  [[nodiscard]] bool streams() const { return knowledge_->streaming.worth_asking(type()); }
  [[nodiscard]] std::string target(std::string_view first, std::string_view more) const;
  [[nodiscard]] Error located(Error error) const;
  [[nodiscard]] GroupKind type() const { return resource_.gvk.group_kind(); }

  // reflector_machine_watch.cc: what an open watch says
  ReflectorActions watch_refused(const ApiStatus& status, std::chrono::nanoseconds least, TimePoint now);
  ReflectorActions fill_refused(const ApiStatus& status, std::chrono::nanoseconds least, TimePoint now);
  ReflectorActions fill_cut(Error error, TimePoint now);
  ReflectorActions bookmark(std::string_view object_json, TimePoint now);
  ReflectorActions filled(const ResourceVersion& version, TimePoint now);
  ReflectorActions object_event(WatchEventType type, LivePtr object, TimePoint now);
  Result<LivePtr> read_object(const WatchEvent& event) const;
  ReflectorActions resume_watch();
  void advance(const ResourceVersion& seen);

  // reflector_machine_rollback.cc: a server that shows an older state than was seen
  ReflectorActions reject_list(const ResourceVersion& shown, TimePoint now);
  ReflectorActions probe();
  ReflectorActions probe_answered(const Result<ApiResponse>& answer, TimePoint now);

  ApiResource resource_;
  std::string path_;
  std::string selector_parameter_;  // "", or "&labelSelector=...", "&fieldSelector=..."
  std::function<double()> random_;
  std::shared_ptr<ClusterKnowledge> knowledge_;
  HighWaterMark& mark_;
  Detail detail_;
  GroupVersionKind shown_;  // what the objects call themselves
  LiveReader* reader_ = nullptr;
  Backoff backoff_;

  Step next_ = Step::List;  // what the timer does
  ListMode mode_ = ListMode::Paged;
  ListPage pages_;  // of the list under way
  bool first_page_ = true;
  std::optional<Filling> filling_;  // while a stream has not told all that was there
  int fills_cut_ = 0;               // in a row
  ResourceVersion last_;            // where the watch goes on
  bool reported_watching_ = false;
  bool must_list_ = false;  // MarkUnsynced was returned and no ReplaceStore since
  bool advanced_in_stream_ = false;
  bool advanced_since_list_ = false;
  TimePoint opened_at_;
  TimePoint heard_at_;                      // the last event of the stream, or its head
  std::optional<TimePoint> bookmarked_at_;  // in this stream
  bool fell_silent_ = false;                // and nothing was heard since
  std::optional<TimePoint> older_since_;    // every list since then was below the mark (A14)
  std::optional<TimePoint> failing_since_;  // 5xx on the watch, without an event in between
  int forbidden_in_a_row_ = 0;
};

}  // namespace holdfast
