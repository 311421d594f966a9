#include "sources/artifact_source.h"

#include <spdlog/fmt/fmt.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <stop_token>
#include <utility>

#include "sources/artifact_origin.h"
#include "sources/manifests.h"
#include "sources/source_tree.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

struct Loaded {
  ManifestSetPtr manifests;
  std::vector<std::string> notes;
};

Error in_one(std::vector<Error> errors) {
  if (errors.size() == 1) return std::move(errors.front());
  Error all{ErrorKind::Invalid, fmt::format("{} errors, so nothing of this revision is used", errors.size()), {}, {}};
  for (const Error& error : errors) all.message += "\n" + describe(error);
  if (errors.size() >= kManifestErrorLimit) all.message += "\nand maybe more";
  return all;
}

Result<Loaded> rendered(RevisionTree& tree, const SourceOptions& options) {
  const auto path = normal_subpath(options.path);
  if (!path) return std::unexpected(path.error());
  auto read = read_files(tree, *path, {}, options.choice);
  if (!read) return std::unexpected(read.error());
  auto manifests = parse_manifests(read->files);
  if (!manifests) return std::unexpected(in_one(std::move(manifests.error())));
  return Loaded{std::move(*manifests), std::move(read->notes)};
}

// What blocks. Used by one job at a time, on a worker.
class ArtifactLoader {
 public:
  ArtifactLoader(const SourceOptions& options, std::stop_token stop) : options_(options), stop_(std::move(stop)) {}

  Result<Loaded> load() {
    if (auto begun = begin(); !begun) return std::unexpected(begun.error());
    auto at = origin_->resolve();
    if (!at) return std::unexpected(at.error());
    if (last_.manifests && last_.manifests->revision == at->revision) return last_;
    auto tree = origin_->open(*at);
    if (!tree) return std::unexpected(tree.error());
    auto loaded = rendered(**tree, options_);
    if (!loaded) return loaded;
    last_ = *loaded;
    last_artifact_ = std::move(*at);
    return loaded;
  }

  Result<ObjectOrigin> trace(const TraceRequest& request) {
    if (!last_.manifests) return fail(ErrorKind::NotFound, "nothing was read yet");
    const auto place = parse_origin(request.origin);
    if (!place) return std::unexpected(place.error());
    const auto tree = origin_->open(last_artifact_);
    if (!tree) return std::unexpected(tree.error());
    auto content = (*tree)->read(place->file);
    if (!content) return std::unexpected(content.error());
    auto traced = trace_lines({place->file, std::move(*content)}, request);
    if (!traced) return traced;
    traced->revision = last_.manifests->revision;
    const std::string made_of = origin_->made_of();
    traced->no_commits = made_of.empty() ? "this is an artifact, which no commit is known of"
                                         : "this is an artifact, which says that it was made of " + made_of;
    return traced;
  }

  // Nothing can have changed: what was asked for by its digest is here.
  [[nodiscard]] bool settled() const { return last_.manifests && origin_->fixed(); }

 private:
  Result<void> begin() {
    if (origin_) return {};
    if (!store_) {
      auto opened = ArtifactStore::open({options_.cache_folder + "/artifacts"});
      if (!opened) return std::unexpected(opened.error());
      store_.emplace(std::move(*opened));
    }
    auto made = make_artifact_origin({options_.repo, options_.artifact, stop_}, *store_);
    if (!made) return std::unexpected(made.error());
    origin_ = std::move(*made);
    origin_->use(access_by(options_.credentials));
    return {};
  }

  [[nodiscard]] ArtifactAccess access_by(const GitCredentials& credentials) const {
    ArtifactAccess access;
    const std::string& user = credentials.username;
    if (!credentials.password.empty())
      access.login = RegistryLogin{user.empty() ? "x-access-token" : user, credentials.password};
    access.docker_config_file = options_.docker_config_file;
    access.ca_file = credentials.ca_file;
    access.proxy = options_.proxy;
    return access;
  }

  const SourceOptions& options_;
  std::stop_token stop_;
  std::optional<ArtifactStore> store_;
  std::unique_ptr<ArtifactOrigin> origin_;
  ResolvedArtifact last_artifact_;
  Loaded last_;
};

class ArtifactSource final : public Source {
 public:
  ArtifactSource(asio::any_io_executor executor, SourceOptions options)
      : timer_(executor),
        options_(std::move(options)),
        pool_(options_.workers != nullptr ? options_.workers : std::make_shared<asio::thread_pool>(1)),
        loader_(options_, stop_.get_token()) {}

  ~ArtifactSource() override { stop(); }

  asio::awaitable<Result<ManifestSetPtr>> load() override {
    auto loaded = co_await on_worker<Loaded>([this] { return loader_.load(); });
    if (!loaded) co_return std::unexpected(std::move(loaded.error()));
    settled_ = loader_.settled();
    notes_ = std::move(loaded->notes);
    co_return std::move(loaded->manifests);
  }

  asio::awaitable<Result<ManifestSetPtr>> read_afresh() override {
    ArtifactLoader another(options_, stop_.get_token());
    auto loaded = co_await on_worker<Loaded>([&another] { return another.load(); });
    if (!loaded) co_return std::unexpected(std::move(loaded.error()));
    co_return std::move(loaded->manifests);
  }

  asio::awaitable<Result<ObjectOrigin>> trace(TraceRequest request) override {
    co_return co_await on_worker<ObjectOrigin>([this, &request] { return loader_.trace(request); });
  }

  asio::awaitable<Result<void>> changed() override {
    if (!nudged_ && !stop_.stop_requested()) {
      if (settled_)
        timer_.expires_at(asio::steady_timer::time_point::max());
      else
        timer_.expires_after(options_.interval);
      co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    nudged_ = false;
    if (stop_.stop_requested()) co_return fail(ErrorKind::Cancelled, "stopped");
    co_return Result<void>();
  }

  void nudge() override {
    nudged_ = true;
    timer_.cancel();
  }

  [[nodiscard]] const std::vector<std::string>& notes() const override { return notes_; }

  void stop() override {
    stop_.request_stop();
    timer_.cancel();
  }

 private:
  // The job outlives the call: whoever awaits it holds it.
  template <class Value, class Job>
  asio::awaitable<Result<Value>> on_worker(Job job) {
    if (stop_.stop_requested()) co_return fail(ErrorKind::Cancelled, "stopped");
    auto run = [](Job* one) -> asio::awaitable<Result<Value>> { co_return (*one)(); };
    auto work = run(&job);
    auto [thrown, result] = co_await asio::co_spawn(*pool_, std::move(work), asio::as_tuple(asio::use_awaitable));
    if (thrown) co_return fail(ErrorKind::Internal, what_of(thrown));
    co_return std::move(result);
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

  asio::steady_timer timer_;
  SourceOptions options_;
  bool nudged_ = false, settled_ = false;
  std::stop_source stop_;
  std::shared_ptr<asio::thread_pool> pool_;
  ArtifactLoader loader_;
  std::vector<std::string> notes_;
};

}  // namespace

Result<std::unique_ptr<Source>> make_artifact_source(asio::any_io_executor executor, SourceOptions options) {
  if (options.use_files)
    return fail(ErrorKind::Invalid, "an artifact has no files of this machine", options.repo,
                "keep either spec.source.files or an artifact's repoURL");
  if (auto path = normal_subpath(options.path); !path) return std::unexpected(path.error());
  if (auto checked = check_artifact(options.repo, options.artifact); !checked) return std::unexpected(checked.error());
  return std::make_unique<ArtifactSource>(std::move(executor), std::move(options));
}

}  // namespace holdfast
