#include "net/gzip_reader.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <string>

namespace holdfast {
namespace {

std::string compressed(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// What comes out of these bytes, given in pieces, through an output of `room` bytes; "error" where they are not gzip.
std::string inflated(const std::string& bytes, std::size_t piece, std::size_t room, bool* at_end = nullptr) {
  GzipReader reader;
  std::string out;
  std::string window(room, '\0');
  std::size_t given = 0;
  std::size_t read = 0;
  while (true) {
    const auto progress = reader.inflate(std::span(bytes).subspan(read, given - read), window);
    if (!progress) return "error";
    read += progress->consumed_bytes;
    out.append(window, 0, progress->produced_bytes);
    if (progress->produced_bytes > 0) continue;
    if (given == bytes.size()) break;
    given = std::min(bytes.size(), given + piece);
  }
  if (at_end != nullptr) *at_end = reader.at_end();
  return out;
}

TEST(GzipReader, A16_a_body_in_any_pieces_and_through_any_window) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "item " + std::to_string(i * i) + "\n";
  const std::string bytes = compressed(text);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, bytes.size()})
    for (const std::size_t room : {std::size_t{1}, std::size_t{5}, std::size_t{65536}})
      EXPECT_EQ(inflated(bytes, piece, room), text) << piece << " " << room;
}

TEST(GzipReader, A16_fault_12_members_one_after_another_are_one_body) {
  const std::string bytes = compressed("one\n") + compressed("") + compressed("two\n") + compressed("three\n");
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    bool at_end = false;
    EXPECT_EQ(inflated(bytes, piece, 64, &at_end), "one\ntwo\nthree\n") << piece;
    EXPECT_TRUE(at_end);
  }
}

TEST(GzipReader, A16_what_is_complete_is_handed_out_before_the_next_member_comes) {
  GzipReader reader;
  std::array<char, 64> room{};
  const std::string first = compressed("event\n");
  const auto progress = reader.inflate(first, room);
  ASSERT_TRUE(progress);
  EXPECT_EQ(std::string(room.data(), progress->produced_bytes), "event\n");
}

TEST(GzipReader, A16_a_body_that_is_cut_off_is_not_at_its_end) {
  const std::string bytes = compressed("some text that is long enough");
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    bool at_end = true;
    inflated(bytes.substr(0, size), 16, 64, &at_end);
    EXPECT_FALSE(at_end) << size;
  }
}

TEST(GzipReader, what_is_not_gzip_is_an_error) {
  EXPECT_EQ(inflated("{\"kind\":\"Status\"}", 100, 64), "error");
  EXPECT_EQ(inflated(compressed("x") + "trailing bytes", 100, 64), "error");
  std::string damaged = compressed("some text that is long enough");
  damaged[damaged.size() - 6] = static_cast<char>(damaged[damaged.size() - 6] ^ 1);  // in the checksum
  EXPECT_EQ(inflated(damaged, 100, 64), "error");
}

}  // namespace
}  // namespace holdfast
