#include "sources/git_access.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "sources/registry_address.h"

namespace holdfast {
namespace {

constexpr const char* kGithubApi = "https://api.github.com";

// Git and ssh run in another folder and report a missing file late and indirectly. Empty stays empty.
Result<std::string> readable_file(const std::string& path, const char* option) {
  if (path.empty()) return path;
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path, failed) || ::access(path.c_str(), R_OK) != 0)
    return fail(ErrorKind::Invalid, "there is no file here that we may read", path, std::string("check ") + option);
  return std::filesystem::absolute(path).string();
}

std::string trimmed(std::string_view text) {
  constexpr const char* kBlank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(kBlank) + 1 - begin));
}

bool is_one_line(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  return true;
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
  Secret password(trimmed(text));
  if (password.empty()) return fail(ErrorKind::Invalid, "the password file is empty", path, kHint);
  if (!is_one_line(password.reveal()))
    return fail(ErrorKind::Invalid, "the password file holds a control character or several lines", path, kHint);
  return password;
}

class SecretReader {
 public:
  SecretReader(const ClusterValue& secret, const GitUrl& url, const std::string& where)
      : secret_(secret), url_(url), where_(where) {}

  Result<SecretCredentials> read() {
    if (auto done = url_.ssh ? ssh() : https(); !done) return std::unexpected(std::move(done.error()));
    return std::move(read_);
  }

 private:
  [[nodiscard]] bool has(const char* key) const { return secret_.data.contains(key); }
  [[nodiscard]] std::string_view bytes(const char* key) const {
    const auto found = secret_.data.find(key);
    return found == secret_.data.end() ? std::string_view() : found->second.reveal();
  }
  [[nodiscard]] std::unexpected<Error> refuse(std::string what, std::string hint) const {
    return fail(ErrorKind::Invalid, std::move(what), where_, std::move(hint));
  }

  // Into `text`, where it is there; of one line, as it goes into a header or a URL.
  Result<void> line(const char* key, std::string& text) const {
    text = trimmed(bytes(key));
    if (has(key) && text.empty())
      return refuse(fmt::format("its {} is empty", key), "give it a value, or leave it out");
    if (!is_one_line(text))
      return refuse(fmt::format("its {} holds a control character or several lines", key), "it has to be one line");
    return {};
  }

  Result<void> file(const char* key, std::string& path) {
    if (!has(key)) return {};
    auto made = MemoryFile::make(bytes(key));
    if (!made) return std::unexpected(made.error());
    path = (*made)->path();
    read_.credentials.held.push_back(std::move(*made));
    return {};
  }

  Result<void> ssh() {
    const std::string_view identity = bytes("identity");
    if (identity.empty())
      return refuse("it has no identity, and the repository is reached by ssh",
                    "put the private key under identity and the host's key under known_hosts");
    if (!has("known_hosts"))
      return refuse("it has no known_hosts, so that no host can be trusted",
                    "put what `ssh-keyscan HOST` prints, once you have checked it, under known_hosts");
    if (!identity.contains("-----BEGIN ")) return refuse("its identity is no private key", "it begins with -----BEGIN");
    if (identity.contains("ENCRYPTED"))
      return refuse("its identity is protected by a passphrase", "give a key of its own, without one");
    // ssh takes no key whose last line does not end.
    std::string key(identity);
    if (!key.ends_with('\n')) key += '\n';
    auto made = MemoryFile::make(key);
    if (!made) return std::unexpected(made.error());
    read_.credentials.ssh_key_file = (*made)->path();
    read_.credentials.held.push_back(std::move(*made));
    return file("known_hosts", read_.credentials.known_hosts_file);
  }

  Result<void> https() {
    GitCredentials& into = read_.credentials;
    for (const auto& [key, path] :
         {std::pair("ca.crt", &into.ca_file), std::pair("tls.crt", &into.client_certificate_file),
          std::pair("tls.key", &into.client_key_file)})
      if (auto done = file(key, *path); !done) return done;
    if (has("tls.crt") != has("tls.key"))
      return refuse(fmt::format("it has only one of tls.crt and tls.key"), "a client certificate needs both");
    if (has("githubAppID")) return github_app();
    const bool registry = is_registry_url(url_.text);
    if (registry && has(".dockerconfigjson")) return file(".dockerconfigjson", into.docker_config_file);
    std::string password, bearer;
    if (auto done = line("username", into.username); !done) return done;
    if (auto done = line("password", password); !done) return done;
    if (auto done = line("bearerToken", bearer); !done) return done;
    if (!password.empty() && !bearer.empty())
      return refuse("it has a password and a bearerToken", "keep the one that the server wants");
    if (!into.username.empty() && password.empty())
      return refuse("it has a username and no password", "put the password or token under password");
    if (password.empty() && bearer.empty() && !has("ca.crt") && !has("tls.crt"))
      return refuse(registry          ? "it has nothing that a registry takes"
                    : has("identity") ? "it has an identity, which is for ssh, and the repository is reached by https"
                                      : "it has nothing that opens an https repository",
                    registry
                        ? "make it by `kubectl create secret docker-registry`, or put in username and password"
                        : "put the token under password, with username if the server wants one, or under bearerToken");
    into.password = Secret(std::move(password));
    into.bearer_token = Secret(std::move(bearer));
    return {};
  }

  Result<void> github_app() {
    GithubApp app;
    if (auto done = line("githubAppID", app.id); !done) return done;
    if (auto done = line("githubAppInstallationID", app.installation); !done) return done;
    if (auto done = line("githubAppBaseURL", app.base_url); !done) return done;
    const auto digits = [](std::string_view text) {
      return text.find_first_not_of("0123456789") == std::string_view::npos;
    };
    if (app.installation.empty() || !digits(app.installation))
      return refuse("its githubAppInstallationID is missing, or no number",
                    "it stands at the end of the address of the app's installation");
    if (app.id.empty() || app.id.find_first_of("\"\\") != std::string::npos)
      return refuse("its githubAppID is no id", "it stands on the app's page at GitHub");
    if (!bytes("githubAppPrivateKey").contains("-----BEGIN "))
      return refuse("its githubAppPrivateKey is missing, or no PEM", "generate one on the app's page at GitHub");
    if (app.base_url.empty()) app.base_url = kGithubApi;
    app.private_key = Secret(std::string(bytes("githubAppPrivateKey")));
    app.ca_pem = bytes("ca.crt");
    read_.app = std::move(app);
    return {};
  }

  const ClusterValue& secret_;
  const GitUrl& url_;
  const std::string& where_;
  SecretCredentials read_;
};

}  // namespace

Result<GitCredentials> read_credential_files(const CredentialFiles& files) {
  GitCredentials credentials;
  credentials.username = files.username;
  const auto key = readable_file(files.ssh_key, "--ssh-key or sshKeyFile");
  if (!key) return std::unexpected(key.error());
  const auto hosts = readable_file(files.known_hosts, "--known-hosts or knownHostsFile");
  if (!hosts) return std::unexpected(hosts.error());
  const auto ca = readable_file(files.ca, "--git-ca-file or caFile");
  if (!ca) return std::unexpected(ca.error());
  const auto docker_config = readable_file(files.docker_config, "dockerConfigFile");
  if (!docker_config) return std::unexpected(docker_config.error());
  credentials.docker_config_file = *docker_config;
  credentials.ssh_key_file = *key;
  credentials.known_hosts_file = *hosts;
  credentials.ca_file = *ca;
  const auto password_file = readable_file(files.password, "--git-password-file or passwordFile");
  if (!password_file) return std::unexpected(password_file.error());
  if (password_file->empty()) return credentials;
  auto password = read_password(*password_file);
  if (!password) return std::unexpected(password.error());
  credentials.password = std::move(*password);
  return credentials;
}

Result<SecretCredentials> credentials_of_secret(const ClusterValue& secret, const GitUrl& url,
                                                const std::string& where) {
  if (!url.ssh && !url.http)
    return fail(ErrorKind::Invalid, "a repository of this machine needs no credentials", where,
                "remove spec.source.secretRef");
  return SecretReader(secret, url, where).read();
}

}  // namespace holdfast
