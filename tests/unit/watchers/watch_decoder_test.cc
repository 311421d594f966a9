#include "watchers/watch_decoder.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

struct Seen {
  WatchEventType type;
  std::string object;
  bool operator==(const Seen&) const = default;
};

const std::string kStream = R"({"type":"ADDED","object":{"kind":"C","a":[1,{"b":"} \" \\"}]}})"
                            "\n"
                            R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}})"
                            "\n"
                            R"({"type":"DELETED","object":{"x":null}})"
                            "\n";
const std::vector<Seen> kEvents = {{WatchEventType::Added, R"({"kind":"C","a":[1,{"b":"} \" \\"}]})"},
                                   {WatchEventType::Bookmark, R"({"metadata":{"resourceVersion":"9"}})"},
                                   {WatchEventType::Deleted, R"({"x":null})"}};

std::vector<Seen> feed(WatchDecoder& decoder, std::string_view chunk) {
  std::vector<Seen> seen;
  const auto events = decoder.feed(chunk);
  EXPECT_TRUE(events) << describe(events.error());
  if (events)
    for (const WatchEvent& event : *events) seen.push_back({event.type, std::string(event.object_json)});
  return seen;
}

TEST(WatchDecoder, A15_many_events_in_one_chunk) {
  WatchDecoder decoder;
  EXPECT_EQ(feed(decoder, kStream), kEvents);
}

TEST(WatchDecoder, A15_event_split_at_every_byte) {
  for (std::size_t at = 0; at <= kStream.size(); ++at) {
    WatchDecoder decoder;
    std::vector<Seen> seen = feed(decoder, std::string_view(kStream).substr(0, at));
    for (const Seen& event : feed(decoder, std::string_view(kStream).substr(at))) seen.push_back(event);
    EXPECT_EQ(seen, kEvents) << at;
  }
}

TEST(WatchDecoder, A15_byte_by_byte) {
  WatchDecoder decoder;
  std::vector<Seen> seen;
  for (const char c : kStream)
    for (const Seen& event : feed(decoder, std::string_view(&c, 1))) seen.push_back(event);
  EXPECT_EQ(seen, kEvents);
}

TEST(WatchDecoder, V34_the_object_keeps_its_bytes_whatever_is_around_it) {
  WatchDecoder decoder;
  const std::vector<Seen> seen = feed(decoder, "{ \"object\" : { \"a\" : 1.0 } , \"type\" : \"MODIFIED\" }\r\n\n");
  EXPECT_EQ(seen, (std::vector<Seen>{{WatchEventType::Modified, "{ \"a\" : 1.0 }"}}));
}

TEST(WatchDecoder, fault_13_a_cut_event_is_never_returned) {
  WatchDecoder decoder;
  const std::string line = R"({"type":"ADDED","object":{"a":1}})";
  EXPECT_TRUE(feed(decoder, line).empty());
  decoder.reset();
  EXPECT_EQ(feed(decoder, line + "\n").size(), 1U);
}

TEST(WatchDecoder, A15_bad_events_are_protocol_errors) {
  for (const char* const line :
       {"{\"type\":\"ADDED\"}\n", "{\"object\":{}}\n", "{\"type\":\"NEW\",\"object\":{}}\n",
        "{\"type\":\"ADDED\",\"object\":{\n", "{\"type\":\"ADDED\",\"object\":3}\n", "oops\n", "[]\n",
        "{\"type\":\"ADDED\",\"object\":{}}{\"type\":\"ADDED\",\"object\":{}}\n", "{\"type\":\"ADDED\n"}) {
    WatchDecoder decoder;
    const auto events = decoder.feed(line);
    ASSERT_FALSE(events) << line;
    EXPECT_EQ(events.error().kind, ErrorKind::Protocol) << line;
  }
}

TEST(WatchDecoder, A15_the_bound_holds_with_and_without_a_line_end) {
  const std::string line = R"({"type":"ADDED","object":{"a":"xxxxxxxx"}})";
  WatchDecoder fits(line.size());
  EXPECT_EQ(feed(fits, line + "\n").size(), 1U);
  WatchDecoder ended(line.size() - 1);
  const auto with_end = ended.feed(line + "\n");
  ASSERT_FALSE(with_end);
  EXPECT_EQ(with_end.error().kind, ErrorKind::TooLarge);
  WatchDecoder open(line.size() - 1);
  EXPECT_FALSE(open.feed(line));
}

TEST(WatchDecoder, fault_11_15_MiB_work_and_17_MiB_do_not) {
  const auto event = [](std::size_t bytes) {
    return R"({"type":"ADDED","object":{"a":")" + std::string(bytes, 'x') + "\"}}\n";
  };
  const auto run = [](const std::string& text) {
    WatchDecoder decoder;
    std::size_t events = 0;
    constexpr std::size_t kChunk = 64UL * 1024;
    for (std::size_t at = 0; at < text.size(); at += kChunk) {
      const auto got = decoder.feed(std::string_view(text).substr(at, kChunk));
      if (!got) return got.error().kind == ErrorKind::TooLarge ? -1 : -2;
      events += got->size();
    }
    return static_cast<int>(events);
  };
  EXPECT_EQ(run(event(15UL * 1024 * 1024)), 1);
  EXPECT_EQ(run(event(17UL * 1024 * 1024)), -1);
}

TEST(WatchDecoder, V35_bookmarks_have_only_a_version) {
  const auto plain = read_bookmark(R"({"metadata":{"resourceVersion":"26249"}})");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->resource_version.value, "26249");
  EXPECT_FALSE(plain->ends_initial_events);
  EXPECT_FALSE(read_bookmark(R"({"metadata":{}})"));
  EXPECT_FALSE(read_bookmark("{"));
}

TEST(WatchDecoder, A7_the_end_of_the_initial_events_is_marked_in_a_bookmark) {
  const auto end = read_bookmark(
      R"({"kind":"Event","apiVersion":"v1","metadata":{"resourceVersion":"7","annotations":{"k8s.io/initial-events-end":"true"}},)"
      R"("involvedObject":{},"firstTimestamp":null})");
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->ends_initial_events);
  const auto other =
      read_bookmark(R"({"metadata":{"resourceVersion":"7","annotations":{"k8s.io/initial-events-end":"no"}}})");
  EXPECT_FALSE(other->ends_initial_events);
}

}  // namespace
}  // namespace holdfast
