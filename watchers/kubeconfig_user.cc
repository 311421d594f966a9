#include "watchers/kubeconfig_user.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/exec_plugin.h"
#include "net/token_source.h"

namespace holdfast {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSupported = "use a token or a client certificate";

// What we would have to obey and cannot.
Result<void> refuse_unsupported(const KubeconfigEntry& entry) {
  struct Refusal {
    const char* key;
    const char* message;
  };
  static constexpr std::array<Refusal, 3> kRefusals{{
      {"auth-provider", "auth-provider plugins are not supported"},
      {"username", "basic authentication is not supported; Kubernetes removed it in 1.19"},
      {"password", "basic authentication is not supported; Kubernetes removed it in 1.19"},
  }};
  for (const Refusal& refusal : kRefusals)
    if (has(entry, refusal.key))
      return fail(ErrorKind::Invalid, refusal.message, entry.where(), std::string(kSupported));
  return {};
}

Result<void> read_certificate(const KubeconfigEntry& user, ClientConfig& client) {
  Result<std::string> certificate = data_or_file(user, "client-certificate");
  Result<std::string> key = data_or_file(user, "client-key");
  if (!certificate) return std::unexpected(certificate.error());
  if (!key) return std::unexpected(key.error());
  if (certificate->empty() && key->empty()) return {};
  if (certificate->empty()) return fail(ErrorKind::Invalid, "client-key without client-certificate", user.where());
  if (key->empty()) return fail(ErrorKind::Invalid, "client-certificate without client-key", user.where());
  client.identity.emplace();
  client.identity->certificate_pem = std::move(*certificate);
  client.identity->key_pem = Secret(std::move(*key));
  client.tls_files.certificate = renewed_file(user, "client-certificate");
  client.tls_files.key = renewed_file(user, "client-key");
  return {};
}

Result<void> read_impersonation(const KubeconfigEntry& user, ClientConfig& client) {
  Impersonation& who = client.impersonation;
  const Result<std::string> name = text(user, "as");
  const Result<std::string> uid = text(user, "as-uid");
  Result<std::vector<std::string>> groups = texts(std::as_const(user.body)["as-groups"], "as-groups", user.where());
  if (!name) return std::unexpected(name.error());
  if (!uid) return std::unexpected(uid.error());
  if (!groups) return std::unexpected(groups.error());
  who.user = *name;
  who.uid = *uid;
  who.groups = std::move(*groups);
  const YAML::Node extra = std::as_const(user.body)["as-user-extra"];
  if (extra.IsDefined() && !extra.IsNull() && !extra.IsMap())
    return fail(ErrorKind::Invalid, "as-user-extra must be a map", user.where());
  if (extra.IsDefined() && extra.IsMap()) {
    for (const auto& entry : extra) {
      const std::string key = entry.first.Scalar();
      const Result<std::vector<std::string>> values = texts(entry.second, "as-user-extra." + key, user.where());
      if (!values) return std::unexpected(values.error());
      for (const std::string& value : *values) who.extra.emplace_back(key, value);
    }
  }
  if (who.user.empty() && !(who.uid.empty() && who.groups.empty() && who.extra.empty()))
    return fail(ErrorKind::Invalid, "as-uid, as-groups and as-user-extra need a user to impersonate", user.where(),
                "set `as`");
  return {};
}

// A name with a slash is meant against the folder of its kubeconfig, a bare one is looked for on PATH.
std::string find_plugin(const KubeconfigEntry& user, const std::string& command, std::string_view path_env) {
  std::error_code error;
  if (command.find('/') != std::string::npos) return fs::absolute(beside(user, command), error).string();
  while (!path_env.empty()) {
    const std::size_t colon = std::min(path_env.find(':'), path_env.size());
    const fs::path candidate = fs::path(path_env.substr(0, colon)) / command;
    // A relative folder on PATH would run whatever lies where we were started.
    if (candidate.is_absolute() && ::access(candidate.c_str(), X_OK) == 0 && fs::is_regular_file(candidate, error))
      return candidate.string();
    path_env.remove_prefix(std::min(colon + 1, path_env.size()));
  }
  return {};
}

Result<void> read_exec_environment(const YAML::Node& list, const std::string& where, ExecPlugin& plugin) {
  if (!list.IsDefined() || list.IsNull()) return {};
  if (!list.IsSequence()) return fail(ErrorKind::Invalid, "exec.env must be a list", where);
  for (const YAML::Node item : list) {
    const YAML::Node name = item.IsMap() ? item["name"] : YAML::Node();
    const YAML::Node value = item.IsMap() ? item["value"] : YAML::Node();
    if (!name.IsDefined() || !name.IsScalar() || !value.IsDefined() || !value.IsScalar() || name.Scalar().empty() ||
        name.Scalar().find('=') != std::string::npos)
      return fail(ErrorKind::Invalid, "an entry of exec.env needs a name and a value", where);
    plugin.environment.emplace_back(name.Scalar(), value.Scalar());
  }
  return {};
}

// v1 has to say whether it may ask somebody; we have nobody to ask.
Result<void> check_interactive(const KubeconfigEntry& exec, const std::string& api_version) {
  const Result<std::string> mode = text(exec, "interactiveMode");
  if (!mode) return std::unexpected(mode.error());
  if (*mode == "Never" || *mode == "IfAvailable" || (mode->empty() && api_version == kExecV1beta1)) return {};
  if (*mode == "Always")
    return fail(ErrorKind::Invalid, "the exec plugin wants to ask somebody (interactiveMode: Always)", exec.where(),
                "use a plugin that runs by itself");
  return fail(ErrorKind::Invalid, "exec.interactiveMode must be Never, IfAvailable or Always", exec.where());
}

Result<void> read_exec(const KubeconfigEntry& user, std::string_view path_env, ClientConfig& client) {
  const YAML::Node body = std::as_const(user.body)["exec"];
  if (!body.IsDefined() || body.IsNull()) return {};
  if (!body.IsMap()) return fail(ErrorKind::Invalid, "exec must be a map", user.where());
  const KubeconfigEntry exec{body, user.file, user.what};
  ExecPlugin plugin;
  const Result<std::string> api_version = text(exec, "apiVersion");
  const Result<std::string> command = text(exec, "command");
  const Result<std::string> hint = text(exec, "installHint");
  const Result<bool> cluster_info = flag(exec, "provideClusterInfo");
  Result<std::vector<std::string>> arguments = texts(body["args"], "exec.args", user.where());
  for (const Result<std::string>* read : {&api_version, &command, &hint})
    if (!*read) return std::unexpected(read->error());
  if (!cluster_info) return std::unexpected(cluster_info.error());
  if (!arguments) return std::unexpected(arguments.error());
  if (*api_version != kExecV1 && *api_version != kExecV1beta1)
    return fail(ErrorKind::Invalid, "exec.apiVersion must be " + std::string(kExecV1) + " or v1beta1", user.where());
  if (auto checked = check_interactive(exec, *api_version); !checked) return checked;
  if (command->empty()) return fail(ErrorKind::Invalid, "exec names no command", user.where());
  plugin.command = find_plugin(user, *command, path_env);
  if (plugin.command.empty())
    return fail(ErrorKind::NotFound, "the credential plugin " + *command + " is not on PATH", user.where(),
                hint->empty() ? "install it" : *hint);
  plugin.arguments = std::move(*arguments);
  plugin.api_version = *api_version;
  plugin.install_hint = *hint;
  plugin.provide_cluster_info = *cluster_info;
  if (auto read = read_exec_environment(body["env"], user.where(), plugin); !read) return read;
  client.exec = std::move(plugin);
  return {};
}

}  // namespace

Result<void> read_user(const KubeconfigEntry& user, const KubeconfigOptions& options, ClientConfig& client) {
  if (auto allowed = refuse_unsupported(user); !allowed) return allowed;
  if (auto read = read_certificate(user, client); !read) return read;
  if (auto read = read_impersonation(user, client); !read) return read;
  Result<std::string> token = text(user, "token");
  const Result<std::string> token_file = text(user, "tokenFile");
  if (!token) return std::unexpected(token.error());
  if (!token_file) return std::unexpected(token_file.error());
  if (!token_file->empty()) {  // it is refreshed, so it beats the token beside it
    const fs::path path = beside(user, *token_file);
    if (const Result<std::string> content = read_kubeconfig_file(path, user.where()); !content)
      return std::unexpected(content.error());
    client.token = std::make_shared<FileToken>(path.string());
  } else if (!token->empty()) {
    client.token = std::make_shared<StaticToken>(Secret(std::move(*token)));
  }
  // Whatever else says who we are comes first (correctness B5).
  if (!client.token && !client.identity)
    if (auto read = read_exec(user, options.path_env, client); !read) return read;
  if (!client.tls && (client.token || client.identity || client.exec))
    return fail(ErrorKind::Invalid, "credentials are never sent over http", user.where(),
                "use an https server, or a context without user");
  return {};
}

}  // namespace holdfast
