// The web client and the login of one origin, made of files that somebody else renews.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "holdfast/base/result.h"
#include "net/web_client.h"
#include "sources/artifact_origin.h"

namespace holdfast {

class WebAccess {
 public:
  WebAccess(std::stop_token stop, std::chrono::milliseconds silence) : stop_(std::move(stop)), silence_(silence) {}

  void use(ArtifactAccess access) { access_ = std::move(access); }
  // Reads the files again; to be called at the beginning of each query. Errors: Invalid, with the file.
  Result<void> renew(const std::string& host);
  // After renew().
  WebClient& web() { return *web_; }
  [[nodiscard]] const std::optional<RegistryLogin>& login() const { return login_; }

 private:
  ArtifactAccess access_;
  std::stop_token stop_;
  std::chrono::milliseconds silence_;
  std::optional<RegistryLogin> login_;
  std::string ca_pem_;
  std::optional<WebClient> web_;
};

}  // namespace holdfast
