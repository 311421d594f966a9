#include "sources/relay_ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>

#include <vector>

#include "sources/event_stream.h"

namespace holdfast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

PushHint hint(int number) { return {{fmt::format("https://git.example/team/{}", number)}, {}, {}, {}}; }

std::vector<StreamEvent> taken(const RelayRing& ring, RelayRing::Position& position) {
  EventStreamReader reader;
  std::vector<StreamEvent> events;
  for (std::string text = ring.take(position); !text.empty(); text = ring.take(position))
    for (StreamEvent& event : reader.feed(text).value()) events.push_back(std::move(event));
  return events;
}

TEST(RelayRing, a_subscriber_hears_everything_first_and_then_what_comes) {
  RelayRing ring("e1");
  ring.add(hint(1));
  auto position = ring.position_after("");
  EXPECT_THAT(taken(ring, position), ElementsAre(StreamEvent{"everything", "{}", "e1-1"}));
  EXPECT_THAT(taken(ring, position), IsEmpty());
  ring.add(hint(2));
  EXPECT_THAT(taken(ring, position), ElementsAre(StreamEvent{"push", to_text(hint(2)), "e1-2"}));
}

TEST(RelayRing, whoever_comes_back_hears_what_it_missed_and_no_more) {
  RelayRing ring("e1");
  for (int i = 1; i <= 5; ++i) ring.add(hint(i));
  auto position = ring.position_after("e1-3");
  const auto events = taken(ring, position);
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(parse_push_hint(events[0].data).value(), hint(4));
  EXPECT_EQ(events[1].last_id, "e1-5");
  auto up_to_date = ring.position_after("e1-5");
  EXPECT_THAT(taken(ring, up_to_date), IsEmpty());
}

TEST(RelayRing, an_id_that_it_never_gave_means_that_everything_may_have_been_missed) {
  RelayRing ring("e1");
  for (int i = 1; i <= 5; ++i) ring.add(hint(i));
  for (const char* id : {"e0-3", "e1-6", "e1-", "e1", "e1-x", "e1-3x", "-3", "e1--1", "e1-99999999999999999999"})
    EXPECT_TRUE(ring.position_after(id).lost) << id;
}

TEST(RelayRing, whoever_falls_behind_is_told_to_look_at_everything) {
  RelayRing ring("e1");
  ring.add(hint(0));
  auto slow = ring.position_after("e1-1");
  for (std::size_t i = 0; i < 2 * RelayRing::kMostHints; ++i) ring.add(hint(7));
  EXPECT_TRUE(ring.position_after("e1-1").lost);
  const auto events = taken(ring, slow);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events.front().type, "everything");
  EXPECT_THAT(taken(ring, slow), IsEmpty());
}

TEST(RelayRing, memory_is_bounded_whatever_is_pushed) {
  RelayRing ring("e1");
  PushHint large;
  for (std::size_t i = 0; i < kMostHintUrls; ++i) large.urls.emplace_back(kLongestHintTextBytes, 'x');
  for (std::size_t i = 0; i < 3 * RelayRing::kMostHints; ++i) ring.add(large);
  EXPECT_LE(ring.bytes(), RelayRing::kMostBytes);
}

TEST(EventStreamReader, reads_what_comes_in_pieces_of_any_size) {
  const std::string text =
      "\xEF\xBB\xBF: a comment\r\nid: 7\r\nevent:push\rdata: one\ndata:two\r\n\r\n:\n\nid: 8\n\ndata\n\n";
  for (std::size_t piece = 1; piece < text.size(); ++piece) {
    EventStreamReader reader;
    std::vector<StreamEvent> events;
    for (std::size_t at = 0; at < text.size(); at += piece)
      for (StreamEvent& event : reader.feed(std::string_view(text).substr(at, piece)).value())
        events.push_back(std::move(event));
    EXPECT_THAT(events, ElementsAre(StreamEvent{"push", "one\ntwo", "7"}, StreamEvent{"message", "", "8"})) << piece;
  }
}

TEST(EventStreamReader, an_event_that_never_ends_is_an_error) {
  EventStreamReader lines, data;
  const std::string piece(1'000, 'x');
  bool line_ended = false, data_ended = false;
  for (int i = 0; i < 1'000; ++i) {
    line_ended |= !lines.feed(piece).has_value();
    data_ended |= !data.feed("data: " + piece + "\n").has_value();
  }
  EXPECT_TRUE(line_ended);
  EXPECT_TRUE(data_ended);
}

}  // namespace
}  // namespace holdfast
