#include "sources/artifact_origin.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "net/web_client.h"
#include "sources/chart_repository.h"
#include "sources/registry_address.h"
#include "sources/registry_origin.h"
#include "sources/semver.h"

namespace holdfast {
namespace {

std::unexpected<Error> refuse(std::string message, std::string field, std::string hint) {
  return fail(ErrorKind::Invalid, std::move(message), "spec.source." + field, std::move(hint));
}

// As Helm names charts; it becomes part of addresses.
bool is_chart_name(std::string_view name) {
  return !name.empty() && name.size() <= 250 && name.front() != '.' && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

Result<void> check_ref(const ArtifactRequest& request) {
  const int given = int{!request.tag.empty()} + int{!request.semver.empty()} + int{!request.digest.empty()};
  if (given > 1) return refuse("names several of tag, semver and digest at once", "ref", "keep one of them");
  if (!request.tag.empty())
    if (const auto good = check_tag(request.tag); !good)
      return refuse(good.error().message, "ref.tag", good.error().hint);
  if (!request.semver.empty())
    if (const auto good = VersionRange::parse(request.semver); !good)
      return refuse(good.error().message, "ref.semver", good.error().hint);
  if (!request.digest.empty())
    if (const auto good = digest_hex(request.digest); !good)
      return refuse(good.error().message, "ref.digest", good.error().hint);
  return {};
}

}  // namespace

bool is_artifact(const std::string& url, const ArtifactRequest& request) {
  return is_registry_url(url) || !request.chart.empty();
}

Result<void> check_artifact(const std::string& url, const ArtifactRequest& request) {
  if (!request.chart.empty() && !is_chart_name(request.chart))
    return refuse("is no name of a chart", "chart", "write the name alone, and its version in spec.source.ref.semver");
  if (is_registry_url(url)) {
    const auto address = parse_registry_url(url);
    if (!address) return refuse(address.error().message, "repoURL", address.error().hint);
    return check_ref(request);
  }
  const auto parsed = parse_web_url(url);
  if (!parsed) return refuse(parsed.error().message, "repoURL", "write it as https://HOST/PATH or oci://HOST/PATH");
  if (!request.tag.empty() || !request.digest.empty())
    return refuse("is nothing that a chart repository has", request.tag.empty() ? "ref.digest" : "ref.tag",
                  "write the version, or a range of them, in spec.source.ref.semver");
  if (!request.layer_media_type.empty())
    return refuse("is nothing that a chart repository has", "layerSelector", "remove it");
  return check_ref(request);
}

Result<ResolvedArtifact> artifact_of_revision(const std::string& revision) {
  const std::size_t at = revision.rfind('@');
  std::string digest = at == std::string::npos ? revision : revision.substr(at + 1);
  if (const auto good = digest_hex(digest); !good) return std::unexpected(good.error());
  return ResolvedArtifact{revision, std::move(digest), {}};
}

Result<std::unique_ptr<ArtifactOrigin>> make_artifact_origin(ArtifactOriginOptions options,
                                                             const ArtifactStore& store) {
  if (auto checked = check_artifact(options.url, options.request); !checked) return std::unexpected(checked.error());
  if (is_registry_url(options.url)) return RegistryOrigin::make(std::move(options), store);
  return ChartRepository::make(std::move(options), store);
}

}  // namespace holdfast
