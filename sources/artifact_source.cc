#include "sources/artifact_source.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <stop_token>
#include <utility>

#include "sources/artifact_origin.h"
#include "sources/plain_manifests.h"
#include "sources/renderer.h"
#include "sources/source_access.h"
#include "sources/source_tree.h"
#include "sources/worker_call.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;

// What was read last: the manifests, and the revision that they were found in again.
struct Loaded {
  ManifestSetPtr manifests;
  std::vector<std::string> notes;
  BegunRevision seen;
};

// What blocks. Used by one job at a time, on a worker.
class ArtifactLoader {
 public:
  ArtifactLoader(const SourceOptions& options, PlainFiles files, std::stop_token stop)
      : options_(options), files_(std::move(files)), stop_(std::move(stop)) {}

  Result<Loaded> load(const SourceAccess& access) {
    if (auto begun = begin(access); !begun) return std::unexpected(begun.error());
    auto at = origin_->resolve();
    if (!at) return std::unexpected(at.error());
    if (rendering_ && seen_.revision == at->revision) return loaded();
    return read(std::move(*at));
  }

  Result<Loaded> read_recorded(const std::string& revision, const SourceAccess& access) {
    if (auto begun = begin(access); !begun) return std::unexpected(begun.error());
    auto at = artifact_of_revision(revision);
    if (!at) return std::unexpected(at.error());
    return read(std::move(*at));
  }

  Result<ObjectOrigin> trace(const TraceRequest& request) {
    if (!rendering_) return fail(ErrorKind::NotFound, "nothing was read yet");
    const auto place = parse_origin(request.origin);
    if (!place) return std::unexpected(place.error());
    const auto tree = origin_->open(artifact_);
    if (!tree) return std::unexpected(tree.error());
    auto content = (*tree)->read(place->file);
    if (!content) return std::unexpected(content.error());
    auto traced = trace_lines({place->file, std::move(*content)}, request);
    if (!traced) return traced;
    traced->revision = seen_.revision;
    const std::string made_of = origin_->made_of();
    traced->no_commits = made_of.empty() ? "this is an artifact, which no commit is known of"
                                         : "this is an artifact, which says that it was made of " + made_of;
    return traced;
  }

  // Nothing can have changed: what was asked for by its digest is here.
  [[nodiscard]] bool settled() const { return rendering_ && origin_->fixed(); }

 private:
  Result<void> begin(const SourceAccess& access) {
    const SourceTrust trust{nullptr, SignatureMode::Head, access.decryptor};
    if (files_.trust != trust) rendering_.reset();  // it may not be readable any more
    files_.trust = trust;
    auto wanted = access_by(access.credentials);
    if (!wanted) return std::unexpected(wanted.error());
    if (auto opened = open_store(); !opened) return opened;
    if (!origin_) {
      auto made = make_artifact_origin({options_.repo, options_.artifact, stop_}, *store_);
      if (!made) return std::unexpected(made.error());
      origin_ = std::move(*made);
    }
    origin_->use(std::move(*wanted));
    return {};
  }

  Result<void> open_store() {
    if (store_) return {};
    auto opened = ArtifactStore::open({options_.cache_folder + "/artifacts"});
    if (!opened) return std::unexpected(opened.error());
    store_.emplace(std::move(*opened));
    return {};
  }

  [[nodiscard]] Loaded loaded() const { return {rendering_->manifests, rendering_->notes, seen_}; }

  // Renders only what is made from something that has changed.
  Result<Loaded> read(ResolvedArtifact at) {
    const auto tree = origin_->open(at);
    if (!tree) return std::unexpected(tree.error());
    const auto same = rendering_ ? has_same_inputs(**tree, rendering_->inputs) : Result<bool>(false);
    if (!same) return std::unexpected(same.error());
    if (!*same) {
      auto rendered = render(**tree, files_, parsed_, stop_);
      if (!rendered && rendered.error().where.empty()) rendered.error().where = options_.repo;
      if (!rendered) return std::unexpected(std::move(rendered.error()));
      rendering_ = std::move(*rendered);
    }
    seen_ = {at.revision, (*tree)->committed_s()};
    artifact_ = std::move(at);
    return loaded();
  }

  [[nodiscard]] Result<ArtifactAccess> access_by(const GitCredentials& credentials) const {
    if (!credentials.bearer_token.empty() || !credentials.client_certificate_file.empty())
      return fail(ErrorKind::Invalid, "a bearerToken or a client certificate is not supported for artifacts",
                  options_.repo, "give a user name and a password, or what `docker login` writes");
    ArtifactAccess access;
    const std::string& user = credentials.username;
    if (!credentials.password.empty())
      access.login = RegistryLogin{user.empty() ? "x-access-token" : user, credentials.password};
    access.docker_config_file = credentials.docker_config_file;
    access.ca_file = credentials.ca_file;
    access.proxy = options_.proxy;
    return access;
  }

  const SourceOptions& options_;
  PlainFiles files_;
  std::stop_token stop_;
  std::optional<ArtifactStore> store_;
  std::unique_ptr<ArtifactOrigin> origin_;
  ParsedFiles parsed_;
  std::optional<Rendering> rendering_;
  BegunRevision seen_;
  ResolvedArtifact artifact_;
};

class ArtifactSource final : public Source {
 public:
  ArtifactSource(asio::any_io_executor executor, SourceOptions options)
      : timer_(executor),
        options_(std::move(options)),
        pool_(options_.workers != nullptr ? options_.workers : std::make_shared<asio::thread_pool>(1)),
        files_{options_.path, options_.choice, {}, {}, options_.way},
        access_(executor, options_.values, options_.access, GitUrl{options_.repo, {}, {}, true, false},
                options_.cache_folder, stop_.get_token()),
        loader_(options_, files_, stop_.get_token()) {}

  ~ArtifactSource() override { stop(); }

  asio::awaitable<Result<ManifestSetPtr>> load() override {
    settled_ = false;
    auto job = [this](const SourceAccess& access) { return loader_.load(access); };
    auto loaded = co_await let_in<Loaded>(job);
    settled_ = loaded && loader_.settled();
    co_return taken(std::move(loaded));
  }

  asio::awaitable<Result<ManifestSetPtr>> read_recorded(Recorded recorded) override {
    auto job = [this, &recorded](const SourceAccess& access) {
      return loader_.read_recorded(recorded.revision, access);
    };
    auto loaded = co_await let_in<Loaded>(job);
    co_return taken(std::move(loaded));
  }

  asio::awaitable<Result<ManifestSetPtr>> read_afresh() override {
    ArtifactLoader another(options_, files_, stop_.get_token());
    auto job = [&another](const SourceAccess& access) { return another.load(access); };
    auto loaded = co_await let_in<Loaded>(job);
    if (!loaded) co_return std::unexpected(std::move(loaded.error()));
    co_return std::move(loaded->manifests);
  }

  asio::awaitable<Result<ObjectOrigin>> trace(TraceRequest request) override {
    auto job = [this, &request] { return loader_.trace(request); };
    co_return co_await unless_stopped<ObjectOrigin>(job);
  }

  asio::awaitable<Result<void>> changed() override {
    if (!access_.names_secrets()) co_return co_await changed_itself();
    auto either = co_await (changed_itself() || access_.changed());
    co_return either.index() == 0 ? std::get<0>(either) : std::get<1>(either);
  }

  void nudge() override {
    nudged_ = true;
    timer_.cancel();
  }

  [[nodiscard]] BegunRevision last_read() const override { return seen_; }
  [[nodiscard]] const std::vector<std::string>& notes() const override { return notes_; }

  void stop() override {
    stop_.request_stop();
    timer_.cancel();
  }

 private:
  Result<ManifestSetPtr> taken(Result<Loaded> loaded) {
    if (!loaded) return std::unexpected(std::move(loaded.error()));
    notes_ = std::move(loaded->notes);
    seen_ = std::move(loaded->seen);
    return std::move(loaded->manifests);
  }

  // Cancelled where a Secret changed first.
  asio::awaitable<Result<void>> changed_itself() {
    co_await asio::this_coro::throw_if_cancelled(false);
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

  // With credentials and keys as they are now.
  template <class Value, class Job>
  asio::awaitable<Result<Value>> let_in(Job job) {
    if (stop_.stop_requested()) co_return fail(ErrorKind::Cancelled, "stopped");
    const auto access = co_await access_.get();
    if (!access) co_return std::unexpected(access.error());
    auto with_access = [&job, &access] { return job(**access); };
    auto result = co_await unless_stopped<Value>(with_access);
    if (!result && result.error().kind == ErrorKind::Unauthorized)
      if (std::string hint = access_.refused(); !hint.empty()) result.error().hint = std::move(hint);
    co_return result;
  }

  template <class Value, class Job>
  asio::awaitable<Result<Value>> unless_stopped(Job job) {
    if (stop_.stop_requested()) co_return fail(ErrorKind::Cancelled, "stopped");
    co_return co_await on_worker<Value>(*pool_, std::move(job));
  }

  asio::steady_timer timer_;
  SourceOptions options_;
  bool nudged_ = false, settled_ = false;
  std::stop_source stop_;
  std::shared_ptr<asio::thread_pool> pool_;
  PlainFiles files_;
  AccessKeeper access_;
  ArtifactLoader loader_;
  std::vector<std::string> notes_;
  BegunRevision seen_;
};

}  // namespace

Result<std::unique_ptr<Source>> make_artifact_source(asio::any_io_executor executor, SourceOptions options) {
  if (options.use_files)
    return fail(ErrorKind::Invalid, "an artifact has no files of this machine", options.repo,
                "keep either spec.source.files or an artifact's repoURL");
  if (options.access.signatures)
    return fail(ErrorKind::Invalid, "an artifact has no signed commits", options.repo,
                "remove spec.source.verify, and pin what is trusted by spec.source.ref.digest");
  auto path = normal_subpath(options.path);
  if (!path) return std::unexpected(path.error());
  options.path = std::move(*path);
  if (auto checked = check_artifact(options.repo, options.artifact); !checked) return std::unexpected(checked.error());
  return std::make_unique<ArtifactSource>(std::move(executor), std::move(options));
}

}  // namespace holdfast
