// Git over https as many have it: nginx with a certificate of its own, and Git's git-http-backend behind it, by
// fcgiwrap. Who gets in is decided by nginx, from the Authorization header. Failures to start are exceptions.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cluster/child_process.h"

namespace holdfast::cluster {

class NginxServer {
 public:
  // `folder` is made, for its own files; what is below `repositories` is served by its name.
  NginxServer(std::filesystem::path folder, std::filesystem::path repositories);
  ~NginxServer();
  NginxServer(const NginxServer&) = delete;
  NginxServer& operator=(const NginxServer&) = delete;

  // Only these Authorization headers get in from now on, the whole of each; nobody else. Returns when that is so.
  void let_in(const std::vector<std::string>& headers);
  static std::string basic(const std::string& user, const std::string& password);
  static std::string bearer(const std::string& token);

  // What it says to GitHub Apps: a token for an hour to whoever asks with a signed web token.
  void give_app_token(const std::string& token);

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url(const std::string& path, int port = 0) const;  // `port`: of a proxy before it
  [[nodiscard]] std::string ca() const;                                        // PEM
  [[nodiscard]] std::string log() const;                                       // a line for each request, and errors

 private:
  void write_configuration() const;
  void reload();
  [[nodiscard]] int status_for(const std::string& header) const;

  std::filesystem::path folder_, repositories_;
  int port_ = 0;
  std::vector<std::string> headers_;
  std::string app_token_;
  unsigned generation_ = 0;
  std::unique_ptr<ChildProcess> backend_, nginx_;
};

}  // namespace holdfast::cluster
