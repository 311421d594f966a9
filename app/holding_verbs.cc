#include "app/holding_verbs.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <map>

#include "app/application_options.h"
#include "app/cluster_options.h"
#include "app/commands.h"
#include "app/progress.h"
#include "holdfast/model/label.h"

namespace holdfast {
namespace {

// docs/receivers.md
void add_push_options(CLI::App& app, PushOptions& options) {
  CLI::Option* const config = app.add_option("--receiver-config", options.receiver_config,
                                             "file of receivers: hear of pushes at once, in this process");
  app.add_option("--receiver", options.receiver, "address and port of the receivers (default: listen of their file)")
      ->needs(config);
  CLI::Option* const relay =
      app.add_option("--relay", options.relay, "https:// address of a `holdfast receiver` to subscribe to");
  CLI::Option* const token =
      app.add_option("--relay-token-file", options.relay_token_file, "file with the token that the relay wants");
  relay->needs(token);
  token->needs(relay);
  app.add_option("--relay-ca-file", options.relay_ca_file, "CA certificates to trust for the relay (PEM)")
      ->needs(relay);
}

// docs/operations.md
void add_daemon_options(CLI::App& app, RunOptions& options) {
  app.add_flag("--tenancy", options.tenancy, "hold no application that names no ServiceAccount (docs/tenancy.md)");
  app.add_option("--namespace-only", options.only_namespace, "see nothing of the cluster but this namespace")
      ->check(label_problem);
  CLI::Option* const lease =
      app.add_flag("--lease", options.lease, "write only while the Lease of the installation is this process'");
  app.add_option("--lease-namespace", options.lease_namespace, "of that Lease (default: that of --namespace)")
      ->needs(lease);
  app.add_option("--probes", options.probes, "address and port of /healthz and /readyz");
}

void add_run_options(CLI::App& app, RunOptions& options, LogOptions& log) {
  add_cluster_options(app, options.cluster);
  add_application_options(app, options.application);
  add_log_options(app, log);
  add_prune_options(app, options.application);
}

CLI::App* add_run(CLI::App& app, RunOptions& options, LogOptions& log, long& interval_s) {
  CLI::App* run = app.add_subcommand(
      "run",
      "make the cluster what the repository says, and keep it there; without --repo and --config: what its "
      "Application objects say");
  add_run_options(*run, options, log);
  run->add_option("--interval", interval_s, "seconds between looks at a remote repository")
      ->check(CLI::Range(1L, 86'400L))
      ->capture_default_str();
  run->add_option("--health-rules", options.health_rules,
                  "directory of custom health rules in Lua, as GROUP/KIND/health.lua; read at the start");
  run->add_flag("--once", options.once, "end when the revision is applied: 0 if all of it was, else 1");
  run->add_flag("--previews", options.previews,
                "let ApplicationSets of the cluster have namespaces made and deleted (docs/previews.md)");
  run->add_flag("--explain", options.explain, "say why each decision was taken, and by which rule (docs/rules.md)");
  add_config_option(*run, options.config, {});
  add_push_options(*run, options.push);
  add_daemon_options(*run, options);
  return run;
}

CLI::App* add_apply(CLI::App& app, RunOptions& options, LogOptions& log, std::string& plan_file) {
  CLI::App* apply = app.add_subcommand("apply", "apply once and end, as run --once; or exactly what a saved plan says");
  add_run_options(*apply, options, log);
  add_config_option(*apply, options.config, {});
  CLI::Option* const plan = apply->add_option(
      "--plan", plan_file, "a file of plan --save: does that, or refuses where anything has changed since (2)");
  exclude_application_options(*apply, *plan, {});
  for (const char* name : {"--config", "--namespace", "--installation"}) plan->excludes(apply->get_option(name));
  return apply;
}

CLI::App* add_plan(CLI::App& app, const char* verb, const char* description, RunOptions& run, PlanOptions& options,
                   LogOptions& log) {
  CLI::App* plan = app.add_subcommand(verb, description);
  add_run_options(*plan, run, log);
  add_config_option(*plan, run.config, {"--name", "--ref"});
  plan->add_flag("--explain", options.explain, "say of each object why, and by which rule (docs/rules.md)");
  CLI::Option* const application = plan->add_option(
      "application", options.application,
      "an Application of the cluster, NAME or NAMESPACE/NAME; with --ref: as another branch would have it");
  exclude_application_options(*plan, *application, {"--ref"});
  application->excludes(plan->get_option("--config"));
  plan->add_option("-o,--output", options.output,
                   "text, json or yaml (docs/plan.md has its fields), or markdown for a pull request")
      ->transform(CLI::CheckedTransformer(std::map<std::string, PlanOutput>{{"text", PlanOutput::Text},
                                                                            {"json", PlanOutput::Json},
                                                                            {"yaml", PlanOutput::Yaml},
                                                                            {"markdown", PlanOutput::Markdown}}));
  plan->add_option("--color", options.color, "auto (on a terminal, unless NO_COLOR is set), always or never")
      ->transform(CLI::CheckedTransformer(std::map<std::string, ColorChoice>{
          {"auto", ColorChoice::Auto}, {"always", ColorChoice::Always}, {"never", ColorChoice::Never}}));
  CLI::Option* const live =
      plan->add_option("--live", options.live,
                       "file with the live objects (kubectl get -o yaml --show-managed-fields), instead of a cluster; "
                       "- is standard input");
  for (const char* name : {"--kubeconfig", "--context"}) live->excludes(plan->get_option(name));
  return plan;
}

CLI::App* add_render(CLI::App& app, RunOptions& options) {
  CLI::App* render = app.add_subcommand("render", "print as YAML what an application comes to, without a cluster");
  add_application_options(*render, options.application);
  render->add_option("-n,--namespace", options.cluster.namespace_, "namespace of objects that name none")
      ->default_str("default");
  add_config_option(*render, options.config, {"--name"});
  return render;
}

}  // namespace

HoldingVerbs::HoldingVerbs(CLI::App& app, LogOptions& log)
    : log_(log),
      run_(add_run(app, options_, log, interval_s_)),
      diff_(add_plan(app, "diff", "show what `run` would change; 0: nothing, 1: something, 2: an error", options_,
                     plan_options_, log)),
      plan_(add_plan(app, "plan", "show what `run` would do, in order, and how far it reaches; exits as diff does",
                     options_, plan_options_, log)),
      apply_(add_apply(app, options_, log, plan_file_)),
      render_(add_render(app, options_)) {
  plan_->add_option("--save", plan_options_.save, "file for apply --plan; of all applications of a configuration")
      ->excludes(plan_->get_option("--live"));
}

void HoldingVerbs::check() const {
  const bool applies = apply_->parsed() && plan_file_.empty();
  // A daemon that is told of no repository holds the Applications of its cluster.
  const bool runs_once = run_->parsed() && options_.once;
  const bool desires = runs_once || diff_->parsed() || plan_->parsed() || render_->parsed() || applies;
  const bool named = !plan_options_.application.empty();
  if (desires && options_.config.empty() && options_.application.repo.empty() && !named)
    throw CLI::RequiredError(applies ? "--repo, --config or --plan" : "--repo or --config");
  if (!options_.config.empty() && !options_.application.ref.empty() && options_.application.name.empty())
    throw CLI::RequiredError("--name, for which application --ref is");
  if (named && (!plan_options_.save.empty() || !plan_options_.live.empty()))
    throw CLI::ExcludesError("an application of the cluster", "--save and --live");
  if (!plan_options_.save.empty() && !options_.config.empty() && !options_.application.name.empty())
    throw CLI::ExcludesError("--save", "--name of a configuration");
}

std::optional<int> HoldingVerbs::run() {
  options_.application.interval = std::chrono::seconds(interval_s_);
  options_.show_progress = log_.format == LogFormat::Text && Progress::on_terminal();
  if (apply_->parsed() && !plan_file_.empty()) return apply_command(options_, plan_file_);
  options_.once |= apply_->parsed();
  if (run_->parsed() || apply_->parsed()) return run_command(options_);
  if (diff_->parsed()) return diff_command(options_, plan_options_);
  if (plan_->parsed()) return plan_command(options_, plan_options_);
  if (render_->parsed()) return render_command(options_);
  return std::nullopt;
}

}  // namespace holdfast
