#include "sources/chart_repository.h"

#include <spdlog/fmt/fmt.h>

#include <utility>

#include "holdfast/model/json.h"
#include "net/url.h"
#include "sources/archive_tree.h"

namespace holdfast {
namespace {

constexpr std::chrono::minutes kLongDeadline{10};

constexpr const char* kLoginHint =
    "check spec.source.credentials: username and passwordFile; and what the account may read";

std::string with_slash(std::string url) {
  if (!url.ends_with('/')) url += '/';
  return url;
}

}  // namespace

ChartRepository::ChartRepository(WebUrl place, ArtifactOriginOptions options, const ArtifactStore& store)
    : url_(with_slash(std::move(options.url))),
      place_(std::move(place)),
      request_(std::move(options.request)),
      store_(store),
      web_(std::move(options.stop), options.silence) {}

Result<std::unique_ptr<ArtifactOrigin>> ChartRepository::make(ArtifactOriginOptions options,
                                                              const ArtifactStore& store) {
  auto place = parse_web_url(options.url);
  if (!place) return std::unexpected(place.error());
  if (place->target.contains('?'))
    return fail(ErrorKind::Invalid, "the address of a chart repository has no query", "spec.source.repoURL",
                "write it as https://HOST/PATH");
  return std::unique_ptr<ArtifactOrigin>(new ChartRepository(std::move(*place), std::move(options), store));
}

// Archives may be elsewhere; whoever keeps them there is not told our password.
Secret ChartRepository::authorization_for(const std::string& url) const {
  const auto place = parse_web_url(url);
  if (!web_.login() || !place || !place->same_origin(place_)) return {};
  return basic_authorization(*web_.login());
}

Error ChartRepository::refusal_of(const WebResponse& response, const std::string& what) const {
  Error error{ErrorKind::Protocol,
              fmt::format("the chart repository answers {} when asked for {}", response.status, what), url_,
              "check spec.source.repoURL"};
  if (response.retry_after) error.retry_after = *response.retry_after;
  if (response.status == 401) {
    error.kind = ErrorKind::Unauthorized;
    error.hint = kLoginHint;
  } else if (response.status == 403) {
    error.kind = ErrorKind::Forbidden;
    error.hint = kLoginHint;
  } else if (response.status == 404) {
    error.kind = ErrorKind::NotFound;
  } else if (response.status == 429 || response.status >= 500) {
    error.kind = ErrorKind::Busy;
    error.hint = "it is asked again later";
  }
  return error;
}

ChartRepository::KnownIndex ChartRepository::known_index() const {
  const auto note = store_.note("index of " + url_);
  const auto parsed = note ? parse_json(*note) : Result<json::value>(fail(ErrorKind::NotFound, "none"));
  if (!parsed) return {};
  KnownIndex known{std::string(string_at(*parsed, {"digest"})), std::string(string_at(*parsed, {"etag"})),
                   std::string(string_at(*parsed, {"lastModified"}))};
  if (known.digest != read_digest_ && !store_.find(known.digest)) return {};
  return known;
}

// The digest of the index as it is now.
Result<std::string> ChartRepository::look_at_index() {
  const KnownIndex known = known_index();
  auto incoming = store_.begin();
  if (!incoming) return std::unexpected(incoming.error());
  WebRequest request;
  request.url = url_ + "index.yaml";
  request.accept_gzip = true;
  request.authorization = authorization_for(request.url);
  request.body_limit_bytes = kIndexLimitBytes;
  request.deadline = kLongDeadline;
  request.sink = [&](std::string_view bytes) { return incoming->write(bytes); };
  if (!known.etag.empty()) request.headers.emplace_back("If-None-Match", known.etag);
  if (!known.last_modified.empty()) request.headers.emplace_back("If-Modified-Since", known.last_modified);
  auto response = web_.web().send(std::move(request));
  if (!response) return std::unexpected(response.error());
  if (response->status == 304 && !known.digest.empty()) return known.digest;
  if (response->status != 200) return std::unexpected(refusal_of(*response, "index.yaml"));
  return keep_index(std::move(*incoming), *response);
}

Result<std::string> ChartRepository::keep_index(ArtifactStore::Incoming incoming, const WebResponse& response) {
  auto stored = incoming.finish({});
  if (!stored) return std::unexpected(stored.error());
  const json::value note = {{"digest", stored->digest},
                            {"etag", response.header("ETag")},
                            {"lastModified", response.header("Last-Modified")}};
  if (auto kept = store_.keep_note("index of " + url_, to_json(note)); !kept) return std::unexpected(kept.error());
  return std::move(stored->digest);
}

Result<void> ChartRepository::read_index(const std::string& digest) {
  if (digest == read_digest_) return {};
  const auto file = store_.find(digest);
  if (!file) return fail(ErrorKind::Busy, "the index went from the cache while it was read", url_, "it is tried again");
  auto versions = chart_versions(
      [&](std::span<char> into) -> Result<std::size_t> {
        const auto got = ::read(file->get(), into.data(), into.size());
        if (got < 0) return fail(ErrorKind::Internal, "the cache cannot be read");
        return static_cast<std::size_t>(got);
      },
      request_.chart);
  if (!versions) return std::unexpected(versions.error());
  versions_ = std::move(*versions);
  read_digest_ = digest;
  return {};
}

Result<ResolvedArtifact> ChartRepository::resolve() {
  const auto located = [&](Error error) {
    if (error.where.empty()) error.where = url_ + "index.yaml";
    return std::unexpected(std::move(error));
  };
  if (auto renewed = web_.renew(authority(place_.host, place_.port, place_.tls)); !renewed)
    return std::unexpected(renewed.error());
  const auto digest = look_at_index();
  if (!digest) return located(digest.error());
  if (auto read = read_index(*digest); !read) return located(read.error());
  const auto chosen = choose_version(versions_, request_.semver.empty() ? "*" : request_.semver);
  if (!chosen) return located(chosen.error());
  const std::string what = request_.chart + " " + chosen->version;
  if (chosen->digest.empty())
    return located({ErrorKind::Invalid,
                    fmt::format("the index has no SHA-256 of {}, so that it cannot be proven", what),
                    {},
                    "make the index anew with `helm repo index`"});
  if (chosen->url.starts_with("oci://"))
    return located({ErrorKind::Invalid,
                    fmt::format("{} is in a registry: {}", what, chosen->url),
                    {},
                    "name that registry in spec.source.repoURL, without the chart and its version"});
  auto url = resolve_web_url(url_, chosen->url);
  if (!url || chosen->url.empty())
    return located({ErrorKind::Invalid,
                    fmt::format("the index has no address of {}", what),
                    {},
                    "make the index anew with `helm repo index`"});
  return ResolvedArtifact{fmt::format("{}@sha256:{}", chosen->version, chosen->digest), "sha256:" + chosen->digest,
                          std::move(*url)};
}

Result<FileDescriptor> ChartRepository::archive(const ResolvedArtifact& at) {
  if (auto kept = store_.find(at.digest)) return kept;
  if (at.url.empty()) return fail(ErrorKind::NotFound, fmt::format("{} is not in the cache", at.revision), url_);
  auto incoming = store_.begin();
  if (!incoming) return std::unexpected(incoming.error());
  WebRequest request;
  request.url = at.url;
  request.authorization = authorization_for(at.url);
  request.body_limit_bytes = kArchiveLimitBytes;
  request.deadline = kLongDeadline;
  request.sink = [&](std::string_view bytes) { return incoming->write(bytes); };
  auto response = web_.web().send(std::move(request));
  if (!response) return std::unexpected(response.error());
  if (response->status != 200) return std::unexpected(refusal_of(*response, request_.chart + " " + at.revision));
  auto stored = incoming->finish(at.digest);
  if (!stored) return std::unexpected(stored.error());
  return std::move(stored->file);
}

Result<std::unique_ptr<RevisionTree>> ChartRepository::open(const ResolvedArtifact& at) {
  auto file = archive(at);
  const std::string where = fmt::format("{}{} {}", url_, request_.chart, at.revision);
  if (!file) {
    if (file.error().where.empty()) file.error().where = where;
    return std::unexpected(file.error());
  }
  return open_archive({std::move(*file), at.revision, 0, where, true});
}

}  // namespace holdfast
