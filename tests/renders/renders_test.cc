// What Holdfast renders beside what kustomize, helm and kubectl print themselves, run as anybody would run them, on
// trees that people apply (tests/renders/fetch.py); and what happens where the program fails. Run by ./dev test
// renders.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "cluster/holdfast_process.h"
#include "holdfast/base/process.h"
#include "sources/directory_tree.h"
#include "sources/renderer.h"
#include "sources/yaml_document.h"
#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

std::string required_environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) {
    std::cerr << name << " is not set; run ./dev test renders\n";
    std::exit(2);
  }
  return value;
}

RenderProgramPaths programs() {
  return {required_environment("HOLDFAST_KUSTOMIZE"), required_environment("HOLDFAST_HELM")};
}

struct Tree {
  std::string kind, folder, path;
};

std::vector<Tree> trees() {
  std::vector<Tree> all;
  std::ifstream list(required_environment("HOLDFAST_TREES") + "/list");
  for (Tree tree; list >> tree.kind >> tree.folder >> tree.path;) all.push_back(tree);
  return all;
}

// Without any confinement, from the folder itself.
std::string run_alone(std::vector<std::string> argv, const std::string& directory) {
  ProcessSpec spec;
  spec.argv = std::move(argv);
  spec.environment = {"HOME=/nonexistent", std::string("PATH=") + kProgramPath};
  spec.directory = directory;
  const auto output = run_program(spec);
  if (!output || output->exit_status != 0) {
    ADD_FAILURE() << directory << ": " << (output ? output->err : describe(output.error()));
    return {};
  }
  return output->out;
}

// Canonical text of each object, and how often it is there. Lists are taken apart.
std::multiset<std::string> objects_of(const std::string& yaml) {
  std::multiset<std::string> all;
  const auto documents = parse_yaml(yaml, "judge");
  if (!documents) {
    ADD_FAILURE() << describe(documents.error());
    return all;
  }
  for (const YamlDocument& document : *documents) {
    const json::value* items = find(document.value, {"items"});
    if (!string_at(document.value, {"kind"}).ends_with("List") || items == nullptr || !items->is_array()) {
      all.insert(canonical_json(document.value));
      continue;
    }
    for (const json::value& item : items->get_array()) all.insert(canonical_json(item));
  }
  return all;
}

std::multiset<std::string> objects_of(const ManifestSet& set) {
  std::multiset<std::string> all;
  for (const Manifest& manifest : set.manifests) all.insert(canonical_json(json::value(manifest.body)));
  return all;
}

constexpr const char* kLeftOut = "kustomization.yaml";  // of plain folders

bool is_test_hook(const std::string& object) { return object.find("\"helm.sh/hook\":\"test") != std::string::npos; }

// What `kubectl create` would send. It wants to know which types there are, and names a namespace where none is.
std::string created(const std::string& folder) {
  static const TemporaryFolder home;
  static cluster::HoldfastProcess server({"simulate", "--without-controllers", "--kubeconfig", home / "kubeconfig"});
  server.wait_for_line("an API server is ready", std::chrono::seconds{10});
  std::vector<std::string> command{required_environment("HOLDFAST_KUBECTL"),
                                   "--kubeconfig=" + (home / "kubeconfig"),
                                   "--cache-dir=" + (home / "cache"),
                                   "create",
                                   "--dry-run=client",
                                   "--validate=false",
                                   "-o=yaml"};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && may_hold_manifests(entry.path().string()) && entry.path().filename() != kLeftOut)
      command.push_back("--filename=" + entry.path().string());
  return run_alone(std::move(command), folder);
}

std::multiset<std::string> without_default_namespace(const std::multiset<std::string>& objects) {
  std::multiset<std::string> all;
  for (const std::string& text : objects) {
    json::value object = *parse_json(text);
    if (string_at(object, {"metadata", "namespace"}) == "default") object.at("metadata").as_object().erase("namespace");
    all.insert(canonical_json(object));
  }
  return all;
}

std::string judged(const Tree& tree, const std::string& folder) {
  if (tree.kind == "kustomize") return run_alone({programs().kustomize, "build", "."}, folder);
  if (tree.kind == "helm")
    return run_alone(
        {programs().helm, "template", "web", ".", "--namespace=shop", "--include-crds", "--kube-version=1.35.0"},
        folder);
  return created(folder);
}

PlainFiles files_of(const std::string& path, RenderWishes wishes, const std::string& cache) {
  auto way = std::make_shared<RenderWay>();
  way->wishes = std::move(wishes);
  way->tools = std::make_shared<RenderTools>(programs(), cache);
  FileChoice choice;
  if (way->wishes.kind == RendererKind::Directory) choice.exclude = kLeftOut;
  return {path, std::move(choice), {}, {}, std::move(way)};
}

Result<Rendering> rendered(const std::string& root, const PlainFiles& files) {
  auto tree = open_directory_tree(root);
  if (!tree) return std::unexpected(tree.error());
  ParsedFiles parsed;
  return render(**tree, files, parsed);
}

RenderWishes wishes_for(const Tree& tree) {
  RenderWishes wishes;  // detected, but for plain files that happen to have a kustomization
  if (tree.kind == "plain") wishes.kind = RendererKind::Directory;
  wishes.release_name = "web";
  wishes.namespace_ = "shop";
  wishes.helm.kube_version = "1.35.0";
  return wishes;
}

void compare(const std::multiset<std::string>& ours, const std::multiset<std::string>& theirs,
             const std::string& name) {
  EXPECT_EQ(ours.size(), theirs.size()) << name;
  EXPECT_FALSE(theirs.empty()) << name;
  std::size_t shown = 0;
  for (const std::string& object : theirs)
    if (!ours.contains(object) && ++shown <= 2) ADD_FAILURE() << name << " lacks " << object.substr(0, 2000);
  for (const std::string& object : ours)
    if (!theirs.contains(object) && ++shown <= 4) ADD_FAILURE() << name << " has also " << object.substr(0, 2000);
}

TEST(Renders, real_trees_equal_what_the_programs_print) {
  const std::string root = required_environment("HOLDFAST_TREES");
  const TemporaryFolder cache;
  std::map<std::string, int> counts;
  std::size_t objects = 0;
  for (const Tree& tree : trees()) {
    const std::string name = tree.folder + "/" + tree.path;
    const auto made = rendered(root + "/" + tree.folder, files_of(tree.path, wishes_for(tree), cache.path()));
    if (!made) {
      ADD_FAILURE() << name << ": " << describe(made.error());
      continue;
    }
    auto theirs = objects_of(judged(tree, root + "/" + name));
    std::erase_if(theirs, is_test_hook);
    auto ours = objects_of(*made->manifests);
    if (tree.kind == "plain") {
      ours = without_default_namespace(ours);
      theirs = without_default_namespace(theirs);
    }
    compare(ours, theirs, name);
    ++counts[tree.kind];
    objects += theirs.size();
    // A second time from the cache, and the same.
    const auto again = rendered(root + "/" + tree.folder, files_of(tree.path, wishes_for(tree), cache.path()));
    ASSERT_TRUE(again) << name;
    EXPECT_TRUE(same_manifests(*made->manifests, *again->manifests)) << name;
    EXPECT_EQ(made->inputs, again->inputs) << name;
  }
  std::cout << counts["kustomize"] << " kustomizations, " << counts["helm"] << " charts and " << counts["plain"]
            << " folders, " << objects << " objects; in a sandbox of " << describe(sandbox_layers()) << "\n";
  EXPECT_GE(counts["kustomize"] + counts["helm"] + counts["plain"], 20);
}

// ---- what is asked for beside the tree
// -------------------------------------------------------------------------------

const char* const kDeployment =
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n"
    "  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n"
    "    spec: {containers: [{name: web, image: 'nginx:1'}]}\n";

struct Work {
  TemporaryFolder repository, cache;

  Result<Rendering> render(const std::string& path, RenderWishes wishes = {}) const {
    return rendered(repository.path(), files_of(path, std::move(wishes), cache.path()));
  }
  std::string failure(const std::string& path, RenderWishes wishes = {}) const {
    const auto made = render(path, std::move(wishes));
    if (made) return "it was rendered";
    const std::string text = describe(made.error());
    EXPECT_EQ(text.find(cache.path()), std::string::npos) << text;
    EXPECT_EQ(text.find("/tmp"), std::string::npos) << text;
    return text;
  }
};

TEST(Renders, an_overlay_says_names_images_labels_patches_and_components) {
  Work work;
  work.repository.write("base/kustomization.yaml", "resources: [deployment.yaml]\n");
  work.repository.write("base/deployment.yaml", kDeployment);
  work.repository.write("apps/web/kustomization.yaml", "resources: [../../base]\n");
  work.repository.write("parts/kustomization.yaml",
                        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [cm.yaml]\n");
  work.repository.write("parts/cm.yaml", config_map("part"));
  RenderWishes wishes;
  wishes.kustomize.name_prefix = "a-";
  wishes.kustomize.namespace_ = "shop";
  wishes.kustomize.images = {{"nginx", "registry.example/nginx", "2", ""}};
  wishes.kustomize.common_labels = {{"team", "x"}};
  wishes.kustomize.components = {"../../parts"};
  wishes.kustomize.patches = {{"- op: replace\n  path: /spec/replicas\n  value: 5\n", {{"kind", "Deployment"}}}};
  const auto made = work.render("apps/web", wishes);
  ASSERT_TRUE(made) << describe(made.error());
  ASSERT_EQ(made->manifests->manifests.size(), 2U);
  for (const Manifest& manifest : made->manifests->manifests) {
    EXPECT_EQ(manifest.namespace_, "shop");
    EXPECT_EQ(string_at(manifest.body, {"metadata", "labels", "team"}), "x");
    if (manifest.gvk.kind != "Deployment") continue;
    EXPECT_EQ(manifest.name, "a-web");
    EXPECT_EQ(manifest.origin, "base/deployment.yaml:1");
    EXPECT_NE(to_json(json::value(manifest.body)).find("registry.example/nginx:2"), std::string::npos);
    EXPECT_NE(to_json(json::value(manifest.body)).find("\"replicas\":5"), std::string::npos);
  }
}

TEST(Renders, an_input_is_what_was_read_and_what_was_looked_for) {
  Work work;
  work.repository.write("base/kustomization.yaml", "resources: [deployment.yaml]\n");
  work.repository.write("base/deployment.yaml", kDeployment);
  work.repository.write("apps/web/kustomization.yaml", "resources: [../../base]\n");
  work.repository.write("apps/other.yaml", config_map("other"));
  const auto made = work.render("apps/web");
  ASSERT_TRUE(made) << describe(made.error());
  const auto holds = [&] {
    return has_same_inputs(**open_directory_tree(work.repository.path()), made->inputs).value();
  };
  EXPECT_TRUE(holds());
  work.repository.write("apps/other.yaml", config_map("other", "2"));
  EXPECT_TRUE(holds()) << "nothing of it was touched";
  work.repository.write("base/unused.yaml", config_map("unused"));
  EXPECT_TRUE(holds()) << "the kustomization does not speak of it";
  work.repository.write("base/kustomization.yml", "resources: []\n");
  EXPECT_FALSE(holds()) << "a second kustomization may count instead";
  std::filesystem::remove(work.repository / "base/kustomization.yml");
  EXPECT_TRUE(holds());
  work.repository.write("base/deployment.yaml", std::string(kDeployment) + "# more\n");
  EXPECT_FALSE(holds());
}

TEST(Renders, what_kustomize_refuses_names_the_file_and_no_folder_of_ours) {
  Work work;
  work.repository.write("web/kustomization.yaml", "resources:\n- missing.yaml\n");
  EXPECT_EQ(work.failure("web"),
            "web/kustomization.yaml:2: resources[0] names missing.yaml, which is not there (there is nothing at "
            "web/missing.yaml)");
  work.repository.write("web/kustomization.yaml",
                        "resources:\n- https://example.org/x.yaml\n- github.com/a/b?ref=v1\n");
  EXPECT_NE(work.failure("web").find("web/kustomization.yaml:2: resources[0] is an address"), std::string::npos);
  work.repository.write("web/kustomization.yaml", "helmCharts:\n- name: x\n");
  EXPECT_NE(work.failure("web").find("web/kustomization.yaml:1: helmCharts makes kustomize run helm"),
            std::string::npos);
  work.repository.write("web/kustomization.yaml", "resources: [../../outside.yaml]\n");
  EXPECT_NE(work.failure("web").find("leaves the repository"), std::string::npos);
  work.repository.write("other/secret.yaml", config_map("secret"));
  work.repository.write("web/kustomization.yaml", "resources: [../other/secret.yaml]\n");
  EXPECT_NE(work.failure("web").find("is not in or below"), std::string::npos) << "the safe load restrictor";
  work.repository.write("web/kustomization.yaml", "resources: [a.yaml]\nnonsense: true\n");
  work.repository.write("web/a.yaml", config_map("a"));
  EXPECT_NE(work.failure("web").find("nonsense"), std::string::npos) << work.failure("web");
  work.repository.write("web/kustomization.yaml", "resources: [a.yaml]\n");
  work.repository.write("web/a.yaml", "kind: [\n");
  EXPECT_NE(work.failure("web").find("a.yaml"), std::string::npos) << work.failure("web");
}

TEST(Renders, links_are_followed_inside_and_refused_outside) {
  Work work;
  work.repository.write("shared/kustomization.yaml", "resources: [cm.yaml]\n");
  work.repository.write("shared/cm.yaml", config_map("shared"));
  work.repository.write("web/kustomization.yaml", "resources: [common]\n");
  std::filesystem::create_symlink("../shared", work.repository / "web/common");
  const auto made = work.render("web");
  ASSERT_TRUE(made) << describe(made.error());
  EXPECT_EQ(made->manifests->manifests.at(0).origin, "shared/cm.yaml:1");
  std::filesystem::remove(work.repository / "web/common");
  for (const char* outside : {"/etc", "../../etc", "../web/../../etc"}) {
    std::filesystem::create_symlink(outside, work.repository / "web/common");
    EXPECT_NE(work.failure("web").find("leaves the repository"), std::string::npos) << work.failure("web");
    std::filesystem::remove(work.repository / "web/common");
  }
}

TEST(Renders, plugins_and_functions_are_off) {
  Work work;
  work.repository.write("web/kustomization.yaml", "generators: [run.yaml]\n");
  work.repository.write("web/run.yaml",
                        "apiVersion: v1\nkind: Anything\nmetadata:\n  name: x\n  annotations:\n"
                        "    config.kubernetes.io/function: |\n      exec: {path: /bin/sh}\n");
  EXPECT_NE(work.failure("web").find("kustomize"), std::string::npos);
}

void write_chart(const TemporaryFolder& folder, const std::string& at, const std::string& more = "") {
  folder.write(at + "/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n" + more);
  folder.write(at + "/values.yaml", "size: 1\nname: default\n");
  folder.write(
      at + "/templates/cm.yaml",
      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n"
      "data:\n  size: {{ .Values.size | quote }}\n  name: {{ .Values.name }}\n  space: {{ .Release.Namespace }}\n"
      "  kube: {{ .Capabilities.KubeVersion.Version }}\n  api: {{ .Capabilities.APIVersions.Has \"x/v1\" | quote }}\n");
}

TEST(Renders, values_of_a_chart_come_from_files_texts_objects_and_parameters_in_this_order) {
  Work work;
  write_chart(work.repository, "charts/web");
  work.repository.write("charts/web/templates/tests/test.yaml",
                        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: t\n  annotations: {helm.sh/hook: test}\n");
  work.repository.write(
      "charts/web/crds/crd.yaml",
      "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: a.b\n");
  work.repository.write("values/prod.yaml", "size: 2\nname: file\n");
  RenderWishes wishes;
  wishes.release_name = "rel";
  wishes.namespace_ = "shop";
  wishes.helm.value_files = {"../../values/prod.yaml", "../../values/none.yaml"};
  wishes.helm.ignore_missing_value_files = true;
  wishes.helm.kube_version = "1.33.2";
  wishes.helm.api_versions = {"x/v1"};
  const auto data = [&](const char* key) {
    const auto made = work.render("charts/web", wishes);
    EXPECT_TRUE(made) << describe(made.error());
    if (!made) return std::string();
    EXPECT_EQ(made->manifests->manifests.size(), wishes.helm.skip_crds ? 1U : 2U) << "no test, and the CRD";
    for (const Manifest& manifest : made->manifests->manifests)
      if (manifest.gvk.kind == "ConfigMap") {
        EXPECT_EQ(manifest.origin, "charts/web/templates/cm.yaml:1");
        EXPECT_EQ(manifest.name, "rel");
        return std::string(string_at(manifest.body, {"data", key}));
      }
    return std::string("no ConfigMap");
  };
  EXPECT_EQ(data("size"), "2");
  EXPECT_EQ(data("space"), "shop");
  EXPECT_EQ(data("kube"), "v1.33.2");
  EXPECT_EQ(data("api"), "true");
  wishes.helm.values = "size: 3\n";
  EXPECT_EQ(data("size"), "3");
  EXPECT_EQ(data("name"), "file");
  wishes.helm.values_object = R"({"size":4})";
  EXPECT_EQ(data("size"), "4");
  wishes.helm.parameters = {{"size", "1,2", true}};
  wishes.helm.skip_crds = true;
  EXPECT_EQ(data("size"), "1,2");
  wishes.helm.ignore_missing_value_files = false;
  EXPECT_NE(work.failure("charts/web", wishes).find("valueFiles[1] names ../../values/none.yaml"), std::string::npos);
}

TEST(Renders, dependencies_come_from_the_repository_and_a_missing_one_says_so) {
  Work work;
  write_chart(work.repository, "charts/web",
              "dependencies:\n- {name: part, version: 1.0.0, repository: 'file://../part'}\n");
  work.repository.write("charts/part/Chart.yaml", "apiVersion: v2\nname: part\nversion: 1.0.0\n");
  work.repository.write("charts/part/templates/cm.yaml", config_map("part"));
  RenderWishes wishes;
  wishes.release_name = "rel";
  const auto made = work.render("charts/web", wishes);
  ASSERT_TRUE(made) << describe(made.error());
  EXPECT_EQ(made->manifests->manifests.size(), 2U);
  work.repository.write("charts/part/templates/cm.yaml", config_map("part", "2"));
  EXPECT_FALSE(has_same_inputs(**open_directory_tree(work.repository.path()), made->inputs).value());
  write_chart(work.repository, "charts/web",
              "dependencies:\n- {name: redis, version: 1.0.0, repository: 'https://example.org'}\n");
  const std::string failure = work.failure("charts/web", wishes);
  EXPECT_NE(failure.find("redis"), std::string::npos) << failure;
  EXPECT_NE(failure.find("helm dependency build"), std::string::npos) << failure;
}

TEST(Renders, what_helm_refuses_names_the_template_and_its_line) {
  Work work;
  write_chart(work.repository, "web");
  work.repository.write("web/templates/bad.yaml", "a: 1\nb: {{ fail \"no such thing\" }}\n");
  std::string failure = work.failure("web");
  EXPECT_EQ(failure.find("web/templates/bad.yaml:2"), 0U) << failure;
  EXPECT_NE(failure.find("no such thing"), std::string::npos) << failure;
  work.repository.write("web/templates/bad.yaml", "a: {{ .Values.x.y }}\n");
  failure = work.failure("web");
  EXPECT_EQ(failure.find("web/templates/bad.yaml:1"), 0U) << failure;
  work.repository.write("web/templates/bad.yaml", "a: [\n");
  failure = work.failure("web");
  EXPECT_EQ(failure.find("web/templates/bad.yaml"), 0U) << failure;
  work.repository.write("web/templates/bad.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n");
  failure = work.failure("web");
  EXPECT_EQ(failure.find("web/templates/bad.yaml:1: ConfigMap has no metadata.name"), 0U) << failure;
}

// Unknown is never empty: whatever goes wrong on the way, there is an error and no set.
TEST(Renders, every_fault_is_an_error) {
  Work work;
  work.repository.write("web/kustomization.yaml", "resources: [cm.yaml]\n");
  work.repository.write("web/cm.yaml", config_map("a"));
  const auto with = [&](const RenderProgramPaths& paths, const RenderLimits& limits, const char* kind) {
    auto way = std::make_shared<RenderWay>();
    way->tools = std::make_shared<RenderTools>(paths, "");
    way->tools->limits = limits;
    const auto made = rendered(work.repository.path(), {"web", {}, {}, {}, way});
    EXPECT_FALSE(made) << kind;
    return made ? std::string() : std::string(to_string(made.error().kind)) + ": " + describe(made.error());
  };
  EXPECT_NE(with({"/nonexistent/kustomize", ""}, {}, "missing").find("there is no such program"), std::string::npos);
  EXPECT_NE(with({"/bin/true", ""}, {}, "another program").find("does not say its version"), std::string::npos);
  EXPECT_NE(with(programs(), {.time = std::chrono::milliseconds(1)}, "slow").find("took longer"), std::string::npos);
  EXPECT_NE(with(programs(), {.memory_bytes = std::size_t{64} << 20}, "memory").find("needs more than 64 MiB"),
            std::string::npos);
  EXPECT_NE(with(programs(), {.output_bytes = 10}, "output").find("MiB"), std::string::npos);
}

TEST(Renders, kubectl_takes_the_place_of_kustomize) {
  Work work;
  work.repository.write("web/kustomization.yaml", "namePrefix: x-\nresources: [cm.yaml]\n");
  work.repository.write("web/cm.yaml", config_map("a"));
  auto way = std::make_shared<RenderWay>();
  way->tools = std::make_shared<RenderTools>(RenderProgramPaths{required_environment("HOLDFAST_KUBECTL"), ""},
                                             work.cache.path());
  const auto made = rendered(work.repository.path(), {"web", {}, {}, {}, way});
  ASSERT_TRUE(made) << describe(made.error());
  EXPECT_EQ(made->manifests->manifests.at(0).name, "x-a");
}

}  // namespace
}  // namespace holdfast
