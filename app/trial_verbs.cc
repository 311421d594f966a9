#include "app/trial_verbs.h"

#include <CLI/CLI.hpp>

#include "app/cluster_options.h"
#include "app/commands.h"
#include "app/output_options.h"
#include "holdfast/base/duration.h"
#include "holdfast/model/label.h"

namespace holdfast {
namespace {

CLI::App* add_approve(CLI::App& app, ApproveOptions& options) {
  CLI::App* approve = app.add_subcommand(
      "approve", "approve the plan that waits: APP PLAN; with --name: let a drift be put back, or objects go");
  add_cluster_options(*approve, options.cluster);
  CLI::Option* const name =
      approve->add_option("--name", options.name, "the application, of drifts and objects")->check(label_problem);
  approve->add_option("--inventory-namespace", options.inventory_namespace,
                      "namespace of the inventory ConfigMap (default: that of --namespace)");
  approve->add_option("object", options.objects,
                      "APP and PLAN, as in `web 1a2b3c4d`; with --name: KIND/NAME, with --prune also how many objects");
  CLI::Option* const prune =
      approve->add_flag("--prune", options.prune, "they left Git, and may be deleted")->needs(name);
  approve->add_option("--plan", options.plan, "of an application of a configuration: the plan that waits, from its log")
      ->needs(name)
      ->excludes(prune);
  approve->add_option("--field", options.fields, "put back only this field, named as reports name it; may be repeated")
      ->excludes(prune);
  approve->add_option("--for", options.period, "how long it holds, at most 24h")->capture_default_str();
  approve->add_option("--reason", options.reason, "for those who read it later");
  return approve;
}

// docs/overrides.md
CLI::App* add_try(CLI::App& app, TryOptions& options) {
  CLI::App* tried = app.add_subcommand("try", "try a branch or a field on an Application for a while, without a merge");
  add_cluster_options(*tried, options.cluster);
  tried->add_option("application", options.application, "the Application, in the namespace of --namespace")->required();
  CLI::Option* const ref = tried->add_option("--ref,--branch", options.branch, "a branch of its repository");
  CLI::Option* const tag = tried->add_option("--tag", options.tag, "a tag of it")->excludes(ref);
  CLI::Option* const commit =
      tried->add_option("--commit", options.commit, "a full commit id of it")->excludes(ref)->excludes(tag);
  CLI::Option* const set =
      tried->add_option("--set", options.sets, "PATH=VALUE, as in spec.template.spec.containers[web].image=web:2");
  CLI::Option* const scale =
      tried->add_option("--scale", options.scale, "so many replicas")->check(CLI::Range(0, 100'000));
  CLI::Option* const image = tried->add_option("--image", options.images, "CONTAINER=IMAGE");
  for (CLI::Option* const field : {set, scale, image})
    for (CLI::Option* const other : {ref, tag, commit}) field->excludes(other);
  tried->add_option("--object", options.object, "Kind/name of the object, where several could be meant");
  tried->add_option("--for", options.period, "how long, 1s to 168h")->check(duration_problem)->capture_default_str();
  tried->add_option("--reason", options.reason, "for those who read it later");
  tried->add_option("--name", options.name, "of the Override (default: one is made up)");
  tried->add_option("--timeout", options.timeout, "of the wait until it is applied")
      ->check(duration_problem)
      ->capture_default_str();
  tried->add_option("--cache-dir", options.cache_dir, "where repositories are kept (default: ~/.cache/holdfast)");
  tried->add_option("--kustomize-program", options.kustomize_program, "kustomize, or a kubectl (default: found)");
  tried->add_option("--helm-program", options.helm_program, "helm (default: found)");
  tried->add_flag("-y,--yes", options.yes, "do not ask");
  tried->add_flag("--no-plan", options.no_plan, "do not show what it would change; then --object says which one")
      ->needs(tried->get_option("--yes"));
  return tried;
}

CLI::App* add_override_verb(CLI::App& app, const char* verb, const char* description, OverrideOptions& options) {
  CLI::App* made = app.add_subcommand(verb, description);
  add_cluster_options(*made, options.cluster);
  made->add_option("name", options.name, "the Override; `kubectl get overrides` lists them")->required();
  return made;
}

CLI::App* add_keep(CLI::App& app, OverrideOptions& options) {
  CLI::App* keep = add_override_verb(
      app, "keep", "make a commit of what is tried, on a new branch of your clone; pushes nothing", options);
  keep->add_option("-C,--directory", options.directory, "your clone of the repository")->capture_default_str();
  keep->add_option("--branch", options.branch, "the branch to be made (default: keep/NAME)");
  keep->add_option("--kustomize-program", options.kustomize_program, "kustomize, or a kubectl (default: found)");
  keep->add_option("--helm-program", options.helm_program, "helm (default: found)");
  keep->add_option("--base", options.base, "where it begins (default: what the application follows)");
  return keep;
}

CLI::App* add_rollback(CLI::App& app, RollbackOptions& options) {
  CLI::App* rollback = app.add_subcommand(
      "rollback", "hold an earlier revision of an Application, until there is a newer one (docs/rollouts.md)");
  add_cluster_options(*rollback, options.cluster);
  rollback->add_option("application", options.application, "its name, or NAMESPACE/NAME")->required();
  CLI::Option* const to = rollback->add_option(
      "--to", options.to, "a revision of its history, or the first digits of the commit (default: the one before)");
  rollback->add_flag("--release", options.release, "follow the source again")->excludes(to);
  rollback->add_option("--reason", options.reason, "for those who read it later")->required();
  return rollback;
}

CLI::App* add_history(CLI::App& app, HistoryOptions& options) {
  CLI::App* history = app.add_subcommand("history", "tell what was done to an Application, when, by whom and why");
  add_cluster_options(*history, options.cluster);
  history->add_option("application", options.application, "its name, or NAMESPACE/NAME")->required();
  add_table_or_json(*history, options.output);
  return history;
}

}  // namespace

TrialVerbs::TrialVerbs(CLI::App& app)
    : approve_(add_approve(app, approve_options_)),
      tried_(add_try(app, tried_options_)),
      drop_(add_override_verb(app, "drop", "end what is tried, before its time is over", override_options_)),
      keep_(add_keep(app, override_options_)),
      rollback_(add_rollback(app, rollback_options_)),
      history_(add_history(app, history_options_)) {}

void TrialVerbs::check() const {
  if (!approve_->parsed()) return;
  if (approve_options_.name.empty() && approve_options_.objects.size() != 2)
    throw CLI::RequiredError("APP and PLAN, or --name");
  if (approve_options_.objects.empty() && approve_options_.plan.empty())
    throw CLI::RequiredError("KIND/NAME or --plan");
}

std::optional<int> TrialVerbs::run() const {
  if (approve_->parsed()) return approve_command(approve_options_);
  if (tried_->parsed()) return try_command(tried_options_);
  if (drop_->parsed()) return drop_command(override_options_);
  if (keep_->parsed()) return keep_command(override_options_);
  if (rollback_->parsed()) return rollback_command(rollback_options_);
  if (history_->parsed()) return history_command(history_options_);
  return std::nullopt;
}

}  // namespace holdfast
