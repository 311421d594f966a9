#include "app/moving_verbs.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string_view>
#include <vector>

#include "app/cluster_options.h"
#include "app/command_tree.h"
#include "app/completion.h"
#include "app/looking_verbs.h"
#include "app/manual_page.h"
#include "holdfast/base/duration.h"

namespace holdfast {
namespace {

std::string_view program_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

std::string invoked_as(int argc, const char* const* argv) {
  return argc > 0 && program_name(argv[0]) == "kubectl-holdfast" ? "kubectl holdfast" : "holdfast";
}

MovingVerbs::MovingVerbs(CLI::App& app) : app_(app) {
  add_version();
  add_import();
  add_of_applications();
  add_help();
}

void MovingVerbs::add_version() {
  version_ = app_.add_subcommand("version", "print the version");
  version_->add_flag("--cluster", of_cluster_, "also of the API server, and of the daemons that run there");
  add_cluster_options(*version_, version_options_);
}

void MovingVerbs::add_of_applications() {
  struct Verb {
    CLI::App** verb;
    const char *name, *description;
  };
  const Verb kVerbs[] = {
      {&suspend_, "suspend", "leave the objects of an Application alone, until it is resumed"},
      {&resume_, "resume", "hold them again"},
      {&reconcile_, "reconcile", "look at the source of an Application now; 0: it is applied, 1: it is not"},
      {&tree_, "tree", "show the objects of an Application, and what controllers made of them, with their health"}};
  for (const Verb& each : kVerbs) {
    CLI::App* verb = *each.verb = app_.add_subcommand(each.name, each.description);
    verb->add_option("application", application_options_.name, "NAME or NAMESPACE/NAME")->required();
    add_cluster_options(*verb, application_options_.cluster);
    if (each.verb == &tree_) {
      verb->add_option("-o,--output", application_options_.output, "table, json or yaml")
          ->transform(CLI::CheckedTransformer(std::map<std::string, OutputFormat>{
              {"table", OutputFormat::Table}, {"json", OutputFormat::Json}, {"yaml", OutputFormat::Yaml}}));
      continue;
    }
    verb->add_flag("--no-wait", application_options_.no_wait, "do not wait until the daemon has met it");
    verb->add_option("--timeout", application_timeout_, "how long it is waited for, as in 30s or 5m")
        ->check(duration_problem)
        ->capture_default_str();
  }
}

void MovingVerbs::add_help() {
  completion_ = app_.add_subcommand("completion", "print a script by which a shell completes what is typed");
  completion_->add_option("shell", shell_, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  man_ = app_.add_subcommand("man", "print the manual page: holdfast man | man -l -");
  schema_ = app_.add_subcommand("schema", "print every field of our objects as Markdown");
  schema_->add_option("--markdown", schema_options_.markdown, "folder to write into, a file for each kind");
}

void MovingVerbs::add_import() {
  import_ = app_.add_subcommand("import", "print what Flux, Argo CD or Marathon run as Applications, or take it over");
  import_->require_subcommand(1);
  struct Kind {
    const char *name, *description;
  };
  constexpr Kind kKinds[] = {
      {"flux", "Kustomizations and HelmReleases of Flux; 1: something has no equivalent, and is said; 2: an error"},
      {"argocd", "Applications of Argo CD; 1: something has no equivalent, and is said; 2: an error"},
      {"marathon", "app definitions of DC/OS Marathon, as Deployments and Services; 1 and 2 as flux"}};
  for (std::size_t i = 0; i < std::size(kKinds); ++i) {
    CLI::App* from = import_from_[i] = import_->add_subcommand(kKinds[i].name, kKinds[i].description);
    CLI::Option* const files = from->add_option(
        "-f,--file", import_options_.files,
        i == 2 ? "file or folder of app definitions in JSON; - is standard input; may be repeated"
               : "file or folder to read instead of the cluster; - is standard input; may be repeated");
    if (i == 2) {
      files->required();
      from->add_option("-n,--namespace", import_options_.cluster.namespace_, "namespace of what is made");
      continue;
    }
    add_cluster_options(*from, import_options_.cluster);
    if (i == 1)
      from->add_option("--destination", import_options_.destination,
                       "what Argo CD calls this cluster, a server or a name (default: the one that it is in)");
    CLI::Option* const over =
        from->add_flag(
                "--take-over", import_options_.take_over,
                "apply the Applications, and let the old tool go: suspended, pruning off, finalizer off, deleted")
            ->excludes(files);
    from->add_option("name", import_options_.names, "NAME or NAMESPACE/NAME of what is taken over (default: all)")
        ->needs(over);
    from->add_flag("--dry-run", import_options_.dry_run, "print the steps that are left, and do none")->needs(over);
    from->add_flag("--step", import_options_.one_step, "do the next step, and end")->needs(over);
    from->add_flag("--despite-losses", import_options_.despite_losses, "also what would come out otherwise than it did")
        ->needs(over);
    from->add_option("--timeout", takeover_timeout_, "how long each wait lasts, as in 30s or 5m")
        ->needs(over)
        ->check(duration_problem)
        ->capture_default_str();
  }
}

std::optional<int> MovingVerbs::complete(int argc, const char* const* argv) const {
  const bool of_kubectl = argc > 0 && program_name(argv[0]) == "kubectl_complete-holdfast";
  const int first = of_kubectl ? 1 : 2;
  if (!of_kubectl && (argc < 2 || std::string_view(argv[1]) != "__complete")) return std::nullopt;
  const std::vector<std::string> words(argv + std::min(first, argc), argv + argc);
  Completion found = complete_words(command_tree(app_), words);
  const bool of_get = words.size() > 2 && words[0] == "get";
  const Listed what = of_get ? listed_as(words[1]) : Listed::Applications;
  if (found.applications && what != Listed::Objects)
    for (const std::string& name : own_object_names(what, std::chrono::seconds(1)))
      if (name.starts_with(words.empty() ? std::string() : words.back())) found.words.emplace_back(name, "");
  std::fputs(completion_text(found).c_str(), stdout);
  return 0;
}

std::optional<int> MovingVerbs::run() {
  if (version_->parsed()) {
    std::puts("holdfast " HOLDFAST_VERSION);
    return of_cluster_ ? version_command(version_options_) : 0;
  }
  if (completion_->parsed()) {
    std::fputs(std::string(*completion_script(shell_)).c_str(), stdout);
    return 0;
  }
  if (man_->parsed()) {
    std::fputs(manual_page(command_tree(app_), HOLDFAST_VERSION).c_str(), stdout);
    return 0;
  }
  if (schema_->parsed()) return schema_command(schema_options_);
  application_options_.timeout = std::chrono::ceil<std::chrono::seconds>(*parse_duration(application_timeout_));
  if (suspend_->parsed()) return suspend_command(application_options_);
  if (resume_->parsed()) return resume_command(application_options_);
  if (reconcile_->parsed()) return reconcile_command(application_options_);
  if (tree_->parsed()) return tree_command(application_options_);
  if (import_->parsed()) {
    for (std::size_t i = 0; i < std::size(import_from_); ++i)
      if (import_from_[i]->parsed()) import_options_.from = static_cast<ImportFrom>(i);
    import_options_.timeout = std::chrono::ceil<std::chrono::seconds>(*parse_duration(takeover_timeout_));
    return import_command(import_options_);
  }
  return std::nullopt;
}

}  // namespace holdfast
