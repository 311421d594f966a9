#include "net/response_reader.h"

#include <algorithm>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <charconv>
#include <string_view>
#include <utility>

namespace holdfast {
namespace {

namespace http = boost::beast::http;
using ErrorCode = boost::beast::error_code;

constexpr std::uint32_t kMaxHeadBytes = 48U * 1024;  // below kBufferBytes, so that a head always fits
// Beast asserts that it has "0\r\n\r\n" whole where it goes on after a part of it, and nothing shorter ends a body.
constexpr std::size_t kLastChunkBytes = 5;

std::unexpected<Error> malformed(const std::string& what) {
  return fail(ErrorKind::Protocol, "the answer is not valid HTTP/1.1: " + what, "",
              "check that the server address is that of a Kubernetes API server");
}

}  // namespace

struct ResponseReader::State {
  boost::beast::flat_buffer buffer{kBufferBytes};
  std::optional<http::response_parser<http::buffer_body>> parser;
  bool started = false;
  bool no_body = false;
  bool in_chunk_head = false;  // a part of it was seen, and more has to come

  State() {
    buffer.reserve(kBufferBytes);
    start_response();
  }
  void start_response() {
    parser.emplace();
    parser->header_limit(kMaxHeadBytes);
    parser->body_limit(boost::none);  // bounded by who keeps the bytes
    parser->skip(no_body);
  }
  // One step of the parser; true if it can go on without further input.
  bool advance(ErrorCode& error) {
    if (in_chunk_head && buffer.size() < kLastChunkBytes) return false;
    const std::size_t used = parser->put(buffer.data(), error);
    buffer.consume(used);
    in_chunk_head = error == http::error::need_more && parser->is_header_done() && parser->chunked();
    if (error == http::error::need_more) {
      error = {};
      return false;
    }
    return used > 0 && !error;
  }
};

ResponseReader::ResponseReader() : state_(std::make_unique<State>()) {}
ResponseReader::~ResponseReader() = default;
ResponseReader::ResponseReader(ResponseReader&&) noexcept = default;
ResponseReader& ResponseReader::operator=(ResponseReader&&) noexcept = default;

void ResponseReader::expect_no_body() {
  state_->no_body = true;
  state_->parser->skip(true);
}

std::span<char> ResponseReader::prepare() {
  auto& buffer = state_->buffer;
  const auto free = buffer.prepare(buffer.max_size() - buffer.size());
  return {static_cast<char*>(free.data()), free.size()};
}

void ResponseReader::commit(std::size_t received_bytes) {
  state_->buffer.commit(received_bytes);
  state_->started |= received_bytes > 0;
}

Result<void> ResponseReader::end_of_input() {
  auto& parser = *state_->parser;
  if (parser.is_done()) return {};
  ErrorCode error;
  if (parser.is_header_done()) parser.put_eof(error);
  if (error || !parser.is_done()) return fail(ErrorKind::Protocol, "the answer was cut off");
  return {};
}

Result<ResponseReader::Step> ResponseReader::read_head() {
  auto& state = *state_;
  while (!state.parser->is_header_done()) {
    if (state.buffer.size() == 0) return Step::NeedInput;
    ErrorCode error;
    const bool again = state.advance(error);
    if (error) return malformed(error.message());
    const int code = state.parser->is_header_done() ? status() : 0;
    if (code == 101) return malformed("it switches protocols unasked");
    if (code / 100 == 1) {
      state.start_response();
    } else if (code == 0 && !again) {
      if (state.buffer.size() >= state.buffer.max_size()) return malformed("its head is too long");
      return Step::NeedInput;
    }
  }
  state.parser->eager(true);
  return Step::Ready;
}

Result<ResponseReader::Step> ResponseReader::read_body(std::span<char> into, std::size_t& copied_bytes) {
  auto& state = *state_;
  auto& body = state.parser->get().body();
  copied_bytes = 0;
  while (!state.parser->is_done()) {
    if (state.buffer.size() == 0) return Step::NeedInput;
    body.data = into.data();
    body.size = into.size();
    ErrorCode error;
    const bool again = state.advance(error);
    copied_bytes = into.size() - body.size;
    if (error && error != http::error::need_buffer) return malformed(error.message());
    if (copied_bytes > 0) return Step::Ready;
    if (!again && !state.parser->is_done()) {
      if (state.buffer.size() >= state.buffer.max_size()) return malformed("a line between chunks is too long");
      return Step::NeedInput;
    }
  }
  return Step::Done;
}

bool ResponseReader::started() const { return state_->started; }

// Bytes beyond the end of the response belong to no request of ours.
bool ResponseReader::reusable() const {
  return state_->parser->is_done() && state_->parser->keep_alive() && state_->buffer.size() == 0;
}

int ResponseReader::status() const { return static_cast<int>(state_->parser->get().result_int()); }

std::string ResponseReader::content_type() const {
  return std::string(state_->parser->get()[http::field::content_type]);
}

std::string ResponseReader::header(std::string_view name) const { return std::string(state_->parser->get()[name]); }

std::vector<std::pair<std::string, std::string>> ResponseReader::headers() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& field : state_->parser->get()) all.emplace_back(field.name_string(), field.value());
  return all;
}

std::optional<std::chrono::seconds> ResponseReader::retry_after() const {
  constexpr std::uint64_t kMaxSeconds = 24 * 3600;
  const auto field = state_->parser->get()[http::field::retry_after];
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
  if (field.empty() || end != field.data() + field.size() || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc::result_out_of_range) number = kMaxSeconds;
  return std::chrono::seconds{std::min(number, kMaxSeconds)};
}

std::optional<std::uint64_t> ResponseReader::content_length() const {
  const auto length = state_->parser->content_length();
  return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
}

}  // namespace holdfast
