#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>

#include "app/cluster_options.h"
#include "app/commands.h"
#include "app/moving_verbs.h"
#include "app/nearest_command.h"
#include "app/options.h"
#include "app/progress.h"
#include "app/trial_verbs.h"
#include "holdfast/base/duration.h"

namespace holdfast {
namespace {

constexpr int kUsageError = 2;

void add_git_options(CLI::App& app, GitOptions& options) {
  app.add_option("--git-username", options.username, "user name for an https:// repository");
  app.add_option("--git-password-file", options.password_file,
                 "file with the password or token for an https:// repository");
  app.add_option("--ssh-key", options.ssh_key, "private key for an ssh repository (default: agent, ~/.ssh)");
  app.add_option("--known-hosts", options.known_hosts, "host keys to trust, and no others (default: ~/.ssh)");
  app.add_option("--git-ca-file", options.ca_file, "CA certificates to trust for an https:// repository (PEM)");
}

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

// Options that say in words of the command line what an Application says itself.
constexpr const char* kOfOneApplication[] = {
    "--repo",       "--ref",         "--path",        "--name",         "--inventory-namespace",
    "--files",      "--move-source", "--adopt",       "--git-username", "--git-password-file",
    "--ssh-key",    "--known-hosts", "--git-ca-file", "--interval",     "--prune-limit",
    "--allow-prune"};

void add_config_option(CLI::App& app, std::string& config, std::set<std::string_view> still_allowed) {
  CLI::Option* const option =
      app.add_option("--config", config, "file or folder of Applications (docs/applications.md), instead of --repo");
  for (const char* name : kOfOneApplication)
    if (CLI::Option* const other = app.get_option_no_throw(name); other != nullptr && !still_allowed.contains(name))
      option->excludes(other);
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

struct Parsed {
  RunOptions run;
  PlanOptions plan;
  std::string plan_file;
  DemoOptions demo;
  GetOptions get;
  ApproveOptions approve;
  HealthOptions health;
  InstallOptions install;
  PreviewsOptions previews;
  DoctorOptions doctor;
  ReceiverOptions receiver;
  SimulateOptions simulate;
  WaitOptions wait;
  WhyOptions why;
  std::string wait_for = "healthy", wait_timeout = "5m";
  VersionOptions version;
  LogOptions log;
  long interval_s = 60;
};

// What may be deleted unasked.
void add_prune_options(CLI::App& app, ApplicationOptions& options) {
  app.add_option("--prune-limit", options.prune_limit,
                 "prune up to so many objects of one commit unasked (20 % where that is more)")
      ->capture_default_str();
  app.add_option("--allow-prune", options.allow_prune,
                 "KIND/NAME of a Namespace, CRD, PV or PVC that may be pruned; may be repeated");
}

void add_run_options(CLI::App& app, Parsed& parsed) {
  add_cluster_options(app, parsed.run.cluster);
  add_application_options(app, parsed.run.application);
  add_log_options(app, parsed.log);
  add_prune_options(app, parsed.run.application);
}

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

CLI::App* add_receiver(CLI::App& app, Parsed& parsed) {
  CLI::App* receiver = app.add_subcommand(
      "receiver", "receive pushes of forges and registries, and hand them on; needs no cluster and no Git");
  receiver->add_option("--config", parsed.receiver.config, "file of receivers (docs/receivers.md)");
  receiver->add_option("--listen", parsed.receiver.listen,
                       "address and port (default: listen of the file, 127.0.0.1:8080)");
  CLI::Option* const setup =
      receiver->add_option("--print-setup", parsed.receiver.print_setup,
                           "print what to enter at a sender of this type, as in github, and end");
  receiver->add_option("--url", parsed.receiver.url, "public address of the receiver, for --print-setup")->needs(setup);
  add_log_options(*receiver, parsed.log);
  return receiver;
}

CLI::App* add_run(CLI::App& app, Parsed& parsed) {
  CLI::App* run = app.add_subcommand(
      "run",
      "make the cluster what the repository says, and keep it there; without --repo and --config: what its "
      "Application objects say");
  add_run_options(*run, parsed);
  run->add_option("--interval", parsed.interval_s, "seconds between looks at a remote repository")
      ->check(CLI::Range(1L, 86'400L))
      ->capture_default_str();
  run->add_option("--health-rules", parsed.run.health_rules,
                  "directory of custom health rules in Lua, as GROUP/KIND/health.lua; read at the start");
  run->add_flag("--once", parsed.run.once, "end when the revision is applied: 0 if all of it was, else 1");
  run->add_flag("--previews", parsed.run.previews,
                "let ApplicationSets of the cluster have namespaces made and deleted (docs/previews.md)");
  run->add_flag("--explain", parsed.run.explain, "say why each decision was taken, and by which rule (docs/rules.md)");
  add_config_option(*run, parsed.run.config, {});
  add_push_options(*run, parsed.run.push);
  add_daemon_options(*run, parsed.run);
  return run;
}

CLI::App* add_apply(CLI::App& app, Parsed& parsed) {
  CLI::App* apply = app.add_subcommand("apply", "apply once and end, as run --once; or exactly what a saved plan says");
  add_run_options(*apply, parsed);
  add_config_option(*apply, parsed.run.config, {});
  CLI::Option* const plan = apply->add_option(
      "--plan", parsed.plan_file, "a file of plan --save: does that, or refuses where anything has changed since (2)");
  for (const char* name : kOfOneApplication)
    if (CLI::Option* const other = apply->get_option_no_throw(name)) plan->excludes(other);
  for (const char* name : {"--config", "--namespace", "--installation"}) plan->excludes(apply->get_option(name));
  return apply;
}

CLI::App* add_plan(CLI::App& app, Parsed& parsed, const char* verb, const char* description) {
  CLI::App* plan = app.add_subcommand(verb, description);
  add_run_options(*plan, parsed);
  add_config_option(*plan, parsed.run.config, {"--name", "--ref"});
  plan->add_flag("--explain", parsed.plan.explain, "say of each object why, and by which rule (docs/rules.md)");
  CLI::Option* const application = plan->add_option(
      "application", parsed.plan.application,
      "an Application of the cluster, NAME or NAMESPACE/NAME; with --ref: as another branch would have it");
  for (const char* name : kOfOneApplication)
    if (CLI::Option* const other = plan->get_option_no_throw(name);
        other != nullptr && name != std::string_view("--ref"))
      application->excludes(other);
  application->excludes(plan->get_option("--config"));
  plan->add_option("-o,--output", parsed.plan.output,
                   "text, json or yaml (docs/plan.md has its fields), or markdown for a pull request")
      ->transform(CLI::CheckedTransformer(std::map<std::string, PlanOutput>{{"text", PlanOutput::Text},
                                                                            {"json", PlanOutput::Json},
                                                                            {"yaml", PlanOutput::Yaml},
                                                                            {"markdown", PlanOutput::Markdown}}));
  plan->add_option("--color", parsed.plan.color, "auto (on a terminal, unless NO_COLOR is set), always or never")
      ->transform(CLI::CheckedTransformer(std::map<std::string, ColorChoice>{
          {"auto", ColorChoice::Auto}, {"always", ColorChoice::Always}, {"never", ColorChoice::Never}}));
  CLI::Option* const live =
      plan->add_option("--live", parsed.plan.live,
                       "file with the live objects (kubectl get -o yaml --show-managed-fields), instead of a cluster; "
                       "- is standard input");
  for (const char* name : {"--kubeconfig", "--context"}) live->excludes(plan->get_option(name));
  return plan;
}

CLI::App* add_render(CLI::App& app, Parsed& parsed) {
  CLI::App* render = app.add_subcommand("render", "print as YAML what an application comes to, without a cluster");
  add_application_options(*render, parsed.run.application);
  render->add_option("-n,--namespace", parsed.run.cluster.namespace_, "namespace of objects that name none")
      ->default_str("default");
  add_config_option(*render, parsed.run.config, {"--name"});
  return render;
}

CLI::App* add_get(CLI::App& app, Parsed& parsed) {
  CLI::App* get = app.add_subcommand("get", "list what is managed, its state and its revision");
  add_cluster_options(*get, parsed.get.cluster);
  get->add_option("--name", parsed.get.name, "only this application");
  get->add_option("--inventory-namespace", parsed.get.inventory_namespace, "only inventories of this namespace");
  get->add_flag("--explain", parsed.get.explain, "say of each object why, and by which rule (docs/rules.md)");
  get->add_option("-o,--output", parsed.get.output, "table, wide, json, yaml or name")
      ->transform(CLI::CheckedTransformer(output_formats()));
  add_get_arguments(*get, parsed.get);
  return get;
}

CLI::App* add_approve(CLI::App& app, Parsed& parsed) {
  ApproveOptions& options = parsed.approve;
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

CLI::App* add_health(CLI::App& app, Parsed& parsed) {
  CLI::App* health = app.add_subcommand("health", "judge objects from a file, without a cluster; 2: an error");
  health->add_option("file", parsed.health.file, "YAML documents, JSON or a List, with status; - is standard input")
      ->required();
  health->add_option("--lua", parsed.health.lua_rules, "directory of custom rules, as GROUP/KIND/health.lua");
  return health;
}

// Which installation is meant; of `install` and `doctor`.
void add_installation_options(CLI::App& app, InstallOptions& options) {
  app.add_option("-n,--namespace", options.namespace_, "where the daemon is to run")
      ->check(label_problem)
      ->capture_default_str();
  app.add_option("--installation", options.installation, "id of this Holdfast among several in one cluster")
      ->check(label_problem)
      ->capture_default_str();
  CLI::Option* const only = app.add_option(
      "--namespace-only", options.only_namespace,
      "it runs there, with rights there alone; what only the whole cluster can show is not seen (docs/operations.md)");
  only->check(label_problem)->excludes(app.get_option("--namespace"));
  CLI::Option* const tenancy = app.add_flag("--tenancy", options.tenancy,
                                            "it acts for nobody but ServiceAccounts that are named (docs/tenancy.md)");
  app.add_option("--tenant", options.tenants, "NAMESPACE/NAME of one of these; may be repeated")->needs(tenancy);
}

CLI::App* add_install(CLI::App& app, Parsed& parsed) {
  InstallOptions& options = parsed.install;
  options.image = "holdfast:" HOLDFAST_VERSION;
  CLI::App* install = app.add_subcommand("install", "print what a daemon in the cluster needs, for kubectl apply -f -");
  install->add_option("--image", options.image, "of the daemon")->capture_default_str();
  add_installation_options(*install, options);
  install->add_flag("--definitions-only", options.definitions_only, "only the CustomResourceDefinitions");
  install
      ->add_flag("--previews", options.previews,
                 "let ApplicationSets have namespaces made and deleted (docs/previews.md)")
      ->excludes("--namespace-only");
  return install;
}

CLI::App* add_doctor(CLI::App& app, Parsed& parsed) {
  DoctorOptions& options = parsed.doctor;
  CLI::App* doctor = app.add_subcommand(
      "doctor", "see whether a daemon has what it needs; changes nothing; 0: it has, 1: something fails, 2: an error");
  doctor->add_option("--kubeconfig", options.cluster.kubeconfig,
                     "kubeconfig file (default: $KUBECONFIG, ~/.kube/config, in-cluster)");
  doctor->add_option("--context", options.cluster.context, "context of the kubeconfig (default: its current-context)");
  add_installation_options(*doctor, options.install);
  doctor->add_option("--account", options.account,
                     "NAMESPACE/NAME of the ServiceAccount whose rights are looked at (default: one's own)");
  doctor->add_option("--receiver", options.receiver, "address of a `holdfast receiver`, to see whether it answers");
  doctor->add_option("--relay", options.relay, "address of a relay, likewise");
  doctor->add_option("-o,--output", options.output, "table or json")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, OutputFormat>{{"table", OutputFormat::Table}, {"json", OutputFormat::Json}}));
  return doctor;
}

CLI::App* add_previews(CLI::App& app, Parsed& parsed) {
  CLI::App* previews = app.add_subcommand(
      "previews",
      "show what an ApplicationSet comes to, making none of it; 0: nothing, 1: something to do, 2: an error");
  add_cluster_options(*previews, parsed.previews.cluster);
  CLI::Option* const name = previews->add_option("set", parsed.previews.name, "of the cluster, in --namespace");
  CLI::Option* const file =
      previews->add_option("-f,--file", parsed.previews.file, "file that holds it instead (-: standard input)");
  name->excludes(file);
  previews->add_option("--cache-dir", parsed.previews.cache_dir, "folder for fetched repositories");
  previews->add_option("-o,--output", parsed.previews.output, "table or json")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, OutputFormat>{{"table", OutputFormat::Table}, {"json", OutputFormat::Json}}));
  return previews;
}

CLI::App* add_wait(CLI::App& app, Parsed& parsed) {
  CLI::App* wait = app.add_subcommand(
      "wait", "wait until what was applied is healthy; 0: it is, 1: not in time, or it has failed, 2: an error");
  add_cluster_options(*wait, parsed.wait.cluster);
  wait->add_option("--name", parsed.wait.name, "only this application")->check(label_problem);
  wait->add_option("--inventory-namespace", parsed.wait.inventory_namespace, "only inventories of this namespace");
  wait->add_option("--revision", parsed.wait.revision, "commit that has to be applied (default: whichever was)");
  wait->add_option("--for", parsed.wait_for, "applied or healthy")
      ->check(CLI::IsMember({"applied", "healthy"}))
      ->capture_default_str();
  wait->add_option("--timeout", parsed.wait_timeout, "as in 30s, 5m or 1h")
      ->check(duration_problem)
      ->capture_default_str();
  wait->add_flag("--keep-waiting", parsed.wait.keep_waiting, "until the timeout, although something has failed");
  return wait;
}

CLI::App* add_why(CLI::App& app, Parsed& parsed) {
  CLI::App* why = app.add_subcommand(
      "why", "tell of each field of an object who owns it, and which line of which commit declares it");
  why->add_option("object", parsed.why.words, "KIND/NAME or KIND NAME, then a field: deployment/web .spec.replicas")
      ->required()
      ->expected(1, 3);
  add_cluster_options(*why, parsed.why.run.cluster);
  add_application_options(*why, parsed.why.run.application);
  add_log_options(*why, parsed.log);
  add_config_option(*why, parsed.why.run.config, {"--name"});
  why->add_option("-o,--output", parsed.why.output, "text, json or yaml (docs/why.md has its fields)")
      ->transform(CLI::CheckedTransformer(std::map<std::string, WhyOutput>{
          {"text", WhyOutput::Text}, {"json", WhyOutput::Json}, {"yaml", WhyOutput::Yaml}}));
  return why;
}

CLI::App* add_simulate(CLI::App& app, Parsed& parsed) {
  CLI::App* simulate = app.add_subcommand("simulate", "serve an API server over an in-memory store, to try things on");
  simulate->add_option("--port", parsed.simulate.port, "port on 127.0.0.1 (default: one that is free)")
      ->check(CLI::Range(0U, 65'535U));
  simulate->add_option("--kubeconfig", parsed.simulate.kubeconfig, "file to write (default: standard output)");
  simulate->add_option("--seed", parsed.simulate.seed, "seed of everything that is left to chance")
      ->capture_default_str();
  simulate->add_flag("--without-controllers", parsed.simulate.without_controllers,
                     "as a kube-apiserver alone: no workload becomes ready, no namespace is emptied");
  add_log_options(*simulate, parsed.log);
  return simulate;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app{"Holdfast keeps Kubernetes clusters exactly where Git says they should be, the moment something moves."};
  app.name(invoked_as(argc, argv));
  app.require_subcommand(1);
  app.footer("Errors say what to do next. See also: holdfast VERB --help");
  Parsed parsed;
  CLI::App* run = add_run(app, parsed);
  CLI::App* diff = add_plan(app, parsed, "diff", "show what `run` would change; 0: nothing, 1: something, 2: an error");
  CLI::App* plan =
      add_plan(app, parsed, "plan", "show what `run` would do, in order, and how far it reaches; exits as diff does");
  plan->add_option("--save", parsed.plan.save, "file for apply --plan; of all applications of a configuration")
      ->excludes(plan->get_option("--live"));
  CLI::App* apply = add_apply(app, parsed);
  CLI::App* render = add_render(app, parsed);
  CLI::App* get = add_get(app, parsed);
  CLI::App* approve = add_approve(app, parsed);
  CLI::App* health = add_health(app, parsed);
  CLI::App* install = add_install(app, parsed);
  CLI::App* previews = add_previews(app, parsed);
  CLI::App* doctor = add_doctor(app, parsed);
  CLI::App* receiver = add_receiver(app, parsed);
  CLI::App* simulate = add_simulate(app, parsed);
  CLI::App* wait = add_wait(app, parsed);
  CLI::App* why = add_why(app, parsed);
  CLI::App* demo = app.add_subcommand("demo", "a simulated cluster, a sample repository and a story, in one process");
  demo->add_flag("--exit", parsed.demo.exit, "end after the story: 0 if all of it happened");
  CLI::App* version = app.add_subcommand("version", "print the version");
  add_version(*version, parsed.version);
  TrialVerbs trials(app);
  MovingVerbs moving(app);
  if (const std::optional<int> code = moving.complete(argc, argv)) return *code;
  try {
    app.parse(argc, argv);
    const bool applies = apply->parsed() && parsed.plan_file.empty();
    // A daemon that is told of no repository holds the Applications of its cluster.
    const bool runs_once = run->parsed() && parsed.run.once;
    const bool desires = runs_once || diff->parsed() || plan->parsed() || render->parsed() || applies;
    const bool named = !parsed.plan.application.empty();
    if (desires && parsed.run.config.empty() && parsed.run.application.repo.empty() && !named)
      throw CLI::RequiredError(applies ? "--repo, --config or --plan" : "--repo or --config");
    if (!parsed.run.config.empty() && !parsed.run.application.ref.empty() && parsed.run.application.name.empty())
      throw CLI::RequiredError("--name, for which application --ref is");
    if (named && (!parsed.plan.save.empty() || !parsed.plan.live.empty()))
      throw CLI::ExcludesError("an application of the cluster", "--save and --live");
    if (receiver->parsed() && parsed.receiver.config.empty() && parsed.receiver.print_setup.empty())
      throw CLI::RequiredError("--config or --print-setup");
    if (previews->parsed() && parsed.previews.name.empty() && parsed.previews.file.empty())
      throw CLI::RequiredError("the name of a set or --file");
    if (approve->parsed() && parsed.approve.name.empty() && parsed.approve.objects.size() != 2)
      throw CLI::RequiredError("APP and PLAN, or --name");
    if (approve->parsed() && parsed.approve.objects.empty() && parsed.approve.plan.empty())
      throw CLI::RequiredError("KIND/NAME or --plan");
    if (!parsed.plan.save.empty() && !parsed.run.config.empty() && !parsed.run.application.name.empty())
      throw CLI::ExcludesError("--save", "--name of a configuration");
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    if (code != 0) std::fputs(nearest_command(app, argc, argv).c_str(), stderr);
    return code == 0 ? 0 : kUsageError;
  }
  if (const std::optional<int> code = moving.run()) return *code;
  parsed.run.application.interval = std::chrono::seconds(parsed.interval_s);
  parsed.wait.healthy = parsed.wait_for == "healthy";
  parsed.wait.timeout = *parse_duration(parsed.wait_timeout);
  if (version->parsed()) {
    std::puts("holdfast " HOLDFAST_VERSION);
    return parsed.version.cluster ? version_command(parsed.version.where) : 0;
  }
  start_logging(parsed.log.format, parsed.log.level);
  parsed.run.show_progress = parsed.log.format == LogFormat::Text && Progress::on_terminal();
  if (apply->parsed() && !parsed.plan_file.empty()) return apply_command(parsed.run, parsed.plan_file);
  parsed.run.once |= apply->parsed();
  if (run->parsed() || apply->parsed()) return run_command(parsed.run);
  if (diff->parsed()) return diff_command(parsed.run, parsed.plan);
  if (plan->parsed()) return plan_command(parsed.run, parsed.plan);
  if (render->parsed()) return render_command(parsed.run);
  if (get->parsed()) return get_command(parsed.get);
  if (approve->parsed()) return approve_command(parsed.approve);
  if (previews->parsed()) return previews_command(parsed.previews);
  if (const std::optional<int> code = trials.run()) return *code;
  for (InstallOptions* install_options : {&parsed.install, &parsed.doctor.install})
    if (!install_options->only_namespace.empty()) install_options->namespace_ = install_options->only_namespace;
  if (doctor->parsed()) return doctor_command(parsed.doctor);
  if (install->parsed()) return install_command(parsed.install);
  if (health->parsed()) return health_command(parsed.health);
  if (demo->parsed()) return demo_command(parsed.demo);
  if (receiver->parsed()) return receiver_command(parsed.receiver);
  if (simulate->parsed()) return simulate_command(parsed.simulate);
  if (wait->parsed()) return wait_command(parsed.wait);
  if (why->parsed()) return why_command(parsed.why);
  return kUsageError;
}

}  // namespace holdfast
