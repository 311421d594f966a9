// Documents of ApplicationSets: what is read, what is refused with what to do, and docs/previews.md beside the table.
#include "sources/application_set_reader.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "sources/application_set_fields.h"

namespace holdfast {
namespace {

std::string document(const std::string& generators, const std::string& template_, const std::string& more = "") {
  return "apiVersion: holdfast.dev/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s, namespace: teams}\nspec:\n"
         "  generators: " +
         generators + "\n  template: " + template_ + "\n" + more;
}

std::string template_of(const std::string& name, const std::string& spec = "") {
  return "{metadata: {name: '" + name + "'}, spec: {source: {repoURL: https://git.example/shop.git}" + spec + "}}";
}

constexpr const char* kBranches = "[{branches: {repoURL: https://git.example/shop.git, match: feature/*}}]";

Result<ApplicationSet> read(const std::string& text) { return read_application_set_file({"s.yaml", text}, "own"); }

void expect_error(const std::string& text, const std::string& part) {
  const auto refused = read(text);
  ASSERT_FALSE(refused) << text;
  EXPECT_TRUE(describe(refused.error()).contains(part)) << describe(refused.error());
}

TEST(ApplicationSetReader, a_set_is_read) {
  const auto set = read(document(
      "[{branches: {repoURL: https://git.example/shop.git, secretRef: {name: git}, match: feature/*, exclude: "
      "feature/wip-*, max: 3, timeToLive: 48h, interval: 10s}}, {directories: {repoURL: https://git.example/shop.git, "
      "ref: {tag: v1}, paths: [apps/*], exclude: [apps/old]}}, {list: {elements: [{branchSlug: x, commit: c, path: "
      "z}]}}]",
      template_of("{{commit}}"), "  pruneLimit: {applications: 2, percent: 5}\n  suspend: true\n"));
  ASSERT_TRUE(set) << describe(set.error());
  const auto& branches = std::get<BranchGenerator>(set->generators.at(0));
  EXPECT_EQ(branches.secret, "git");
  EXPECT_EQ(branches.max, 3U);
  EXPECT_EQ(branches.time_to_live, std::chrono::hours(48));
  EXPECT_EQ(branches.interval, std::chrono::seconds(10));
  const auto& directories = std::get<DirectoryGenerator>(set->generators.at(1));
  EXPECT_EQ(directories.ref, "v1");
  EXPECT_EQ(directories.paths, std::vector<std::string>{"apps/*"});
  EXPECT_EQ(std::get<ListGenerator>(set->generators.at(2)).elements.size(), 1U);
  EXPECT_EQ(set->prune_limit_applications, 2U);
  EXPECT_TRUE(set->suspend);
}

TEST(ApplicationSetReader, a_misspelt_parameter_says_the_nearest_and_where) {
  expect_error(document(kBranches, template_of("web-{{brnchSlug}}")),
               "spec.template.metadata.name: there is no parameter brnchSlug (spec.generators[0]) (did you mean "
               "{{branchSlug}}?)");
  expect_error(document(kBranches, template_of("web-{{branchSlug}}"), "  preview: {namespace: 'p-{{path}}'}\n"),
               "spec.preview.namespace: there is no parameter path");
  expect_error(document("[{list: {elements: [{a: k}, {a: l, b: m}]}}]", template_of("web-{{b}}")),
               "there is no parameter b");
}

TEST(ApplicationSetReader, what_cannot_be_is_refused_with_what_to_do) {
  expect_error(document("[]", template_of("{{a}}")), "spec.generators is empty");
  expect_error(document("[{branches: {repoURL: https://git.example/a.git, match: x}, list: {elements: []}}]",
                        template_of("{{branch}}")),
               "has to be one of branches, directories and list");
  expect_error(document(kBranches, template_of("web")), "is the same for all applications");
  expect_error(document(kBranches, template_of("web-{{branchSlug}}"), "  preview: {namespace: previews}\n"),
               "spec.preview.namespace is the same for all applications");
  expect_error(document(kBranches, template_of("web-{{branchSlug}}", ", destination: {namespace: shop}"),
                        "  preview: {namespace: 'p-{{branchSlug}}'}\n"),
               "spec.template.spec.destination is given");
  expect_error(document("[{branches: {repoURL: https://git.example/a.git, match: '[a]'}}]", template_of("{{branch}}")),
               "match is no glob");
  expect_error(
      document("[{branches: {repoURL: 'https://me:token@git.example/a.git', match: a}}]", template_of("{{branch}}")),
      "holds a user name or a password");
  expect_error(document(kBranches, template_of("web-{{branchSlug}}", ", sauce: {}")), "spec.template.spec.sauce");
  expect_error(document(kBranches, template_of("web-{{branchSlug}}"),
                        "  preview: {namespace: 'p-{{branchSlug}}', labels: {pod-security.kubernetes.io/enforce: "
                        "privileged}}\n"),
               "is not for a set to give (use spec.preview.podSecurity)");
  expect_error("apiVersion: v1\nkind: ConfigMap\n", "there is no ApplicationSet in it");
}

void add_rows(const ApplicationField& of, const std::string& prefix, std::string& text) {
  for (const ApplicationField& field : of.fields) {
    const std::string path = prefix + std::string(field.name);
    const std::string fallback = field.required           ? "required"
                                 : field.fallback.empty() ? ""
                                                          : "`" + std::string(field.fallback) + "`";
    text += "| `" + path + "` | " + type_text(field) + " | " + fallback + " | " + std::string(field.meaning) + " |\n";
    if (path != "spec.template.spec") add_rows(field, path + (field.type == FieldKind::ObjectList ? "[]." : "."), text);
  }
}

TEST(ApplicationSetReader, the_documentation_has_the_same_fields) {
  std::ifstream in(std::string(HOLDFAST_SOURCE_DIR) + "/docs/previews.md");
  std::ostringstream text;
  text << in.rdbuf();
  std::string rows;
  add_rows(application_set_document(), "", rows);
  EXPECT_TRUE(text.str().contains(rows)) << rows;
}

TEST(ApplicationSetReader, the_example_of_the_documentation_is_read) {
  std::ifstream in(std::string(HOLDFAST_SOURCE_DIR) + "/docs/previews.md");
  std::ostringstream all;
  all << in.rdbuf();
  const std::string text = all.str();
  const std::size_t begin = text.find("```yaml\n") + 8;
  ASSERT_LT(begin, text.size());
  const auto set = read(text.substr(begin, text.find("```", begin) - begin));
  EXPECT_TRUE(set) << describe(set.error());
}

}  // namespace
}  // namespace holdfast
