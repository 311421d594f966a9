#include "sources/application_reader.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "sources/application_fields.h"
#include "sources/application_graph.h"
#include "sources/application_values.h"
#include "sources/field_check.h"
#include "sources/written_document.h"
#include "sources/yaml_document.h"
#include "sources/yaml_place.h"

namespace holdfast {
namespace {

constexpr std::size_t kFileLimitBytes = std::size_t{4} << 20;
constexpr std::size_t kApplicationLimit = 10'000;

struct LocatedDocument {
  json::object value;
  YamlTree tree;
};

// The text is read twice, for values and for places. Only documents that are objects are in both, in one order.
Result<std::vector<LocatedDocument>> located_documents(const SourceFile& file) {
  auto values = parse_yaml(file.content, file.path);
  if (!values) return std::unexpected(std::move(values.error()));
  std::vector<LocatedDocument> documents;
  YamlReader reader(file.content, file.path);
  for (YamlDocument& document : *values) {
    if (!document.value.is_object())
      return fail(ErrorKind::Invalid, "this document is no object", fmt::format("{}:{}", file.path, document.line),
                  fmt::format("begin it with apiVersion: {} and kind: {}", kApplicationApiVersion, kApplicationKind));
    auto tree = reader.next();
    while (tree && !tree->nodes.empty() && tree->nodes.front().kind != YamlNodeKind::Mapping) tree = reader.next();
    if (!tree) return std::unexpected(std::move(tree.error()));
    documents.push_back({std::move(document.value.get_object()), std::move(*tree)});
  }
  return documents;
}

class ApplicationReader {
 public:
  explicit ApplicationReader(const ApplicationReadOptions& options) : options_(options) {}

  void take(const SourceFile& file) {
    file_ = file.path;
    if (file.content.size() > kFileLimitBytes) {
      errors_.push_back({ErrorKind::TooLarge, fmt::format("is larger than {} MiB", kFileLimitBytes >> 20), file.path,
                         "spread the applications over several files"});
      return;
    }
    auto documents = located_documents(file);
    if (!documents) {
      errors_.push_back(std::move(documents.error()));
      return;
    }
    for (const LocatedDocument& document : *documents) take(document);
  }

  Result<std::vector<Application>> finish() {
    if (read_.size() > kApplicationLimit)
      return fail(ErrorKind::TooLarge, fmt::format("more than {} applications", kApplicationLimit), {},
                  "share them out among several daemons");
    for (Error& error : check_together(read_, options_.own_namespace, errors_.empty()))
      errors_.push_back(std::move(error));
    if (errors_.empty() && read_.empty())
      return fail(ErrorKind::Invalid, "there is no Application in it", file_,
                  fmt::format("write one, with apiVersion: {} and kind: {}", kApplicationApiVersion, kApplicationKind));
    if (!errors_.empty()) return std::unexpected(joined());
    std::vector<Application> applications;
    for (ReadApplication& read : read_) applications.push_back(std::move(read.application));
    return applications;
  }

 private:
  [[nodiscard]] std::string place(const YamlTree& tree, const YamlPath& path) const {
    return fmt::format("{}:{}", file_, line_of(tree, path));
  }

  void refuse(const YamlTree& tree, const YamlPath& path, std::string message, std::string hint) {
    errors_.push_back({ErrorKind::Invalid, std::move(message), place(tree, path), std::move(hint)});
  }

  // What it is comes first: the fields of something else would all be wrong.
  bool is_application(const LocatedDocument& document) {
    const std::string version(string_at(document.value, {"apiVersion"})), kind(string_at(document.value, {"kind"}));
    const std::string write_kind = fmt::format("write kind: {}", kApplicationKind);
    const std::string write_version = fmt::format("write apiVersion: {}", kApplicationApiVersion);
    if (kind.empty() || version.empty()) {
      const char* missing = kind.empty() ? "kind" : "apiVersion";
      refuse(document.tree, {missing}, fmt::format("{} is missing or not text", missing),
             kind.empty() ? write_kind : write_version);
    } else if (!version.starts_with("holdfast.dev/")) {
      refuse(document.tree, {"apiVersion"}, fmt::format("{} {} is none of ours", version, kind),
             "only Applications of holdfast.dev belong here; manifests belong into a source");
    } else if (kind == "Override") {
      refuse(document.tree, {"kind"}, "an Override is none of a file: the API server tells who asks, and since when",
             "make it in the cluster, with holdfast try; what is in a file can be changed there");
    } else if (kind == "ApplicationSet") {
      refuse(document.tree, {"kind"}, "an ApplicationSet is an object of a cluster, not of a file",
             "apply it to the cluster; holdfast previews --file shows what it comes to");
    } else if (kind != kApplicationKind) {
      refuse(document.tree, {"kind"}, fmt::format("there is no kind {}", kind), write_kind);
    } else if (version != kApplicationApiVersion) {
      refuse(document.tree, {"apiVersion"}, fmt::format("there is no version {}", version), write_version);
    } else {
      return true;
    }
    return false;
  }

  void take(const LocatedDocument& document) {
    if (!is_application(document)) return;
    std::multimap<int, FieldProblem> problems;  // by line
    const auto collect = [&](std::vector<FieldProblem> found) {
      for (FieldProblem& problem : found) problems.emplace(line_of(document.tree, problem.path), std::move(problem));
    };
    collect(check_fields(json::value(document.value), application_document()));
    ApplicationValues values = application_values(document.value, options_);
    collect(std::move(values.problems));
    if (problems.empty()) return add(document, std::move(values.application));
    for (auto& [line, problem] : problems)
      refuse(document.tree, problem.path, std::move(problem.message), std::move(problem.hint));
  }

  void add(const LocatedDocument& document, Application application) {
    ReadApplication read{std::move(application), {}};
    read.application.origin = place(document.tree, {});
    const json::value* dependencies = find(document.value, {"spec", "dependsOn"});
    for (std::size_t i = 0; dependencies != nullptr && i < dependencies->get_array().size(); ++i)
      read.dependency_places.try_emplace(std::string(string_at(dependencies->get_array()[i], {"name"})),
                                         place(document.tree, {"spec", "dependsOn", i}));
    read_.push_back(std::move(read));
  }

  [[nodiscard]] Error joined() {
    if (errors_.size() == 1) return std::move(errors_.front());
    Error all{ErrorKind::Invalid, fmt::format("{} errors, so nothing of it is used", errors_.size()), {}, {}};
    const std::size_t told = std::min(errors_.size(), kApplicationErrorLimit);
    for (std::size_t i = 0; i < told; ++i) all.message += "\n" + describe(errors_[i]);
    if (told < errors_.size()) all.message += fmt::format("\nand {} more", errors_.size() - told);
    return all;
  }

  const ApplicationReadOptions& options_;
  std::string file_;
  std::vector<ReadApplication> read_;
  std::vector<Error> errors_;
};

// Whoever may make objects of a cluster has no say about the files of the machine that the daemon runs on, among which
// are the repositories of others. The definition refuses these as well; the one that a cluster has may be older.
std::optional<FieldProblem> names_our_machine(const json::object& object) {
  const std::string_view repo = string_at(object, {"spec", "source", "repoURL"});
  const auto names = [&](std::string_view scheme) {
    return repo.size() >= scheme.size() &&
           std::ranges::equal(repo.substr(0, scheme.size()), scheme,
                              [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
  };
  const bool directory = !repo.empty() && (repo.starts_with('/') || repo.starts_with('.') || !repo.contains(':'));
  if (!directory && !names("file:") && find(object, {"spec", "source", "files"}) == nullptr) return std::nullopt;
  return FieldProblem{{"spec", "source", "repoURL"},
                      "spec.source.repoURL has to be a URL: a directory is one of the machine that the daemon runs on",
                      "name the repository as the daemon reaches it"};
}

}  // namespace

Result<Application> read_application(const json::object& object, const ApplicationReadOptions& options) {
  const json::object document = written_document(object);
  ApplicationValues values = application_values(document, options);
  std::vector<FieldProblem> problems = check_fields(json::value(document), application_document());
  std::ranges::move(values.problems, std::back_inserter(problems));
  if (auto local = names_our_machine(object)) problems.push_back(std::move(*local));
  if (problems.empty()) return std::move(values.application);
  Error all{ErrorKind::Invalid, {}, {}, {}};
  for (FieldProblem& problem : problems) {
    const std::string line =
        describe(Error{ErrorKind::Invalid, std::move(problem.message), {}, std::move(problem.hint)});
    all.message += (all.message.empty() ? "" : "\n") + line;
  }
  return std::unexpected(std::move(all));
}

Result<std::vector<Application>> read_applications(std::span<const SourceFile> files,
                                                   const ApplicationReadOptions& options) {
  ApplicationReader reader(options);
  for (const SourceFile& file : files) reader.take(file);
  return reader.finish();
}

}  // namespace holdfast
