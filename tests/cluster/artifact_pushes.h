// Artifacts as the tools of others make them: archives, manifests, digests.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::cluster {

using Files = std::map<std::string, std::string>;  // content by name

std::string digest_of(const std::string& bytes);  // "sha256:…"

// By the tar program, packed with gzip.
std::string archive_of(const Files& files);

struct PushedLayer {
  std::string media_type, bytes;
  std::map<std::string, std::string> annotations = {};
};

struct PushedArtifact {
  std::string manifest;
  std::vector<std::string> blobs;  // the config and the layers
  [[nodiscard]] std::string digest() const { return digest_of(manifest); }
};

PushedArtifact artifact_of(const std::string& config_type, const std::vector<PushedLayer>& layers);
// As `flux push artifact` makes it.
PushedArtifact flux_artifact(const Files& files);
// As `helm push` makes it; the files are below the chart's name.
PushedArtifact chart_artifact(const Files& files);

inline constexpr const char* kFluxLayer = "application/vnd.cncf.flux.content.v1.tar+gzip";
inline constexpr const char* kOciLayer = "application/vnd.oci.image.layer.v1.tar+gzip";

}  // namespace holdfast::cluster
