#include "net/exec_plugin.h"

#include <algorithm>
#include <string_view>

#include "holdfast/base/digest.h"
#include "holdfast/base/timestamp.h"
#include "holdfast/model/json.h"

namespace holdfast {
namespace {

constexpr std::size_t kMostAnswerBytes = 1024UL * 1024;
constexpr std::size_t kMostSaidBytes = 512;  // of the program's complaint, in a message
constexpr std::chrono::seconds kDeadline{60};

std::unexpected<Error> unusable(const ExecPlugin& plugin, std::string what) {
  return fail(ErrorKind::Unauthorized, "the credential plugin " + plugin.command + " " + std::move(what), "",
              plugin.install_hint.empty() ? "run it by hand, and check exec in the kubeconfig" : plugin.install_hint);
}

// The last line that it wrote to standard error, without control characters.
std::string said(const std::string& err) {
  std::string_view text = err;
  text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
  if (const std::size_t line = text.rfind('\n'); line != std::string_view::npos) text.remove_prefix(line + 1);
  if (text.size() > kMostSaidBytes) text.remove_prefix(text.size() - kMostSaidBytes);
  std::string clean(text);
  std::ranges::replace_if(clean, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return clean.empty() ? clean : ": " + clean;
}

}  // namespace

std::string exec_info(const ExecPlugin& plugin, const ExecClusterInfo& cluster) {
  json::object spec{{"interactive", false}};
  if (plugin.provide_cluster_info) {
    json::object shown{{"server", cluster.server}};
    if (!cluster.tls_server_name.empty()) shown["tls-server-name"] = cluster.tls_server_name;
    if (cluster.insecure_skip_verify) shown["insecure-skip-tls-verify"] = true;
    if (!cluster.ca_pem.empty()) shown["certificate-authority-data"] = base64_encode(cluster.ca_pem);
    if (!cluster.proxy_url.empty()) shown["proxy-url"] = cluster.proxy_url;
    if (cluster.disable_compression) shown["disable-compression"] = true;
    spec["cluster"] = std::move(shown);
  }
  return to_json(
      json::object{{"kind", "ExecCredential"}, {"apiVersion", plugin.api_version}, {"spec", std::move(spec)}});
}

ProcessSpec exec_process(const ExecPlugin& plugin, const ExecClusterInfo& cluster,
                         const std::vector<std::string>& own_environment) {
  ProcessSpec spec;
  spec.argv.push_back(plugin.command);
  spec.argv.insert(spec.argv.end(), plugin.arguments.begin(), plugin.arguments.end());
  spec.environment = own_environment;
  const auto set = [&spec](const std::string& name, const std::string& value) {
    std::erase_if(spec.environment, [&](const std::string& entry) { return entry.starts_with(name + "="); });
    spec.environment.push_back(name + "=" + value);
  };
  for (const auto& [name, value] : plugin.environment) set(name, value);
  set("KUBERNETES_EXEC_INFO", exec_info(plugin, cluster));
  spec.deadline = kDeadline;
  spec.stdout_limit_bytes = kMostAnswerBytes;
  return spec;
}

Result<ExecCredential> read_exec_answer(const ExecPlugin& plugin, const Result<ProcessOutput>& output) {
  if (!output) {
    Error error = output.error();
    if (error.kind == ErrorKind::Cancelled) return std::unexpected(std::move(error));
    return unusable(plugin, "could not be run: " + error.message);
  }
  if (output->exit_status != 0)
    return unusable(plugin, "ended with status " + std::to_string(output->exit_status) + said(output->err));
  const Result<json::value> answer = parse_json(output->out);
  if (!answer || string_at(*answer, {"kind"}) != "ExecCredential")
    return unusable(plugin, "did not answer with an ExecCredential");
  if (string_at(*answer, {"apiVersion"}) != plugin.api_version)
    return unusable(plugin, "answered in another version than " + plugin.api_version);
  ExecCredential credential;
  credential.token = Secret(std::string(string_at(*answer, {"status", "token"})));
  const std::string_view certificate = string_at(*answer, {"status", "clientCertificateData"});
  const std::string_view key = string_at(*answer, {"status", "clientKeyData"});
  if (certificate.empty() != key.empty())
    return unusable(plugin, "answered with a certificate or a key, and not with both");
  if (!certificate.empty())
    credential.identity = std::make_shared<const TlsIdentity>(std::string(certificate), Secret(std::string(key)));
  if (credential.token.empty() && !credential.identity)
    return unusable(plugin, "answered with neither a token nor a certificate");
  const std::string_view expires = string_at(*answer, {"status", "expirationTimestamp"});
  if (!expires.empty()) {
    credential.expires = parse_timestamp(expires);
    if (!credential.expires) return unusable(plugin, "answered with an expirationTimestamp that is no time");
  }
  return credential;
}

}  // namespace holdfast
