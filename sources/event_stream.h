// Server-sent events out of the bytes of a response, as a state machine: bytes in, events out. Pure.
//
// As the HTML standard has it: lines end with LF, CR or both, comments and unknown fields do not count, an empty line
// ends an event, and one without data is none. Bounds: 256 KiB for a line and for the data of an event.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"

namespace holdfast {

struct StreamEvent {
  std::string type;     // "message" where the stream does not say
  std::string data;     // lines with "\n" between them
  std::string last_id;  // of this event, or of an earlier one
  friend bool operator==(const StreamEvent&, const StreamEvent&) = default;
};

class EventStreamReader {
 public:
  static constexpr std::size_t kMostBytes = 256UL * 1024;

  // Errors: TooLarge; then the stream is of no further use.
  Result<std::vector<StreamEvent>> feed(std::string_view bytes);

 private:
  void take_line(std::vector<StreamEvent>& events);

  std::string line_;
  std::string type_, data_, last_id_;
  bool has_data_ = false;
  bool after_cr_ = false;
  bool first_line_ = true;
};

}  // namespace holdfast
