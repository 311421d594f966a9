#include "sources/source.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <filesystem>
#include <stop_token>
#include <utility>

#include "holdfast/base/digest.h"
#include "sources/artifact_source.h"
#include "sources/change_watch.h"
#include "sources/directory.h"
#include "sources/directory_tree.h"
#include "sources/git_source.h"
#include "sources/kustomization.h"
#include "sources/plain_manifests.h"
#include "sources/renderer.h"
#include "sources/repository_hub.h"
#include "sources/semver.h"
#include "sources/substituted_source.h"
#include "sources/worker_call.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
namespace fs = std::filesystem;

struct Loaded {
  ManifestSetPtr manifests;
  std::vector<std::string> notes;
};

// What a folder's files are called: by all that was looked at of them.
std::string revision_of(const std::vector<RenderInput>& inputs) {
  std::string text;
  for (const RenderInput& input : inputs) text += fmt::format("{}:{}={}\n", input.path.size(), input.path, input.id);
  return "files@sha256:" + to_hex(sha256(text));
}

// What blocks. Used by one job at a time, on the worker thread only.
class FolderReader {
 public:
  FolderReader(std::string root, PlainFiles files) : root_(std::move(root)), files_(std::move(files)) {}

  Result<Loaded> load(const SourceTrust& trust) {
    if (files_.trust != trust) last_.reset();  // it may not be readable any more
    files_.trust = trust;
    auto read = read_once();
    for (int attempt = 1; attempt < 3 && !read && read.error().kind == ErrorKind::Busy; ++attempt) read = read_once();
    if (!read) return std::unexpected(std::move(read.error()));
    return Loaded{last_->manifests, last_->notes};
  }

  Result<ObjectOrigin> trace(const TraceRequest& request) const {
    if (!last_) return fail(ErrorKind::NotFound, "nothing was read yet");
    const auto place = parse_origin(request.origin);
    if (!place) return std::unexpected(place.error());
    const auto tree = read_directory(root_, place->file);
    if (!tree) return std::unexpected(tree.error());
    auto origin = trace_lines(tree->files.files.front(), request);
    if (!origin) return origin;
    origin->revision = last_->manifests->revision;
    origin->no_commits = "these are files, which no commit is known of";
    return origin;
  }

 private:
  Result<void> read_once() {
    auto tree = open_directory_tree(root_);
    if (!tree) return std::unexpected(tree.error());
    const auto same = last_ ? has_same_inputs(**tree, last_->inputs) : Result<bool>(false);
    if (!same) return std::unexpected(same.error());
    if (*same) return {};
    auto rendered = render(**tree, files_, parsed_);
    if (!rendered) {
      if (rendered.error().where.empty()) rendered.error().where = root_;
      return std::unexpected(std::move(rendered.error()));
    }
    if (auto unchanged = (*tree)->unchanged(); !unchanged) return unchanged;
    auto named = std::make_shared<ManifestSet>(*rendered->manifests);
    named->revision = revision_of(rendered->inputs);
    rendered->manifests = std::move(named);
    last_ = std::move(*rendered);
    return {};
  }

  std::string root_;
  PlainFiles files_;
  ParsedFiles parsed_;
  std::optional<Rendering> last_;
};

// A plain folder, on this machine.
class FolderSource final : public Source {
 public:
  FolderSource(asio::any_io_executor executor, SourceOptions options, std::string watched)
      : executor_(executor),
        timer_(executor),
        interval_(options.interval),
        watched_(std::move(watched)),
        pool_(options.workers != nullptr ? options.workers : std::make_shared<asio::thread_pool>(1)),
        root_(std::move(options.repo)),
        files_{std::move(options.path), std::move(options.choice), {}, {}, std::move(options.way)},
        access_(executor, options.values, options.access.trust(), GitUrl(), options.cache_folder, stop_.get_token()),
        reader_(root_, files_) {}

  ~FolderSource() override { stop(); }

  Result<void> watch() {
    auto made = ChangeWatch::on_directory(executor_, watched_);
    if (!made) return std::unexpected(made.error());
    watch_ = std::move(*made);
    return {};
  }

  asio::awaitable<Result<ManifestSetPtr>> load() override {
    auto loaded = co_await load_by(&reader_);
    if (!loaded) co_return std::unexpected(std::move(loaded.error()));
    notes_ = std::move(loaded->notes);
    co_return std::move(loaded->manifests);
  }

  asio::awaitable<Result<ObjectOrigin>> trace(TraceRequest request) override {
    auto job = [this, &request] { return reader_.trace(request); };
    co_return co_await on_worker<ObjectOrigin>(*pool_, job);
  }

  asio::awaitable<Result<ManifestSetPtr>> read_afresh() override {
    FolderReader another(root_, files_);
    auto loaded = co_await load_by(&another);
    if (!loaded) co_return std::unexpected(std::move(loaded.error()));
    co_return std::move(loaded->manifests);
  }

  asio::awaitable<Result<void>> changed() override {
    if (!access_.names_secrets()) co_return co_await changed_itself();
    auto either = co_await (changed_itself() || access_.changed());
    co_return either.index() == 0 ? std::get<0>(either) : std::get<1>(either);
  }

  // What is local tells by itself.
  void nudge() override {
    if (watch_) return;
    nudged_ = true;
    timer_.cancel();
  }

  [[nodiscard]] const std::vector<std::string>& notes() const override { return notes_; }

  void stop() override {
    stop_.request_stop();
    timer_.cancel();
    if (watch_) watch_->close();
  }

 private:
  // Cancelled where a Secret changed first.
  asio::awaitable<Result<void>> changed_itself() {
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (watch_) {
      auto seen = co_await watch_->changed();
      if (seen || stop_.stop_requested() || cancellation.cancelled() != asio::cancellation_type::none) co_return seen;
      watch_.reset();  // the folder itself went away: look again after the interval, and watch what is there then
    }
    if (stop_.stop_requested()) co_return fail(ErrorKind::Cancelled, "stopped");
    if (!nudged_) {
      timer_.expires_after(interval_);
      co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    nudged_ = false;
    if (stop_.stop_requested()) co_return fail(ErrorKind::Cancelled, "stopped");
    if (auto watched = watch(); !watched) watch_.reset();
    co_return Result<void>();
  }

  asio::awaitable<Result<Loaded>> load_by(FolderReader* reader) {
    if (stop_.stop_requested()) co_return fail(ErrorKind::Cancelled, "stopped");
    auto trust = co_await access_.trust();
    if (!trust) co_return std::unexpected(trust.error());
    auto job = [reader, &trust] { return reader->load(*trust); };
    co_return co_await on_worker<Loaded>(*pool_, job);
  }

  asio::any_io_executor executor_;
  asio::steady_timer timer_;
  std::chrono::milliseconds interval_;
  std::string watched_;
  bool nudged_ = false;
  std::stop_source stop_;
  std::shared_ptr<asio::thread_pool> pool_;
  std::string root_;
  PlainFiles files_;
  AccessKeeper access_;
  FolderReader reader_;
  std::vector<std::string> notes_;
  std::unique_ptr<ChangeWatch> watch_;
};

std::string file_url(const std::string& folder) {
  std::string url = "file://";
  for (char c : folder) {
    if (c == '%')
      url += "%25";
    else
      url += c;
  }
  return url;
}

// Where a source is; all empty: a remote repository.
struct Place {
  std::string git_dir;  // a local repository
  std::string files;    // the folder of a plain directory to be watched
};

// Decides what `repo` is. A directory wins over a URL of the same spelling; "file:///x" is the repository at /x.
bool is_rendered(const RenderWay& way, const fs::path& folder) {
  if (way.wishes.kind != RendererKind::Detect) return way.wishes.kind != RendererKind::Directory;
  std::error_code failed;
  return std::ranges::any_of(kKustomizationNames, [&](const char* name) { return fs::exists(folder / name, failed); });
}

Result<Place> place_of(SourceOptions& options) {
  std::error_code failed;
  if (!fs::is_directory(options.repo, failed)) {
    if (options.use_files || options.repo.starts_with("/") || options.repo.starts_with("."))
      return fail(ErrorKind::NotFound, "there is no such directory", options.repo, "check --repo");
    const auto url = parse_git_url(options.repo);
    if (!url) return std::unexpected(url.error());
    if (!options.repo.starts_with("file://")) return Place{};
    const auto git_dir = git_dir_of(options.repo.substr(7));
    return Place{git_dir ? *git_dir : std::string(), {}};
  }
  options.repo = fs::canonical(options.repo, failed).string();
  auto git_dir =
      options.use_files ? Result<std::string>(fail(ErrorKind::NotFound, "not asked for")) : git_dir_of(options.repo);
  if (git_dir) {
    options.repo = file_url(options.repo);
    return Place{std::move(*git_dir), {}};
  }
  if (git_dir.error().kind != ErrorKind::NotFound) return std::unexpected(git_dir.error());
  if (!options.ref.empty() || !options.semver.empty())
    return fail(ErrorKind::Invalid, "a plain directory has no refs", options.repo,
                "leave --ref out, or point --repo at a repository");
  const auto path = normal_subpath(options.path);
  if (!path) return std::unexpected(path.error());
  const fs::path below = path->empty() ? fs::path(options.repo) : fs::path(options.repo) / *path;
  if (!fs::exists(below, failed))
    return fail(ErrorKind::NotFound, fmt::format("path {} does not exist", *path), options.repo, "check --path");
  // What is rendered may stand on what is beside it.
  if (options.way != nullptr && is_rendered(*options.way, below)) return Place{{}, options.repo};
  // A single file is replaced when it is saved, which only its folder tells.
  return Place{{}, fs::is_directory(below, failed) ? below.string() : below.parent_path().string()};
}

}  // namespace

asio::awaitable<Result<ObjectOrigin>> Source::trace(TraceRequest /*request*/) {
  co_return fail(ErrorKind::NotFound, "what is desired does not come from files");
}

asio::awaitable<Result<LineCommit>> Source::blame(OriginPlace /*place*/) {
  co_return fail(ErrorKind::NotFound, "these are files, which no commit is known of");
}

asio::awaitable<Result<ManifestSetPtr>> Source::read_recorded(Recorded recorded) {
  co_return fail(ErrorKind::NotFound, fmt::format("nothing is kept of {}", recorded.revision));
}

namespace {

Result<std::unique_ptr<Source>> make_plain_source(asio::any_io_executor executor, SourceOptions options) {
  if (is_artifact(options.repo, options.artifact)) return make_artifact_source(std::move(executor), std::move(options));
  auto place = place_of(options);
  if (!place) return std::unexpected(place.error());
  auto path = normal_subpath(options.path);
  if (!path) return std::unexpected(path.error());
  options.path = std::move(*path);
  if (auto ref = check_git_ref(options.ref); !ref) return std::unexpected(ref.error());
  if (!options.semver.empty())
    if (auto range = VersionRange::parse(options.semver); !range) return std::unexpected(range.error());
  if (!place->files.empty() && options.access.signatures)
    return fail(ErrorKind::Invalid, "a plain directory has no signatures", options.repo,
                "remove spec.source.verify, or point repoURL at a repository");
  if (!place->files.empty()) {
    auto source = std::make_unique<FolderSource>(std::move(executor), std::move(options), std::move(place->files));
    if (auto watched = source->watch(); !watched) return std::unexpected(watched.error());
    return source;
  }
  const auto hub = options.hub != nullptr ? options.hub : std::make_shared<RepositoryHub>(executor, options.workers);
  GitMirrorOptions mirror{.url = options.repo, .cache_folder = options.cache_folder};
  mirror.credentials.ssh_auth_sock = options.access.ssh_auth_sock;
  auto repository = hub->open(mirror, place->git_dir, options.access, options.values);
  if (!repository) return std::unexpected(repository.error());
  GitSourceOptions wanted{
      {options.ref, options.semver}, {options.path, options.choice, {}, {}, options.way}, options.interval};
  if (options.access.signatures || options.access.decryption)
    wanted.access = std::make_shared<AccessKeeper>(executor, options.values, options.access.trust(), GitUrl(),
                                                   options.cache_folder, std::stop_token());
  return make_git_source(std::move(executor), std::move(*repository), std::move(wanted));
}

}  // namespace

Result<std::unique_ptr<Source>> make_source(asio::any_io_executor executor, SourceOptions options) {
  SubstitutionSettings settings{std::move(options.post_build), std::move(options.values_namespace), options.values};
  const auto workers = options.workers;
  auto source = make_plain_source(executor, std::move(options));
  if (!source || settings.spec.empty()) return source;
  return make_substituted_source(std::move(executor), std::move(*source), std::move(settings), workers);
}

}  // namespace holdfast
