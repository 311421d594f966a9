#include "sources/artifact_manifest.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "holdfast/base/timestamp.h"
#include "holdfast/model/json.h"
#include "sources/artifact_store.h"
#include "sources/git_url.h"
#include "sources/source_tree.h"

namespace holdfast {
namespace {

constexpr std::string_view kChartConfigType = "application/vnd.cncf.helm.config.v1+json";
constexpr std::string_view kTitle = "org.opencontainers.image.title";
constexpr std::string_view kUnpack = "io.deis.oras.content.unpack";
constexpr std::size_t kMostLayers = 100;

std::unexpected<Error> no_manifest(std::string_view why) {
  return fail(ErrorKind::Protocol, fmt::format("the artifact's manifest cannot be read: {}", why), {},
              "push it again, as an OCI artifact of version 1");
}

bool is_archive(std::string_view type) {
  return std::ranges::any_of(std::initializer_list<std::string_view>{"tar+gzip", "tar.gzip", ".tar"},
                             [&](std::string_view end) { return type.ends_with(end); });
}

// ORAS gives a single file the type of an archive, and its name as a title.
std::string file_name_of(const json::value& layer) {
  const std::string_view title = string_at(layer, {"annotations", kTitle});
  if (string_at(layer, {"annotations", kUnpack}) == "true" || !may_hold_manifests(title)) return {};
  const auto normal = normal_subpath(title);
  return normal && !title.starts_with('/') ? *normal : std::string();
}

Result<ArtifactLayer> layer_of(const json::value& written) {
  ArtifactLayer layer{std::string(string_at(written, {"digest"})), 0, std::string(string_at(written, {"mediaType"})),
                      file_name_of(written)};
  if (const auto good = digest_hex(layer.digest); !good) return std::unexpected(good.error());
  const json::value* size = find(written, {"size"});
  if (size == nullptr || !size->is_int64() || size->get_int64() < 0) return no_manifest("a layer has no size");
  layer.size_bytes = static_cast<std::uint64_t>(size->get_int64());
  return layer;
}

Result<std::vector<ArtifactLayer>> layers_of(const json::value& manifest) {
  const json::value* written = find(manifest, {"layers"});
  if (written == nullptr || !written->is_array()) return no_manifest("it has no layers");
  if (written->get_array().size() > kMostLayers) return no_manifest(fmt::format("more than {} layers", kMostLayers));
  std::vector<ArtifactLayer> layers;
  for (const json::value& one : written->get_array()) {
    auto layer = layer_of(one);
    if (!layer) return std::unexpected(layer.error());
    layers.push_back(std::move(*layer));
  }
  return layers;
}

// For people: one line of visible bytes.
std::string annotation(const json::value& manifest, std::string_view name) {
  std::string text(string_at(manifest, {"annotations", name}).substr(0, 300));
  std::ranges::replace_if(text, [](char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return text;
}

void add_origin(ArtifactContent& content, const json::value& manifest) {
  const auto created = parse_timestamp(annotation(manifest, "org.opencontainers.image.created"));
  if (created)
    content.created_s = std::chrono::duration_cast<std::chrono::seconds>(created->time_since_epoch()).count();
  content.created_s = std::max<std::int64_t>(content.created_s, 0);
  const std::string source = annotation(manifest, "org.opencontainers.image.source");
  content.made_of = annotation(manifest, "org.opencontainers.image.revision");
  if (!content.made_of.empty() && !source.empty()) content.made_of += " of " + without_credentials(source);
}

std::unexpected<Error> cannot_choose(std::string_view what, const std::vector<ArtifactLayer>& layers) {
  std::vector<std::string> types;
  types.reserve(layers.size());
  for (const ArtifactLayer& layer : layers) types.push_back(layer.media_type.substr(0, 200));
  return fail(ErrorKind::Invalid,
              fmt::format("the artifact has {}; its layers are: {}", what,
                          types.empty() ? "none" : fmt::format("{}", fmt::join(types, ", "))),
              {}, "name the one that holds the files in spec.source.layerSelector.mediaType");
}

}  // namespace

Result<ArtifactContent> artifact_content(std::string_view manifest, std::string_view media_type) {
  const auto parsed = parse_json(manifest);
  if (!parsed || !parsed->is_object()) return no_manifest("it is no JSON object");
  auto layers = layers_of(*parsed);
  if (!layers) return std::unexpected(layers.error());
  ArtifactContent content;
  add_origin(content, *parsed);
  const bool chart = media_type.empty() && string_at(*parsed, {"config", "mediaType"}) == kChartConfigType;
  const std::string_view wanted = chart ? kChartLayerType : media_type;
  if (!wanted.empty()) {
    const auto found = std::ranges::find(*layers, wanted, &ArtifactLayer::media_type);
    if (found == layers->end()) return cannot_choose(fmt::format("no layer of the type {}", wanted), *layers);
    content.is_chart = wanted == kChartLayerType;
    content.layers.push_back(std::move(*found));
    return content;
  }
  std::vector<ArtifactLayer> archives, files;
  for (const ArtifactLayer& layer : *layers)
    if (!layer.file_name.empty())
      files.push_back(layer);
    else if (is_archive(layer.media_type))
      archives.push_back(layer);
  if (archives.size() > 1 || (!archives.empty() && !files.empty()))
    return cannot_choose("several layers that may be meant", *layers);
  content.layers = archives.empty() ? std::move(files) : std::move(archives);
  if (content.layers.empty()) return cannot_choose("no layer that is a tar archive", *layers);
  content.is_chart = content.layers.front().media_type == kChartLayerType;
  return content;
}

Result<std::string> only_image(std::string_view manifest) {
  const auto parsed = parse_json(manifest);
  if (!parsed || !parsed->is_object()) return no_manifest("it is no JSON object");
  const json::value* images = find(*parsed, {"manifests"});
  if (images == nullptr) return std::string();
  if (!images->is_array() || images->get_array().size() != 1)
    return fail(ErrorKind::Invalid, "is an index of several images, not an artifact", {},
                "push one artifact, or name the digest of the one that is meant in spec.source.ref.digest");
  std::string digest(string_at(images->get_array().front(), {"digest"}));
  if (const auto good = digest_hex(digest); !good) return std::unexpected(good.error());
  return digest;
}

}  // namespace holdfast
