#include "app/application_setup.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/inventory_record.h"
#include "sources/git_url.h"

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

// Git and ssh run in another folder and report a missing file late and indirectly. Empty stays empty.
Result<std::string> readable_file(const std::string& path, const char* option) {
  if (path.empty()) return path;
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path, failed) || ::access(path.c_str(), R_OK) != 0)
    return fail(ErrorKind::Invalid, "there is no file here that we may read", path, std::string("check ") + option);
  return std::filesystem::absolute(path).string();
}

Result<Secret> read_password(const std::string& path) {
  constexpr std::size_t kLongest_bytes = 64 * 1024;
  constexpr const char* kHint = "the file of --git-password-file holds the password or token and nothing else";
  std::ifstream in(path, std::ios::binary);
  std::string text(kLongest_bytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || in.gcount() == 0) return fail(ErrorKind::Invalid, "the password file is empty", path, kHint);
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kLongest_bytes) return fail(ErrorKind::Invalid, "the password file is too long", path, kHint);
  constexpr const char* kBlank = " \t\r\n";
  text.erase(text.find_last_not_of(kBlank) + 1);
  text.erase(0, text.find_first_not_of(kBlank));
  Secret password(std::move(text));
  if (password.empty()) return fail(ErrorKind::Invalid, "the password file is empty", path, kHint);
  for (char c : password.reveal())
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return fail(ErrorKind::Invalid, "the password file holds a control character or several lines", path, kHint);
  return password;
}

Result<GitCredentials> credentials_of(const SourceSpec& source) {
  GitCredentials credentials;
  credentials.username = source.username;
  credentials.ssh_auth_sock = environment_value("SSH_AUTH_SOCK");
  const auto key = readable_file(source.ssh_key_file, "--ssh-key or sshKeyFile");
  if (!key) return std::unexpected(key.error());
  const auto hosts = readable_file(source.known_hosts_file, "--known-hosts or knownHostsFile");
  if (!hosts) return std::unexpected(hosts.error());
  const auto ca = readable_file(source.ca_file, "--git-ca-file or caFile");
  if (!ca) return std::unexpected(ca.error());
  credentials.ssh_key_file = *key;
  credentials.known_hosts_file = *hosts;
  credentials.ca_file = *ca;
  const auto password_file = readable_file(source.password_file, "--git-password-file or passwordFile");
  if (!password_file) return std::unexpected(password_file.error());
  if (password_file->empty()) return credentials;
  auto password = read_password(*password_file);
  if (!password) return std::unexpected(password.error());
  credentials.password = std::move(*password);
  return credentials;
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

}  // namespace

Application to_application(const ApplicationOptions& options, const std::string& namespace_) {
  Application application;
  application.name = application_name(options);
  application.namespace_ = options.inventory_namespace.empty() ? namespace_ : options.inventory_namespace;
  application.target_namespace = namespace_;
  SourceSpec& source = application.source;
  source.repo_url = options.repo;
  if (!is_artifact(source.repo_url, {}))
    source.branch = options.ref;  // or a tag, or a commit: whatever has that name
  else if (options.ref.starts_with("sha256:"))
    source.digest = options.ref;
  else
    source.tag = options.ref;
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

std::string repository_of(const Application& application) {
  const SourceSpec& source = application.source;
  std::string name = source.repo_url;
  for (const std::string& part : {source.chart, ref_of(source), source.semver, source.digest}) name += "\n" + part;
  return name;
}

Result<ApplicationSetup> make_setup(const Application& application, const SetupContext& context) {
  auto credentials = credentials_of(application.source);
  if (!credentials) return std::unexpected(credentials.error());
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
  setup.source.credentials = std::move(*credentials);
  const SourceSpec& source = application.source;
  setup.source.artifact = artifact_of(source);
  setup.source.docker_config_file = source.docker_config_file;
  setup.source.proxy = {either_value("https_proxy", "HTTPS_PROXY"), either_value("no_proxy", "NO_PROXY")};
  setup.source.cache_folder = context.cache_dir.empty() ? default_cache_dir() : context.cache_dir;

  setup.inventory.namespace_ = application.namespace_.empty() ? context.namespace_ : application.namespace_;
  setup.inventory.name = inventory_name(setup.name);
  setup.inventory.installation = context.installation;
  setup.inventory.source = source_identity(application.source);
  setup.inventory.move_source = application.move_source;

  setup.prepare.default_namespace =
      application.target_namespace.empty() ? context.namespace_ : application.target_namespace;
  setup.prepare.installation = context.installation;
  setup.prepare.applyset_id = applyset_id(setup.inventory.name, setup.inventory.namespace_, "ConfigMap", "");
  setup.prepare.manager = FieldManager{"holdfast"};
  setup.prune.objects = application.prune_limit_objects;
  setup.prune.percent = static_cast<double>(application.prune_limit_percent);
  setup.prune.allowed = application.allow_prune;
  setup.prune.never = !application.prune;
  setup.adopt = application.adopt;
  setup.wait_for_health = application.wait;
  setup.wave_patience = application.timeout;
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
