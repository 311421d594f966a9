// A chart out of a Helm repository: an index of all charts and versions, and archives.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sources/artifact_origin.h"
#include "sources/chart_index.h"
#include "sources/web_access.h"

namespace holdfast {

class ChartRepository final : public ArtifactOrigin {
 public:
  static constexpr std::size_t kIndexLimitBytes = std::size_t{64} << 20;
  static constexpr std::size_t kArchiveLimitBytes = std::size_t{64} << 20;

  // The store outlives it. Errors: Invalid.
  static Result<std::unique_ptr<ArtifactOrigin>> make(ArtifactOriginOptions options, const ArtifactStore& store);

  void use(ArtifactAccess access) override { web_.use(std::move(access)); }
  // Asks for the index only if it is another than the one in the cache.
  Result<ResolvedArtifact> resolve() override;
  Result<std::unique_ptr<RevisionTree>> open(const ResolvedArtifact& at) override;
  [[nodiscard]] bool fixed() const override { return false; }

 private:
  ChartRepository(WebUrl place, ArtifactOriginOptions options, const ArtifactStore& store);

  struct KnownIndex {
    std::string digest, etag, last_modified;  // all empty: none
  };
  [[nodiscard]] KnownIndex known_index() const;
  Result<std::string> look_at_index();
  Result<std::string> keep_index(ArtifactStore::Incoming incoming, const WebResponse& response);
  Result<void> read_index(const std::string& digest);
  Result<FileDescriptor> archive(const ResolvedArtifact& at);
  [[nodiscard]] Secret authorization_for(const std::string& url) const;
  [[nodiscard]] Error refusal_of(const WebResponse& response, const std::string& what) const;

  std::string url_;  // ends with a slash
  WebUrl place_;
  ArtifactRequest request_;
  const ArtifactStore& store_;
  WebAccess web_;
  std::string read_digest_;  // of the index that versions_ come from
  std::vector<ChartVersion> versions_;
};

}  // namespace holdfast
