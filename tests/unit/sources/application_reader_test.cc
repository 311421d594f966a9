#include "sources/application_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kHead = "apiVersion: holdfast.dev/v1alpha1\nkind: Application\n";

// Lines 1 to 3, and the spec from line 4 on.
std::string application(const std::string& name, const std::string& rest = "") {
  return kHead + "metadata: {name: " + name + "}\nspec:\n  source: {repoURL: /platform}\n" + rest;
}

Result<std::vector<Application>> read(const std::string& content, ApplicationReadOptions options = {}) {
  const std::vector<SourceFile> files{{"f.yaml", content}};
  return read_applications(files, options);
}

std::string error_of(const std::string& content, const ApplicationReadOptions& options = {}) {
  const auto result = read(content, options);
  return result ? "" : describe(result.error());
}

Application one(const std::string& content, const ApplicationReadOptions& options = {}) {
  auto result = read(content, options);
  if (result && result->size() == 1) return std::move(result->front());
  ADD_FAILURE() << (result ? "not one application" : describe(result.error()));
  return {};
}

// What is wrong with `rest`, which stands in spec from line 6 on.
std::string wrong(const std::string& rest) { return error_of(application("web", rest)); }

TEST(ApplicationReader, the_least_that_an_application_needs) {
  const Application read = one(application("web"));
  Application wanted;
  wanted.name = "web";
  wanted.origin = "f.yaml:1";
  wanted.source.repo_url = "/platform";
  EXPECT_EQ(read, wanted);
}

TEST(ApplicationReader, every_part_of_a_rule_is_read) {
  const Application read = one(application("web",
                                           "  drift:\n"
                                           "    policy: Warn\n"
                                           "    grace: 1m30s\n"
                                           "    rules:\n"
                                           "    - {target: {group: apps, kind: Deployment, namespace: shop, name: w*,\n"
                                           "                labels: {tier: web}}, paths: [/spec/replicas], grace: 5s}\n"
                                           "    - policy: Enforce\n"
                                           "  ignore:\n"
                                           "  - {paths: [/a, /b], managers: [hpa]}\n"
                                           "  pruneLimit: {percent: 5}\n"
                                           "  allowPrune: [Namespace/shop]\n"));
  EXPECT_EQ(read.policy, DriftPolicy::Warn);
  EXPECT_EQ(read.grace, 90s);
  const ObjectTarget target{"apps", "Deployment", "shop", "w*", {{"tier", "web"}}};
  ASSERT_EQ(read.rules.size(), 2u);
  EXPECT_EQ(read.rules[0], (DriftRule{target, {"/spec/replicas"}, DriftPolicy::Warn, 5s}));
  EXPECT_EQ(read.rules[1], (DriftRule{{}, {}, DriftPolicy::Enforce, 90s}));
  EXPECT_THAT(read.ignore, ElementsAre(IgnoreRule{{}, {"/a", "/b"}, {"hpa"}}));
  EXPECT_EQ(read.prune_limit_objects, 10u);
  EXPECT_EQ(read.prune_limit_percent, 5u);
  EXPECT_EQ(read.allow_prune, std::set<std::string>{"Namespace/shop"});
}

TEST(ApplicationReader, json_is_read_as_well) {
  const Application read =
      one("{\"apiVersion\": \"holdfast.dev/v1alpha1\", \"kind\": \"Application\", \"metadata\": {\"name\": \"web\"},\n"
          "\"spec\": {\"source\": {\"repoURL\": \"https://git.example/x.git\"}, \"prune\": false}}");
  EXPECT_EQ(read.source.repo_url, "https://git.example/x.git");
  EXPECT_FALSE(read.prune);
}

TEST(ApplicationReader, directories_and_files_are_meant_from_the_folder_of_the_configuration) {
  const ApplicationReadOptions options{.base = "/etc/holdfast"};
  const auto repo = [&](const std::string& url) {
    return one(kHead + "metadata: {name: web}\nspec: {source: {repoURL: \"" + url + "\"}}", options).source.repo_url;
  };
  EXPECT_EQ(repo("../platform/"), "/etc/platform");
  EXPECT_EQ(repo("."), "/etc/holdfast");
  EXPECT_EQ(repo("apps"), "/etc/holdfast/apps");
  EXPECT_EQ(repo("./a:b"), "/etc/holdfast/a:b");
  EXPECT_EQ(repo("/srv//git/../x"), "/srv/x");
  EXPECT_EQ(repo("git@git.example:team/x.git"), "git@git.example:team/x.git");
  EXPECT_EQ(repo("file:///srv/x"), "file:///srv/x");
  const SourceSpec source =
      one(kHead +
              "metadata: {name: web}\nspec: {source: {repoURL: 'ssh://git@git.example/x', credentials: "
              "{sshKeyFile: keys/id, knownHostsFile: /etc/hosts.pub}}}",
          options)
          .source;
  EXPECT_EQ(source.ssh_key_file, "/etc/holdfast/keys/id");
  EXPECT_EQ(source.known_hosts_file, "/etc/hosts.pub");
}

TEST(ApplicationReader, an_unknown_key_is_refused_with_the_nearest_one) {
  EXPECT_EQ(wrong("  prunLimit: {objects: 1}\n"),
            "f.yaml:6: spec.prunLimit is no field of an Application (did you mean spec.pruneLimit?)");
  EXPECT_EQ(wrong("  drift:\n    rules:\n    - target: {kinds: Service}\n"),
            "f.yaml:8: spec.drift.rules[0].target.kinds is no field of an Application (did you mean "
            "spec.drift.rules[0].target.kind?)");
  EXPECT_EQ(wrong("  branch: main\n"),
            "f.yaml:6: spec.branch is no field of an Application (did you mean spec.source.ref.branch?)");
  EXPECT_EQ(wrong("  pruneLimit: {zebra: 1}\n"),
            "f.yaml:6: spec.pruneLimit.zebra is no field of an Application (there are objects, percent)");
}

TEST(ApplicationReader, a_wrong_type_says_what_was_found_and_what_is_wanted) {
  EXPECT_EQ(wrong("  prune: 'yes'\n"), "f.yaml:6: spec.prune is the text \"yes\", and has to be true or false");
  EXPECT_EQ(wrong("  destination: {namespace: 12}\n"),
            "f.yaml:6: spec.destination.namespace is the number 12, and has to be text (quote it)");
  EXPECT_EQ(wrong("  dependsOn: databases\n"),
            "f.yaml:6: spec.dependsOn is the text \"databases\", and has to be a list of objects (begin each item with "
            "a dash)");
  EXPECT_EQ(wrong("  dependsOn: [databases]\n"),
            "f.yaml:6: spec.dependsOn[0] is the text \"databases\", and has to be an object (with name)");
  EXPECT_EQ(wrong("  drift: []\n"),
            "f.yaml:6: spec.drift is a list, and has to be an object (with policy, grace, rules)");
  EXPECT_EQ(wrong("  pruneLimit: {percent: 101}\n"),
            "f.yaml:6: spec.pruneLimit.percent is the number 101, and has to be a whole number, 0 to 100");
  EXPECT_EQ(wrong("  pruneLimit: {objects: -1}\n"),
            "f.yaml:6: spec.pruneLimit.objects is the number -1, and has to be a whole number, 0 to 1000000");
  EXPECT_EQ(wrong("  suspend:\n"),
            "f.yaml:6: spec.suspend is empty, and has to be true or false (give it a value, or remove the key)");
}

TEST(ApplicationReader, a_duration_is_as_in_go) {
  EXPECT_EQ(one(application("web", "  timeout: 1h0.5m\n")).timeout, 3630s);
  EXPECT_EQ(one(application("web", "  timeout: 60000ms\n")).timeout, 60s);
  EXPECT_EQ(wrong("  timeout: 30\n"),
            "f.yaml:6: spec.timeout is the number 30, and has to be a duration, 1s to 24h (add the unit, as in 30s)");
  EXPECT_THAT(wrong("  timeout: soon\n"), HasSubstr("write it as in 30s"));
  EXPECT_THAT(wrong("  timeout: 1d\n"), HasSubstr("write it as in 30s"));
  EXPECT_THAT(wrong("  timeout: 500ms\n"), HasSubstr("in whole seconds"));
  EXPECT_THAT(wrong("  timeout: 25h\n"), HasSubstr("1s to 24h"));
  EXPECT_THAT(wrong("  timeout: -1s\n"), HasSubstr("has to be a duration"));
}

TEST(ApplicationReader, an_enumeration_lists_its_values) {
  EXPECT_EQ(wrong("  drift: {policy: enforce}\n"),
            "f.yaml:6: spec.drift.policy is the text \"enforce\", and has to be one of Enforce, Warn, Approve (did you "
            "mean Enforce?)");
  EXPECT_EQ(wrong("  deletionPolicy: Delete\n"),
            "f.yaml:6: spec.deletionPolicy is the text \"Delete\", and has to be one of Orphan, Prune");
}

TEST(ApplicationReader, what_is_required_is_missed) {
  EXPECT_THAT(error_of(kHead),
              AllOf(HasSubstr("f.yaml:1: metadata is missing"), HasSubstr("f.yaml:1: spec is missing")));
  EXPECT_THAT(
      error_of(kHead + "metadata: {name: web}\nspec:\n  source:\n    path: x\n"),
      "f.yaml:5: spec.source.repoURL is missing (it is the repository, `https://`, `ssh://`, `git@host:path` or "
      "`file://`; or a directory, which begins with `/` or `.` or has no colon; or an artifact, "
      "`oci://REGISTRY/REPOSITORY`; or with `chart` a chart repository, `https://`)");
  EXPECT_THAT(wrong("  dependsOn: [{}]\n"), HasSubstr("spec.dependsOn[0].name is missing"));
}

TEST(ApplicationReader, other_documents_are_refused_for_what_they_are) {
  EXPECT_EQ(error_of("kind: Application"),
            "f.yaml:1: apiVersion is missing or not text (write apiVersion: holdfast.dev/v1alpha1)");
  EXPECT_THAT(error_of("apiVersion: v1\nkind: ConfigMap"), HasSubstr("f.yaml:1: v1 ConfigMap is none of ours"));
  EXPECT_THAT(error_of("apiVersion: holdfast.dev/v1\nkind: Application"), HasSubstr("there is no version"));
  EXPECT_THAT(error_of("apiVersion: holdfast.dev/v1alpha1\nkind: Override"),
              HasSubstr("f.yaml:2: an Override is none of a file"));
  EXPECT_THAT(error_of("apiVersion: holdfast.dev/v1alpha1\nkind: Aplication"), HasSubstr("write kind: Application"));
  EXPECT_THAT(error_of("- a"), HasSubstr("f.yaml:1: this document is no object"));
  EXPECT_THAT(error_of("a: [\n"), HasSubstr("f.yaml:"));
}

TEST(ApplicationReader, nothing_at_all_is_an_error_and_never_an_empty_list) {
  EXPECT_THAT(error_of("# soon\n---\n"), HasSubstr("there is no Application in it"));
  EXPECT_FALSE(read_applications({}));
}

TEST(ApplicationReader, all_errors_of_all_files_come_at_once) {
  const std::vector<SourceFile> files{
      {"a.yaml", application("Web", "  prun: true\n  wait: 1\n") + "---\n" + application("db", "  retry: {}\n")},
      {"b.yaml", "a: 'b"},
      {"c.yaml", application("ok")}};
  const auto result = read_applications(files);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::Invalid);
  EXPECT_THAT(result.error().message, testing::StartsWith("5 errors, so nothing of it is used\n"
                                                          "a.yaml:3: metadata.name is no name: Web has to"));
  EXPECT_THAT(result.error().message, HasSubstr("\na.yaml:6: spec.prun is no field"));
  EXPECT_THAT(result.error().message, HasSubstr("\na.yaml:7: spec.wait is the number 1"));
  EXPECT_THAT(result.error().message, HasSubstr("\na.yaml:14: spec.retry is not supported yet"));
  EXPECT_THAT(result.error().message, HasSubstr("\nb.yaml:1: "));
}

TEST(ApplicationReader, more_errors_than_the_bound_are_counted) {
  std::string keys;
  for (int i = 0; i < 60; ++i) keys += "  zebra" + std::to_string(i) + ": 1\n";
  const std::string error = wrong(keys);
  EXPECT_THAT(error, testing::StartsWith("60 errors"));
  EXPECT_THAT(error, testing::EndsWith("\nand 10 more"));
}

TEST(ApplicationReader, lines_are_right_behind_empty_documents_aliases_and_merges) {
  EXPECT_THAT(error_of("---\n---\n# nothing\n--- {apiVersion: holdfast.dev/v1alpha1, kind: Application,\n"
                       "  metadata: {name: web},\n  spec: {source: {repoURL: /x}, prun: true}}\n"),
              HasSubstr("f.yaml:6: spec.prun "));
  EXPECT_THAT(
      wrong("  ignore:\n  - target: &t\n      kind: 1\n    paths: [/x]\n  - {target: *t, paths: [/y]}\n"),
      AllOf(HasSubstr("f.yaml:8: spec.ignore[0].target.kind"), HasSubstr("f.yaml:8: spec.ignore[1].target.kind")));
  EXPECT_THAT(wrong("  drift: &d\n    polcy: Warn\n    rules:\n    - target:\n        <<: {kinds: x}\n"),
              AllOf(HasSubstr("f.yaml:7: spec.drift.polcy"), HasSubstr("f.yaml:10: spec.drift.rules[0].target.kinds")));
}

TEST(ApplicationReader, a_name_is_a_label_of_40_characters) {
  EXPECT_TRUE(read(application(std::string(40, 'a'))));
  EXPECT_THAT(error_of(application(std::string(41, 'a'))), HasSubstr("longer than 40 characters"));
  EXPECT_THAT(error_of(application("'-web'")), HasSubstr("f.yaml:3: metadata.name is no name"));
  EXPECT_THAT(wrong("  destination: {namespace: My_Shop}\n"), HasSubstr("spec.destination.namespace is no name"));
}

TEST(ApplicationReader, a_range_of_versions_is_of_tags_of_git_as_well) {
  const auto read = read_applications(std::vector<SourceFile>{
      {"f.yaml",
       "apiVersion: holdfast.dev/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec:\n"
       "  source: {repoURL: 'https://git.example/web.git', ref: {semver: '>=1.2.0 <2.0.0'}}\n"}});
  ASSERT_TRUE(read) << describe(read.error());
  EXPECT_EQ(read->front().source.semver, ">=1.2.0 <2.0.0");
}

TEST(ApplicationReader, a_source_that_contradicts_itself_is_refused) {
  const auto source = [](const std::string& fields) {
    return error_of(kHead + "metadata: {name: web}\nspec:\n  source: {" + fields + "}\n");
  };
  EXPECT_EQ(source("repoURL: /x, ref: {branch: main, tag: v1}"),
            "f.yaml:5: spec.source.ref names branch and tag at once (keep one of them)");
  EXPECT_THAT(source("repoURL: /x, ref: {branch: 'a b'}"), HasSubstr("spec.source.ref.branch is no branch: "));
  EXPECT_THAT(source("repoURL: /x, ref: {commit: abc123}"), HasSubstr("give all of its 40 digits"));
  EXPECT_THAT(source("repoURL: /x, ref: {semver: main}"),
              HasSubstr("spec.source.ref.semver 'main' is no range of versions"));
  EXPECT_THAT(source("repoURL: /x, ref: {branch: main}, files: true"), HasSubstr("keep either"));
  EXPECT_THAT(source("repoURL: 'https://git.example/x', files: true"), HasSubstr("wants a directory"));
  EXPECT_THAT(source("repoURL: 'ext::sh -c id'"), HasSubstr("spec.source.repoURL is no repository"));
  EXPECT_THAT(source("repoURL: --upload-pack"), HasSubstr("begins with a dash"));
  EXPECT_THAT(source("repoURL: /x, path: ../y"), HasSubstr("spec.source.path is no path"));
  EXPECT_THAT(source("repoURL: /x, path: /y"), HasSubstr("begins with a slash"));
}

TEST(ApplicationReader, artifacts_and_charts_are_told_by_their_url_and_their_fields) {
  const auto source = [](const std::string& fields) {
    return one(kHead + "metadata: {name: web}\nspec:\n  source: {" + fields + "}\n").source;
  };
  const std::string digest = "sha256:" + std::string(64, 'a');
  EXPECT_EQ(source("repoURL: 'oci://registry.example/team/web'").repo_url, "oci://registry.example/team/web");
  EXPECT_EQ(source("repoURL: 'oci://registry.example/web', ref: {tag: v1}").tag, "v1");
  EXPECT_EQ(source("repoURL: 'oci://registry.example/web', ref: {digest: '" + digest + "'}").digest, digest);
  EXPECT_EQ(source("repoURL: 'oci://registry.example/charts', chart: web, ref: {semver: ^1.2}").semver, "^1.2");
  EXPECT_EQ(source("repoURL: 'https://charts.example/stable', chart: web").chart, "web");
  EXPECT_EQ(source("repoURL: 'oci://registry.example/web', layerSelector: {mediaType: a/b}").layer_media_type, "a/b");
  EXPECT_EQ(
      source("repoURL: 'oci://registry.example/web', credentials: {dockerConfigFile: /d.json}").docker_config_file,
      "/d.json");
}

TEST(ApplicationReader, an_artifact_that_contradicts_itself_is_refused) {
  const auto source = [](const std::string& fields) {
    return error_of(kHead + "metadata: {name: web}\nspec:\n  source: {" + fields + "}\n");
  };
  EXPECT_EQ(source("repoURL: 'oci://r.example/web:v1'"),
            "f.yaml:5: spec.source.repoURL names a tag or a digest (name it in spec.source.ref.tag or "
            "spec.source.ref.digest)");
  EXPECT_EQ(source("repoURL: 'oci://r.example/web', ref: {tag: v1, semver: 1.x}"),
            "f.yaml:5: spec.source.ref names tag and semver at once (keep one of them)");
  EXPECT_THAT(source("repoURL: 'oci://r.example/web', ref: {branch: main}"),
              HasSubstr("spec.source.ref.branch is of Git"));
  EXPECT_THAT(source("repoURL: 'oci://r.example/web', ref: {digest: 'sha256:1'}"), HasSubstr("64 hexadecimal digits"));
  EXPECT_THAT(source("repoURL: 'oci://r.example/web', ref: {semver: newest}"), HasSubstr("is no range of versions"));
  EXPECT_THAT(source("repoURL: 'oci://r.example/web', files: true"), HasSubstr("repoURL is an artifact"));
  EXPECT_THAT(source("repoURL: 'https://charts.example', chart: ../web"), HasSubstr("spec.source.chart is no name"));
  EXPECT_THAT(source("repoURL: 'https://charts.example', chart: web, ref: {tag: v1}"),
              HasSubstr("spec.source.ref.tag is nothing that a chart repository has"));
  EXPECT_THAT(source("repoURL: 'http://charts.example', chart: web"), HasSubstr("neither private nor proven"));
  EXPECT_THAT(source("repoURL: 'https://git.example/x', ref: {digest: '" + std::string(64, 'a') + "'}"),
              HasSubstr("spec.source.ref.digest is for artifacts"));
  EXPECT_THAT(source("repoURL: /x, chart: web"), HasSubstr("spec.source."));
  EXPECT_THAT(source("repoURL: 'oci://r.example/web', credentials: {dockerConfigFile: a, passwordFile: b}"),
              HasSubstr("keep one of them"));
  EXPECT_THAT(source("repoURL: 'oci://r.example/web', verify: {keysFile: keys}"),
              HasSubstr("spec.source.verify asks for the signature of a commit, and repoURL is an artifact"));
  EXPECT_THAT(source("repoURL: 'oci://user:hunter2@r.example/web'"), Not(HasSubstr("hunter2")));
}

TEST(ApplicationReader, a_secret_in_a_url_is_refused_and_not_repeated) {
  for (const char* url : {"https://user:hunter2@git.example/x", "https://hunter2@git.example/x"}) {
    const std::string error = error_of(kHead + "metadata: {name: web}\nspec: {source: {repoURL: '" + url + "'}}");
    EXPECT_THAT(error, HasSubstr("passwordFile"));
    EXPECT_THAT(error, Not(HasSubstr("hunter2")));
  }
}

TEST(ApplicationReader, rules_that_say_nothing_are_refused) {
  EXPECT_THAT(wrong("  ignore:\n  - target: {kind: Service}\n"), HasSubstr("f.yaml:7: spec.ignore[0] ignores nothing"));
  EXPECT_THAT(wrong("  allowPrune: [shop]\n"), HasSubstr("write KIND/NAME"));
}

TEST(ApplicationReader, paths_of_rules_are_given_to_whoever_knows_patterns) {
  ApplicationReadOptions options;
  options.check_path = [](std::string_view text) -> Result<void> {
    if (text.starts_with('/')) return {};
    return fail(ErrorKind::Invalid, "no slash", {}, "begin with one");
  };
  const std::string rules = "  drift: {rules: [{paths: [/a, b]}]}\n  ignore:\n  - paths:\n    - c\n";
  EXPECT_THAT(error_of(application("web", rules), options),
              AllOf(HasSubstr("f.yaml:6: spec.drift.rules[0].paths[1] is no path of fields: no slash (begin with one)"),
                    HasSubstr("f.yaml:9: spec.ignore[0].paths[0] is no path of fields")));
}

TEST(ApplicationReader, two_of_one_name_are_refused_with_both_places) {
  const std::vector<SourceFile> files{{"a.yaml", application("web")}, {"b.yaml", "---\n" + application("web")}};
  const auto result = read_applications(files);
  ASSERT_FALSE(result);
  EXPECT_THAT(describe(result.error()), HasSubstr("b.yaml:2: the application web is written twice, first in a.yaml:1"));
}

TEST(ApplicationReader, a_name_may_come_again_in_another_namespace) {
  const std::string other = kHead + "metadata: {name: web, namespace: two}\nspec: {source: {repoURL: /x}}\n";
  EXPECT_TRUE(read(application("web") + "---\n" + other));
  EXPECT_THAT(error_of(application("web") + "---\n" + other, {.own_namespace = "two"}), HasSubstr("written twice"));
}

TEST(ApplicationReader, a_dependency_has_to_exist) {
  const std::string needs = "  dependsOn:\n  - name: db\n  - name: cach\n";
  EXPECT_EQ(error_of(application("web", needs) + "---\n" + application("db") + "---\n" + application("cache")),
            "f.yaml:8: spec.dependsOn of web names cach, and there is no such application (did you mean cache?)");
  // One of another namespace does not count.
  EXPECT_THAT(error_of(application("web", "  dependsOn: [{name: db}]\n") + "---\n" + kHead +
                       "metadata: {name: db, namespace: two}\nspec: {source: {repoURL: /x}}\n"),
              HasSubstr("add it in the same namespace"));
}

TEST(ApplicationReader, a_cycle_of_dependencies_is_refused_with_all_of_it) {
  EXPECT_EQ(wrong("  dependsOn: [{name: web}]\n"),
            "f.yaml:6: spec.dependsOn of web names itself (remove one of these dependencies)");
  EXPECT_EQ(error_of(application("top", "  dependsOn: [{name: a}]\n") + "---\n" +
                     application("a", "  dependsOn: [{name: free}, {name: b}]\n") + "---\n" + application("free") +
                     "---\n" + application("b", "  dependsOn: [{name: c}]\n") + "---\n" +
                     application("c", "  dependsOn: [{name: a}]\n")),
            "f.yaml:13: spec.dependsOn is a cycle, so none could begin: a -> b -> c -> a (remove one of these "
            "dependencies)");
  EXPECT_TRUE(read(application("a", "  dependsOn: [{name: b}, {name: c}]\n") + "---\n" +
                   application("b", "  dependsOn: [{name: c}]\n") + "---\n" + application("c")));
}

TEST(ApplicationReader, bounds_of_what_is_read) {
  EXPECT_THAT(error_of(std::string((std::size_t{4} << 20) + 1, '#')), HasSubstr("larger than 4 MiB"));
  EXPECT_THAT(wrong("  trustedManagers: [" + std::string(4097, 'x') + "]\n"), HasSubstr("longer than 4096 bytes"));
  std::string many;
  for (int i = 0; i < 1001; ++i) many += "a,";
  EXPECT_THAT(wrong("  trustedManagers: [" + many + "]\n"), HasSubstr("has 1001 entries"));
  EXPECT_THAT(wrong("  trustedManagers: [\"a\\nb\"]\n"), HasSubstr("control character"));
  EXPECT_THAT(wrong("  trustedManagers: ['']\n"), HasSubstr("spec.trustedManagers[0] is empty"));
}

}  // namespace
}  // namespace holdfast
