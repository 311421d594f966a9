// What registries and chart repositories answer, and what people write as their address.
#include <algorithm>
#include <cstring>
#include <set>

#include "fuzz/target.h"
#include "sources/artifact_manifest.h"
#include "sources/chart_index.h"
#include "sources/registry_address.h"
#include "sources/registry_login.h"

namespace holdfast::fuzz {
namespace {

void hold_manifest(std::string_view text, std::string_view media_type) {
  if (const auto image = only_image(text))
    hold(image->empty() || image->starts_with("sha256:"), "an odd digest: " + *image);
  const auto content = artifact_content(text, media_type);
  if (!content) {
    hold(!content.error().message.empty(), "refused without a word");
    return;
  }
  hold(!content->layers.empty(), "an artifact of nothing");
  std::set<std::string> names;
  for (const ArtifactLayer& layer : content->layers) {
    hold(layer.digest.starts_with("sha256:"), "an odd digest: " + layer.digest);
    hold(!layer.file_name.contains('\0') && !layer.file_name.starts_with('/') &&
             !("/" + layer.file_name + "/").contains("/../"),
         "a file that leads elsewhere: " + layer.file_name);
    hold(names.insert(layer.file_name).second, "two files of one name: " + layer.file_name);
  }
}

Result<std::vector<ChartVersion>> read_index(std::string_view text, std::size_t piece) {
  return chart_versions(
      [&](std::span<char> into) -> Result<std::size_t> {
        const std::size_t bytes = std::min({into.size(), text.size(), piece});
        std::memcpy(into.data(), text.data(), bytes);
        text.remove_prefix(bytes);
        return bytes;
      },
      "web");
}

void hold_index(std::string_view text, std::string_view wanted) {
  const auto whole = read_index(text, text.size() + 1), pieces = read_index(text, 3);
  // How far it is read beyond what is wanted depends on the pieces, and so whether what is wrong there is seen.
  if (!whole || !pieces) return;
  hold(whole->size() == pieces->size(), "cuts decide what an index has");
  for (std::size_t i = 0; i < whole->size(); ++i)
    hold((*whole)[i].version == (*pieces)[i].version && (*whole)[i].url == (*pieces)[i].url &&
             (*whole)[i].digest == (*pieces)[i].digest,
         "cuts decide what an index says");
  for (const ChartVersion& version : *whole)
    hold(version.digest.empty() || version.digest.size() == 64, "an odd digest: " + version.digest);
  if (const auto chosen = choose_version(*whole, wanted))
    hold(std::ranges::any_of(*whole, [&](const auto& one) { return one.version == chosen->version; }),
         "nobody offered it");
}

void hold_login(std::string_view text) {
  for (const Challenge& challenge : parse_challenges({std::string(text)})) {
    hold(!challenge.scheme.empty(), "a challenge without a scheme");
    hold(std::ranges::none_of(challenge.scheme, [](char c) { return c >= 'A' && c <= 'Z'; }), "a scheme in capitals");
  }
  (void)docker_login(text, "registry.example:5000");
}

void hold_address(std::string_view text) {
  if (check_tag(text)) hold(!text.empty() && text.size() <= 128 && !text.contains('/'), "a tag that is none");
  const auto address = parse_registry_url(text);
  if (!address) return;
  hold(is_registry_url(text), "an address that is none");
  hold(!address->host.empty() && !address->repository.empty() && !address->repository.starts_with('/') &&
           !("/" + address->repository + "/").contains("/../"),
       "an address that leads elsewhere");
  hold(address->server.starts_with("https://") || address->loopback, "an address without TLS");
  const auto again = parse_registry_url("oci://" + address->host + "/" + address->repository);
  hold(again && again->server == address->server && again->repository == address->repository,
       "an address is another one: " + address->host + "/" + address->repository);
}

}  // namespace

// A version or media type, and an answer or an address.
void run_registry(std::string_view bytes) {
  const auto parts = split(bytes, 2);
  hold_manifest(parts[1], parts[0]);
  hold_index(parts[1], parts[0]);
  hold_login(parts[1]);
  hold_address(parts[1]);
}

}  // namespace holdfast::fuzz
