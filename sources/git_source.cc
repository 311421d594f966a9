#include "sources/git_source.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <set>
#include <utility>

#include "holdfast/base/clock.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;

// What an application was told of its ref.
std::string text_of(const Result<ResolvedRef>& found) {
  return found ? found->revision : "error: " + describe(found.error());
}

// A value that another piece of work leaves behind, and whoever waits for it. Outlives both.
template <class T>
struct Delivery {
  explicit Delivery(asio::any_io_executor executor) : signal(std::move(executor)) {}
  std::optional<Result<T>> value;
  Timer signal;
  void put(Result<T> given) {
    value = std::move(given);
    signal.cancel();
  }
};

class GitSource final : public Source, public SharedRepository::Follower {
 public:
  GitSource(asio::any_io_executor executor, std::shared_ptr<SharedRepository> repository, GitSourceOptions options)
      : executor_(executor), repository_(std::move(repository)), options_(std::move(options)), looked_(executor) {
    repository_->join(*this);
  }
  ~GitSource() override { stop(); }

  [[nodiscard]] const RefWish& wish() const override { return options_.wish; }
  [[nodiscard]] std::chrono::milliseconds interval() const override { return options_.interval; }
  // Where signatures are asked for, each commit is looked at, whatever is in it.
  [[nodiscard]] std::shared_ptr<const Rendering> last() const override {
    return options_.files.trust.signatures == nullptr ? rendering_ : nullptr;
  }
  void looked(std::uint64_t look, const Result<ResolvedRef>& found, const std::optional<BegunRevision>& same) override {
    look_ = look;
    found_ = found;
    if (same) unchanged_at_ = *same;
    looked_.cancel();
  }

  asio::awaitable<Result<ManifestSetPtr>> load() override {
    if (!std::exchange(told_, false)) co_await look_anew();
    if (stopped_) co_return stopped();
    const Result<ResolvedRef> at = *found_;
    taken_ = text_of(at);
    if (!at) co_return std::unexpected(at.error());
    tried_ = *at;
    if (const Result<void> renewed = co_await renew_trust(); !renewed) co_return std::unexpected(renewed.error());
    if (stopped_) co_return stopped();
    if (rendering_ && verified_ && unchanged_at_.revision == at->revision) seen_ = unchanged_at_;
    if (rendering_ && verified_ && seen_.revision == at->revision) co_return rendering_->manifests;
    auto delivery = std::make_shared<Delivery<ReadResult>>(executor_);
    repository_->read({options_.wish, *at, options_.files, rendering_},
                      [delivery](Result<ReadResult> result) { delivery->put(std::move(result)); });
    Result<ReadResult> result = co_await delivered(delivery);
    if (!result) co_return std::unexpected(std::move(result.error()));
    rendering_ = std::move(result->rendering);
    unchanged_at_ = {};
    seen_ = std::move(result->seen);
    at_ = at.value();
    verified_ = true;
    co_return rendering_->manifests;
  }

  asio::awaitable<Result<ManifestSetPtr>> read_afresh() override {
    PlainFiles files = options_.files;
    if (options_.access) {
      const auto trust = co_await options_.access->trust();
      if (!trust) co_return std::unexpected(trust.error());
      files.trust = *trust;
    }
    if (stopped_) co_return stopped();
    auto delivery = std::make_shared<Delivery<ReadResult>>(executor_);
    repository_->read_afresh(options_.wish, std::move(files),
                             [delivery](Result<ReadResult> result) { delivery->put(std::move(result)); });
    Result<ReadResult> result = co_await delivered(delivery);
    if (!result) co_return std::unexpected(std::move(result.error()));
    co_return result->rendering->manifests;
  }

  asio::awaitable<Result<ManifestSetPtr>> read_recorded(Recorded recorded) override {
    if (const Result<void> renewed = co_await renew_trust(); !renewed) co_return std::unexpected(renewed.error());
    if (stopped_) co_return stopped();
    auto delivery = std::make_shared<Delivery<ReadResult>>(executor_);
    PlainFiles files = options_.files;
    files.trust.signatures.reset();  // it was verified before it came on record
    repository_->read_recorded({options_.wish, {}, std::move(files), {}}, std::move(recorded.revision),
                               std::move(recorded.content),
                               [delivery](Result<ReadResult> result) { delivery->put(std::move(result)); });
    Result<ReadResult> result = co_await delivered(delivery);
    if (!result) co_return std::unexpected(std::move(result.error()));
    rendering_ = std::move(result->rendering);
    seen_ = std::move(result->seen);
    verified_ = options_.files.trust.signatures == nullptr;
    if (auto at = parse_revision(rendering_->manifests->revision)) at_ = std::move(*at);
    co_return rendering_->manifests;
  }

  asio::awaitable<Result<void>> changed() override {
    if (!options_.access || !options_.access->names_secrets()) co_return co_await found_another();
    auto either = co_await (found_another() || options_.access->changed());
    if (stopped_) co_return stopped();
    co_return either.index() == 0 ? std::get<0>(either) : std::get<1>(either);
  }

  asio::awaitable<Result<ObjectOrigin>> trace(TraceRequest request) override {
    if (!at_) co_return fail(ErrorKind::NotFound, "nothing was read yet");
    if (stopped_) co_return stopped();
    auto delivery = std::make_shared<Delivery<ObjectOrigin>>(executor_);
    repository_->trace(*at_, std::move(request),
                       [delivery](Result<ObjectOrigin> origin) { delivery->put(std::move(origin)); });
    co_return co_await delivered(delivery);
  }

  asio::awaitable<Result<LineCommit>> blame(OriginPlace place) override {
    if (!tried_) co_return fail(ErrorKind::NotFound, "nothing was read yet");
    if (stopped_) co_return stopped();
    auto delivery = std::make_shared<Delivery<LineCommit>>(executor_);
    repository_->blame(*tried_, std::move(place),
                       [delivery](Result<LineCommit> commit) { delivery->put(std::move(commit)); });
    co_return co_await delivered(delivery);
  }

  void nudge() override {
    if (repository_) repository_->look_now();
  }
  void nudge_for(const std::string& revision) override {
    if (repository_ && !repository_->has_seen(revision)) repository_->look_now();
  }
  [[nodiscard]] BegunRevision last_read() const override { return seen_; }
  [[nodiscard]] const std::vector<std::string>& notes() const override {
    static const std::vector<std::string> kNone;
    return rendering_ ? rendering_->notes : kNone;
  }

  void stop() override {
    if (std::exchange(stopped_, true)) return;
    repository_->leave(*this);
    repository_.reset();  // the last one ends a running fetch
    looked_.cancel();
    for (Timer* signal : waiting_) signal->cancel();
  }

 private:
  // Cancelled where a Secret changed first.
  asio::awaitable<Result<void>> found_another() {
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    while (!stopped_ && (!found_ || text_of(*found_) == taken_)) {
      if (cancellation.cancelled() != asio::cancellation_type::none) co_return stopped();
      looked_.expires_at(Clock::time_point::max());
      co_await looked_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    if (stopped_) co_return stopped();
    told_ = true;
    co_return Result<void>();
  }

  // What was read with other keys is read again: it may not be let through any more.
  asio::awaitable<Result<void>> renew_trust() {
    if (!options_.access) co_return Result<void>();
    auto trust = co_await options_.access->trust();
    if (!trust) co_return std::unexpected(trust.error());
    if (*trust != options_.files.trust) rendering_.reset();
    options_.files.trust = std::move(*trust);
    co_return Result<void>();
  }

  static std::unexpected<Error> stopped() { return fail(ErrorKind::Cancelled, "stopped"); }

  asio::awaitable<void> look_anew() {
    const std::uint64_t wanted = stopped_ ? 0 : repository_->ask();
    while (!stopped_ && look_ < wanted) {
      looked_.expires_at(Clock::time_point::max());
      co_await looked_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }

  template <class T>
  asio::awaitable<Result<T>> delivered(std::shared_ptr<Delivery<T>> delivery) {
    waiting_.insert(&delivery->signal);
    while (!stopped_ && !delivery->value) {
      delivery->signal.expires_at(Clock::time_point::max());
      co_await delivery->signal.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    waiting_.erase(&delivery->signal);
    if (!delivery->value) co_return stopped();
    co_return std::move(*delivery->value);
  }

  asio::any_io_executor executor_;
  std::shared_ptr<SharedRepository> repository_;  // null once stopped
  GitSourceOptions options_;
  Timer looked_;
  std::uint64_t look_ = 0;
  std::optional<Result<ResolvedRef>> found_;  // by the last look
  std::string taken_;                         // of what the last load() began with
  bool told_ = false;                         // by changed(): what was found is news, and need not be asked for again
  std::shared_ptr<const Rendering> rendering_;
  bool verified_ = false;  // as far as that is asked for
  BegunRevision seen_;
  BegunRevision unchanged_at_;  // a revision of which the last look has told that the rendering holds there
  std::optional<ResolvedRef> at_;
  std::optional<ResolvedRef> tried_;  // by load(), whether it could be read or not
  std::set<Timer*> waiting_;          // of those who wait for a delivery
  bool stopped_ = false;
};

}  // namespace

std::unique_ptr<Source> make_git_source(asio::any_io_executor executor, std::shared_ptr<SharedRepository> repository,
                                        GitSourceOptions options) {
  return std::make_unique<GitSource>(std::move(executor), std::move(repository), std::move(options));
}

}  // namespace holdfast
