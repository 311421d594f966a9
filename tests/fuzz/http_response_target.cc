// An HTTP response is the same wherever its bytes are cut, and nothing of it is made up.
#include <algorithm>
#include <cstring>

#include "fuzz/target.h"
#include "net/response_reader.h"

namespace holdfast::fuzz {
namespace {

struct Read {
  bool failed = false, complete = false, reusable = false;
  int status = 0;
  std::string content_type, body;
  std::optional<std::chrono::seconds> retry_after;
  std::optional<std::uint64_t> content_length;
  bool operator==(const Read&) const = default;
};

class Reading {
 public:
  explicit Reading(std::size_t room) : output_(room, '\0') {}

  // Takes a piece as far as it goes; false: the response is complete, or it is none.
  bool take(std::string_view piece) {
    while (true) {
      if (!advance()) return false;
      if (piece.empty()) return true;
      const auto space = reader_.prepare();
      hold(!space.empty(), "it needs input and has no room for it");
      const std::size_t bytes = std::min(space.size(), piece.size());
      std::memcpy(space.data(), piece.data(), bytes);
      reader_.commit(bytes);
      piece.remove_prefix(bytes);
    }
  }

  Read finish() {
    if (read_.failed || read_.complete) return read_;
    if (!reader_.end_of_input()) {
      read_.failed = true;
    } else {
      read_.complete = true;
      note_head();
    }
    return read_;
  }

 private:
  // As far as the received bytes go.
  bool advance() {
    if (!has_head_) {
      const auto step = reader_.read_head();
      if (!step) return fail();
      if (*step == ResponseReader::Step::NeedInput) return true;
      has_head_ = true;
      note_head();
    }
    while (true) {
      std::size_t copied = 0;
      const auto step = reader_.read_body(output_, copied);
      if (!step) return fail();
      hold(copied <= output_.size(), "more than there was room for");
      read_.body.append(output_, 0, copied);
      if (*step == ResponseReader::Step::NeedInput) return true;
      if (*step == ResponseReader::Step::Done) {
        read_.complete = true;
        read_.reusable = reader_.reusable();
        return false;
      }
      hold(copied > 0, "a part of the body without a byte");
    }
  }
  bool fail() {
    read_.failed = true;
    return false;
  }
  void note_head() {
    read_.status = reader_.status();
    read_.content_type = reader_.content_type();
    read_.retry_after = reader_.retry_after();
    read_.content_length = reader_.content_length();
    hold(read_.status / 100 != 1, "an interim response was taken for the answer");
    if (read_.retry_after)
      hold(read_.retry_after->count() >= 0 && *read_.retry_after <= std::chrono::hours(24), "a wait beyond a day");
  }

  ResponseReader reader_;
  std::string output_;
  Read read_;
  bool has_head_ = false;
};

}  // namespace

void run_http_response(std::string_view bytes) {
  Cuts cuts(bytes);
  Reading at_once(4096);
  at_once.take(cuts.stream());
  const Read whole = at_once.finish();

  Reading in_pieces(3);
  while (true) {
    const std::string_view piece = cuts.next();
    if (piece.empty() || !in_pieces.take(piece)) break;
  }
  Read pieces = in_pieces.finish();
  hold(whole.failed == pieces.failed && whole.complete == pieces.complete,
       "cuts decide whether a response can be read");
  if (whole.failed) return;
  pieces.reusable = whole.reusable;  // what follows may not have been received yet
  hold(whole == pieces, "cuts decide what a response says");
  if (whole.content_length && whole.complete && whole.status != 204 && whole.status != 304)
    hold(whole.body.size() == *whole.content_length, "a body of another length than was announced");
}

}  // namespace holdfast::fuzz
