// List, then watch, then follow for ever: the protocol of one type as a state machine without I/O. Time is an argument,
// chance a function, so that every path is a test of a few lines (correctness A1-A6, A9-A11, A13, A15, A23).
//
// Every input returns actions to be performed in order and completely before the next input: the machine counts an
// event as seen once it has returned it (A6). At most one of them, the last, says what to wait for:
//   SendList  -> list_answered      OpenWatch -> watch_opened      Wait -> timer
// None of the three, while a watch is open: read on. One of them, while a watch is open: close it first.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "holdfast/model/api_resource.h"
#include "holdfast/model/api_status.h"
#include "holdfast/model/object.h"
#include "holdfast/ports/api_server.h"
#include "net/backoff.h"
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
};
struct OpenWatch {
  std::string target;
  std::chrono::milliseconds stream_deadline{};  // of the whole stream: the server ends it some seconds before
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
struct MarkUnsynced {};  // what is stored is no longer followed; a ReplaceStore comes before anything else is applied
using ReflectorAction =
    std::variant<SendList, OpenWatch, Wait, ReplaceStore, ApplyEvent, MarkUnsynced, ReflectorStatus>;
using ReflectorActions = std::vector<ReflectorAction>;

class ReflectorMachine {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // `random` returns uniform values of [0, 1).
  ReflectorMachine(ApiResource resource, std::string label_selector, std::function<double()> random);

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

  [[nodiscard]] const ApiResource& resource() const { return resource_; }
  [[nodiscard]] const ResourceVersion& last_resource_version() const { return last_; }

 private:
  enum class Step { List, Watch };
  enum class ListMode {
    Paged,         // consistent, 500 at a time
    Unpaged,       // consistent, at once: after history expired between two pages
    NotOlderThan,  // at once, from the watch cache, no older than what we saw
  };

  ReflectorActions send_list();
  ReflectorActions open_watch();
  ReflectorActions retry(Step step, ReflectorState state, Error error, std::chrono::nanoseconds least, TimePoint now);
  ReflectorActions retry_forbidden(Step step, Error error, TimePoint now);
  ReflectorActions relist(Error error, TimePoint now);
  ReflectorActions list_refused(const ApiResponse& answer, TimePoint now);
  ReflectorActions accept_page(ListPage page, TimePoint now);
  ReflectorActions reject_list(Error error, TimePoint now);
  ReflectorActions watch_refused(const ApiStatus& status, std::chrono::nanoseconds least, TimePoint now);
  ReflectorActions resume_watch(Error error, TimePoint now);
  void restart_list(ListMode mode);
  void advance(const ResourceVersion& seen);
  [[nodiscard]] std::string target(std::string_view first, std::string_view more) const;
  [[nodiscard]] Error located(Error error) const;

  ApiResource resource_;
  std::string path_;
  std::string selector_parameter_;  // "" or "&labelSelector=..."
  std::function<double()> random_;
  Backoff backoff_;

  Step next_ = Step::List;  // what the timer does
  ListMode mode_ = ListMode::Paged;
  ListPage pages_;  // of the list under way
  bool first_page_ = true;
  ResourceVersion last_;        // where the watch goes on
  ResourceVersion high_water_;  // never believe a list below it (A13)
  bool reported_watching_ = false;
  bool must_list_ = false;  // MarkUnsynced was returned and no ReplaceStore since
  bool advanced_in_stream_ = false;
  bool advanced_since_list_ = false;
  TimePoint opened_at_;
  std::optional<TimePoint> failing_since_;  // 5xx on the watch, without an event in between
  int forbidden_in_a_row_ = 0;
};

}  // namespace holdfast
