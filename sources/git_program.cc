#include "sources/git_program.h"

#include <spdlog/fmt/fmt.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "holdfast/base/digest.h"

namespace holdfast {
namespace {

// GIT_SSH_COMMAND is read by a shell.
std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  }
  return out + "'";
}

std::atomic<std::uint64_t> started_so_far = 0;

// "https://host", to which alone the header is sent.
std::string origin_of(const std::string& url) {
  const std::size_t host = url.find("://") + 3;
  return url.substr(0, url.find('/', host));
}

}  // namespace

GitProgram::GitProgram(std::string program, GitUrl url, GitCredentials credentials, std::string configuration_file,
                       std::stop_token stop)
    : program_(std::move(program)),
      url_(std::move(url)),
      credentials_(std::move(credentials)),
      configuration_file_(std::move(configuration_file)),
      stop_(std::move(stop)) {}

Result<GitProgram> GitProgram::find(GitUrl url, GitCredentials credentials, std::string configuration_file,
                                    std::stop_token stop) {
  auto program = find_program("git");
  if (!program) return std::unexpected(program.error());
  return GitProgram(std::move(*program), std::move(url), std::move(credentials), std::move(configuration_file),
                    std::move(stop));
}

std::uint64_t GitProgram::started() { return started_so_far; }

Result<ProcessOutput> GitProgram::run(GitCall call) const {
  ++started_so_far;
  ProcessSpec spec;
  spec.argv = std::move(call.arguments);
  spec.argv.insert(spec.argv.begin(), program_);
  spec.environment = environment(call);
  spec.input = std::move(call.input);
  spec.held_descriptor = call.held_lock;
  spec.deadline = call.deadline;
  spec.stop = stop_;
  auto output = run_program(spec);
  if (!output && output.error().where.empty()) output.error().where = url_.text;
  return output;
}

Result<void> GitProgram::write_configuration(const std::string& scratch_file) const {
  // The upload-pack of a local repository reads this file and nothing that we could set in its environment. It runs no
  // hook and no program of that repository's configuration, so the owner does not matter; and it is to hand out what we
  // ask for and no more, as a server on the network does.
  std::ofstream(scratch_file, std::ios::trunc)
      << "[safe]\n\tdirectory = *\n[uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n";
  std::error_code failed;
  std::filesystem::rename(scratch_file, configuration_file_, failed);
  if (failed)
    return fail(ErrorKind::Internal, fmt::format("cannot write {}: {}", configuration_file_, failed.message()));
  return {};
}

std::string GitProgram::ssh_command() const {
  // A connection that died without a word is noticed after a minute.
  std::string command =
      "ssh -oBatchMode=yes -oStrictHostKeyChecking=yes -oConnectTimeout=20 -oServerAliveInterval=15 "
      "-oServerAliveCountMax=4 -oForwardAgent=no -oControlPath=none";
  if (!credentials_.known_hosts_file.empty())
    command += " " + shell_quoted(fmt::format("-oUserKnownHostsFile=\"{}\"", credentials_.known_hosts_file)) +
               " -oGlobalKnownHostsFile=/dev/null";
  if (!credentials_.ssh_key_file.empty())
    command += " -oIdentitiesOnly=yes -i " + shell_quoted(credentials_.ssh_key_file);
  return command;
}

GitSettings GitProgram::http_settings() const {
  GitSettings settings;
  const bool given = !credentials_.password.empty();
  const std::string_view password = given ? credentials_.password.reveal() : url_.password.reveal();
  std::string username = given && !credentials_.username.empty() ? credentials_.username : url_.username;
  const std::string_view bearer = credentials_.bearer_token.reveal();
  if (url_.http && !bearer.empty()) {
    settings.emplace_back(fmt::format("http.{}/.extraHeader", origin_of(url_.text)),
                          "Authorization: Bearer " + std::string(bearer));
    settings.emplace_back("http.followRedirects", "false");
  } else if (url_.http && (!password.empty() || !username.empty())) {
    if (username.empty()) username = "x-access-token";
    settings.emplace_back(fmt::format("http.{}/.extraHeader", origin_of(url_.text)),
                          "Authorization: Basic " + base64_encode(username + ":" + std::string(password)));
    // Git sends the header to wherever it is redirected.
    settings.emplace_back("http.followRedirects", "false");
  }
  if (!credentials_.ca_file.empty()) settings.emplace_back("http.sslCAInfo", credentials_.ca_file);
  if (!credentials_.client_certificate_file.empty()) {
    settings.emplace_back("http.sslCert", credentials_.client_certificate_file);
    settings.emplace_back("http.sslKey", credentials_.client_key_file);
  }
  return settings;
}

std::vector<std::string> GitProgram::environment(const GitCall& call) const {
  std::vector<std::string> list = {
      fmt::format("PATH={}", kProgramPath),
      fmt::format("HOME={}", credentials_.home.empty() ? "/nonexistent" : credentials_.home),
      "LC_ALL=C",
      "GIT_CONFIG_NOSYSTEM=1",
      fmt::format("GIT_CONFIG_GLOBAL={}", configuration_file_),
      "GIT_TERMINAL_PROMPT=0",
      "GIT_ASKPASS=/bin/false",
      "SSH_ASKPASS=/bin/false",
      "GIT_ALLOW_PROTOCOL=file:https:http:ssh",
      fmt::format("GIT_SSH_COMMAND={}", ssh_command()),
      "GIT_SSH_VARIANT=ssh",
  };
  // Security updates and git 2.45. Without it the upload-pack of a local repository says so for itself.
  if (!call.completes) list.emplace_back("GIT_NO_LAZY_FETCH=1");
  if (!credentials_.ssh_auth_sock.empty()) list.push_back("SSH_AUTH_SOCK=" + credentials_.ssh_auth_sock);
  GitSettings settings = {{"protocol.version", "2"},
                          {"credential.helper", ""},
                          {"core.hooksPath", "/dev/null"},
                          {"gc.auto", "0"},
                          {"maintenance.auto", "false"},
                          {"fetch.recurseSubmodules", "false"},
                          {"fetch.showForcedUpdates", "false"},
                          {"http.lowSpeedLimit", "1"},
                          {"http.lowSpeedTime", "60"}};
  const GitSettings http = http_settings();
  settings.insert(settings.end(), http.begin(), http.end());
  settings.insert(settings.end(), call.settings.begin(), call.settings.end());
  for (std::size_t i = 0; i < settings.size(); ++i) {
    list.push_back(fmt::format("GIT_CONFIG_KEY_{}={}", i, settings[i].first));
    list.push_back(fmt::format("GIT_CONFIG_VALUE_{}={}", i, settings[i].second));
  }
  list.push_back(fmt::format("GIT_CONFIG_COUNT={}", settings.size()));
  return list;
}

}  // namespace holdfast
