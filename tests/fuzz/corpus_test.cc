// What fuzzers found worth keeping, through the same functions: all of it in seconds, in any build.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz/target.h"

namespace holdfast::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostCorpusBytes = 1024UL * 1024;  // of all targets: it is kept in Git

fs::path corpus() { return fs::path(HOLDFAST_SOURCE_DIR) / "tests" / "fuzz" / "corpus"; }

std::string content_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class FuzzCorpus : public testing::TestWithParam<Target> {};

TEST_P(FuzzCorpus, holds) {
  std::size_t inputs = 0;
  for (const auto& entry : fs::directory_iterator(corpus() / GetParam().name)) {
    const std::string bytes = content_of(entry.path());
    try {
      GetParam().run(bytes);
    } catch (const std::exception& error) {
      ADD_FAILURE() << entry.path() << ": " << error.what();
    }
    ++inputs;
  }
  EXPECT_GE(inputs, 5U) << "no inputs of " << GetParam().name;
}

INSTANTIATE_TEST_SUITE_P(All, FuzzCorpus, testing::ValuesIn(all_targets().begin(), all_targets().end()),
                         [](const auto& target) { return std::string(target.param.name); });

TEST(FuzzCorpusFolder, is_small_and_all_of_it_has_a_target) {
  std::size_t bytes = 0;
  for (const auto& folder : fs::directory_iterator(corpus())) {
    const std::string name = folder.path().filename();
    EXPECT_TRUE(std::ranges::any_of(all_targets(), [&](const Target& target) { return target.name == name; })) << name;
    for (const auto& entry : fs::directory_iterator(folder)) bytes += fs::file_size(entry.path());
  }
  EXPECT_LE(bytes, kMostCorpusBytes) << "minimise it: ./dev fuzz TARGET --keep";
}

// The first byte of any input that breaks a property must reach whoever looks: what the targets throw is no crash.
TEST(FuzzCorpusFolder, a_broken_property_is_noticed) { EXPECT_THROW(hold(false, "on purpose"), Broken); }

}  // namespace
}  // namespace holdfast::fuzz
