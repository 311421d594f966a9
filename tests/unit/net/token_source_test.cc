#include "net/token_source.h"

#include <gtest/gtest.h>

#include <string>

namespace holdfast {
namespace {

using std::chrono::seconds;

// A file and a clock that the test sets.
struct World {
  Result<std::string> file = "one";
  FileToken::Clock::time_point now{};
  int reads = 0;

  FileToken token() {
    return FileToken(
        "/t",
        [this](const std::string& path) {
          EXPECT_EQ(path, "/t");
          ++reads;
          return file;
        },
        [this] { return now; });
  }
};

std::string read(FileToken& source) {
  const auto token = source.token();
  return token ? std::string(token->reveal()) : "error: " + token.error().message;
}

TEST(FileToken, B1_is_trimmed) {
  World world;
  world.file = "\n  abc.def\t\r\n";
  auto source = world.token();
  EXPECT_EQ(read(source), "abc.def");
}

TEST(FileToken, B1_is_read_again_after_60_s_less_10_s) {
  World world;
  auto source = world.token();
  EXPECT_EQ(read(source), "one");
  world.file = "two";
  world.now += seconds{49};
  EXPECT_EQ(read(source), "one");
  EXPECT_EQ(world.reads, 1);
  world.now += seconds{1};
  EXPECT_EQ(read(source), "two");
  EXPECT_EQ(world.reads, 2);
}

TEST(FileToken, B1_keeps_the_old_token_while_the_file_is_unreadable_or_empty) {
  World world;
  auto source = world.token();
  EXPECT_EQ(read(source), "one");
  world.now += seconds{50};
  world.file = fail(ErrorKind::Unauthorized, "gone");
  EXPECT_EQ(read(source), "one");
  world.now += seconds{10};
  world.file = " \n";
  EXPECT_EQ(read(source), "one");
  world.now += seconds{10};
  world.file = "two";
  EXPECT_EQ(read(source), "two");
}

TEST(FileToken, B1_an_unreadable_file_is_not_read_for_every_request) {
  World world;
  auto source = world.token();
  read(source);
  world.now += seconds{50};
  world.file = fail(ErrorKind::Unauthorized, "gone");
  read(source);
  read(source);
  EXPECT_EQ(world.reads, 2);
}

TEST(FileToken, B1_without_an_old_token_the_failure_is_told_and_the_next_call_reads_again) {
  World world;
  auto source = world.token();
  world.file = fail(ErrorKind::Unauthorized, "gone");
  EXPECT_EQ(read(source), "error: gone");
  world.file = "";
  EXPECT_EQ(read(source), "error: the token file is empty");
  EXPECT_EQ(source.token().error().kind, ErrorKind::Unauthorized);
  world.file = "late";
  EXPECT_EQ(read(source), "late");
}

TEST(FileToken, B9_after_a_rejection_the_next_token_is_fresh) {
  World world;
  auto source = world.token();
  EXPECT_EQ(read(source), "one");
  world.file = "two";
  world.now += seconds{1};
  EXPECT_EQ(read(source), "one");
  source.rejected();
  EXPECT_EQ(read(source), "two");
}

TEST(StaticToken, an_empty_token_is_an_error_and_not_an_anonymous_request) {
  StaticToken empty{Secret{}};
  ASSERT_FALSE(empty.token());
  EXPECT_EQ(empty.token().error().kind, ErrorKind::Unauthorized);
  StaticToken full{Secret{"x"}};
  EXPECT_EQ(full.token()->reveal(), "x");
}

}  // namespace
}  // namespace holdfast
