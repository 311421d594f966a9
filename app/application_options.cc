#include "app/application_options.h"

#include <CLI/CLI.hpp>
#include <map>

#include "holdfast/model/label.h"

namespace holdfast {
namespace {

// Options that say in words of the command line what an Application says itself.
constexpr const char* kOfOneApplication[] = {
    "--repo",       "--ref",         "--path",        "--name",         "--inventory-namespace",
    "--files",      "--move-source", "--adopt",       "--git-username", "--git-password-file",
    "--ssh-key",    "--known-hosts", "--git-ca-file", "--interval",     "--prune-limit",
    "--allow-prune"};

void add_git_options(CLI::App& app, GitOptions& options) {
  app.add_option("--git-username", options.username, "user name for an https:// repository");
  app.add_option("--git-password-file", options.password_file,
                 "file with the password or token for an https:// repository");
  app.add_option("--ssh-key", options.ssh_key, "private key for an ssh repository (default: agent, ~/.ssh)");
  app.add_option("--known-hosts", options.known_hosts, "host keys to trust, and no others (default: ~/.ssh)");
  app.add_option("--git-ca-file", options.ca_file, "CA certificates to trust for an https:// repository (PEM)");
}

}  // namespace

void add_application_options(CLI::App& app, ApplicationOptions& options) {
  app.add_option("--repo", options.repo, "Git repository (URL or directory), or a plain directory");
  app.add_option("--ref", options.ref, "branch, tag or commit (default: the repository's HEAD)");
  app.add_option("--path", options.path, "directory of the manifests inside the repository")->capture_default_str();
  app.add_option("--name", options.name, "name of this application (default: the last part of the path)")
      ->check(label_problem);
  app.add_option("--inventory-namespace", options.inventory_namespace,
                 "namespace of the inventory ConfigMap (default: that of --namespace)");
  app.add_flag("--files", options.files, "apply the directory's files as they are saved, not its commits");
  app.add_option("--cache-dir", options.cache_dir, "where repositories are kept (default: ~/.cache/holdfast)");
  app.add_option("--kustomize-program", options.kustomize_program, "kustomize, or a kubectl (default: found)");
  app.add_option("--helm-program", options.helm_program, "helm (default: found)");
  app.add_flag("--move-source", options.move_source, "the application of this name is read from here from now on");
  app.add_flag("--adopt", options.adopt, "take over objects that exist already and that nobody else owns");
  add_git_options(app, options.git);
}

void add_prune_options(CLI::App& app, ApplicationOptions& options) {
  app.add_option("--prune-limit", options.prune_limit,
                 "prune up to so many objects of one commit unasked (20 % where that is more)")
      ->capture_default_str();
  app.add_option("--allow-prune", options.allow_prune,
                 "KIND/NAME of a Namespace, CRD, PV or PVC that may be pruned; may be repeated");
}

void add_config_option(CLI::App& app, std::string& config, const std::set<std::string_view>& still_allowed) {
  CLI::Option* const option =
      app.add_option("--config", config, "file or folder of Applications (docs/applications.md), instead of --repo");
  exclude_application_options(app, *option, still_allowed);
}

void exclude_application_options(CLI::App& app, CLI::Option& option, const std::set<std::string_view>& still_allowed) {
  for (const char* name : kOfOneApplication)
    if (CLI::Option* const other = app.get_option_no_throw(name); other != nullptr && !still_allowed.contains(name))
      option.excludes(other);
}

void add_log_options(CLI::App& app, LogOptions& options) {
  app.add_option("--log-format", options.format, "text or json")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, LogFormat>{{"text", LogFormat::Text}, {"json", LogFormat::Json}}));
  app.add_option("--log-level", options.level, "debug, info, warning or error")
      ->transform(CLI::CheckedTransformer(std::map<std::string, LogLevel>{{"debug", LogLevel::Debug},
                                                                          {"info", LogLevel::Info},
                                                                          {"warning", LogLevel::Warning},
                                                                          {"error", LogLevel::Error}}));
}

}  // namespace holdfast
