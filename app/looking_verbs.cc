#include "app/looking_verbs.h"

#include <CLI/CLI.hpp>
#include <map>

#include "app/application_options.h"
#include "app/cluster_options.h"
#include "app/commands.h"
#include "app/output_options.h"
#include "holdfast/base/duration.h"
#include "holdfast/model/label.h"

namespace holdfast {

Listed listed_as(std::string_view word) {
  if (word.starts_with("override")) return Listed::Overrides;
  if (word.starts_with("set") || word.starts_with("applicationset")) return Listed::ApplicationSets;
  return word.starts_with("app") ? Listed::Applications : Listed::Objects;
}

namespace {

// `get [objects|applications|sets|overrides] [NAME]`.
void add_get_arguments(CLI::App& get, GetOptions& options) {
  get.add_option_function<std::string>(
         "what", [&options](const std::string& what) { options.what = listed_as(what); },
         "objects that are managed, applications, sets (ApplicationSets) or overrides (default: objects)")
      ->check(CLI::IsMember({"objects", "applications", "application", "apps", "app", "applicationsets",
                             "applicationset", "sets", "set", "overrides", "override"}));
  get.add_option("application", options.one, "NAME or NAMESPACE/NAME of one of them, but of objects (default: all)");
}

CLI::App* add_get(CLI::App& app, GetOptions& options) {
  CLI::App* get = app.add_subcommand("get", "list what is managed, its state and its revision");
  add_cluster_options(*get, options.cluster);
  get->add_option("--name", options.name, "only this application");
  get->add_option("--inventory-namespace", options.inventory_namespace, "only inventories of this namespace");
  get->add_flag("--explain", options.explain, "say of each object why, and by which rule (docs/rules.md)");
  get->add_option("-o,--output", options.output, "table, wide, json, yaml or name")
      ->transform(CLI::CheckedTransformer(output_formats()));
  add_get_arguments(*get, options);
  return get;
}

CLI::App* add_wait(CLI::App& app, WaitOptions& options, std::string& until, std::string& timeout) {
  CLI::App* wait = app.add_subcommand(
      "wait", "wait until what was applied is healthy; 0: it is, 1: not in time, or it has failed, 2: an error");
  add_cluster_options(*wait, options.cluster);
  wait->add_option("--name", options.name, "only this application")->check(label_problem);
  wait->add_option("--inventory-namespace", options.inventory_namespace, "only inventories of this namespace");
  wait->add_option("--revision", options.revision, "commit that has to be applied (default: whichever was)");
  wait->add_option("--for", until, "applied or healthy")
      ->check(CLI::IsMember({"applied", "healthy"}))
      ->capture_default_str();
  wait->add_option("--timeout", timeout, "as in 30s, 5m or 1h")->check(duration_problem)->capture_default_str();
  wait->add_flag("--keep-waiting", options.keep_waiting, "until the timeout, although something has failed");
  return wait;
}

CLI::App* add_why(CLI::App& app, WhyOptions& options, LogOptions& log) {
  CLI::App* why = app.add_subcommand(
      "why", "tell of each field of an object who owns it, and which line of which commit declares it");
  why->add_option("object", options.words, "KIND/NAME or KIND NAME, then a field: deployment/web .spec.replicas")
      ->required()
      ->expected(1, 3);
  add_cluster_options(*why, options.run.cluster);
  add_application_options(*why, options.run.application);
  add_log_options(*why, log);
  add_config_option(*why, options.run.config, {"--name"});
  why->add_option("-o,--output", options.output, "text, json or yaml (docs/why.md has its fields)")
      ->transform(CLI::CheckedTransformer(std::map<std::string, WhyOutput>{
          {"text", WhyOutput::Text}, {"json", WhyOutput::Json}, {"yaml", WhyOutput::Yaml}}));
  return why;
}

CLI::App* add_health(CLI::App& app, HealthOptions& options) {
  CLI::App* health = app.add_subcommand("health", "judge objects from a file, without a cluster; 2: an error");
  health->add_option("file", options.file, "YAML documents, JSON or a List, with status; - is standard input")
      ->required();
  health->add_option("--lua", options.lua_rules, "directory of custom rules, as GROUP/KIND/health.lua");
  return health;
}

CLI::App* add_previews(CLI::App& app, PreviewsOptions& options) {
  CLI::App* previews = app.add_subcommand(
      "previews",
      "show what an ApplicationSet comes to, making none of it; 0: nothing, 1: something to do, 2: an error");
  add_cluster_options(*previews, options.cluster);
  CLI::Option* const name = previews->add_option("set", options.name, "of the cluster, in --namespace");
  CLI::Option* const file =
      previews->add_option("-f,--file", options.file, "file that holds it instead (-: standard input)");
  name->excludes(file);
  previews->add_option("--cache-dir", options.cache_dir, "folder for fetched repositories");
  add_table_or_json(*previews, options.output);
  return previews;
}

}  // namespace

LookingVerbs::LookingVerbs(CLI::App& app, LogOptions& log)
    : get_(add_get(app, get_options_)),
      wait_(add_wait(app, wait_options_, wait_for_, wait_timeout_)),
      why_(add_why(app, why_options_, log)),
      health_(add_health(app, health_options_)),
      previews_(add_previews(app, previews_options_)) {}

void LookingVerbs::check() const {
  if (previews_->parsed() && previews_options_.name.empty() && previews_options_.file.empty())
    throw CLI::RequiredError("the name of a set or --file");
}

std::optional<int> LookingVerbs::run() {
  wait_options_.healthy = wait_for_ == "healthy";
  wait_options_.timeout = *parse_duration(wait_timeout_);
  if (get_->parsed()) return get_command(get_options_);
  if (wait_->parsed()) return wait_command(wait_options_);
  if (why_->parsed()) return why_command(why_options_);
  if (health_->parsed()) return health_command(health_options_);
  if (previews_->parsed()) return previews_command(previews_options_);
  return std::nullopt;
}

}  // namespace holdfast
