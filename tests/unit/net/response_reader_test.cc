#include "net/response_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace holdfast {
namespace {

using Step = ResponseReader::Step;

// What a reader makes of these bytes, handed over in pieces of at most `piece_bytes`.
struct Outcome {
  int status = 0;
  std::string body;
  bool done = false;
  bool reusable = false;
  std::string error;
};

Outcome read_all(std::string_view bytes, std::size_t piece_bytes, bool closes = false) {
  ResponseReader reader;
  Outcome outcome;
  bool in_body = false;
  for (;;) {
    std::array<char, 5> into{};
    std::size_t copied = 0;
    const auto step = in_body ? reader.read_body(into, copied) : reader.read_head();
    if (!step) {
      outcome.error = step.error().message;
      return outcome;
    }
    outcome.body.append(into.data(), copied);
    if (*step == Step::Ready) {
      outcome.status = reader.status();
      in_body = true;
    } else if (*step == Step::Done) {
      outcome.done = true;
      outcome.reusable = reader.reusable();
      return outcome;
    } else if (bytes.empty()) {
      const auto end = closes ? reader.end_of_input() : Result<void>{};
      outcome.done = closes && end.has_value();
      if (!end) outcome.error = end.error().message;
      return outcome;
    } else {
      const auto space = reader.prepare();
      const auto count = std::min({space.size(), bytes.size(), piece_bytes});
      std::copy_n(bytes.data(), count, space.data());
      reader.commit(count);
      bytes.remove_prefix(count);
    }
  }
}

constexpr std::string_view kChunked =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    "6\r\nhello \r\n5;x=y\r\nworld\r\n0\r\n\r\n";

TEST(ResponseReader, A15_chunked_body_split_at_every_size) {
  for (std::size_t piece = 1; piece <= kChunked.size(); ++piece) {
    const auto outcome = read_all(kChunked, piece);
    EXPECT_EQ(outcome.status, 200) << piece;
    EXPECT_EQ(outcome.body, "hello world") << piece;
    EXPECT_TRUE(outcome.done && outcome.reusable) << piece << outcome.error;
  }
}

// Beast asserts that an empty body of chunks comes in one piece.
TEST(ResponseReader, A15_an_empty_chunked_body_split_at_every_byte) {
  constexpr std::string_view kEmpty = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  for (std::size_t piece = 1; piece <= kEmpty.size(); ++piece) {
    const auto outcome = read_all(kEmpty, piece);
    EXPECT_EQ(outcome.status, 200) << piece;
    EXPECT_TRUE(outcome.done && outcome.reusable) << piece << outcome.error;
  }
}

TEST(ResponseReader, body_bytes_are_handed_out_before_their_chunk_is_complete) {
  const auto outcome = read_all("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100\r\nabc", 1000);
  EXPECT_EQ(outcome.body, "abc");
  EXPECT_FALSE(outcome.done);
  EXPECT_EQ(outcome.error, "");
}

TEST(ResponseReader, A5_a_body_cut_off_is_no_clean_end) {
  for (std::size_t size = 1; size < kChunked.size(); ++size) {
    const auto outcome = read_all(kChunked.substr(0, size), 1000, true);
    EXPECT_FALSE(outcome.done) << size;
    EXPECT_NE(outcome.error, "") << size;
  }
}

TEST(ResponseReader, a_body_without_length_ends_with_the_connection) {
  const auto outcome = read_all("HTTP/1.1 200 OK\r\n\r\nuntil the end", 3, true);
  EXPECT_EQ(outcome.body, "until the end");
  EXPECT_TRUE(outcome.done);
}

TEST(ResponseReader, connection_close_is_obeyed) {
  const auto outcome = read_all("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", 1000);
  EXPECT_EQ(outcome.body, "ok");
  EXPECT_TRUE(outcome.done);
  EXPECT_FALSE(outcome.reusable);
}

TEST(ResponseReader, bytes_beyond_the_answer_spoil_the_connection) {
  const auto outcome = read_all("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n", 1000);
  EXPECT_EQ(outcome.body, "ok");
  EXPECT_TRUE(outcome.done);
  EXPECT_FALSE(outcome.reusable);
}

TEST(ResponseReader, informational_answers_are_skipped_and_empty_ones_end_at_once) {
  const auto outcome = read_all("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 7);
  EXPECT_EQ(outcome.status, 204);
  EXPECT_TRUE(outcome.done && outcome.reusable);
}

TEST(ResponseReader, what_is_not_http_is_a_protocol_error) {
  EXPECT_NE(read_all("SSH-2.0-OpenSSH_9\r\n\r\n", 1000).error, "");
  EXPECT_NE(read_all("HTTP/1.1 101 Switching Protocols\r\n\r\n", 1000).error, "");
  EXPECT_NE(read_all("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 1000).error, "");
}

TEST(ResponseReader, the_head_is_bounded) {
  const std::string head = "HTTP/1.1 200 OK\r\nA: " + std::string(100'000, 'x') + "\r\n\r\n";
  const auto outcome = read_all(head, 4096);
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.error, "");
}

std::optional<std::chrono::seconds> retry_after(const std::string& value) {
  ResponseReader reader;
  const std::string head = "HTTP/1.1 429 Too Many\r\nRetry-After: " + value + "\r\nContent-Length: 0\r\n\r\n";
  std::ranges::copy(head, reader.prepare().data());
  reader.commit(head.size());
  EXPECT_TRUE(reader.read_head());
  return reader.retry_after();
}

TEST(ResponseReader, B8_retry_after_in_seconds) {
  using std::chrono::seconds;
  EXPECT_EQ(retry_after("5"), seconds{5});
  EXPECT_EQ(retry_after("0"), seconds{0});
  EXPECT_EQ(retry_after("99999999999999999999999"), std::chrono::hours{24});
  EXPECT_EQ(retry_after("-1"), std::nullopt);
  EXPECT_EQ(retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), std::nullopt);
  EXPECT_EQ(retry_after("5s"), std::nullopt);
}

TEST(ResponseReader, the_answer_to_a_head_has_no_body_and_leaves_the_connection_usable) {
  ResponseReader reader;
  reader.expect_no_body();
  constexpr std::string_view kBytes =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 500\r\nLink: <a>\r\nLink: <b>\r\n\r\n";
  std::copy_n(kBytes.data(), kBytes.size(), reader.prepare().data());
  reader.commit(kBytes.size());
  ASSERT_EQ(reader.read_head().value(), Step::Ready);
  std::array<char, 5> into{};
  std::size_t copied = 0;
  EXPECT_EQ(reader.read_body(into, copied).value(), Step::Done);
  EXPECT_TRUE(reader.reusable());
  const std::vector<std::pair<std::string, std::string>> all = {
      {"Content-Length", "500"}, {"Link", "<a>"}, {"Link", "<b>"}};
  EXPECT_EQ(reader.headers(), all);
}

}  // namespace
}  // namespace holdfast
