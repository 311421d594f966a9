#include "net/gzip_reader.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace holdfast {
namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;  // zlib's way of asking for the gzip format

uInt bounded(std::size_t bytes) {
  return static_cast<uInt>(std::min<std::size_t>(bytes, std::numeric_limits<uInt>::max()));
}

}  // namespace

struct GzipReader::Stream {
  z_stream state{};
  bool usable = false;

  Stream() { usable = inflateInit2(&state, kGzipOnly) == Z_OK; }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() {
    if (usable) inflateEnd(&state);
  }
};

GzipReader::GzipReader() : stream_(std::make_unique<Stream>()) {}
GzipReader::~GzipReader() = default;

Result<GzipReader::Progress> GzipReader::inflate(std::span<const char> input, std::span<char> output) {
  if (!stream_->usable) return fail(ErrorKind::Internal, "zlib could not be started");
  Progress progress;
  z_stream& state = stream_->state;
  while (progress.produced_bytes < output.size()) {
    const auto rest = input.subspan(progress.consumed_bytes);
    if (at_end_ && rest.empty()) break;
    const auto room = output.subspan(progress.produced_bytes);
    state.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(rest.data()));
    state.avail_in = bounded(rest.size());
    state.next_out = reinterpret_cast<Bytef*>(room.data());
    state.avail_out = bounded(room.size());
    const uInt given_in = state.avail_in;
    const uInt given_out = state.avail_out;
    at_end_ = false;
    const int outcome = ::inflate(&state, Z_NO_FLUSH);
    progress.consumed_bytes += given_in - state.avail_in;
    progress.produced_bytes += given_out - state.avail_out;
    if (outcome == Z_STREAM_END) {
      at_end_ = true;
      inflateReset(&state);
    } else if (outcome == Z_BUF_ERROR) {
      break;  // it can go on with more input only
    } else if (outcome != Z_OK) {
      return fail(ErrorKind::Protocol, std::string("the answer is not valid gzip: ") +
                                           (state.msg == nullptr ? "unexpected bytes" : state.msg));
    }
  }
  return progress;
}

}  // namespace holdfast
