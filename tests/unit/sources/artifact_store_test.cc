#include "sources/artifact_store.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

class ArtifactStoreTest : public testing::Test {
 protected:
  [[nodiscard]] ArtifactStore store(std::uint64_t limit_bytes = 1 << 20) const {
    return ArtifactStore::open({folder / "artifacts", limit_bytes}).value();
  }
  static std::string digest(const std::string& bytes) { return "sha256:" + to_hex(sha256(bytes)); }
  static Result<ArtifactStore::Incoming::Stored> put(const ArtifactStore& into, const std::string& bytes,
                                                     const std::string& promised = {}) {
    auto incoming = into.begin();
    EXPECT_TRUE(incoming);
    EXPECT_TRUE(incoming->write(bytes.substr(0, bytes.size() / 2)));
    EXPECT_TRUE(incoming->write(bytes.substr(bytes.size() / 2)));
    EXPECT_EQ(incoming->size_bytes(), bytes.size());
    return incoming->finish(promised);
  }
  static std::string text_of(const FileDescriptor& file) {
    std::array<char, 4096> bytes{};
    const auto got = ::read(file.get(), bytes.data(), bytes.size());
    return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  }
  [[nodiscard]] std::string file_of(const std::string& bytes) const {
    return folder / ("artifacts/sha256/" + to_hex(sha256(bytes)));
  }
  [[nodiscard]] std::size_t file_count() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& one : std::filesystem::directory_iterator(folder / "artifacts/sha256")) ++count;
    return count;
  }

  TemporaryFolder folder;
};

TEST_F(ArtifactStoreTest, what_was_kept_is_found_by_its_digest_and_by_another_daemon) {
  const ArtifactStore one = store(), other = store();
  const auto stored = put(one, "bytes", digest("bytes"));
  ASSERT_TRUE(stored) << describe(stored.error());
  EXPECT_EQ(stored->digest, digest("bytes"));
  EXPECT_EQ(text_of(stored->file), "bytes");
  EXPECT_EQ(text_of(*other.find(digest("bytes"))), "bytes");
  EXPECT_TRUE(put(other, "bytes"));
  EXPECT_EQ(one.find(digest("others")).error().kind, ErrorKind::NotFound);
  EXPECT_EQ(one.find("sha512:00").error().kind, ErrorKind::Invalid);
}

TEST_F(ArtifactStoreTest, other_bytes_than_were_promised_are_not_kept) {
  const ArtifactStore one = store();
  const auto stored = put(one, "forged", digest("bytes"));
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().kind, ErrorKind::Protocol);
  EXPECT_EQ(file_count(), 0U);
}

TEST_F(ArtifactStoreTest, what_is_given_up_leaves_nothing_behind) {
  const ArtifactStore one = store();
  EXPECT_TRUE(one.begin()->write("half"));
  EXPECT_EQ(file_count(), 0U);
}

TEST_F(ArtifactStoreTest, a_damaged_entry_is_removed_and_may_come_again) {
  const ArtifactStore one = store();
  ASSERT_TRUE(put(one, "bytes"));
  for (const std::string& damaged : {std::string("bytez"), std::string("byte"), std::string()}) {
    std::ofstream(file_of("bytes"), std::ios::trunc) << damaged;
    EXPECT_EQ(one.find(digest("bytes")).error().kind, ErrorKind::NotFound);
    EXPECT_EQ(file_count(), 0U);
    ASSERT_TRUE(put(one, "bytes"));
    EXPECT_TRUE(one.find(digest("bytes")));
  }
}

TEST_F(ArtifactStoreTest, what_was_used_longest_ago_goes_first) {
  const ArtifactStore one = store(2500);
  const std::string a(1000, 'a'), b(1000, 'b'), c(1000, 'c');
  const auto now = std::filesystem::file_time_type::clock::now();
  ASSERT_TRUE(put(one, a) && put(one, b));
  std::filesystem::last_write_time(file_of(a), now - std::chrono::hours(2));
  std::filesystem::last_write_time(file_of(b), now - std::chrono::hours(1));
  ASSERT_TRUE(one.find(digest(a)));
  ASSERT_TRUE(put(one, c));
  EXPECT_TRUE(one.find(digest(a)));
  EXPECT_FALSE(one.find(digest(b)));
  EXPECT_TRUE(one.find(digest(c)));
  // One that is larger than all there may be is kept while it is the newest.
  const std::string large(3000, 'd');
  ASSERT_TRUE(put(one, large));
  EXPECT_TRUE(one.find(digest(large)));
  EXPECT_EQ(file_count(), 1U);
}

TEST_F(ArtifactStoreTest, what_a_killed_daemon_left_goes_after_a_day) {
  const ArtifactStore one = store();
  folder.write("artifacts/sha256/new.aaaaaa", "half");
  folder.write("artifacts/sha256/new.bbbbbb", "half");
  std::filesystem::last_write_time(folder / "artifacts/sha256/new.aaaaaa",
                                   std::filesystem::file_time_type::clock::now() - std::chrono::hours(25));
  ASSERT_TRUE(put(one, "bytes"));
  EXPECT_FALSE(std::filesystem::exists(folder / "artifacts/sha256/new.aaaaaa"));
  EXPECT_TRUE(std::filesystem::exists(folder / "artifacts/sha256/new.bbbbbb"));
}

TEST_F(ArtifactStoreTest, a_note_is_what_was_said_of_that_name_or_nothing) {
  const ArtifactStore one = store();
  EXPECT_FALSE(one.note("a"));
  ASSERT_TRUE(one.keep_note("a", "said\nof a") && one.keep_note("a", "said\nof a, later"));
  EXPECT_EQ(store().note("a"), "said\nof a, later");
  const std::string path = folder / ("artifacts/notes/" + to_hex(sha256("a")));
  std::filesystem::copy_file(path, folder / ("artifacts/notes/" + to_hex(sha256("b"))));
  EXPECT_FALSE(one.note("b"));
  std::ofstream(path, std::ios::app) << "x";
  EXPECT_FALSE(one.note("a"));
  EXPECT_FALSE(one.keep_note("c", std::string(70'000, 'x')));
}

TEST_F(ArtifactStoreTest, a_folder_that_cannot_be_made_is_named) {
  folder.write("file", "");
  const auto opened = ArtifactStore::open({folder / "file/artifacts"});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::Invalid);
}

}  // namespace
}  // namespace holdfast
