#include "net/tls_files.h"

#include <gtest/gtest.h>

#include <map>

namespace holdfast {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Files and a clock that the test sets.
struct World {
  std::map<std::string, Result<std::string>> files{{"/ca", "CA 1"}, {"/crt", "CRT 1"}, {"/key", "KEY 1"}};
  Clock::time_point now{};
  int reads = 0;

  TlsFiles make() {
    return TlsFiles(
        {"/ca", "/crt", "/key"}, {"CA 1", TlsIdentity{"CRT 1", Secret("KEY 1")}},
        [this](const std::string& path) {
          ++reads;
          return files.at(path);
        },
        [this] { return now; });
  }
};

TEST(TlsFiles, B2_certificate_and_key_are_looked_at_every_five_minutes) {
  World world;
  auto files = world.make();
  world.files["/crt"] = "CRT 2";
  world.files["/key"] = "KEY 2";
  world.now += minutes(5) - seconds(1);
  EXPECT_FALSE(files.changed());
  EXPECT_EQ(world.reads, 0);
  world.now += seconds(1);
  const auto renewed = files.changed();
  ASSERT_TRUE(renewed);
  EXPECT_EQ(renewed->identity->certificate_pem, "CRT 2");
  EXPECT_EQ(renewed->identity->key_pem.reveal(), "KEY 2");
  EXPECT_EQ(renewed->ca_pem, "CA 1");
  files.in_use(*renewed);
  world.now += minutes(5);
  EXPECT_FALSE(files.changed());
}

TEST(TlsFiles, B1_the_ca_is_looked_at_every_five_minutes_and_a_bad_file_keeps_the_old_one) {
  World world;
  auto files = world.make();
  for (const Result<std::string>& bad :
       {Result<std::string>(" \n"), Result<std::string>(fail(ErrorKind::Unauthorized, "gone"))}) {
    world.files["/ca"] = bad;
    world.now += minutes(5);
    EXPECT_FALSE(files.changed());
  }
  world.files["/ca"] = "CA 2";
  world.now += seconds(10);  // a bad file is looked at again sooner
  const auto renewed = files.changed();
  ASSERT_TRUE(renewed);
  EXPECT_EQ(renewed->ca_pem, "CA 2");
  EXPECT_EQ(renewed->identity->certificate_pem, "CRT 1");
}

TEST(TlsFiles, B2_what_could_not_be_used_is_offered_again_soon) {
  World world;
  auto files = world.make();
  world.files["/crt"] = "CRT 2";  // the key follows in a moment
  world.now += minutes(5);
  EXPECT_TRUE(files.changed());
  files.unusable();
  world.files["/key"] = "KEY 2";
  world.now += seconds(10);
  const auto renewed = files.changed();
  ASSERT_TRUE(renewed);
  EXPECT_EQ(renewed->identity->key_pem.reveal(), "KEY 2");
}

TEST(TlsFiles, bytes_of_the_configuration_never_change) {
  Clock::time_point now{};
  TlsFiles files(
      {}, {"CA", std::nullopt}, [](const std::string&) { return Result<std::string>("x"); }, [&now] { return now; });
  now += minutes(60);
  EXPECT_FALSE(files.changed());
}

}  // namespace
}  // namespace holdfast
