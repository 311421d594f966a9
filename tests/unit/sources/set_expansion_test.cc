// From a set and what its generators have to the applications that are wanted: purely.
#include "sources/set_expansion.h"

#include <gtest/gtest.h>

#include "sources/application_set_reader.h"
#include "sources/branch_slug.h"
#include "sources/generator_source.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::sys_seconds kNow{1'800'000'000s};

std::string text_of(const std::string& generators, const std::string& more = "",
                    const std::string& name = "web-{{branchSlug}}") {
  return R"({"apiVersion":"holdfast.dev/v1alpha1","kind":"ApplicationSet",
    "metadata":{"name":"s","namespace":"teams","uid":"u-1"},
    "spec":{"generators":[)" +
         generators + R"(],"template":{"metadata":{"name":")" + name +
         R"("},"spec":{"source":{"repoURL":"https://git.example/shop.git","path":"app"}}})" + more + "}}";
}

std::string branches(const std::string& more = "") {
  return R"({"branches":{"repoURL":"https://git.example/shop.git","match":"feature/*")" + more + "}}";
}

ApplicationSet set_of(const std::string& text) {
  auto read = read_application_set(parse_json(text).value().as_object());
  EXPECT_TRUE(read) << describe(read.error());
  return read ? *read : ApplicationSet{};
}

GeneratedElement branch(const std::string& name, std::int64_t age_s = 0) {
  return {"branch " + name,
          {{"branch", name}, {"branchSlug", slug_of(name)}, {"commit", std::string(40, 'a')}},
          age_s == 0 ? 0 : kNow.time_since_epoch().count() - age_s};
}

std::vector<std::string> names_of(const Expansion& expansion) {
  std::vector<std::string> names;
  for (const auto& [name, wanted] : expansion.wanted) names.push_back(name);
  return names;
}

std::string reason_of(const Expansion& expansion, const std::string& element) {
  for (const LeftOut& one : expansion.left_out)
    if (one.element == element) return one.reason;
  return {};
}

TEST(SetExpansion, each_element_is_an_application_of_the_set) {
  const ApplicationSet set = set_of(text_of(branches()));
  const GeneratorReading reading = std::vector{branch("feature/a"), branch("feature/b")};
  const Expansion made = expand(set, std::span(&reading, 1), {}, kNow);
  EXPECT_TRUE(made.complete);
  EXPECT_EQ(made.matched, 2U);
  ASSERT_EQ(made.wanted.size(), 2U);
  const ExpandedApplication& wanted = made.wanted.begin()->second;
  EXPECT_EQ(wanted.element, "branch feature/a");
  EXPECT_EQ(string_at(wanted.document, {"metadata", "namespace"}), "teams");
  EXPECT_EQ(string_at(wanted.document, {"metadata", "labels", kSetLabel}), "s");
  EXPECT_EQ(string_at(wanted.document, {"metadata", "annotations", kElementAnnotation}), "branch feature/a");
  EXPECT_EQ(string_at(wanted.document.at("metadata").at("ownerReferences").at(0), {"uid"}), "u-1");
}

TEST(SetExpansion, its_applications_are_held_by_its_own_installation) {
  ApplicationSet set = set_of(text_of(branches()));
  EXPECT_EQ(set.installation, "");
  json::object labelled = parse_json(text_of(branches())).value().as_object();
  labelled["metadata"].as_object()["labels"] = json::object{{"holdfast.dev/installation", "team-a"}};
  set = set_of(to_json(labelled));
  const GeneratorReading reading = std::vector{branch("feature/a")};
  const Expansion made = expand(set, std::span(&reading, 1), {}, kNow);
  ASSERT_EQ(made.wanted.size(), 1U);
  EXPECT_EQ(string_at(made.wanted.begin()->second.document, {"metadata", "labels", "holdfast.dev/installation"}),
            "team-a");
}

TEST(SetExpansion, what_could_not_be_read_is_unknown_and_the_rest_is_made) {
  const ApplicationSet set = set_of(text_of(branches() + "," + branches()));
  const GeneratorReading readings[] = {fail(ErrorKind::Unreachable, "away"), std::vector{branch("feature/a")}};
  const Expansion made = expand(set, readings, {{"web-x", "branch x"}}, kNow);
  EXPECT_FALSE(made.complete);
  EXPECT_EQ(made.wanted.size(), 1U);
  EXPECT_FALSE(expand(set, std::span(readings, 1), {}, kNow).complete) << "one was not read yet";
}

TEST(SetExpansion, the_most_are_those_that_run_and_then_the_newest) {
  const ApplicationSet set = set_of(text_of(branches(R"(,"max":2)")));
  const GeneratorReading reading =
      std::vector{branch("feature/a", 900), branch("feature/b", 10), branch("feature/c", 20), branch("feature/d", 30)};
  const std::string a = "web-" + slug_of("feature/a"), b = "web-" + slug_of("feature/b"),
                    c = "web-" + slug_of("feature/c");
  EXPECT_EQ(names_of(expand(set, std::span(&reading, 1), {}, kNow)), (std::vector{b, c}));
  const Expansion made = expand(set, std::span(&reading, 1), {{a, "branch feature/a"}}, kNow);
  EXPECT_EQ(names_of(made), (std::vector{a, b})) << "one that runs is not taken away because others come";
  EXPECT_EQ(reason_of(made, "branch feature/c"), "MaxReached");
  EXPECT_EQ(reason_of(made, "branch feature/d"), "MaxReached");
  EXPECT_EQ(made.matched, 4U);
}

TEST(SetExpansion, a_branch_ends_with_its_time_to_live) {
  const ApplicationSet set = set_of(text_of(branches(R"(,"timeToLive":"1h")")));
  const GeneratorReading reading =
      std::vector{branch("feature/a", 3599), branch("feature/b", 3600), branch("feature/unknown")};
  const Expansion made = expand(set, std::span(&reading, 1), {}, kNow);
  EXPECT_EQ(made.wanted.size(), 2U);
  EXPECT_EQ(reason_of(made, "branch feature/b"), "Expired");
}

TEST(SetExpansion, two_of_one_name_are_told_and_the_one_that_has_it_keeps_it) {
  const ApplicationSet set =
      set_of(text_of(R"({"list":{"elements":[{"env":"a","n":"x"},{"env":"b","n":"x"}]}})", "", "web-{{n}}"));
  const GeneratorReading reading = elements_of(std::get<ListGenerator>(set.generators[0]));
  const Expansion first = expand(set, std::span(&reading, 1), {}, kNow);
  EXPECT_EQ(first.wanted.at("web-x").element, "element env=a n=x");
  EXPECT_EQ(reason_of(first, "element env=b n=x"), "NameTaken");
  const Expansion later = expand(set, std::span(&reading, 1), {{"web-x", "element env=b n=x"}}, kNow);
  EXPECT_EQ(later.wanted.at("web-x").element, "element env=b n=x");
}

// A template that does not work for one of them is no reason to delete what it made before.
TEST(SetExpansion, what_cannot_be_made_any_more_stays) {
  const ApplicationSet set = set_of(text_of(branches(), "", "an-application-with-a-long-name-{{branchSlug}}"));
  const GeneratorReading reading = std::vector{branch("feature/a")};
  const Expansion made = expand(set, std::span(&reading, 1), {{"web-a", "branch feature/a"}}, kNow);
  EXPECT_TRUE(made.complete);
  EXPECT_TRUE(made.wanted.empty());
  EXPECT_TRUE(made.kept.contains("web-a"));
  EXPECT_EQ(reason_of(made, "branch feature/a"), "Invalid");
}

TEST(SetExpansion, a_preview_is_confined_to_its_namespace_and_ends_with_it) {
  const ApplicationSet set = set_of(text_of(branches(), R"(,"preview":{"namespace":"preview-{{branchSlug}}"})"));
  const GeneratorReading reading = std::vector{branch("feature/a")};
  const Expansion made = expand(set, std::span(&reading, 1), {}, kNow);
  ASSERT_EQ(made.wanted.size(), 1U);
  const ExpandedApplication& wanted = made.wanted.begin()->second;
  EXPECT_EQ(wanted.preview_namespace, "preview-" + slug_of("feature/a"));
  EXPECT_EQ(to_json(wanted.document.at("spec").at("destination")),
            R"({"namespace":")" + wanted.preview_namespace + R"(","confined":true})");
  EXPECT_EQ(string_at(wanted.document, {"spec", "deletionPolicy"}), "Prune");
}

TEST(SetExpansion, another_template_has_another_digest) {
  const GeneratorReading reading = std::vector{branch("feature/a")};
  const auto digest = [&](const std::string& more) {
    const Expansion made = expand(set_of(text_of(branches(), more)), std::span(&reading, 1), {}, kNow);
    return std::string(
        string_at(made.wanted.begin()->second.document, {"metadata", "annotations", kTemplateAnnotation}));
  };
  EXPECT_EQ(digest(""), digest(R"(,"suspend":true)"));
  EXPECT_NE(digest(""), digest(R"(,"preview":{"namespace":"preview-{{branchSlug}}"})"));
}

TEST(Branches, a_glob_is_about_the_whole_name) {
  BranchGenerator generator;
  generator.match = "feature/*";
  generator.exclude = "feature/wip-*";
  RemoteRefs refs;
  for (const char* ref : {"refs/heads/feature/a", "refs/heads/feature/a/b", "refs/heads/feature/wip-x",
                          "refs/heads/x/feature/a", "refs/heads/main", "refs/tags/feature/t", "HEAD"})
    refs.objects[ref] = std::string(40, 'a');
  const auto one = branches_of(generator, refs);
  ASSERT_TRUE(one);
  ASSERT_EQ(one->size(), 1U);
  EXPECT_EQ(one->front().name, "branch feature/a");
  generator.match = "main";
  EXPECT_EQ(branches_of(generator, refs)->size(), 1U);
  generator.match = "**";
  EXPECT_EQ(branches_of(generator, refs)->size(), 4U);
}

TEST(Branches, a_repository_that_shows_nothing_at_all_is_unknown) {
  BranchGenerator generator;
  generator.match = "feature/*";
  EXPECT_FALSE(branches_of(generator, RemoteRefs{}));
  RemoteRefs refs;
  refs.objects["HEAD"] = std::string(40, 'a');
  ASSERT_TRUE(branches_of(generator, refs));
  EXPECT_TRUE(branches_of(generator, refs)->empty());
}

}  // namespace
}  // namespace holdfast
