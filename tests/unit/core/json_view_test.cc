#include "holdfast/model/json_view.h"

#include <gtest/gtest.h>

#include <string>

namespace holdfast {
namespace {

// What a walk over the whole value reads, in the plainest words.
std::string walk(JsonCursor& cursor) {
  std::string out;
  if (cursor.peek() == '{') {
    for (JsonMembers members(cursor); members.next();) out += std::string(members.key()) + "=" + walk(cursor) + ";";
    return "{" + out + "}";
  }
  if (cursor.peek() == '[') {
    for (JsonItems items(cursor); items.next();) out += walk(cursor) + ",";
    return "[" + out + "]";
  }
  return std::string(cursor.scalar());
}

std::string read(std::string_view text) {
  JsonIndexer indexer;
  const Result<JsonView> view = indexer.view(text);
  if (!view) return "refused";
  JsonCursor cursor = view->cursor();
  std::string told = walk(cursor);
  return cursor.ok() && cursor.at_end() ? told : "failed";
}

TEST(JsonView, reads_every_kind_of_value_as_it_is_written) {
  EXPECT_EQ(read(R"({"a":1,"b":[true,null,"x\"y",-2.50e3,{}],"c":{"d":[]}})"),
            R"({a=1;b=[true,null,"x\"y",-2.50e3,{},];c={d=[];};})");
  EXPECT_EQ(read(" { \"a\" :\n 1 , \"b\" : [ 2 , 3 ] } \r\n"), "{a=1;b=[2,3,];}");
  EXPECT_EQ(read("{}"), "{}");
}

TEST(JsonView, what_is_no_json_is_refused_or_fails_the_walk) {
  for (const char* const text :
       {"", " ", "{", "}", "[}", "{]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{1:2}",
        "[1 2]", "[1,]", "[,]", "{\"a\":\"x}", "{\"a\":\"\n\"}", "{\"a\":1}{\"b\":2}", "{\"a\":\"\xff\"}"}) {
    const std::string told = read(text);
    EXPECT_TRUE(told == "refused" || told == "failed") << text << " was read as " << told;
  }
}

TEST(JsonView, A15_cut_off_anywhere_it_is_refused) {
  const std::string text = R"({"a":[1,{"b":"c"}],"d":{"e":null}})";
  ASSERT_EQ(read(text), R"({a=[1,{b="c";},];d={e=null;};})");
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_EQ(read(std::string_view(text).substr(0, size)), "refused") << size;
}

TEST(JsonView, a_value_can_be_skipped_taken_as_text_and_walked_again) {
  JsonIndexer indexer;
  const std::string text = R"({"skipped":{"x":[1,2,{"y":"}"}]}, "kept" : [ {"z":1} , 2 ] ,"last":"end"})";
  const Result<JsonView> view = indexer.view(text);
  ASSERT_TRUE(view);
  for (int again = 0; again < 2; ++again) {
    JsonCursor cursor = view->cursor();
    std::string_view kept, last;
    for (JsonMembers members(cursor); members.next();) {
      if (members.key() == "kept")
        kept = cursor.raw();
      else if (members.key() == "last")
        last = cursor.plain_string();
      else
        cursor.skip();
    }
    EXPECT_TRUE(cursor.ok());
    EXPECT_EQ(kept, R"([ {"z":1} , 2 ])");
    EXPECT_EQ(last, "end");
  }
}

TEST(JsonView, a_failed_cursor_stays_failed) {
  JsonIndexer indexer;
  const std::string text = R"({"a":1})";
  JsonCursor cursor = indexer.view(text)->cursor();
  cursor.expect('[');
  EXPECT_FALSE(cursor.ok());
  cursor.skip();
  EXPECT_EQ(cursor.raw(), "");
  EXPECT_EQ(cursor.plain_string(), "");
  for (JsonMembers members(cursor); members.next();) FAIL();
  for (JsonItems items(cursor); items.next();) FAIL();
  EXPECT_FALSE(cursor.ok());
}

TEST(JsonView, a_plain_string_has_no_escapes) {
  JsonIndexer indexer;
  const std::string text = R"(["plain","es\u0063aped"])";
  JsonCursor cursor = indexer.view(text)->cursor();
  JsonItems items(cursor);
  ASSERT_TRUE(items.next());
  EXPECT_EQ(cursor.plain_string(), "plain");
  ASSERT_TRUE(items.next());
  EXPECT_EQ(cursor.plain_string(), "");
  EXPECT_FALSE(cursor.ok());
}

}  // namespace
}  // namespace holdfast
