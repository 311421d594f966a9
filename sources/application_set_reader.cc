#include "sources/application_set_reader.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "holdfast/model/label.h"
#include "holdfast/model/object.h"
#include "sources/application_set_fields.h"
#include "sources/field_check.h"
#include "sources/file_choice.h"
#include "sources/git_url.h"
#include "sources/semver.h"
#include "sources/set_template.h"
#include "sources/value_complaints.h"
#include "sources/written_document.h"
#include "sources/yaml_document.h"

namespace holdfast {
namespace {

class SetReader {
 public:
  SetReader() : complaints_(problems_, "/") {}

  Result<ApplicationSet> read(const json::object& document) {
    problems_ = check_fields(json::value(document), application_set_document());
    const WrittenFields metadata(document.if_contains("metadata")), spec(document.if_contains("spec"));
    metadata.read("name", made_.name);
    metadata.read("namespace", made_.namespace_);
    complaints_.label(made_.name, {"metadata", "name"}, kLongestName);
    complaints_.label(made_.namespace_, {"metadata", "namespace"}, kLongestDnsLabel);
    generators(spec.items("generators"));
    if (const json::value* written = spec.at("template"); written != nullptr && written->is_object())
      made_.template_ = written->get_object();
    preview(spec);
    spec.below("pruneLimit").read("applications", made_.prune_limit_applications);
    spec.below("pruneLimit").read("percent", made_.prune_limit_percent);
    spec.read("suspend", made_.suspend);
    names();
    if (problems_.empty()) parameters();
    if (problems_.empty()) return std::move(made_);
    Error all{ErrorKind::Invalid, {}, {}, {}};
    for (FieldProblem& problem : problems_) {
      const Error one{ErrorKind::Invalid, std::move(problem.message), {}, std::move(problem.hint)};
      all.message += (all.message.empty() ? "" : "\n") + describe(one);
    }
    return std::unexpected(std::move(all));
  }

 private:
  void generators(const json::array& items) {
    if (items.empty())
      complaints_.complain({"spec", "generators"}, "is empty", "give it branches, directories or a list");
    if (items.size() > kMostGenerators)
      complaints_.complain({"spec", "generators"}, fmt::format("has more than {} entries", kMostGenerators),
                           "write several ApplicationSets");
    for (std::size_t i = 0; i < items.size(); ++i) {
      const WrittenFields written(&items[i]);
      const YamlPath path{"spec", "generators", i};
      const auto given = [&](const char* name) { return written.at(name) != nullptr; };
      if (static_cast<int>(given("branches")) + static_cast<int>(given("directories")) +
              static_cast<int>(given("list")) !=
          1) {
        complaints_.complain(path, "has to be one of branches, directories and list", "keep one of them");
        continue;
      }
      if (given("branches")) branches(written.below("branches"), below(path, "branches"));
      if (given("directories")) directories(written.below("directories"), below(path, "directories"));
      if (given("list")) list(written.below("list"));
    }
  }

  static YamlPath below(YamlPath path, std::string name) {
    path.emplace_back(std::move(name));
    return path;
  }

  void repository(const WrittenFields& written, const YamlPath& path, std::string& url, std::string& secret) {
    written.read("repoURL", url);
    complaints_.secret(written, path, secret);
    const auto parsed = parse_git_url(url);
    if (!url.empty() && !parsed)
      complaints_.complain(below(path, "repoURL"), fmt::format("is no repository: {}", parsed.error().message),
                           parsed.error().hint);
    if (parsed && (!parsed->username.empty() || !parsed->password.empty()))
      complaints_.complain(below(path, "repoURL"), "holds a user name or a password", "use secretRef");
  }

  void glob(const std::string& text, const YamlPath& path) {
    if (const auto checked = check_glob(text); !text.empty() && !checked)
      complaints_.complain(path, fmt::format("is no glob: {}", checked.error().message), checked.error().hint);
  }

  void branches(const WrittenFields& written, const YamlPath& path) {
    BranchGenerator generator;
    repository(written, path, generator.repo_url, generator.secret);
    written.read("match", generator.match);
    written.read("exclude", generator.exclude);
    glob(generator.match, below(path, "match"));
    glob(generator.exclude, below(path, "exclude"));
    written.read("max", generator.max);
    std::chrono::seconds life{0};
    written.read("timeToLive", life);
    if (life.count() > 0) generator.time_to_live = life;
    written.read("interval", generator.interval);
    made_.generators.emplace_back(std::move(generator));
  }

  void directories(const WrittenFields& written, const YamlPath& path) {
    DirectoryGenerator generator;
    repository(written, path, generator.repo_url, generator.secret);
    const WrittenFields ref = written.below("ref");
    int given = 0;
    for (const char* name : {"branch", "tag", "commit", "semver"}) given += ref.at(name) != nullptr ? 1 : 0;
    if (given > 1)
      complaints_.complain(below(path, "ref"), "names more than one of branch, tag, commit and semver",
                           "keep one of them");
    for (const char* name : {"branch", "tag", "commit"}) ref.read(name, generator.ref);
    ref.read("semver", generator.semver);
    if (const auto checked = check_git_ref(generator.ref); !checked)
      complaints_.complain(below(path, "ref"), checked.error().message, checked.error().hint);
    if (!generator.semver.empty())
      if (const auto range = VersionRange::parse(generator.semver); !range)
        complaints_.complain(below(below(path, "ref"), "semver"), range.error().message, range.error().hint);
    written.read("paths", generator.paths);
    written.read("exclude", generator.exclude);
    for (const std::string& one : generator.paths) glob(one, below(path, "paths"));
    for (const std::string& one : generator.exclude) glob(one, below(path, "exclude"));
    written.read("interval", generator.interval);
    made_.generators.emplace_back(std::move(generator));
  }

  void list(const WrittenFields& written) {
    ListGenerator generator;
    for (const json::value& item : written.items("elements")) {
      TemplateParameters element;
      if (item.is_object())
        for (const auto& [key, value] : item.get_object())
          if (value.is_string()) element[std::string(key)] = std::string_view(value.get_string());
      generator.elements.push_back(std::move(element));
    }
    made_.generators.emplace_back(std::move(generator));
  }

  void preview(const WrittenFields& spec) {
    if (spec.at("preview") == nullptr) return;
    const WrittenFields written = spec.below("preview");
    PreviewSpec preview;
    preview.quota = {{"pods", "50"}, {"services.loadbalancers", "0"}, {"services.nodeports", "0"}};
    written.read("namespace", preview.namespace_);
    written.read("labels", preview.labels);
    if (written.at("quota") != nullptr) {
      preview.quota.clear();
      written.read("quota", preview.quota);
    }
    written.read("limits", preview.limits);
    preview.pod_security = written.text("podSecurity");
    for (const auto& [label, value] : preview.labels)
      if (label.starts_with("pod-security.kubernetes.io/") || label.starts_with("holdfast.dev/"))
        complaints_.complain({"spec", "preview", "labels", label}, "is not for a set to give",
                             label.starts_with("holdfast") ? "leave it out" : "use spec.preview.podSecurity");
    if (const json::value* given = spec.at("template");
        given != nullptr && find(*given, {"spec", "destination"}) != nullptr)
      complaints_.complain({"spec", "template", "spec", "destination"}, "is given, and spec.preview says where it goes",
                           "remove it");
    made_.preview = std::move(preview);
  }

  // Two applications of one name would take turns.
  void names() {
    const std::string_view name = string_at(made_.template_, {"metadata", "name"});
    if (!name.empty() && !has_parameter(name))
      complaints_.complain({"spec", "template", "metadata", "name"}, "is the same for all applications",
                           "put a parameter into it, as in web-{{branchSlug}}");
    if (made_.preview && !made_.preview->namespace_.empty() && !has_parameter(made_.preview->namespace_))
      complaints_.complain({"spec", "preview", "namespace"}, "is the same for all applications",
                           "put a parameter into it, as in preview-{{branchSlug}}");
  }

  // A misspelt one is told at once, not when the first branch comes.
  void parameters() {
    for (std::size_t i = 0; i < made_.generators.size(); ++i) {
      TemplateParameters known;
      for (const std::string& name : parameter_names(made_.generators[i])) known[name] = "x";
      if (const auto* listed = std::get_if<ListGenerator>(&made_.generators[i]);
          listed != nullptr && listed->elements.empty())
        continue;
      check(json::value(made_.template_), known, "spec.template", i);
      if (made_.preview) check(json::value(made_.preview->namespace_), known, "spec.preview.namespace", i);
    }
  }

  void check(const json::value& value, const TemplateParameters& known, const std::string& path, std::size_t index) {
    const auto filled = fill_in(value, known, path);
    if (filled) return;
    problems_.push_back(
        {{}, fmt::format("{} (spec.generators[{}])", filled.error().message, index), filled.error().hint});
  }

  ApplicationSet made_;
  std::vector<FieldProblem> problems_;
  ValueComplaints complaints_;
};

}  // namespace

std::vector<std::string> parameter_names(const Generator& generator) {
  if (std::holds_alternative<BranchGenerator>(generator)) return {"branch", "branchSlug", "commit"};
  if (std::holds_alternative<DirectoryGenerator>(generator)) return {"commit", "path", "pathBase", "pathSlug"};
  const auto& elements = std::get<ListGenerator>(generator).elements;
  std::vector<std::string> names;
  if (elements.empty()) return names;
  for (const auto& [name, value] : elements.front())
    if (std::ranges::all_of(elements, [&](const TemplateParameters& one) { return one.contains(name); }))
      names.push_back(name);
  return names;
}

Result<ApplicationSet> read_application_set(const json::object& object) {
  Result<ApplicationSet> read = SetReader().read(written_document(object));
  if (!read) return read;
  read->uid = string_at(object, {"metadata", "uid"});
  read->installation = string_at(object, {"metadata", "labels", kInstallationLabel});
  return read;
}

Result<ApplicationSet> read_application_set_file(const SourceFile& file, const std::string& own_namespace) {
  auto documents = parse_yaml(file.content, file.path);
  if (!documents) return std::unexpected(std::move(documents.error()));
  const YamlDocument* set = nullptr;
  for (const YamlDocument& document : *documents) {
    if (string_at(document.value, {"kind"}) != kApplicationSetKind) continue;
    if (set != nullptr)
      return fail(ErrorKind::Invalid, "there is more than one ApplicationSet in it",
                  fmt::format("{}:{}", file.path, document.line), "keep one");
    set = &document;
  }
  if (set == nullptr)
    return fail(
        ErrorKind::Invalid, "there is no ApplicationSet in it", file.path,
        fmt::format("write one, with apiVersion: {} and kind: {}", kApplicationApiVersion, kApplicationSetKind));
  Result<ApplicationSet> read = read_application_set(set->value.get_object());
  if (!read) {
    read.error().where = fmt::format("{}:{}", file.path, set->line);
  } else if (read->namespace_.empty()) {
    read->namespace_ = own_namespace;
  }
  return read;
}

}  // namespace holdfast
