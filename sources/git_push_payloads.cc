// What Git forges send. Shapes as their documentation has them; of each only what names the repository and the ref.
#include <utility>

#include "sources/payload_hints.h"

namespace holdfast {
namespace {

std::unexpected<Error> lacking(std::string what) {
  return fail(ErrorKind::Protocol, "its payload has no " + std::move(what), {},
              "is the receiver's type that of its sender?");
}

const json::array* list_at(const json::value& root, std::initializer_list<std::string_view> path) {
  const json::value* const found = find(root, path);
  return found != nullptr && found->is_array() ? &found->get_array() : nullptr;
}

std::string header_of(const ReceivedRequest& request, std::initializer_list<std::string_view> names) {
  for (std::string_view name : names)
    if (const auto value = request.header(name); !value.empty()) return std::string(value.substr(0, 100));
  return {};
}

// GitHub and Gitea agree on everything but names.
Result<DecodedPush> decode_github(const json::value& payload, std::string event) {
  DecodedPush push{std::move(event), {}, {}};
  if (push.event == "package" || push.event == "registry_package") {
    push.hints = github_package_hints(payload);
    return push;
  }
  const bool names_one = push.event == "create" || push.event == "delete";
  if (push.event != "push" && !names_one) return push;
  const std::string_view ref = string_at(payload, {"ref"});
  const json::value* const repository = find(payload, {"repository"});
  if (ref.empty()) return lacking("ref");
  if (repository == nullptr) return lacking("repository");
  PayloadHints hints;
  hints.add_urls(repository, {"clone_url", "ssh_url", "html_url", "git_url"});
  if (names_one)
    hints.add_ref(full_ref(ref, string_at(payload, {"ref_type"}) == "tag"), {}, {});
  else
    hints.add_ref(ref, string_at(payload, {"before"}), string_at(payload, {"after"}));
  push.hints = hints.take();
  return push;
}

Result<DecodedPush> decode_gitlab(const json::value& payload) {
  std::string event(string_at(payload, {"object_kind"}));
  if (event.empty()) event = string_at(payload, {"event_name"});  // of a system hook
  if (event.empty()) return lacking("object_kind");
  DecodedPush push{std::move(event), {}, {}};
  const bool updates = push.event == "repository_update";
  if (push.event != "push" && push.event != "tag_push" && !updates) return push;
  PayloadHints hints;
  hints.add_urls(find(payload, {"project"}), {"git_http_url", "git_ssh_url", "web_url"});
  hints.add_urls(find(payload, {"repository"}), {"git_http_url", "git_ssh_url", "homepage"});
  if (!updates) {
    if (string_at(payload, {"ref"}).empty()) return lacking("ref");
    hints.add_ref(string_at(payload, {"ref"}), string_at(payload, {"before"}), string_at(payload, {"after"}));
  } else if (const json::array* const changes = list_at(payload, {"changes"})) {
    for (const json::value& change : *changes)
      hints.add_ref(string_at(change, {"ref"}), string_at(change, {"before"}), string_at(change, {"after"}));
  }
  push.hints = hints.take();
  return push;
}

Result<DecodedPush> decode_bitbucket(const json::value& payload, std::string event) {
  DecodedPush push{std::move(event), {}, {}};
  if (push.event != "repo:push") return push;
  const json::array* const changes = list_at(payload, {"push", "changes"});
  if (changes == nullptr) return lacking("push.changes");
  PayloadHints hints;
  hints.add_url(string_at(payload, {"repository", "links", "html", "href"}));
  if (const auto name = string_at(payload, {"repository", "full_name"}); !name.empty())
    hints.add_url("https://bitbucket.org/" + std::string(name));
  for (const json::value& change : *changes) {
    const json::value* named = find(change, {"new"});
    if (named == nullptr || !named->is_object()) named = find(change, {"old"});
    if (named == nullptr || !named->is_object()) continue;
    hints.add_ref(full_ref(string_at(*named, {"name"}), string_at(*named, {"type"}) == "tag"),
                  string_at(change, {"old", "target", "hash"}), string_at(change, {"new", "target", "hash"}));
  }
  push.hints = hints.take();
  return push;
}

void add_links(PayloadHints& hints, const json::array* links) {
  if (links == nullptr) return;
  for (const json::value& link : *links) hints.add_url(string_at(link, {"href"}));
}

Result<DecodedPush> decode_bitbucket_server(const json::value& payload, std::string event) {
  DecodedPush push{std::move(event), {}, {}};
  if (push.event != "repo:refs_changed" && push.event != "mirror:repo_synchronized") return push;
  if (find(payload, {"repository"}) == nullptr) return lacking("repository");
  PayloadHints hints;
  add_links(hints, list_at(payload, {"repository", "links", "clone"}));
  add_links(hints, list_at(payload, {"repository", "links", "self"}));
  if (const json::array* const changes = list_at(payload, {"changes"}))
    for (const json::value& change : *changes) {
      std::string_view ref = string_at(change, {"ref", "id"});
      if (ref.empty()) ref = string_at(change, {"refId"});
      hints.add_ref(ref, string_at(change, {"fromHash"}), string_at(change, {"toHash"}));
    }
  push.hints = hints.take();
  return push;
}

Result<DecodedPush> decode_azure(const json::value& payload) {
  std::string event(string_at(payload, {"eventType"}));
  if (event.empty()) return lacking("eventType");
  DecodedPush push{std::move(event), {}, {}};
  if (push.event != "git.push") return push;
  const json::array* const updates = list_at(payload, {"resource", "refUpdates"});
  if (updates == nullptr) return lacking("resource.refUpdates");
  PayloadHints hints;
  hints.add_urls(find(payload, {"resource", "repository"}), {"remoteUrl", "sshUrl", "webUrl"});
  for (const json::value& update : *updates)
    hints.add_ref(string_at(update, {"name"}), string_at(update, {"oldObjectId"}), string_at(update, {"newObjectId"}));
  push.hints = hints.take();
  return push;
}

// Ours: {"repository": URL, "ref": "refs/heads/main", "before": …, "after": …}, all of it optional.
DecodedPush decode_generic(const json::value& payload) {
  PayloadHints hints;
  hints.add_url(string_at(payload, {"repository"}));
  hints.add_urls(find(payload, {"repository"}), {"url", "clone_url", "ssh_url", "html_url"});
  if (const json::array* const urls = list_at(payload, {"urls"}))
    for (const json::value& url : *urls)
      if (url.is_string()) hints.add_url(std::string_view(url.get_string()));
  if (const auto ref = string_at(payload, {"ref"}); !ref.empty())
    hints.add_ref(ref, string_at(payload, {"before"}), string_at(payload, {"after"}));
  return DecodedPush{"push", {}, hints.take()};
}

}  // namespace

Result<DecodedPush> decode_git_push(Forge forge, const ReceivedRequest& request, const json::value& payload) {
  switch (forge) {
    case Forge::GitHub:
    case Forge::Ghcr:
      return decode_github(payload, header_of(request, {"x-github-event"}));
    case Forge::Gitea:
      return decode_github(payload, header_of(request, {"x-gitea-event", "x-forgejo-event", "x-gogs-event"}));
    case Forge::GitLab:
      return decode_gitlab(payload);
    case Forge::Bitbucket:
      return decode_bitbucket(payload, header_of(request, {"x-event-key"}));
    case Forge::BitbucketServer:
      return decode_bitbucket_server(payload, header_of(request, {"x-event-key"}));
    case Forge::AzureDevOps:
      return decode_azure(payload);
    case Forge::Generic:
      return decode_generic(payload);
    case Forge::Registry:
    case Forge::DockerHub:
    case Forge::Harbor:
    case Forge::Quay:
    case Forge::Acr:
    case Forge::Nexus:
      break;
  }
  return fail(ErrorKind::Internal, "this is no Git forge");
}

}  // namespace holdfast
