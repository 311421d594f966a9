// Where artifacts come from: a repository of a registry, or a chart repository of Helm. What is asked for is resolved
// by one small query to a digest, and what has that digest is fetched once.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "holdfast/base/result.h"
#include "net/proxy.h"
#include "sources/artifact_store.h"
#include "sources/registry_login.h"
#include "sources/revision_tree.h"

namespace holdfast {

// What of the place that repoURL names. At most one of tag, semver and digest.
struct ArtifactRequest {
  std::string tag;     // of a registry; left out with the others: "latest"
  std::string semver;  // a VersionRange: of tags, or of the versions of a chart; left out with a chart: "*"
  std::string digest;  // "sha256:…", of a registry
  std::string chart;   // its name; needed with https://, and beside oci:// a repository below
  std::string layer_media_type;
  bool operator==(const ArtifactRequest&) const = default;
};

struct ArtifactAccess {
  std::optional<RegistryLogin> login;
  std::string docker_config_file;  // where there is no login; read at each query
  std::string ca_file;             // instead of the machine's CAs; read at each query
  ProxyEnvironment proxy;
};

struct ArtifactOriginOptions {
  std::string url;  // oci://…, or of a chart repository
  ArtifactRequest request;
  std::stop_token stop;
  std::chrono::milliseconds silence{30'000};  // see WebClientOptions
};

struct ResolvedArtifact {
  std::string revision;  // "latest@sha256:…", "1.2.3@sha256:…"; of what was asked for by its digest "sha256:…"
  std::string digest;    // of the manifest, or of a chart's archive
  std::string url;       // of a chart's archive; empty where only the cache is to be asked
};

// What stands behind a revision that was resolved before. Errors: Invalid.
Result<ResolvedArtifact> artifact_of_revision(const std::string& revision);

// Blocks; one thread at a time.
class ArtifactOrigin {
 public:
  virtual ~ArtifactOrigin() = default;
  // How it lets us in, from now on.
  virtual void use(ArtifactAccess access) = 0;
  // Errors: NotFound (it says that there is no such thing), Unauthorized, Forbidden, Busy, Unreachable, Timeout,
  // Invalid, Protocol, TooLarge, Cancelled.
  virtual Result<ResolvedArtifact> resolve() = 0;
  // Out of the cache, else fetched and proven. The same errors.
  virtual Result<std::unique_ptr<RevisionTree>> open(const ResolvedArtifact& at) = 0;
  // What the artifact that was opened last says that it was made of, for people; empty: nothing.
  [[nodiscard]] virtual std::string made_of() const { return {}; }
  // True where resolve() asks nobody, because the answer cannot change.
  [[nodiscard]] virtual bool fixed() const = 0;
};

// Whether a URL with this request is of an artifact at all, and not of a Git repository.
bool is_artifact(const std::string& url, const ArtifactRequest& request);
// Errors: Invalid, with the field.
Result<void> check_artifact(const std::string& url, const ArtifactRequest& request);

// The store outlives it. Errors: those of check_artifact.
Result<std::unique_ptr<ArtifactOrigin>> make_artifact_origin(ArtifactOriginOptions options, const ArtifactStore& store);

}  // namespace holdfast
