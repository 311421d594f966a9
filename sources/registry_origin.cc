#include "sources/registry_origin.h"

#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include <utility>
#include <vector>

#include "holdfast/base/digest.h"
#include "sources/archive_tree.h"
#include "sources/memory_tree.h"
#include "sources/semver.h"

namespace holdfast {
namespace {

constexpr std::size_t kMostFileBytes = std::size_t{16} << 20;

Result<std::string> bytes_of(const FileDescriptor& file, std::size_t limit_bytes) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0 || static_cast<std::size_t>(status.st_size) > limit_bytes)
    return fail(ErrorKind::TooLarge, fmt::format("is larger than {} bytes", limit_bytes));
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t size = 0;
  while (size < bytes.size()) {
    const auto got = ::read(file.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return fail(ErrorKind::Internal, "the cache cannot be read");
    size += static_cast<std::size_t>(got);
  }
  return bytes;
}

}  // namespace

RegistryOrigin::RegistryOrigin(RegistryAddress address, ArtifactOriginOptions options, const ArtifactStore& store)
    : address_(std::move(address)),
      request_(std::move(options.request)),
      store_(store),
      web_(std::move(options.stop), options.silence) {}

Result<std::unique_ptr<ArtifactOrigin>> RegistryOrigin::make(ArtifactOriginOptions options,
                                                             const ArtifactStore& store) {
  const std::string& chart = options.request.chart;
  auto address = parse_registry_url(chart.empty() ? options.url : options.url + "/" + chart);
  if (!address) return std::unexpected(address.error());
  return std::unique_ptr<ArtifactOrigin>(new RegistryOrigin(std::move(*address), std::move(options), store));
}

Result<RegistryClient> RegistryOrigin::client() {
  if (auto renewed = web_.renew(address_.host); !renewed) return std::unexpected(renewed.error());
  if (web_.login() != login_) access_ = {};  // a token is as good as the password that it was given for
  login_ = web_.login();
  return RegistryClient(web_.web(), address_, web_.login(), access_);
}

// Charts have "+" in their versions, which no tag may have: Helm pushes them with "_" in its place.
Result<std::string> RegistryOrigin::wanted_tag(RegistryClient& registry) const {
  const bool chart = !request_.chart.empty() || request_.layer_media_type == kChartLayerType;
  if (!request_.tag.empty()) return request_.tag;
  if (request_.semver.empty() && request_.chart.empty()) return std::string("latest");
  const std::string text = request_.semver.empty() ? "*" : request_.semver;
  const auto range = VersionRange::parse(text);
  if (!range) return std::unexpected(range.error());
  auto tags = registry.tags();
  if (!tags) return std::unexpected(tags.error());
  std::vector<std::string> versions = *tags;
  if (chart)
    for (std::string& version : versions) std::ranges::replace(version, '_', '+');
  if (const auto newest = newest_in_range(*range, versions)) return std::move((*tags)[*newest]);
  return fail(ErrorKind::NotFound, fmt::format("none of the {} tags is a version in {}", tags->size(), text),
              registry.name(), "check spec.source.ref.semver; pre-releases count only where the range names one");
}

Result<ResolvedArtifact> RegistryOrigin::resolve() {
  if (fixed()) return ResolvedArtifact{request_.digest, request_.digest, {}};
  auto registry = client();
  if (!registry) return std::unexpected(registry.error());
  const auto tag = wanted_tag(*registry);
  if (!tag) return std::unexpected(tag.error());
  auto digest = registry->digest_of(*tag);
  if (!digest) return std::unexpected(digest.error());
  return ResolvedArtifact{fmt::format("{}@{}", *tag, *digest), *digest, {}};
}

Result<std::string> RegistryOrigin::manifest(const std::string& digest) {
  if (const auto kept = store_.find(digest)) return bytes_of(*kept, RegistryClient::kManifestLimitBytes);
  auto registry = client();
  if (!registry) return std::unexpected(registry.error());
  auto fetched = registry->manifest(digest);
  if (!fetched) return fetched;
  auto incoming = store_.begin();
  if (!incoming) return std::unexpected(incoming.error());
  if (auto written = incoming->write(*fetched); !written) return std::unexpected(written.error());
  if (auto stored = incoming->finish(digest); !stored) return std::unexpected(stored.error());
  return fetched;
}

Result<ArtifactContent> RegistryOrigin::content_of(const std::string& digest) {
  auto text = manifest(digest);
  if (!text) return std::unexpected(text.error());
  const auto only = only_image(*text);
  if (!only) return std::unexpected(only.error());
  if (!only->empty()) {
    text = manifest(*only);
    if (!text) return std::unexpected(text.error());
  }
  return artifact_content(*text, request_.layer_media_type);
}

Result<FileDescriptor> RegistryOrigin::layer(const ArtifactLayer& wanted) {
  if (auto kept = store_.find(wanted.digest)) return kept;
  if (wanted.size_bytes > kLayerLimitBytes)
    return fail(ErrorKind::TooLarge,
                fmt::format("a layer has {} bytes, more than {}", wanted.size_bytes, kLayerLimitBytes), {},
                "push only what is to be applied");
  auto registry = client();
  if (!registry) return std::unexpected(registry.error());
  auto incoming = store_.begin();
  if (!incoming) return std::unexpected(incoming.error());
  auto fetched =
      registry->blob(wanted.digest, wanted.size_bytes, [&](std::string_view bytes) { return incoming->write(bytes); });
  if (!fetched) return std::unexpected(fetched.error());
  auto stored = incoming->finish(wanted.digest);
  if (!stored) return std::unexpected(stored.error());
  return std::move(stored->file);
}

Result<std::unique_ptr<RevisionTree>> RegistryOrigin::open_files(const ArtifactContent& content,
                                                                 const ResolvedArtifact& at) {
  auto tree = std::make_unique<MemoryTree>(at.revision, fixed() ? 0 : content.created_s);
  for (const ArtifactLayer& wanted : content.layers) {
    const auto file = layer(wanted);
    if (!file) return std::unexpected(file.error());
    auto bytes = bytes_of(*file, kMostFileBytes);
    if (!bytes) return std::unexpected(bytes.error());
    const std::string hex = to_hex(sha256(*bytes));
    if (auto added = tree->add_file(wanted.file_name, std::move(*bytes), hex); !added)
      return std::unexpected(added.error());
  }
  tree->finish();
  return tree;
}

Result<std::unique_ptr<RevisionTree>> RegistryOrigin::open(const ResolvedArtifact& at) {
  const std::string where = address_.host + "/" + address_.repository + " " + at.revision;
  const auto located = [&](Error error) {
    if (error.where.empty()) error.where = where;
    return std::unexpected(std::move(error));
  };
  const auto content = content_of(at.digest);
  if (!content) return located(content.error());
  made_of_ = content->made_of;
  const ArtifactLayer& first = content->layers.front();
  if (!first.file_name.empty()) {
    auto tree = open_files(*content, at);
    if (!tree) return located(tree.error());
    return tree;
  }
  auto archive = layer(first);
  const std::int64_t created_s = fixed() ? 0 : content->created_s;
  if (!archive) return located(archive.error());
  return open_archive({std::move(*archive), at.revision, created_s, where, content->is_chart});
}

}  // namespace holdfast
