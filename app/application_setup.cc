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

Result<GitCredentials> credentials_of(const GitOptions& options) {
  GitCredentials credentials;
  credentials.username = options.username;
  credentials.ssh_auth_sock = environment_value("SSH_AUTH_SOCK");
  const auto key = readable_file(options.ssh_key, "--ssh-key");
  if (!key) return std::unexpected(key.error());
  const auto hosts = readable_file(options.known_hosts, "--known-hosts");
  if (!hosts) return std::unexpected(hosts.error());
  const auto ca = readable_file(options.ca_file, "--git-ca-file");
  if (!ca) return std::unexpected(ca.error());
  credentials.ssh_key_file = *key;
  credentials.known_hosts_file = *hosts;
  credentials.ca_file = *ca;
  const auto password_file = readable_file(options.password_file, "--git-password-file");
  if (!password_file) return std::unexpected(password_file.error());
  if (password_file->empty()) return credentials;
  auto password = read_password(*password_file);
  if (!password) return std::unexpected(password.error());
  credentials.password = std::move(*password);
  return credentials;
}

// Names what an application is read from, the same however it was spelt on the command line.
std::string source_identity(const ApplicationOptions& application) {
  std::error_code no_directory;
  const std::filesystem::path local = std::filesystem::canonical(application.repo, no_directory);
  const std::string repo = no_directory ? without_credentials(application.repo) : local.string();
  std::string path = std::filesystem::path(application.path).lexically_normal().string();
  while (!path.empty() && (path.back() == '/' || path.back() == '.')) path.pop_back();
  return path.empty() ? repo : repo + "//" + path;
}

}  // namespace

Result<ApplicationSetup> make_setup(const RunOptions& options, const std::string& context_namespace) {
  const ApplicationOptions& application = options.application;
  auto credentials = credentials_of(application.git);
  if (!credentials) return std::unexpected(credentials.error());
  ApplicationSetup setup;
  setup.name = application_name(application);
  setup.source.repo = application.repo;
  setup.source.ref = application.ref;
  setup.source.path = application.path;
  setup.source.interval = application.interval;
  setup.source.use_files = application.files;
  setup.source.credentials = std::move(*credentials);
  setup.source.cache_folder = application.cache_dir.empty() ? default_cache_dir() : application.cache_dir;

  setup.inventory.namespace_ =
      application.inventory_namespace.empty() ? context_namespace : application.inventory_namespace;
  setup.inventory.name = inventory_name(setup.name);
  setup.inventory.installation = options.cluster.installation;
  setup.inventory.source = source_identity(application);
  setup.inventory.move_source = application.move_source;

  setup.prepare.default_namespace = context_namespace;
  setup.prepare.installation = options.cluster.installation;
  setup.prepare.applyset_id = applyset_id(setup.inventory.name, setup.inventory.namespace_, "ConfigMap", "");
  setup.prepare.manager = FieldManager{"holdfast"};
  setup.prune.objects = application.prune_limit;
  setup.prune.allowed = application.allow_prune;
  return setup;
}

}  // namespace holdfast
