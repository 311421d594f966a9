// Bytes of a watch response in, events out. Pure and incremental: chunks may split an event anywhere and may hold many
// (correctness A15, V34).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/json_view.h"
#include "holdfast/model/resource_version.h"

namespace holdfast {

enum class WatchEventType { Added, Modified, Deleted, Bookmark, Error };

struct WatchEvent {
  WatchEventType type = WatchEventType::Added;
  // Exactly the bytes that the server sent as "object". Points into the decoder: valid until its next call.
  std::string_view object_json;
  // The same, ready to be walked over. Empty in an event that no decoder made.
  JsonView object = {};
};

class WatchDecoder {
 public:
  static constexpr std::size_t kMaxEventBytes = 16UL * 1024 * 1024;

  explicit WatchDecoder(std::size_t max_event_bytes = kMaxEventBytes) : max_event_bytes_(max_event_bytes) {}

  // The events that this chunk completes, in order. Errors: TooLarge, Protocol. After an error the stream cannot be
  // followed any further: close it and list again. Events that the same chunk completed before the error are not
  // returned; the list brings their effect.
  Result<std::vector<WatchEvent>> feed(std::string_view chunk);

  // Before the next stream: what is left of an event that was cut off was never applied (fault 13).
  void reset();

 private:
  [[nodiscard]] std::unexpected<Error> too_large() const;

  std::size_t max_event_bytes_;
  JsonIndexer indexer_;
  std::string buffer_;
  std::size_t consumed_bytes_ = 0;  // events already returned; dropped by the next call, so that views live until then
};

// What a BOOKMARK says; its object has neither name nor uid (V35).
struct Bookmark {
  ResourceVersion resource_version;
  bool ends_initial_events = false;  // everything that was there at the start of the stream has been sent (A6, A7)
};
// Errors: Protocol, without a resourceVersion.
Result<Bookmark> read_bookmark(std::string_view object_json);

}  // namespace holdfast
