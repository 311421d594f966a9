// A gzip body is the same text however it comes in pieces, and what zlib has compressed is what comes out.
#include <zlib.h>

#include <algorithm>

#include "fuzz/target.h"
#include "net/gzip_reader.h"

namespace holdfast::fuzz {
namespace {

constexpr std::size_t kMostOutputBytes = 256UL * 1024;

struct Inflated {
  std::string text;
  bool failed = false, at_end = false;
  bool operator==(const Inflated&) const = default;
};

// Feeds pieces of `input`, cut as `cuts` says, with room for `room` bytes at a time.
Inflated inflate(Cuts cuts, std::size_t room) {
  GzipReader reader;
  Inflated result;
  std::string output(room, '\0');
  for (std::string_view piece = cuts.next(); !piece.empty(); piece = cuts.next()) {
    while (true) {
      const auto progress = reader.inflate(piece, output);
      if (!progress) {
        result.failed = true;
        return result;
      }
      hold(progress->consumed_bytes <= piece.size() && progress->produced_bytes <= room,
           "more than there was room for");
      result.text.append(output, 0, progress->produced_bytes);
      piece.remove_prefix(progress->consumed_bytes);
      if (result.text.size() > kMostOutputBytes) return result;
      if (progress->consumed_bytes == 0 && progress->produced_bytes == 0) break;
    }
    hold(piece.empty(), "input is left over although there was room");
  }
  result.at_end = reader.at_end();
  return result;
}

std::string compressed(std::string_view text) {
  z_stream stream{};
  hold(deflateInit2(&stream, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib does not start");
  std::string out(deflateBound(&stream, text.size()), '\0');
  std::string in(text);
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool done = ::deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(stream.total_out);
  deflateEnd(&stream);
  hold(done, "zlib does not finish");
  return out;
}

}  // namespace

void run_gzip(std::string_view bytes) {
  const Inflated wide = inflate(Cuts(bytes), 64UL * 1024);
  const Inflated narrow = inflate(Cuts(bytes), 7);
  if (std::max(wide.text.size(), narrow.text.size()) <= kMostOutputBytes) {
    // Up to a failure, both may have given different amounts.
    hold(wide.failed == narrow.failed, "the room for output decides whether it can be read");
    if (!wide.failed) hold(wide == narrow, "the room for output decides what is read");
  }
  if (bytes.empty()) return;
  const std::string_view text = Cuts(bytes).stream();
  // Two members, one after another, as a server that flushes sends them.
  const std::string body = bytes.front() + compressed(text) + compressed("\n");
  const Inflated again = inflate(Cuts(body), 100);
  hold(!again.failed && again.at_end && again.text == std::string(text) + "\n",
       "what was compressed is not what is read");
}

}  // namespace holdfast::fuzz
