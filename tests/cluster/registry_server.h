// Debian's docker-registry on a loopback port, behind TLS and a password, and pushes to it by requests as any tool
// makes them. Failures to start or to push are exceptions.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cluster/artifact_pushes.h"
#include "cluster/child_process.h"

namespace holdfast::cluster {

class RegistryServer {
 public:
  static constexpr const char* kUser = "reader";
  static constexpr const char* kPassword = "canary-right-7f3a";

  // The folder is made; it holds all that the registry has.
  explicit RegistryServer(std::filesystem::path folder);
  ~RegistryServer() = default;
  RegistryServer(const RegistryServer&) = delete;
  RegistryServer& operator=(const RegistryServer&) = delete;

  void stop();
  void start();  // on the same port, with what was pushed

  [[nodiscard]] std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string certificate() const { return (folder_ / "tls.pem").string(); }  // its own authority
  [[nodiscard]] std::string log() const;

  void push(const std::string& repository, const std::string& tag, const PushedArtifact& artifact) const;
  void remove(const std::string& repository, const std::string& digest) const;  // with all tags that lead to it
  // The file that it keeps a blob in.
  [[nodiscard]] std::filesystem::path file_of(const std::string& digest) const;

 private:
  [[nodiscard]] bool listens() const;
  std::string request(std::vector<std::string> arguments, const std::string& input = {}) const;
  void push_blob(const std::string& repository, const std::string& bytes) const;

  std::filesystem::path folder_;
  int port_ = 0;
  std::unique_ptr<ChildProcess> child_;
};

}  // namespace holdfast::cluster
