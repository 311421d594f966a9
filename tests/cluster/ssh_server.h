// OpenSSH's own server on a loopback port, with a host key and one user's key that live as long as it does.
//
// Logs in as the user who runs the test, whose account must not be locked. Failures to start are exceptions.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "cluster/child_process.h"

namespace holdfast::cluster {

// Git speaks its first protocol behind a server that was not told to let the wish for the second one through.
enum class GitProtocol { First, Second };

class SshServer {
 public:
  // The folder is made; it holds keys and configuration.
  explicit SshServer(std::filesystem::path folder, GitProtocol protocol = GitProtocol::Second);
  ~SshServer() = default;
  SshServer(const SshServer&) = delete;
  SshServer& operator=(const SshServer&) = delete;

  [[nodiscard]] std::string url(const std::string& path) const;  // "ssh://user@127.0.0.1:40123/path"
  [[nodiscard]] std::string user_key() const { return (folder_ / "user").string(); }
  [[nodiscard]] std::string stranger_key() const { return (folder_ / "stranger").string(); }
  [[nodiscard]] std::string known_hosts() const { return (folder_ / "known_hosts").string(); }
  [[nodiscard]] std::string wrong_known_hosts() const { return (folder_ / "wrong_known_hosts").string(); }
  [[nodiscard]] std::string log() const;

 private:
  void write_configuration(GitProtocol protocol) const;
  [[nodiscard]] bool listens() const;

  std::filesystem::path folder_;
  int port_ = 0;
  std::unique_ptr<ChildProcess> child_;
};

}  // namespace holdfast::cluster
