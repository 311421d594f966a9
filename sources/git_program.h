// The git program, run so that nothing but its arguments decides what it does: without a shell of ours, with a fixed
// environment, never asking, with no configuration of the machine or the user, over file, https and ssh only.
// Credentials reach it through its environment, not its arguments, and are stored nowhere.
//
// Blocks; any thread. Errors: those of run_program, with the URL without credentials. Whatever git answers is a value;
// git_failure.h reads it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "holdfast/base/memory_file.h"
#include "holdfast/base/process.h"
#include "holdfast/base/result.h"
#include "holdfast/base/secret.h"
#include "sources/git_url.h"

namespace holdfast {

struct GitCredentials {
  std::string username;            // http(s); empty with a password: "x-access-token", which the forges take
  Secret password;                 // password or token
  std::string ssh_key_file;        // empty: those of the agent or of the user
  std::string known_hosts_file;    // empty: the user's
  std::string ssh_auth_sock;       // empty: no agent
  std::string home;                // for ssh; empty: none
  std::string ca_file;             // of https, instead of the machine's CAs; empty: those
  Secret bearer_token;             // of https, instead of a username and a password
  std::string docker_config_file;  // of a registry, instead of these; empty: none
  std::string client_certificate_file, client_key_file;  // of https; empty: none
  std::vector<std::shared_ptr<const MemoryFile>> held;   // those of the files above that are on no disk
};

using GitSettings = std::vector<std::pair<std::string, std::string>>;  // as in a configuration file, for one call

struct GitCall {
  std::vector<std::string> arguments;
  std::chrono::milliseconds deadline{30'000};
  GitSettings settings = {};
  std::string input = {};
  // Contents that are not here may be fetched by git itself, where it needs them: what the difference is to, of one
  // that is sent as a difference to a content of a commit that we have. Otherwise that is an error.
  bool completes = false;
  int held_lock = -1;  // a locked descriptor, which git and its helpers hold until the last of them has ended
};

class GitProgram {
 public:
  // `configuration_file`: the only one that git reads; see write_configuration.
  static Result<GitProgram> find(GitUrl url, GitCredentials credentials, std::string configuration_file,
                                 std::stop_token stop);

  Result<ProcessOutput> run(GitCall call) const;
  // How many of them this process has started so far; what they start themselves is not counted.
  static std::uint64_t started();

  // Makes it, or replaces it at once by one that says the same. `scratch_file` is in the same folder.
  Result<void> write_configuration(const std::string& scratch_file) const;

  [[nodiscard]] const std::string& url() const { return url_.text; }
  [[nodiscard]] const std::stop_token& stop() const { return stop_; }

 private:
  GitProgram(std::string program, GitUrl url, GitCredentials credentials, std::string configuration_file,
             std::stop_token stop);
  [[nodiscard]] std::string ssh_command() const;
  [[nodiscard]] GitSettings http_settings() const;
  [[nodiscard]] std::vector<std::string> environment(const GitCall& call) const;

  std::string program_;
  GitUrl url_;
  GitCredentials credentials_;
  std::string configuration_file_;
  std::stop_token stop_;
};

}  // namespace holdfast
