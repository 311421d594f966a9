#include "sources/helm_renderer.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>
#include <utility>

#include "sources/rendered_text.h"
#include "sources/rendering_work.h"
#include "sources/yaml_document.h"

namespace holdfast {
namespace {

constexpr int kNestingLimit = 8;  // of charts that are dependencies of dependencies
constexpr std::size_t kFileLimit = 20'000, kDepthLimit = 32;
constexpr const char* kValuesFile = "values/values.yaml";
constexpr const char* kValuesObjectFile = "values/values.json";

// A comma parts values for --set, unless it is escaped or in a list.
std::string parameter_text(const HelmParameter& parameter) {
  std::string text = parameter.name + "=";
  const bool list = parameter.value.starts_with('{');
  for (std::size_t i = 0; i < parameter.value.size(); ++i) {
    if (parameter.value[i] == ',' && !list && (i == 0 || parameter.value[i - 1] != '\\')) text += '\\';
    text += parameter.value[i];
  }
  return text;
}

bool is_for_tests_only(const json::value& object) {
  std::string_view hooks = string_at(object, {"metadata", "annotations", "helm.sh/hook"});
  if (hooks.empty()) return false;
  while (!hooks.empty()) {
    const std::size_t end = std::min(hooks.find(','), hooks.size());
    std::string_view hook = hooks.substr(0, end);
    hooks.remove_prefix(std::min(end + 1, hooks.size()));
    while (hook.starts_with(' ')) hook.remove_prefix(1);
    while (hook.ends_with(' ')) hook.remove_suffix(1);
    if (hook != "test" && hook != "test-success" && hook != "test-failure") return false;
  }
  return true;
}

// "# Source: web/templates/deployment.yaml": the chart's name, then a path in its folder.
std::string source_in(std::string_view comments) {
  constexpr std::string_view kSource = "# Source: ";
  const std::size_t begin = comments.rfind(kSource);
  if (begin == std::string_view::npos) return {};
  std::string_view path = comments.substr(begin + kSource.size());
  path = path.substr(0, path.find_first_of("\r\n"));
  const std::size_t slash = path.find('/');
  return slash == std::string_view::npos ? std::string() : std::string(path.substr(slash + 1));
}

class HelmRenderer {
 public:
  HelmRenderer(RevisionTree& tree, const std::string& path, const RenderContext& context)
      : tree_(tree), path_(path), wishes_(context.way.wishes), helm_(wishes_.helm), context_(context), paths_(tree) {}

  Result<Rendering> render() {
    auto program = context_.way.tools->programs.find(RenderTool::Helm);
    if (!program) return std::unexpected(program.error());
    if (auto found = find_files(); !found) return std::unexpected(found.error());
    auto arguments = arguments_of();
    const auto inputs = paths_.inputs();
    const std::string made_from =
        fmt::format("{}\n{}\n{}\n{}:{}\n{}", program->version, chart_, fmt::join(arguments, "\n"), helm_.values.size(),
                    helm_.values, helm_.values_object);
    auto text = render_once(made_from, inputs, context_, [&] { return run(*program, arguments); });
    if (!text) return std::unexpected(located(std::move(text.error())));
    auto manifests = read_rendered(
        *text, tree_.revision(), tree_.committed_s(),
        [&](const RenderedDocument& document) {
          return is_for_tests_only(document.value) ? std::string() : origin_of(source_in(document.before));
        },
        context_.decryptor);
    if (!manifests) return std::unexpected(manifests.error());
    return Rendering{std::move(*manifests), inputs, {}};
  }

 private:
  // The chart, what it depends on, and value files.
  Result<void> find_files() {
    const auto chart = paths_.find("", path_);
    if (!chart) return std::unexpected(chart.error());
    chart_ = chart->path;
    if (chart->entry.kind != TreeEntry::Kind::Folder || !paths_.find(chart_, "Chart.yaml"))
      return fail(ErrorKind::Invalid, "there is no Chart.yaml here", chart_.empty() ? "." : chart_,
                  "point spec.source.path at the folder of the chart");
    if (auto added = add_chart(*chart, chart_, 0); !added) return added;
    for (std::size_t i = 0; i < helm_.value_files.size(); ++i)
      if (auto added = add_value_file(helm_.value_files[i], i); !added) return added;
    return {};
  }

  Result<void> add_value_file(const std::string& file, std::size_t index) {
    auto place = paths_.find(chart_, file);
    if (!place && place.error().kind == ErrorKind::NotFound && helm_.ignore_missing_value_files) return {};
    if (!place || place->entry.kind != TreeEntry::Kind::File) {
      const std::string why = !place ? place.error().message : "it is no file";
      return fail(place || place.error().kind == ErrorKind::NotFound ? ErrorKind::Invalid : place.error().kind,
                  fmt::format("spec.source.helm.valueFiles[{}] names {}: {}", index, file, why), chart_,
                  "write it relative to the chart's folder");
    }
    paths_.remember(*place);
    files_.emplace(place->path, place->path);
    value_files_.push_back(std::move(place->path));
    return {};
  }

  // All below the chart's folder, laid out at `at`.
  Result<void> add_chart(const TreePaths::Place& chart, const std::string& at, int depth) {
    if (depth > kNestingLimit) return fail(ErrorKind::TooLarge, "charts that depend on charts, nine deep", chart.path);
    paths_.remember(chart);
    if (auto added = add_folder(chart.path, at, 0); !added) return added;
    for (const char* name : {"Chart.yaml", "requirements.yaml"})
      if (auto added = add_dependencies(chart.path, at, name, depth); !added) return added;
    return {};
  }

  Result<void> add_folder(const std::string& folder, const std::string& at, std::size_t depth) {
    if (depth > kDepthLimit) return fail(ErrorKind::TooLarge, "folders nest too deep", folder);
    const auto entries = tree_.list(folder);
    if (!entries) return std::unexpected(entries.error());
    for (const TreeEntry& entry : *entries) {
      const std::string path = joined_path(folder, entry.name), to = joined_path(at, entry.name);
      auto place = paths_.find(folder, entry.name);
      if (!place) return std::unexpected(place.error());
      if (entry.kind == TreeEntry::Kind::Link) paths_.remember(*place);
      if (files_.size() >= kFileLimit)
        return fail(ErrorKind::TooLarge, fmt::format("more than {} files", kFileLimit), path);
      if (place->entry.kind == TreeEntry::Kind::File)
        files_.emplace(to, place->path);
      else if (auto added = add_folder(place->path, to, depth + 1); !added)
        return added;
    }
    return {};
  }

  // What a chart says to take from elsewhere in the repository, unless it is in charts/ already.
  Result<void> add_dependencies(const std::string& folder, const std::string& at, const char* name, int depth) {
    const auto place = paths_.find(folder, name);
    if (!place && place.error().kind == ErrorKind::NotFound) return {};
    if (!place) return std::unexpected(place.error());
    const auto text = tree_.read(place->path);
    if (!text) return std::unexpected(text.error());
    const auto documents = parse_yaml(*text, place->path);
    if (!documents) return std::unexpected(documents.error());
    const json::value* list = documents->empty() ? nullptr : find(documents->front().value, {"dependencies"});
    if (list == nullptr || !list->is_array()) return {};
    for (const json::value& dependency : list->get_array()) {
      const std::string repository(string_at(dependency, {"repository"})), chart(string_at(dependency, {"name"}));
      const std::string to = joined_path(at, "charts/" + chart);
      if (!repository.starts_with("file://") || chart.empty() || chart.find('/') != std::string::npos || has_chart(to))
        continue;
      const auto wanted = paths_.find(folder, repository.substr(7));
      if (!wanted)
        return fail(ErrorKind::Invalid,
                    fmt::format("the dependency {} names {}: {}", chart, repository, wanted.error().message),
                    place->path, "write the path relative to the chart's folder");
      if (auto added = add_chart(*wanted, to, depth + 1); !added) return added;
    }
    return {};
  }

  // As a folder, or as an archive with its version.
  [[nodiscard]] bool has_chart(const std::string& at) const {
    const auto next = files_.lower_bound(at);
    if (next == files_.end() || !next->first.starts_with(at)) return false;
    const std::string_view rest = std::string_view(next->first).substr(at.size());
    return rest.starts_with('/') || (rest.starts_with('-') && rest.ends_with(".tgz"));
  }

  [[nodiscard]] std::vector<std::string> arguments_of() const {
    const std::string& release = helm_.release_name.empty() ? wishes_.release_name : helm_.release_name;
    const std::string& space = helm_.namespace_.empty() ? wishes_.namespace_ : helm_.namespace_;
    std::vector<std::string> arguments{"template", release.empty() ? "release" : release, "."};
    if (!space.empty()) arguments.push_back("--namespace=" + space);
    arguments.emplace_back(helm_.skip_crds ? "--skip-crds" : "--include-crds");
    const std::string up = from_chart();
    for (const std::string& file : value_files_)
      arguments.push_back(fmt::format("--values={}{}/{}", up, kTreeFolder, file));
    if (!helm_.values.empty()) arguments.push_back(fmt::format("--values={}{}", up, kValuesFile));
    if (!helm_.values_object.empty()) arguments.push_back(fmt::format("--values={}{}", up, kValuesObjectFile));
    for (const HelmParameter& parameter : helm_.parameters)
      arguments.push_back((parameter.force_string ? "--set-string=" : "--set=") + parameter_text(parameter));
    if (!helm_.kube_version.empty()) arguments.push_back("--kube-version=" + helm_.kube_version);
    for (const std::string& version : helm_.api_versions) arguments.push_back("--api-versions=" + version);
    return arguments;
  }

  // The way from the chart's folder to the one that all is laid out in.
  [[nodiscard]] std::string from_chart() const {
    std::string up = "../";
    if (chart_.empty()) return up;
    for (std::ptrdiff_t i = 0; i <= std::ranges::count(chart_, '/'); ++i) up += "../";
    return up;
  }

  Result<std::string> run(const RenderProgram& program, const std::vector<std::string>& arguments) {
    auto folder = TemporaryTree::make(context_.way.tools->scratch_folder);
    if (!folder) return std::unexpected(folder.error());
    if (auto laid = lay_out_chart(*folder); !laid) return std::unexpected(laid.error());
    if (!helm_.values.empty())
      if (auto written = folder->write(kValuesFile, helm_.values); !written) return std::unexpected(written.error());
    if (!helm_.values_object.empty())
      if (auto written = folder->write(kValuesObjectFile, helm_.values_object); !written)
        return std::unexpected(written.error());
    RenderRun run;
    run.arguments = arguments;
    run.folder = folder->folder();
    run.directory = folder->folder() + "/" + joined_path(kTreeFolder, chart_);
    run.limits = context_.way.tools->limits;
    run.stop = context_.stop;
    return run_renderer(program, run);
  }

  // Links are laid out as what they lead to: helm takes a link for a reason to warn.
  Result<void> lay_out_chart(TemporaryTree& folder) {
    std::vector<std::string> contents;
    contents.reserve(files_.size());
    for (const auto& [to, from] : files_) contents.push_back(from);
    if (auto brought = tree_.bring(contents); !brought) return brought;
    ReadBudget budget(ReadLimits{});
    for (const auto& [to, from] : files_) {
      const auto content = tree_.read(from);
      if (!content) return std::unexpected(content.error());
      if (auto taken = budget.take(from, content->size()); !taken) return taken;
      if (auto written = folder.write(joined_path(kTreeFolder, to), *content); !written) return written;
    }
    return {};
  }

  [[nodiscard]] std::string origin_of(const std::string& source) const {
    return joined_path(chart_, source.empty() ? "Chart.yaml" : source) + ":1";
  }

  // "execution error at (web/templates/a.yaml:3:4)", "parse error at (…)", "template: web/templates/a.yaml:3:4: …".
  [[nodiscard]] Error located(Error error) const {
    if (error.message.find("missing in charts/") != std::string::npos)
      error.hint = "commit what `helm dependency build` puts into charts/, or name it as file://../chart in Chart.yaml";
    if (!error.where.empty()) return error;
    error.where = joined_path(chart_, "Chart.yaml");
    const std::size_t templates = error.message.find("/templates/");
    if (templates == std::string::npos) return error;
    const std::size_t begin = error.message.find_last_of(" ('\"", templates) + 1;
    std::string_view place = std::string_view(error.message).substr(begin);
    place = place.substr(0, place.find_first_of(" )'\""));
    while (place.ends_with(':')) place.remove_suffix(1);
    const std::size_t slash = place.find('/');
    const std::size_t line = place.find(':'),
                      column = line == std::string_view::npos ? line : place.find(':', line + 1);
    if (slash != std::string_view::npos) error.where = joined_path(chart_, place.substr(0, column).substr(slash + 1));
    return error;
  }

  RevisionTree& tree_;
  const std::string& path_;
  const RenderWishes& wishes_;
  const HelmSpec& helm_;
  const RenderContext& context_;
  TreePaths paths_;
  std::string chart_;                         // without links
  std::map<std::string, std::string> files_;  // where it is laid out, and where it is
  std::vector<std::string> value_files_;
};

}  // namespace

Result<Rendering> render_helm(RevisionTree& tree, const std::string& path, const RenderContext& context) {
  return HelmRenderer(tree, path, context).render();
}

}  // namespace holdfast
