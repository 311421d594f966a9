#include "sources/chart_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace holdfast {
namespace {

using testing::HasSubstr;

// In small pieces, as a file is read.
ReadIndex pieces_of(const std::string& text) {
  return [rest = text](std::span<char> into) mutable -> Result<std::size_t> {
    const std::size_t count = std::min({into.size(), rest.size(), std::size_t{7}});
    std::memcpy(into.data(), rest.data(), count);
    rest.erase(0, count);
    return count;
  };
}

const std::string kHex(64, 'a');

const std::string kIndex = R"(apiVersion: v1
entries:
  database:
  - {version: 9.9.9, digest: )" +
                           kHex + R"(, urls: [database-9.9.9.tgz]}
  web:
  - apiVersion: v2
    created: "2024-01-01T00:00:00Z"
    dependencies:
    - {name: database, version: 1.x, repository: "https://charts.example"}
    digest: )" + kHex + R"(
    maintainers: [{name: version}]
    name: web
    urls:
    - https://elsewhere.example/web-1.10.0.tgz
    - https://mirror.example/web-1.10.0.tgz
    version: 1.10.0
  - {name: web, version: 1.9.0, digest: "sha256:)" +
                           kHex + R"(", urls: [charts/web-1.9.0.tgz]}
  - {name: web, version: 2.0.0-rc.1, digest: nonsense, urls: []}
  - {name: web, version: "2019.04"}
generated: "2024-01-01T00:00:00Z"
)";

TEST(ChartIndex, the_versions_of_one_chart_are_read_and_all_else_is_passed_over) {
  const auto versions = chart_versions(pieces_of(kIndex), "web");
  ASSERT_TRUE(versions) << describe(versions.error());
  ASSERT_EQ(versions->size(), 4U);
  EXPECT_EQ((*versions)[0].version, "1.10.0");
  EXPECT_EQ((*versions)[0].digest, kHex);
  EXPECT_EQ((*versions)[0].url, "https://elsewhere.example/web-1.10.0.tgz");
  EXPECT_EQ((*versions)[1].digest, kHex);
  EXPECT_EQ((*versions)[1].url, "charts/web-1.9.0.tgz");
  EXPECT_EQ((*versions)[2].digest, "");
  EXPECT_EQ((*versions)[2].url, "");
  EXPECT_EQ((*versions)[3].version, "2019.04");
}

TEST(ChartIndex, json_is_read_as_well) {
  const auto versions = chart_versions(
      pieces_of(R"({"apiVersion":"v1","entries":{"web":[{"version":"1.0.0","urls":["web-1.0.0.tgz"]}]}})"), "web");
  ASSERT_TRUE(versions) << describe(versions.error());
  EXPECT_EQ(versions->at(0).url, "web-1.0.0.tgz");
}

TEST(ChartIndex, a_chart_that_is_not_there_is_named_with_the_one_that_may_be_meant) {
  const auto versions = chart_versions(pieces_of(kIndex), "databse");
  ASSERT_FALSE(versions);
  EXPECT_EQ(versions.error().kind, ErrorKind::NotFound);
  EXPECT_THAT(versions.error().hint, HasSubstr("did you mean database?"));
}

TEST(ChartIndex, what_is_no_index_is_refused_with_its_line) {
  for (const char* text : {"", "<html>", "[]", "apiVersion: v1\n", "entries: []\n", "entries:\n  web: {}\n",
                           "entries:\n  web:\n  - 1\n", "entries: &a\n  web: *a\n"}) {
    const auto versions = chart_versions(pieces_of(text), "web");
    ASSERT_FALSE(versions) << text;
    EXPECT_EQ(versions.error().kind, ErrorKind::Invalid) << text << describe(versions.error());
  }
  const auto unquoted = chart_versions(pieces_of("entries:\n  web:\n  - version: 1.0.0\n    x: @\n"), "web");
  ASSERT_FALSE(unquoted);
  EXPECT_EQ(unquoted.error().where, "index.yaml:4");
  EXPECT_THAT(chart_versions(pieces_of("a: " + std::string(100'000, '[')), "web").error().message,
              HasSubstr("nests too deep"));
}

TEST(ChartIndex, an_index_that_cannot_be_read_to_its_end_says_why) {
  const ReadIndex broken = [](std::span<char>) -> Result<std::size_t> { return fail(ErrorKind::Internal, "the disk"); };
  EXPECT_EQ(chart_versions(broken, "web").error().message, "the disk");
}

TEST(ChartIndex, a_version_is_chosen_by_its_text_or_by_a_range) {
  const auto versions = chart_versions(pieces_of(kIndex), "web");
  ASSERT_TRUE(versions);
  EXPECT_EQ(choose_version(*versions, "*")->version, "1.10.0");
  EXPECT_EQ(choose_version(*versions, "<1.10")->version, "1.9.0");
  EXPECT_EQ(choose_version(*versions, "1.9.0")->version, "1.9.0");
  EXPECT_EQ(choose_version(*versions, "2019.04")->version, "2019.04");
  EXPECT_EQ(choose_version(*versions, ">=2.0.0-0")->version, "2.0.0-rc.1");
  EXPECT_EQ(choose_version(*versions, "^3").error().kind, ErrorKind::NotFound);
  EXPECT_EQ(choose_version(*versions, "newest").error().kind, ErrorKind::Invalid);
}

}  // namespace
}  // namespace holdfast
