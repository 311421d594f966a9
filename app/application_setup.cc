#include "app/application_setup.h"

#include <cstdlib>
#include <filesystem>

#include "engine/inventory_record.h"
#include "sources/git_url.h"
#include "sources/renderer.h"

namespace holdfast {
namespace {

std::string default_cache_dir() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0')
    return std::string(cache) + "/holdfast";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return std::string(home) + "/.cache/holdfast";
  return "/var/cache/holdfast";
}

std::string environment_value(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

std::string either_value(const char* name, const char* other) {
  std::string value = environment_value(name);
  return value.empty() ? environment_value(other) : value;
}

AccessWishes access_of(const Application& application, const SetupContext& context) {
  const SourceSpec& source = application.source;
  AccessWishes wishes;
  wishes.namespace_ = application.namespace_.empty() ? context.namespace_ : application.namespace_;
  wishes.files = {source.username,         source.password_file, source.ssh_key_file,
                  source.known_hosts_file, source.ca_file,       source.docker_config_file};
  wishes.ssh_auth_sock = environment_value("SSH_AUTH_SOCK");
  wishes.credentials_secret = source.credentials_secret;
  wishes.signatures = source.verify;
  wishes.decryption = application.decryption;
  wishes.sops = environment_value("HOLDFAST_SOPS");
  return wishes;
}

// What it acts as. Errors: Invalid, where it has to name an account and does not.
Result<std::optional<ServiceAccount>> account_of(const Application& application, const SetupContext& context) {
  const std::string& home = application.namespace_.empty() ? context.namespace_ : application.namespace_;
  if (!application.service_account.empty()) return ServiceAccount{home, application.service_account};
  if (!context.tenancy) return std::optional<ServiceAccount>();
  return fail(
      ErrorKind::Invalid,
      "spec.serviceAccountName is not set, and this daemon (--tenancy) acts for nobody but accounts that are named", {},
      "set it to a ServiceAccount of the namespace " + home +
          " as which the daemon may act: holdfast install --tenancy --tenant " + home + "/NAME");
}

// What one account was let read of a repository is not there for another that was not: each has a folder of its own.
std::string cache_folder(const SetupContext& context, const std::optional<ServiceAccount>& account) {
  const std::string folder = cache_folder_of(context);
  return account ? folder + "/accounts/" + account->namespace_ + "_" + account->name : folder;
}

// Names what an application is read from, the same however it was spelt.
std::string source_identity(const SourceSpec& source) {
  std::error_code no_directory;
  const std::filesystem::path local = std::filesystem::canonical(source.repo_url, no_directory);
  const std::string repo = no_directory ? without_credentials(source.repo_url) : local.string();
  const std::string chart = source.chart.empty() ? "" : "/" + source.chart;
  std::string path = std::filesystem::path(source.path).lexically_normal().string();
  while (!path.empty() && (path.back() == '/' || path.back() == '.')) path.pop_back();
  return repo + chart + (path.empty() ? "" : "//" + path);
}

ArtifactRequest artifact_of(const SourceSpec& source) {
  return {source.tag, source.semver, source.digest, source.chart, source.layer_media_type};
}

std::string ref_of(const SourceSpec& source) {
  for (const std::string& ref : {source.branch, source.tag, source.commit})
    if (!ref.empty()) return ref;
  return {};
}

std::shared_ptr<const RenderWay> render_way(const Application& application, const SetupContext& context,
                                            const std::string& cache_folder) {
  auto way = std::make_shared<RenderWay>();
  way->wishes.kind = application.source.renderer;
  way->wishes.kustomize = application.source.kustomize;
  way->wishes.helm = application.source.helm;
  way->wishes.release_name = application.name;
  way->wishes.namespace_ = application.target_namespace.empty() ? context.namespace_ : application.target_namespace;
  way->tools = RenderTools::shared(context.programs, cache_folder);
  return way;
}

}  // namespace

std::string cache_folder_of(const SetupContext& context) {
  return context.cache_dir.empty() ? default_cache_dir() : context.cache_dir;
}

RenderProgramPaths programs_of(const ApplicationOptions& options) {
  return {options.kustomize_program, options.helm_program};
}

Application to_application(const ApplicationOptions& options, const std::string& namespace_) {
  Application application;
  application.name = application_name(options);
  application.namespace_ = options.inventory_namespace.empty() ? namespace_ : options.inventory_namespace;
  application.target_namespace = namespace_;
  SourceSpec& source = application.source;
  source.repo_url = options.repo;
  set_ref(source, options.ref);
  source.path = options.path;
  source.files = options.files;
  source.interval = options.interval;
  source.username = options.git.username;
  source.password_file = options.git.password_file;
  source.ssh_key_file = options.git.ssh_key;
  source.known_hosts_file = options.git.known_hosts;
  source.ca_file = options.git.ca_file;
  application.adopt = options.adopt;
  application.move_source = options.move_source;
  application.prune_limit_objects = options.prune_limit;
  application.allow_prune = options.allow_prune;
  return application;
}

void set_ref(SourceSpec& source, const std::string& ref) {
  for (std::string* other : {&source.branch, &source.tag, &source.commit, &source.semver, &source.digest})
    other->clear();
  if (!is_artifact(source.repo_url, artifact_of(source)))
    source.branch = ref;  // or a tag, or a commit: whatever has that name
  else if (!source.chart.empty())
    source.semver = ref;
  else if (ref.starts_with("sha256:"))
    source.digest = ref;
  else
    source.tag = ref;
}

std::string repository_of(const Application& application) {
  const SourceSpec& source = application.source;
  std::string name = source.repo_url;
  for (const std::string& part : {source.chart, ref_of(source), source.semver, source.digest}) name += "\n" + part;
  // Nothing moves to the objects of another account.
  if (!application.service_account.empty())
    name += "\nas " + application.namespace_ + "/" + application.service_account;
  return name;
}

Result<ApplicationSetup> make_setup(const Application& application, const SetupContext& context) {
  const auto account = account_of(application, context);
  if (!account) return std::unexpected(account.error());
  AccessWishes access = access_of(application, context);
  // They are read again whenever they are used; what is wrong with them now is told now.
  if (auto credentials = read_credential_files(access.files); !credentials) return std::unexpected(credentials.error());
  auto policies = DriftPolicies::compile(application.policy, application.grace, application.rules);
  if (!policies) return std::unexpected(policies.error());
  auto yield_rules = YieldRules::compile(application.ignore, application.trusted_managers);
  if (!yield_rules) return std::unexpected(yield_rules.error());
  ApplicationSetup setup;
  setup.name = application.name;
  setup.repository = repository_of(application);
  setup.source.repo = application.source.repo_url;
  setup.source.ref = ref_of(application.source);
  setup.source.semver = application.source.semver;
  setup.source.path = application.source.path;
  setup.source.interval = application.source.interval;
  setup.source.use_files = application.source.files;
  setup.source.choice = {application.source.recurse, application.source.include, application.source.exclude};
  setup.source.access = std::move(access);
  setup.acts_as = *account;
  setup.source.values = *account && context.values_as ? context.values_as(**account) : context.values;
  const SourceSpec& source = application.source;
  setup.source.artifact = artifact_of(source);
  setup.source.proxy = {either_value("https_proxy", "HTTPS_PROXY"), either_value("no_proxy", "NO_PROXY")};
  setup.source.cache_folder = cache_folder(context, *account);
  setup.source.post_build = application.post_build;
  setup.source.values_namespace = application.namespace_.empty() ? context.namespace_ : application.namespace_;
  setup.source.way = render_way(application, context, setup.source.cache_folder);

  setup.inventory.namespace_ = application.namespace_.empty() ? context.namespace_ : application.namespace_;
  setup.inventory.name = inventory_name(setup.name);
  setup.inventory.installation = context.installation;
  setup.inventory.source = source_identity(application.source);
  setup.inventory.move_source = application.move_source;

  setup.prepare.default_namespace =
      application.target_namespace.empty() ? context.namespace_ : application.target_namespace;
  setup.prepare.confined = application.confined;
  setup.prepare.installation = context.installation;
  setup.prepare.only_namespace = context.only_namespace;
  setup.prepare.applyset_id = applyset_id(setup.inventory.name, setup.inventory.namespace_, "ConfigMap", "");
  setup.prepare.manager = FieldManager{"holdfast"};
  setup.prune.objects = application.prune_limit_objects;
  setup.prune.percent = static_cast<double>(application.prune_limit_percent);
  setup.prune.allowed = application.allow_prune;
  setup.prune.never = !application.prune;
  setup.adopt = application.adopt;
  setup.wait_for_health = application.wait;
  setup.wave_patience = application.timeout;
  setup.revisions = application.revisions;
  setup.on_failure = application.on_failure;
  setup.policies = std::move(*policies);
  setup.yield_rules = std::move(*yield_rules);
  setup.depends_on = application.depends_on;
  return setup;
}

// What was asked for is the end of all of it, so that neither an empty set nor `prune: false` stands against it; how
// many may go at once and which never do unnamed still does.
ApplicationSetup ending(ApplicationSetup setup) {
  setup.ends = true;
  setup.prune.end_is_meant = true;
  setup.prune.never = false;
  return setup;
}

}  // namespace holdfast
