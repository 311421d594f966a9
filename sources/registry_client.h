// Reads from one repository of a registry, as the OCI distribution specification 1.1 says (v2/NAME/manifests, blobs,
// tags), with the token service that registries send us to. Never writes.
//
// A token is kept and sent along until it runs out, so that an idle look is one request. What the registry says of a
// digest is believed only after the bytes have it.
//
// Blocks; one thread at a time.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/clock.h"
#include "holdfast/base/result.h"
#include "net/web_client.h"
#include "sources/registry_address.h"
#include "sources/registry_login.h"

namespace holdfast {

// What a registry demands before it answers; kept between looks. Starts as nothing.
struct RegistryAccess {
  Secret authorization;  // the value of the header
  Clock::time_point good_until;
  bool plain_http = false;  // this machine only: it does not speak TLS
};

class RegistryClient {
 public:
  static constexpr std::size_t kManifestLimitBytes = std::size_t{4} << 20;
  static constexpr std::size_t kMostTags = 100'000;

  // The web client and the access outlive it.
  RegistryClient(WebClient& web, RegistryAddress address, std::optional<RegistryLogin> login, RegistryAccess& access);

  // Errors of all: Unauthorized, Forbidden, NotFound (the registry says that there is none), Busy, Unreachable,
  // Timeout, TooLarge, Protocol, Cancelled.

  // "sha256:…" that a tag leads to now. One small request.
  Result<std::string> digest_of(const std::string& tag);
  // The bytes of a manifest, which have this digest.
  Result<std::string> manifest(const std::string& digest);
  // All tags, in the registry's order; one request for each page that it makes of them.
  Result<std::vector<std::string>> tags();
  // Its bytes in pieces; the caller holds them against the digest. TooLarge beyond limit_bytes.
  Result<void> blob(const std::string& digest, std::size_t limit_bytes,
                    std::function<Result<void>(std::string_view)> sink);

  [[nodiscard]] std::string name() const;  // "registry.example/team/web"

 private:
  struct Wanted {
    std::string path;  // below /v2/REPOSITORY/, or a whole URL
    std::string accept;
    bool head_only = false;
    std::size_t body_limit_bytes = kManifestLimitBytes;
    std::chrono::milliseconds deadline{30'000};
    std::function<Result<void>(std::string_view)> sink = {};
  };
  Result<WebResponse> get(Wanted wanted);
  Result<WebResponse> get_once(const Wanted& wanted);
  Result<WebResponse> send(const Wanted& wanted);
  Result<void> gain_access(const WebResponse& refusal);
  Result<void> take_token(const Challenge& challenge);
  [[nodiscard]] Error refusal_of(const WebResponse& response, const std::string& what) const;

  WebClient& web_;
  RegistryAddress address_;
  std::optional<RegistryLogin> login_;
  RegistryAccess& access_;
};

}  // namespace holdfast
