// What container registries send. A hint's ref is the tag, its new commit the digest.
#include <utility>

#include "sources/payload_hints.h"

namespace holdfast {
namespace {

std::unexpected<Error> lacking(std::string what) {
  return fail(ErrorKind::Protocol, "its payload has no " + std::move(what), {},
              "is the receiver's type that of its sender?");
}

std::string image(std::string_view host, std::string_view repository) {
  if (host.empty() || repository.empty()) return {};
  return "oci://" + std::string(host) + "/" + std::string(repository);
}

// "https://registry.example/v2/team/web/manifests/sha256:…" -> "registry.example"
std::string_view host_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  return url.substr(0, url.find('/'));
}

// An event of the distribution project's registry. Layers are pushed, too, and are no news.
void add_event(const json::value& event, std::vector<PushHint>& hints) {
  const std::string_view action = string_at(event, {"action"}), tag = string_at(event, {"target", "tag"});
  if (action != "push" && action != "chart_push") return;
  const std::string_view type = string_at(event, {"target", "mediaType"});
  if (tag.empty() && !type.contains("manifest") && !type.contains("image.index")) return;
  if (hints.size() >= kMostHintsOfDelivery) return;
  PayloadHints hint;
  const std::string_view repository = string_at(event, {"target", "repository"});
  hint.add_url(image(string_at(event, {"request", "host"}), repository));
  hint.add_url(image(host_of(string_at(event, {"target", "url"})), repository));
  if (!tag.empty()) hint.add_ref(tag, {}, string_at(event, {"target", "digest"}));
  for (PushHint& one : hint.take()) hints.push_back(std::move(one));
}

Result<DecodedPush> decode_distribution(const json::value& payload) {
  const json::value* const events = find(payload, {"events"});
  if (events == nullptr || !events->is_array()) return lacking("events");
  DecodedPush push{"events", {}, {}};
  for (const json::value& event : events->get_array()) add_event(event, push.hints);
  if (!push.hints.empty()) push.event = "push";
  return push;
}

Result<DecodedPush> decode_acr(const json::value& payload) {
  std::string action(string_at(payload, {"action"}));
  if (action.empty()) return lacking("action");
  DecodedPush push{std::move(action), {}, {}};
  add_event(payload, push.hints);
  return push;
}

Result<DecodedPush> decode_docker_hub(const json::value& payload) {
  const std::string_view name = string_at(payload, {"repository", "repo_name"});
  if (name.empty()) return lacking("repository.repo_name");
  PayloadHints hints;
  hints.add_url(image("docker.io", name));
  if (const auto tag = string_at(payload, {"push_data", "tag"}); !tag.empty()) hints.add_ref(tag, {}, {});
  return DecodedPush{"push", {}, hints.take()};
}

// In its own format, and in that of CloudEvents.
Result<DecodedPush> decode_harbor(const json::value& payload) {
  DecodedPush push{std::string(string_at(payload, {"type"})), {}, {}};
  if (push.event.empty()) return lacking("type");
  if (push.event != "PUSH_ARTIFACT" && push.event != "harbor.artifact.pushed") return push;
  const json::value* data = find(payload, {"event_data"});
  if (data == nullptr) data = find(payload, {"data"});
  const json::value* const resources = data == nullptr ? nullptr : find(*data, {"resources"});
  if (resources == nullptr || !resources->is_array()) return lacking("event_data.resources");
  PayloadHints hints;
  for (const json::value& resource : resources->get_array()) {
    const std::string_view url = string_at(resource, {"resource_url"}), tag = string_at(resource, {"tag"});
    const std::string_view host = url.substr(0, url.find('/'));
    std::string_view path = url.substr(std::min(host.size() + 1, url.size()));
    path = path.substr(0, path.find('@'));
    hints.add_url(image(host, path.substr(0, path.rfind(':'))));
    if (!tag.empty()) hints.add_ref(tag, {}, string_at(resource, {"digest"}));
  }
  push.hints = hints.take();
  return push;
}

Result<DecodedPush> decode_quay(const json::value& payload) {
  const std::string_view url = string_at(payload, {"docker_url"});
  if (url.empty()) return lacking("docker_url");
  PayloadHints hints;
  hints.add_url("oci://" + std::string(url));
  if (const json::value* const tags = find(payload, {"updated_tags"}); tags != nullptr && tags->is_array())
    for (const json::value& tag : tags->get_array())
      if (tag.is_string()) hints.add_ref(std::string_view(tag.get_string()), {}, {});
  return DecodedPush{"push", {}, hints.take()};
}

// Names no host; what it is called is in the receiver's configuration.
Result<DecodedPush> decode_nexus(const json::value& payload) {
  const std::string_view action = string_at(payload, {"action"});
  if (action.empty()) return lacking("action");
  DecodedPush push{std::string(action), {}, {}};
  if (action == "CREATED" || action == "UPDATED") push.hints.emplace_back();
  return push;
}

}  // namespace

std::vector<PushHint> github_package_hints(const json::value& payload) {
  const json::value* package = find(payload, {"package"});
  if (package == nullptr) package = find(payload, {"registry_package"});
  if (package == nullptr) return {};
  std::string_view type = string_at(*package, {"package_type"});
  if (type.empty()) type = string_at(*package, {"ecosystem"});
  if (type != "CONTAINER" && type != "container") return {};
  std::string_view owner = string_at(*package, {"namespace"});
  if (owner.empty()) owner = string_at(*package, {"owner", "login"});
  PayloadHints hints;
  const std::string_view name = string_at(*package, {"name"});
  if (!owner.empty() && !name.empty()) hints.add_url(image("ghcr.io", std::string(owner) + "/" + std::string(name)));
  const json::value* const tag = find(*package, {"package_version", "container_metadata", "tag"});
  if (tag != nullptr && !string_at(*tag, {"name"}).empty())
    hints.add_ref(string_at(*tag, {"name"}), {}, string_at(*tag, {"digest"}));
  return hints.take();
}

Result<DecodedPush> decode_registry_push(Forge forge, const json::value& payload) {
  switch (forge) {
    case Forge::Registry:
      return decode_distribution(payload);
    case Forge::DockerHub:
      return decode_docker_hub(payload);
    case Forge::Harbor:
      return decode_harbor(payload);
    case Forge::Quay:
      return decode_quay(payload);
    case Forge::Acr:
      return decode_acr(payload);
    case Forge::Nexus:
      return decode_nexus(payload);
    case Forge::GitHub:
    case Forge::GitLab:
    case Forge::Gitea:
    case Forge::Bitbucket:
    case Forge::BitbucketServer:
    case Forge::AzureDevOps:
    case Forge::Generic:
    case Forge::Ghcr:
      break;
  }
  return fail(ErrorKind::Internal, "this is no registry");
}

}  // namespace holdfast
