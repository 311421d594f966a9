// What a registry answers that does all right: the script of a ScriptedServer, for tests to spoil.
#pragma once

#include <map>
#include <string>

#include "cluster/artifact_pushes.h"
#include "cluster/scripted_server.h"

namespace holdfast::cluster {

// A registry of one repository, "team/web", without anything to prove first.
class ScriptedRegistry {
 public:
  void push(const std::string& tag, const PushedArtifact& artifact) {
    tags[tag] = artifact.digest();
    manifests[artifact.digest()] = artifact.manifest;
    for (const std::string& blob : artifact.blobs) blobs[digest_of(blob)] = blob;
  }

  [[nodiscard]] Answer answer(const ScriptedServer::Seen& request) const {
    const std::string kBase = "/v2/team/web/";
    if (!request.target.starts_with(kBase)) return {404, R"({"errors":[{"code":"NAME_UNKNOWN"}]})"};
    const std::string rest = request.target.substr(kBase.size());
    if (rest.starts_with("blobs/")) return found(blobs, rest.substr(6), "BLOB_UNKNOWN");
    if (!rest.starts_with("manifests/")) return {404};
    const auto tag = tags.find(rest.substr(10));
    return found(manifests, tag == tags.end() ? rest.substr(10) : tag->second, "MANIFEST_UNKNOWN");
  }

  std::map<std::string, std::string> tags, manifests, blobs;

 private:
  static Answer found(const std::map<std::string, std::string>& in, const std::string& digest, const char* code) {
    const auto one = in.find(digest);
    if (one == in.end()) return {404, std::string(R"({"errors":[{"code":")") + code + R"("}]})"};
    return {200, one->second, {{"Docker-Content-Digest", digest}}};
  }
};

}  // namespace holdfast::cluster
