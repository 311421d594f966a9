// OpenSSH's own server on a loopback port, with a host key and one user's key that live as long as it does.
//
// Logs in as the user who runs the test, whose account must not be locked. Failures to start are exceptions.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "cluster/child_process.h"

namespace holdfast::cluster {

class SshServer {
 public:
  explicit SshServer(std::filesystem::path folder);  // made; holds keys and configuration
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
  void write_configuration() const;
  [[nodiscard]] bool listens() const;

  std::filesystem::path folder_;
  int port_ = 0;
  std::unique_ptr<ChildProcess> child_;
};

}  // namespace holdfast::cluster
