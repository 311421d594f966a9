// One watch as a state machine without I/O: it is asked for the bytes that are due, and says when to ask again.
//
// Events come from the store's history, so nothing is lost however seldom it is asked (correctness A5 to A12; V34 to
// V42). The store and the registry must outlive it.
#pragma once

#include <optional>
#include <string>

#include "simulator/object_store.h"
#include "simulator/representation.h"
#include "simulator/selector.h"
#include "simulator/type_registry.h"

namespace holdfast {

struct WatchOptions {
  ResourceTypePtr type;
  std::string namespace_;
  LabelSelector labels;
  FieldSelector fields;
  Representation representation;
  Revision from = 0;
  bool initial_events = false;  // RV "" or "0", or sendInitialEvents: the state first, as ADDED
  bool bookmarks = false;       // with initial_events also the annotated end mark (V36)
  std::chrono::milliseconds timeout{1'800'000};
  std::optional<ApiFailure> refusal;  // known only when the stream has begun: an ERROR, and its end
};

class WatchStream {
 public:
  static constexpr std::chrono::seconds kBookmarkInterval{60};

  WatchStream(const ObjectStore& store, const TypeRegistry& types, WatchOptions options, SimulatedTime now);

  // Every event that is due, each a line. May be empty.
  std::string take(SimulatedTime now);
  // Every change up to here has been told.
  [[nodiscard]] Revision position() const { return position_; }
  // The stream is over: a clean end (deadline, type gone) or after an ERROR event.
  [[nodiscard]] bool ended() const { return ended_; }
  // When take() has something to do though no object changed.
  [[nodiscard]] SimulatedTime next_due() const;

 private:
  [[nodiscard]] bool selects(const StoredPtr& object) const;
  void take_initial(std::string& out, SimulatedTime now);
  void take_changes(std::string& out, SimulatedTime now);
  void append_change(const StoreChange& change, std::string& out, SimulatedTime now);
  std::string show(const StoredPtr& object, SimulatedTime now);
  void append_bookmark(bool end_of_initial, std::string& out, SimulatedTime now);
  void take_bookmark(std::string& out, SimulatedTime now);
  void append_expired(std::string& out);

  const ObjectStore& store_;
  const TypeRegistry& types_;
  WatchOptions options_;
  std::string key_;
  Revision position_;
  SimulatedTime deadline_, next_bookmark_;
  bool started_ = false, last_bookmark_sent_ = false, ended_ = false;
};

}  // namespace holdfast
