#include "cluster/artifact_pushes.h"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "cluster/child_process.h"
#include "holdfast/base/digest.h"
#include "holdfast/model/json.h"

namespace holdfast::cluster {
namespace {

namespace fs = std::filesystem;

json::object descriptor(const std::string& media_type, const std::string& bytes) {
  return {{"mediaType", media_type}, {"digest", digest_of(bytes)}, {"size", bytes.size()}};
}

}  // namespace

std::string digest_of(const std::string& bytes) { return "sha256:" + to_hex(sha256(bytes)); }

std::string archive_of(const Files& files) {
  std::string pattern = (fs::temp_directory_path() / "holdfast.XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder can be made");
  const fs::path folder = pattern;
  for (const auto& [name, content] : files) {
    fs::create_directories((folder / name).parent_path());
    std::ofstream(folder / name, std::ios::binary) << content;
  }
  const Finished packed =
      run({"/usr/bin/tar", "--create", "--gzip", "--sort=name", "--mtime=@0", "--directory", folder.string(), "."});
  fs::remove_all(folder);
  if (packed.exit_code != 0) throw std::runtime_error("tar failed: " + packed.err);
  return packed.out;
}

PushedArtifact artifact_of(const std::string& config_type, const std::vector<PushedLayer>& layers) {
  PushedArtifact made;
  json::array written;
  for (const PushedLayer& layer : layers) {
    json::object one = descriptor(layer.media_type, layer.bytes);
    for (const auto& [name, value] : layer.annotations) {
      if (!one.contains("annotations")) one["annotations"] = json::object();
      one["annotations"].as_object()[name] = value;
    }
    written.push_back(std::move(one));
    made.blobs.push_back(layer.bytes);
  }
  const std::string config = "{}";
  made.blobs.push_back(config);
  made.manifest = to_json(json::object{{"schemaVersion", 2},
                                       {"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                                       {"config", descriptor(config_type, config)},
                                       {"layers", std::move(written)}});
  return made;
}

PushedArtifact flux_artifact(const Files& files) {
  return artifact_of("application/vnd.cncf.flux.config.v1+json", {{kFluxLayer, archive_of(files)}});
}

PushedArtifact chart_artifact(const Files& files) {
  return artifact_of("application/vnd.cncf.helm.config.v1+json",
                     {{"application/vnd.cncf.helm.chart.content.v1.tar+gzip", archive_of(files)}});
}

}  // namespace holdfast::cluster
