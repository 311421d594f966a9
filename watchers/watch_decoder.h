// Bytes of a watch response in, events out. Pure and incremental: chunks may split an event anywhere and may hold many
// (correctness A15, V34).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/resource_version.h"

namespace holdfast {

enum class WatchEventType { Added, Modified, Deleted, Bookmark, Error };

struct WatchEvent {
  WatchEventType type = WatchEventType::Added;
  // Exactly the bytes that the server sent as "object". Points into the decoder: valid until its next call.
  std::string_view object_json;
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
  std::size_t max_event_bytes_;
  std::string buffer_;
  std::size_t consumed_bytes_ = 0;  // events already returned; dropped by the next call, so that views live until then
  std::size_t searched_bytes_ = 0;  // without a line end, so that a long event is not searched again for every chunk
};

// The resourceVersion of a BOOKMARK's object, which has neither name nor uid (V35). Without one: Protocol.
Result<ResourceVersion> bookmark_version(std::string_view object_json);

}  // namespace holdfast
