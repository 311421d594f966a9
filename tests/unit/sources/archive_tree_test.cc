#include "sources/archive_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/unit/sources/archive_maker.h"
#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

using testing::HasSubstr;

class ArchiveTree : public testing::Test {
 protected:
  using Tree = Result<std::unique_ptr<RevisionTree>>;

  Tree open(ArchiveMaker& maker, bool inside_folder = false) const {
    return open_archive({maker.done(), "latest@sha256:1", 7, "oci://here/web", inside_folder, limits});
  }
  Tree open(FileDescriptor file) const {
    return open_archive({std::move(file), "latest@sha256:1", 7, "oci://here/web", false, limits});
  }
  [[nodiscard]] std::string path() const { return folder / "archive"; }

  void expect_refused(const Tree& tree, ErrorKind kind, const std::string& words) const {
    ASSERT_FALSE(tree);
    EXPECT_EQ(tree.error().kind, kind) << describe(tree.error());
    EXPECT_EQ(tree.error().where, "oci://here/web");
    EXPECT_THAT(tree.error().message, HasSubstr(words));
  }

  static std::vector<std::string> names(RevisionTree& tree, const std::string& below) {
    std::vector<std::string> found;
    const auto entries = tree.list(below);
    EXPECT_TRUE(entries) << below;
    if (entries)
      for (const TreeEntry& entry : *entries) found.push_back(entry.name);
    return found;
  }

  TemporaryFolder folder;
  ArchiveLimits limits;
};

TEST_F(ArchiveTree, files_are_read_by_their_paths_packed_or_not) {
  for (const bool packed : {true, false}) {
    ArchiveMaker maker(path(), packed);
    maker.folder("./").folder("./apps/").file("./apps/web.yaml", "one").file("top.yaml", "two").folder("empty");
    const auto tree = open(maker);
    ASSERT_TRUE(tree) << describe(tree.error());
    EXPECT_EQ((*tree)->revision(), "latest@sha256:1");
    EXPECT_EQ((*tree)->committed_s(), 7);
    EXPECT_EQ(names(**tree, ""), (std::vector<std::string>{"apps", "empty", "top.yaml"}));
    EXPECT_EQ((*tree)->read("apps/web.yaml").value(), "one");
    EXPECT_EQ((*tree)->entry("apps")->kind, TreeEntry::Kind::Folder);
    EXPECT_EQ((*tree)->entry("apps/other").error().kind, ErrorKind::NotFound);
    EXPECT_EQ((*tree)->read("apps").error().kind, ErrorKind::Invalid);
    EXPECT_EQ((*tree)->list("top.yaml").error().kind, ErrorKind::Invalid);
    EXPECT_EQ((*tree)->entry("top.yaml/below").error().kind, ErrorKind::NotFound);
  }
}

TEST_F(ArchiveTree, ids_follow_the_bytes_and_the_names_and_nothing_else) {
  ArchiveMaker first(path());
  first.file("a/x", "1").file("b/x", "1").file("c/y", "1").file("d/x", "2").folder("e/f");
  const auto tree = open(first);
  ASSERT_TRUE(tree);
  const auto id = [&](const char* of) { return (*tree)->entry(of)->id; };
  EXPECT_EQ(id("a"), id("b"));
  EXPECT_NE(id("a"), id("c"));
  EXPECT_NE(id("a"), id("d"));
  EXPECT_EQ(id("a/x"), "sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b");
  ArchiveMaker second(folder / "second", false);
  second.file("d/x", "2").file("c/y", "1").file("b/x", "1").file("a/x", "1").folder("e").folder("e/f");
  EXPECT_EQ(open(second).value()->entry("")->id, id(""));
}

TEST_F(ArchiveTree, names_may_be_long_and_in_any_script) {
  const std::string long_name = std::string(120, 'a') + "/" + std::string(120, 'b') + "/f\xc3\xbcr-alle.yaml";
  ArchiveMaker maker(path());
  maker.file(long_name, "long");
  const auto tree = open(maker);
  ASSERT_TRUE(tree) << describe(tree.error());
  EXPECT_EQ((*tree)->read(long_name).value(), "long");
}

TEST_F(ArchiveTree, a_later_entry_takes_the_place_of_an_earlier_one) {
  ArchiveMaker maker(path());
  maker.file("a.yaml", "1").file("a.yaml", "2");
  EXPECT_EQ(open(maker).value()->read("a.yaml").value(), "2");
}

TEST_F(ArchiveTree, names_that_lead_out_are_refused) {
  for (const char* name : {"/etc/passwd", "../web.yaml", "a/../../web.yaml"}) {
    ArchiveMaker maker(path());
    maker.file("good.yaml", "1").file(name, "1");
    expect_refused(open(maker), ErrorKind::Invalid, name);
  }
}

TEST_F(ArchiveTree, links_are_kept_as_links_and_may_not_lead_out) {
  ArchiveMaker maker(path());
  maker.file("a/web.yaml", "1").link("b/web.yaml", "../a/web.yaml");
  const auto tree = open(maker);
  ASSERT_TRUE(tree) << describe(tree.error());
  EXPECT_EQ((*tree)->read_link("b/web.yaml").value(), "../a/web.yaml");
  EXPECT_EQ((*tree)->read("b/web.yaml").error().kind, ErrorKind::Invalid);
  for (const char* target : {"/etc/passwd", "../../etc/passwd", "../a/../../x"}) {
    ArchiveMaker bad(path());
    bad.link("b/web.yaml", target);
    expect_refused(open(bad), ErrorKind::Invalid, "b/web.yaml: is a link that leads out");
  }
}

TEST_F(ArchiveTree, nothing_is_below_a_link_or_a_file) {
  ArchiveMaker through_link(path());
  through_link.folder("real").link("a", "real").file("a/web.yaml", "1");
  expect_refused(open(through_link), ErrorKind::Invalid, "below what is no folder");
  ArchiveMaker both(path());
  both.file("a/web.yaml", "1").file("a", "1");
  expect_refused(open(both), ErrorKind::Invalid, "a folder and something else");
}

TEST_F(ArchiveTree, a_hard_link_is_the_file_that_came_before) {
  ArchiveMaker maker(path());
  maker.file("a.yaml", "same").hard_link("b.yaml", "a.yaml");
  EXPECT_EQ(open(maker).value()->read("b.yaml").value(), "same");
  ArchiveMaker missing(path());
  missing.hard_link("b.yaml", "a.yaml");
  expect_refused(open(missing), ErrorKind::Invalid, "is the same as a.yaml, which is not there");
  ArchiveMaker outside(path());
  outside.hard_link("b.yaml", "../a.yaml");
  expect_refused(open(outside), ErrorKind::Invalid, "leads out");
}

TEST_F(ArchiveTree, devices_are_refused) {
  ArchiveMaker maker(path());
  maker.device("null");
  expect_refused(open(maker), ErrorKind::Invalid, "null: is a device");
}

TEST_F(ArchiveTree, a_large_file_is_there_and_is_not_read) {
  limits.file_bytes = 1000;
  ArchiveMaker maker(path());
  maker.file("binary", std::string(1001, 'x')).file("web.yaml", std::string(1000, 'y'));
  const auto tree = open(maker);
  ASSERT_TRUE(tree);
  EXPECT_FALSE((*tree)->entry("binary")->id.empty());
  EXPECT_EQ((*tree)->read("binary").error().kind, ErrorKind::TooLarge);
  EXPECT_TRUE((*tree)->read("web.yaml"));
}

TEST_F(ArchiveTree, what_unpacks_beyond_the_bounds_is_refused) {
  limits.entry_count = 2;
  ArchiveMaker many(path());
  many.file("a", "1").file("b", "1").file("c", "1");
  expect_refused(open(many), ErrorKind::TooLarge, "more than 2 files");
  limits = {};
  limits.total_bytes = 10'000;
  ArchiveMaker large(path());
  large.file("a", std::string(6000, 'x')).file("b", std::string(6000, 'y'));
  expect_refused(open(large), ErrorKind::TooLarge, "more than 10000 bytes");
  limits = {};
  limits.ratio_from_bytes = 100'000;
  ArchiveMaker bomb(path());
  bomb.file("a", std::string(1'000'000, '\0'));
  expect_refused(open(bomb), ErrorKind::TooLarge, "200 times its size");
  limits = {};
  ArchiveMaker deep(path());
  std::string name = "x";
  for (int i = 0; i < 70; ++i) name = "d/" + name;
  deep.file(name, "1");
  expect_refused(open(deep), ErrorKind::TooLarge, "nest deeper than 64");
}

TEST_F(ArchiveTree, what_is_no_archive_or_ends_too_early_is_refused) {
  std::ofstream(path()) << "apiVersion: v1\n";
  expect_refused(open(FileDescriptor(::open(path().c_str(), O_RDONLY))), ErrorKind::Invalid, "no tar archive");
  ArchiveMaker maker(path());
  maker.file("a", std::string(200'000, 'x') + "end");
  maker.done();
  std::filesystem::resize_file(path(), std::filesystem::file_size(path()) - 20);
  expect_refused(open(FileDescriptor(::open(path().c_str(), O_RDONLY))), ErrorKind::Invalid, "no tar archive");
  EXPECT_FALSE(open(FileDescriptor()));
}

TEST_F(ArchiveTree, a_charts_folder_is_left_out_of_the_names) {
  ArchiveMaker chart(path());
  chart.file("web/Chart.yaml", "name: web").file("web/templates/web.yaml", "1");
  EXPECT_EQ(names(*open(chart, true).value(), ""), (std::vector<std::string>{"Chart.yaml", "templates"}));
  ArchiveMaker two(path());
  two.file("web/Chart.yaml", "name: web").file("other/Chart.yaml", "1");
  expect_refused(open(two, true), ErrorKind::Invalid, "not just one folder");
}

}  // namespace
}  // namespace holdfast
