// One delivery of each sender, made for tests: the fields that its documentation lists and that we read, and some that
// we do not. Signed as that sender signs.
#pragma once

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <spdlog/fmt/fmt.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/digest.h"
#include "net/web_server.h"
#include "sources/forge.h"
#include "sources/push_proof.h"

namespace holdfast {

inline const std::string kOldCommit(40, 'a'), kNewCommit(40, 'b'), kNoCommit(40, '0');

// What is pushed, by every sender in its own shape.
struct PushedRef {
  std::string host = "git.example", path = "team/web";  // of the repository
  std::string ref = "refs/heads/main";
  std::string before = kOldCommit, after = kNewCommit;
  std::string tag = "v1.2.0";  // of an image
};

inline std::string sha1_hmac_hex(std::string_view secret, std::string_view body) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char*>(body.data()),
       body.size(), digest.data(), &size);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

inline std::string push_body(Forge forge, const PushedRef& p) {
  const std::string short_ref = p.ref.substr(p.ref.rfind('/') + 1), web = "https://" + p.host + "/" + p.path;
  switch (forge) {
    case Forge::GitHub:
    case Forge::Gitea:
      return fmt::format(
          R"({{"ref":"{0}","before":"{1}","after":"{2}","deleted":false,"commits":[{{"id":"{2}","message":"a \"word\"\n"}}],)"
          R"("repository":{{"id":7,"name":"web","full_name":"{4}","private":true,"html_url":"{3}","url":"{3}",)"
          R"("clone_url":"{3}.git","ssh_url":"git@{5}:{4}.git","default_branch":"main"}},"pusher":{{"name":"ann"}}}})",
          p.ref, p.before, p.after, web, p.path, p.host);
    case Forge::GitLab:
      return fmt::format(
          R"({{"object_kind":"{6}","event_name":"{6}","before":"{1}","after":"{2}","ref":"{0}","checkout_sha":"{2}",)"
          R"("project_id":15,"project":{{"name":"web","web_url":"{3}","git_ssh_url":"git@{5}:{4}.git",)"
          R"("git_http_url":"{3}.git","path_with_namespace":"{4}"}},"commits":[],"total_commits_count":0}})",
          p.ref, p.before, p.after, web, p.path, p.host, p.ref.starts_with("refs/tags/") ? "tag_push" : "push");
    case Forge::Bitbucket:
      return fmt::format(
          R"({{"actor":{{"nickname":"ann"}},"repository":{{"type":"repository","full_name":"{3}","name":"web",)"
          R"("links":{{"html":{{"href":"https://bitbucket.org/{3}"}},"self":{{"href":"https://api.bitbucket.org/2.0/x"}}}}}},)"
          R"("push":{{"changes":[{{"forced":false,"old":{{"type":"branch","name":"{0}","target":{{"hash":"{1}"}}}},)"
          R"("new":{{"type":"branch","name":"{0}","target":{{"hash":"{2}"}}}}}}]}}}})",
          short_ref, p.before, p.after, p.path);
    case Forge::BitbucketServer:
      return fmt::format(
          R"({{"eventKey":"repo:refs_changed","repository":{{"slug":"web","project":{{"key":"TEAM"}},"links":{{"clone":[)"
          R"({{"href":"ssh://git@{4}:7999/{3}.git","name":"ssh"}},{{"href":"https://{4}/scm/{3}.git","name":"http"}}]}}}},)"
          R"("changes":[{{"ref":{{"id":"{0}","type":"BRANCH"}},"refId":"{0}","fromHash":"{1}","toHash":"{2}","type":"UPDATE"}}]}})",
          p.ref, p.before, p.after, p.path, p.host);
    case Forge::AzureDevOps:
      return fmt::format(
          R"({{"subscriptionId":"s","id":"i","eventType":"git.push","publisherId":"tfs","resource":{{"refUpdates":[)"
          R"({{"name":"{0}","oldObjectId":"{1}","newObjectId":"{2}"}}],"repository":{{"name":"web",)"
          R"("remoteUrl":"{3}","defaultBranch":"refs/heads/main"}},"pushId":4}},"resourceVersion":"1.0"}})",
          p.ref, p.before, p.after, web);
    case Forge::Generic:
      return fmt::format(R"({{"repository":"{}.git","ref":"{}","before":"{}","after":"{}"}})", web, p.ref, p.before,
                         p.after);
    case Forge::Registry:
      return fmt::format(
          R"({{"events":[{{"id":"1","action":"push","target":{{"mediaType":"application/octet-stream","digest":"sha256:1",)"
          R"("repository":"{1}"}},"request":{{"host":"{0}","method":"PUT"}}}},{{"id":"2","action":"push","target":{{)"
          R"("mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:2","repository":"{1}",)"
          R"("url":"https://{0}/v2/{1}/manifests/sha256:2","tag":"{2}"}},"request":{{"host":"{0}"}}}}]}})",
          p.host, p.path, p.tag);
    case Forge::DockerHub:
      return fmt::format(
          R"({{"callback_url":"https://registry.hub.docker.com/u/x","push_data":{{"pushed_at":1700000000,"tag":"{1}"}},)"
          R"("repository":{{"name":"web","namespace":"team","repo_name":"{0}","repo_url":"https://hub.docker.com/r/{0}"}}}})",
          p.path, p.tag);
    case Forge::Harbor:
      return fmt::format(
          R"({{"type":"PUSH_ARTIFACT","occur_at":1700000000,"operator":"ann","event_data":{{"resources":[{{)"
          R"("digest":"sha256:2","tag":"{2}","resource_url":"{0}/{1}:{2}"}}],"repository":{{"name":"web",)"
          R"("namespace":"team","repo_full_name":"{1}"}}}}}})",
          p.host, p.path, p.tag);
    case Forge::Ghcr:
      return fmt::format(
          R"({{"action":"published","package":{{"name":"web","namespace":"team","package_type":"CONTAINER",)"
          R"("package_version":{{"container_metadata":{{"tag":{{"name":"{0}","digest":"sha256:2"}}}}}}}}}})",
          p.tag);
    case Forge::Quay:
      return fmt::format(R"({{"name":"repository","repository":"{0}","namespace":"team","docker_url":"quay.io/{0}",)"
                         R"("homepage":"https://quay.io/repository/{0}","updated_tags":["{1}"]}})",
                         p.path, p.tag);
    case Forge::Acr:
      return fmt::format(
          R"({{"id":"1","action":"push","target":{{"mediaType":"application/vnd.docker.distribution.manifest.v2+json",)"
          R"("digest":"sha256:2","repository":"{1}","tag":"{2}"}},"request":{{"id":"r","host":"{0}","method":"PUT"}}}})",
          p.host, p.path, p.tag);
    case Forge::Nexus:
      return R"({"timestamp":"t","nodeId":"n","initiator":"ann","repositoryName":"images","action":"CREATED",)"
             R"("component":{"format":"docker","name":"team/web","version":"1"}})";
  }
  return {};
}

// Headers as the sender sets them, with the proof of `secret`.
inline void sign(Forge forge, ReceivedRequest& request, std::string_view secret) {
  const std::string hex = hmac_sha256_hex(Secret(std::string(secret)), request.body);
  switch (forge) {
    case Forge::GitHub:
    case Forge::Ghcr:
      request.headers["x-hub-signature-256"] = "sha256=" + hex;
      return;
    case Forge::Gitea:
      request.headers["x-gitea-signature"] = hex;
      return;
    case Forge::Bitbucket:
    case Forge::BitbucketServer:
      request.headers["x-hub-signature"] = "sha256=" + hex;
      return;
    case Forge::Generic:
      request.headers["x-signature"] = "sha256=" + hex;
      return;
    case Forge::GitLab:
      request.headers["x-gitlab-token"] = secret;
      return;
    case Forge::AzureDevOps:
      request.headers["authorization"] = "Basic " + base64_encode("holdfast:" + std::string(secret));
      return;
    case Forge::Registry:
    case Forge::Harbor:
      request.headers["authorization"] = "Bearer " + std::string(secret);
      return;
    case Forge::Acr:
      request.headers["authorization"] = secret;
      return;
    case Forge::Nexus:
      request.headers["x-nexus-webhook-signature"] = sha1_hmac_hex(secret, request.body);
      return;
    case Forge::DockerHub:
    case Forge::Quay:
      return;  // the path says it
  }
}

inline std::string path_of_receiver(Forge forge, const std::string& name, std::string_view secret) {
  const bool in_path = words_of(forge).proof == ProofKind::PathToken;
  return "/hook/" + name + (in_path ? "/" + path_token(name, Secret(std::string(secret))) : "");
}

inline ReceivedRequest delivery(Forge forge, const std::string& receiver, std::string_view secret, std::string body,
                                const std::string& event = {}, const std::string& id = {}) {
  ReceivedRequest request{"POST", path_of_receiver(forge, receiver, secret), "192.0.2.1"};
  request.body = std::move(body);
  request.headers["content-type"] = "application/json";
  const std::string of_push = event.empty() ? "push" : event;
  if (forge == Forge::GitHub) request.headers["x-github-event"] = of_push;
  if (forge == Forge::Ghcr) request.headers["x-github-event"] = event.empty() ? "package" : event;
  if (forge == Forge::Gitea) request.headers["x-gitea-event"] = of_push;
  if (forge == Forge::Bitbucket) request.headers["x-event-key"] = event.empty() ? "repo:push" : event;
  if (forge == Forge::BitbucketServer) request.headers["x-event-key"] = event.empty() ? "repo:refs_changed" : event;
  if (!id.empty() && forge == Forge::GitHub) request.headers["x-github-delivery"] = id;
  if (!id.empty() && forge == Forge::Gitea) request.headers["x-gitea-delivery"] = id;
  if (!id.empty() && forge == Forge::GitLab) request.headers["x-gitlab-event-uuid"] = id;
  sign(forge, request, secret);
  return request;
}

}  // namespace holdfast
