// Artifacts of one repository of a registry: those that Flux, Argo CD and ORAS push, and Helm charts.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "sources/artifact_manifest.h"
#include "sources/artifact_origin.h"
#include "sources/registry_address.h"
#include "sources/registry_client.h"
#include "sources/web_access.h"

namespace holdfast {

class RegistryOrigin final : public ArtifactOrigin {
 public:
  static constexpr std::uint64_t kLayerLimitBytes = std::uint64_t{128} << 20;

  // The store outlives it. Errors: Invalid.
  static Result<std::unique_ptr<ArtifactOrigin>> make(ArtifactOriginOptions options, const ArtifactStore& store);

  void use(ArtifactAccess access) override { web_.use(std::move(access)); }
  Result<ResolvedArtifact> resolve() override;
  Result<std::unique_ptr<RevisionTree>> open(const ResolvedArtifact& at) override;
  [[nodiscard]] std::string made_of() const override { return made_of_; }
  [[nodiscard]] bool fixed() const override { return !request_.digest.empty(); }

 private:
  RegistryOrigin(RegistryAddress address, ArtifactOriginOptions options, const ArtifactStore& store);

  Result<RegistryClient> client();
  Result<std::string> wanted_tag(RegistryClient& registry) const;
  Result<std::string> manifest(const std::string& digest);
  Result<ArtifactContent> content_of(const std::string& digest);
  Result<FileDescriptor> layer(const ArtifactLayer& wanted);
  Result<std::unique_ptr<RevisionTree>> open_files(const ArtifactContent& content, const ResolvedArtifact& at);

  RegistryAddress address_;
  ArtifactRequest request_;
  const ArtifactStore& store_;
  WebAccess web_;
  std::optional<RegistryLogin> login_;  // that access_ comes from
  RegistryAccess access_;
  std::string made_of_;
};

}  // namespace holdfast
