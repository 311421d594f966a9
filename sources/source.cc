#include "sources/source.h"

#include <spdlog/fmt/fmt.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <filesystem>
#include <stop_token>
#include <utility>

#include "sources/artifact_source.h"
#include "sources/change_watch.h"
#include "sources/directory.h"
#include "sources/manifests.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

Error joined(std::vector<Error> errors) {
  if (errors.size() == 1) return std::move(errors.front());
  Error all{ErrorKind::Invalid, fmt::format("{} errors, so nothing of this revision is used", errors.size()), {}, {}};
  for (const Error& error : errors) all.message += "\n" + describe(error);
  if (errors.size() >= kManifestErrorLimit) all.message += "\nand maybe more";
  return all;
}

struct Loaded {
  ManifestSetPtr manifests;
  std::vector<std::string> notes;
};

Result<Loaded> parsed(Result<SourceTree> tree) {
  if (!tree) return std::unexpected(std::move(tree.error()));
  auto manifests = parse_manifests(tree->files);
  if (!manifests) return std::unexpected(joined(std::move(manifests.error())));
  return Loaded{std::move(*manifests), std::move(tree->notes)};
}

// What blocks. Used by one job at a time, on the worker thread only.
class Loader {
 public:
  Loader(SourceOptions options, bool from_git, bool local, std::stop_token stop)
      : options_(std::move(options)), from_git_(from_git), local_(local), stop_(std::move(stop)) {}

  Result<Loaded> load() {
    auto loaded = from_git_ ? load_git() : load_files();
    if (loaded) last_ = *loaded;
    return loaded;
  }

  Result<ObjectOrigin> trace(const TraceRequest& request) const {
    if (!last_.manifests) return fail(ErrorKind::NotFound, "nothing was read yet");
    const auto place = parse_origin(request.origin);
    if (!place) return std::unexpected(place.error());
    const auto tree =
        from_git_ ? mirror_->load(last_resolved_, place->file) : read_directory(options_.repo, place->file);
    if (!tree) return std::unexpected(tree.error());
    auto origin = trace_lines(tree->files.files.front(), request);
    if (!origin) return origin;
    origin->revision = last_.manifests->revision;
    add_commits(*origin);
    return origin;
  }

 private:
  void add_commits(ObjectOrigin& origin) const {
    if (!from_git_) {
      origin.no_commits = "these are files, which no commit is known of";
      return;
    }
    const auto commits = mirror_->blame(last_resolved_, origin.file, lines_to_blame(origin));
    if (commits)
      holdfast::add_commits(origin, *commits);
    else
      origin.no_commits = describe(commits.error());
  }

  [[nodiscard]] bool is_last(const std::string& revision) const {
    return last_.manifests && last_.manifests->revision == revision;
  }

  Result<Loaded> load_files() {
    auto tree = read_directory(options_.repo, options_.path, {}, options_.choice);
    if (tree && is_last(tree->files.revision)) return Loaded{last_.manifests, std::move(tree->notes)};
    return parsed(std::move(tree));
  }

  Result<Loaded> load_git() {
    if (!mirror_) {
      GitMirrorOptions with{options_.repo, options_.cache_folder, options_.credentials};
      with.stop = stop_;
      auto opened = GitMirror::open(std::move(with));
      if (!opened) return std::unexpected(opened.error());
      mirror_.emplace(std::move(*opened));
    }
    auto resolved = mirror_->resolve(options_.ref);
    if (!resolved) return std::unexpected(resolved.error());
    if (is_last(resolved->revision)) return last_;
    auto tree = mirror_->load(*resolved, options_.path, {}, options_.choice);
    // A repository here does not lag behind itself, and a commit asked for by its id is the one that is meant.
    if (tree && (local_ || resolved->remote_ref.empty())) tree->files.committed_s = 0;
    auto loaded = parsed(std::move(tree));
    if (loaded) last_resolved_ = std::move(*resolved);
    return loaded;
  }

  SourceOptions options_;
  bool from_git_, local_;
  std::stop_token stop_;
  std::optional<GitMirror> mirror_;
  ResolvedRef last_resolved_;
  Loaded last_;
};

Result<std::unique_ptr<ChangeWatch>> watch_of(asio::any_io_executor executor, const std::string& git_dir,
                                              const std::string& files) {
  if (!git_dir.empty()) return ChangeWatch::on_git_refs(std::move(executor), git_dir);
  return ChangeWatch::on_directory(std::move(executor), files);
}

class WatchedSource final : public Source {
 public:
  struct Place {
    std::string git_dir;  // a local repository, or empty
    std::string files;    // a plain directory, or empty; both empty: a remote repository
    [[nodiscard]] bool local() const { return !git_dir.empty() || !files.empty(); }
  };

  WatchedSource(asio::any_io_executor executor, SourceOptions options, Place place)
      : executor_(executor),
        timer_(executor),
        interval_(options.interval),
        place_(std::move(place)),
        pool_(options.workers != nullptr ? options.workers : std::make_shared<asio::thread_pool>(1)),
        options_(std::move(options)),
        loader_(options_, place_.files.empty(), place_.local(), stop_.get_token()) {}

  ~WatchedSource() override { stop(); }

  Result<void> watch() {
    if (!place_.local()) return {};
    auto made = watch_of(executor_, place_.git_dir, place_.files);
    if (!made) return std::unexpected(made.error());
    watch_ = std::move(*made);
    return {};
  }

  asio::awaitable<Result<ManifestSetPtr>> load() override {
    auto loaded = co_await load_by(&loader_);
    if (!loaded) co_return std::unexpected(std::move(loaded.error()));
    notes_ = std::move(loaded->notes);
    co_return std::move(loaded->manifests);
  }

  asio::awaitable<Result<ObjectOrigin>> trace(TraceRequest request) override {
    auto job = [](const Loader* loader, TraceRequest wanted) -> asio::awaitable<Result<ObjectOrigin>> {
      co_return loader->trace(wanted);
    };
    auto work = job(&loader_, std::move(request));
    auto [thrown, origin] = co_await asio::co_spawn(*pool_, std::move(work), asio::as_tuple(asio::use_awaitable));
    if (thrown) co_return fail(ErrorKind::Internal, what_of(thrown));
    co_return std::move(origin);
  }

  asio::awaitable<Result<ManifestSetPtr>> read_afresh() override {
    Loader another(options_, place_.files.empty(), place_.local(), stop_.get_token());
    auto loaded = co_await load_by(&another);
    if (!loaded) co_return std::unexpected(std::move(loaded.error()));
    co_return std::move(loaded->manifests);
  }

  asio::awaitable<Result<void>> changed() override {
    if (watch_) {
      auto seen = co_await watch_->changed();
      if (seen || stop_.stop_requested()) co_return seen;
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
  asio::awaitable<Result<Loaded>> load_by(Loader* loader) {
    if (stop_.stop_requested()) co_return fail(ErrorKind::Cancelled, "stopped");
    auto job = [](Loader* one) -> asio::awaitable<Result<Loaded>> { co_return one->load(); };
    auto work = job(loader);
    auto [thrown, loaded] = co_await asio::co_spawn(*pool_, std::move(work), asio::as_tuple(asio::use_awaitable));
    if (thrown) co_return fail(ErrorKind::Internal, what_of(thrown));
    co_return std::move(loaded);
  }

  static std::string what_of(const std::exception_ptr& thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& caught) {
      return caught.what();
    } catch (...) {
      return "an unknown exception";
    }
  }

  asio::any_io_executor executor_;
  asio::steady_timer timer_;
  std::chrono::milliseconds interval_;
  Place place_;
  bool nudged_ = false;
  std::stop_source stop_;
  std::shared_ptr<asio::thread_pool> pool_;
  SourceOptions options_;
  Loader loader_;
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

// Decides what `repo` is. A directory wins over a URL of the same spelling; "file:///x" is the repository at /x.
Result<WatchedSource::Place> place_of(SourceOptions& options) {
  std::error_code failed;
  if (!fs::is_directory(options.repo, failed)) {
    if (options.use_files || options.repo.starts_with("/") || options.repo.starts_with("."))
      return fail(ErrorKind::NotFound, "there is no such directory", options.repo, "check --repo");
    const auto url = parse_git_url(options.repo);
    if (!url) return std::unexpected(url.error());
    if (!options.repo.starts_with("file://")) return WatchedSource::Place{};
    const auto git_dir = git_dir_of(options.repo.substr(7));
    return WatchedSource::Place{git_dir ? *git_dir : std::string(), {}};
  }
  options.repo = fs::canonical(options.repo, failed).string();
  auto git_dir =
      options.use_files ? Result<std::string>(fail(ErrorKind::NotFound, "not asked for")) : git_dir_of(options.repo);
  if (git_dir) {
    options.repo = file_url(options.repo);
    return WatchedSource::Place{std::move(*git_dir), {}};
  }
  if (git_dir.error().kind != ErrorKind::NotFound) return std::unexpected(git_dir.error());
  if (!options.ref.empty())
    return fail(ErrorKind::Invalid, "a plain directory has no refs", options.repo,
                "leave --ref out, or point --repo at a repository");
  const auto path = normal_subpath(options.path);
  if (!path) return std::unexpected(path.error());
  const fs::path below = path->empty() ? fs::path(options.repo) : fs::path(options.repo) / *path;
  if (!fs::exists(below, failed))
    return fail(ErrorKind::NotFound, fmt::format("path {} does not exist", *path), options.repo, "check --path");
  // A single file is replaced when it is saved, which only its folder tells.
  return WatchedSource::Place{{}, fs::is_directory(below, failed) ? below.string() : below.parent_path().string()};
}

}  // namespace

asio::awaitable<Result<ObjectOrigin>> Source::trace(TraceRequest /*request*/) {
  co_return fail(ErrorKind::NotFound, "what is desired does not come from files");
}

Result<std::unique_ptr<Source>> make_source(asio::any_io_executor executor, SourceOptions options) {
  if (is_artifact(options.repo, options.artifact)) return make_artifact_source(std::move(executor), std::move(options));
  auto place = place_of(options);
  if (!place) return std::unexpected(place.error());
  if (auto path = normal_subpath(options.path); !path) return std::unexpected(path.error());
  if (auto ref = check_git_ref(options.ref); !ref) return std::unexpected(ref.error());
  auto source = std::make_unique<WatchedSource>(std::move(executor), std::move(options), std::move(*place));
  if (auto watched = source->watch(); !watched) return std::unexpected(watched.error());
  return source;
}

}  // namespace holdfast
