#include "sources/shared_repository.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <set>

#include "holdfast/base/log.h"
#include "sources/git_url.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// Between the beginnings of two looks at a remote repository, however often somebody pushes or asks.
constexpr std::chrono::milliseconds kGap = 250ms;
constexpr std::chrono::milliseconds kFirstWait = 1s, kLongestWait = 30s;  // after looks that failed
constexpr unsigned kDoublings = 5;

// The remote has not answered; every other failure is an answer about a ref.
bool is_silence(ErrorKind kind) { return kind != ErrorKind::NotFound && kind != ErrorKind::Invalid; }

// An exception on a worker is an error of that piece of work.
template <class Work>
std::optional<Error> failure_of(Work work) {
  try {
    work();
    return std::nullopt;
  } catch (const std::exception& caught) {
    return Error{ErrorKind::Internal, caught.what()};
  }
}

std::string plural(std::size_t count, const std::string& thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

}  // namespace

SharedRepository::SharedRepository(asio::any_io_executor executor, std::shared_ptr<asio::thread_pool> workers,
                                   SharedRepositoryOptions options)
    : executor_(executor),
      workers_(std::move(workers)),
      strand_(asio::make_strand(workers_->get_executor())),
      options_(std::move(options)),
      timer_(executor) {
  GitMirrorOptions mirror = options_.mirror;
  mirror.stop = stop_.get_token();
  reader_ = std::make_shared<RepositoryReader>(std::move(mirror), !options_.local_git_dir.empty(), options_.counters);
}

SharedRepository::~SharedRepository() {
  stop_.request_stop();
  if (watch_) watch_->close();
  if (access_follow_) access_follow_->emit(asio::cancellation_type::terminal);
}

template <class Function>
auto SharedRepository::back_home(Function function) {
  return [weak = weak_from_this(), executor = executor_, function = std::move(function)](auto... results) mutable {
    asio::post(executor, [weak, function = std::move(function), ... results = std::move(results)]() mutable {
      if (const auto self = weak.lock()) function(*self, std::move(results)...);
    });
  };
}

Result<void> SharedRepository::watch() {
  if (options_.local_git_dir.empty() || watch_) return {};
  auto made = ChangeWatch::on_git_refs(executor_, options_.local_git_dir);
  if (!made) return std::unexpected(made.error());
  watch_ = std::move(*made);
  follow_watch();
  return {};
}

void SharedRepository::follow_watch() {
  auto wait = [](std::shared_ptr<ChangeWatch> watch) -> asio::awaitable<Result<void>> {
    co_return co_await watch->changed();
  };
  auto waiting = wait(watch_);
  asio::co_spawn(executor_, std::move(waiting),
                 [weak = weak_from_this()](const std::exception_ptr& thrown, const Result<void>& changed) {
                   if (thrown) std::rethrow_exception(thrown);
                   const auto self = weak.lock();
                   if (!self || !self->watch_) return;
                   if (changed) return self->follow_watch(), self->look_now();
                   // The repository itself went away: looked for after the interval, and watched when it is there.
                   self->watch_.reset();
                   self->due_ = Clock::now() + self->interval();
                   self->schedule();
                 });
}

void SharedRepository::join(Follower& follower) {
  followers_.push_back(&follower);
  due_ = std::min(due_, Clock::now() + interval());
  schedule();
}

void SharedRepository::leave(Follower& follower) {
  std::erase(followers_, &follower);
  if (followers_.empty()) timer_.cancel();
}

std::chrono::milliseconds SharedRepository::interval() const {
  std::chrono::milliseconds smallest = std::chrono::hours(24);
  for (const Follower* follower : followers_) smallest = std::min(smallest, follower->interval());
  return smallest;
}

std::uint64_t SharedRepository::ask() {
  if (!std::exchange(asked_, true)) schedule();
  return looks_ + (looking_ ? 2 : 1);
}

void SharedRepository::look_now() {
  if (std::exchange(pushed_, true)) return;
  schedule();
}

bool SharedRepository::concerns(const std::string& ref) const {
  return std::ranges::any_of(followers_, [&](const Follower* follower) { return may_be_meant(follower->wish(), ref); });
}

void SharedRepository::schedule() {
  if (looking_ || followers_.empty()) return;
  const bool local = !options_.local_git_dir.empty();
  Clock::time_point at = watch_ ? Clock::time_point::max() : std::max(due_, not_before_);
  if (asked_) at = std::min(at, not_before_);
  if (pushed_) at = Clock::time_point::min();
  if (!local) at = std::max(at, last_begun_ + kGap);
  timer_.expires_at(std::max(at, Clock::now()));
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    if (error) return;
    if (const auto self = weak.lock(); self && !self->looking_) self->begin_look();
  });
}

void SharedRepository::begin_look() {
  if (followers_.empty()) return;
  looking_ = true;
  asked_ = false;
  const bool pushed = std::exchange(pushed_, false);
  last_begun_ = Clock::now();
  std::set<RefWish> unique;
  for (const Follower* follower : followers_) unique.insert(follower->wish());
  std::vector<RefWish> wishes(unique.begin(), unique.end());
  if (options_.access == nullptr) return look(std::move(wishes), pushed);
  renew_access(std::move(wishes), pushed);
}

void SharedRepository::renew_access(std::vector<RefWish> wishes, bool pushed) {
  auto renew = [](std::shared_ptr<AccessKeeper> keeper) -> asio::awaitable<Result<SourceAccessPtr>> {
    co_return co_await keeper->get();
  };
  auto renewing = renew(options_.access);
  asio::co_spawn(executor_, std::move(renewing),
                 [weak = weak_from_this(), wishes = std::move(wishes), pushed](
                     const std::exception_ptr& thrown, const Result<SourceAccessPtr>& access) mutable {
                   if (thrown) std::rethrow_exception(thrown);
                   const auto self = weak.lock();
                   if (!self) return;
                   self->follow_access();
                   if (!access) {
                     const std::vector<Result<ResolvedRef>> found(wishes.size(), std::unexpected(access.error()));
                     return self->end_look(wishes, found);
                   }
                   if (*access != std::exchange(self->access_, *access))
                     asio::post(self->strand_,
                                [reader = self->reader_, with = *access] { reader->use(with->credentials); });
                   self->look(std::move(wishes), pushed);
                 });
}

// One wait at a time; it is for what the last renewal has read, or the one before.
void SharedRepository::follow_access() {
  if (access_follow_ || !options_.access->names_secrets()) return;
  access_follow_ = std::make_shared<asio::cancellation_signal>();
  auto wait = [](std::shared_ptr<AccessKeeper> keeper) -> asio::awaitable<Result<void>> {
    co_return co_await keeper->changed();
  };
  auto waiting = wait(options_.access);
  asio::co_spawn(executor_, std::move(waiting),
                 asio::bind_cancellation_slot(access_follow_->slot(),
                                              [weak = weak_from_this(), signal = access_follow_](
                                                  const std::exception_ptr& thrown, const Result<void>& changed) {
                                                if (thrown) std::rethrow_exception(thrown);
                                                const auto self = weak.lock();
                                                if (!self) return;
                                                self->access_follow_.reset();
                                                if (changed) self->look_now();
                                              }));
}

void SharedRepository::look(std::vector<RefWish> wishes, bool pushed) {
  auto ended = back_home([](SharedRepository& self, const std::vector<RefWish>& asked,
                            const std::vector<Result<ResolvedRef>>& found) { self.end_look(asked, found); });
  asio::post(strand_, [reader = reader_, wishes = std::move(wishes), ended = std::move(ended), pushed]() mutable {
    std::vector<Result<ResolvedRef>> found;
    if (const auto failed = failure_of([&] { found = reader->resolve(wishes, pushed); }))
      found.assign(wishes.size(), std::unexpected(*failed));
    ended(std::move(wishes), std::move(found));
  });
}

void SharedRepository::end_look(const std::vector<RefWish>& wishes, const std::vector<Result<ResolvedRef>>& found) {
  looking_ = false;
  ++looks_;
  const bool silent = std::ranges::all_of(found, [](const auto& one) { return !one && is_silence(one.error().kind); });
  failures_ = silent ? failures_ + 1 : 0;
  const Clock::time_point now = Clock::now();
  not_before_ = silent ? now + std::min(kLongestWait, kFirstWait * (1U << std::min(failures_ - 1, kDoublings))) : now;
  due_ = now + interval();
  if (!silent && !watch_)
    if (auto watched = watch(); !watched) watch_.reset();
  const auto refused = [](const auto& one) {
    return !one && (one.error().kind == ErrorKind::Unauthorized || one.error().kind == ErrorKind::Forbidden);
  };
  const std::string hint =
      options_.access && access_ && std::ranges::any_of(found, refused) ? options_.access->refused() : std::string();
  const std::vector<Follower*> told = followers_;
  for (Follower* follower : told) {
    if (std::ranges::find(followers_, follower) == followers_.end()) continue;  // has left meanwhile
    const auto wish = std::ranges::lower_bound(wishes, follower->wish());
    if (wish == wishes.end() || *wish != follower->wish()) {
      ask();  // it joined while the look was under way
      continue;
    }
    Result<ResolvedRef> one = found[static_cast<std::size_t>(wish - wishes.begin())];
    if (!hint.empty() && refused(one)) one.error().hint = hint;
    follower->looked(looks_, one);
  }
  schedule();
}

void SharedRepository::read(ReadTask task, Done done) {
  asked_reads_.push_back({std::move(task), std::move(done)});
  if (asked_reads_.size() > 1) return;
  asio::post(executor_, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->begin_reading();
  });
}

void SharedRepository::begin_reading() {
  std::vector<ReadTask> tasks;
  std::vector<std::function<void(Result<ReadResult>)>> ends;
  for (Asked& asked : std::exchange(asked_reads_, {})) {
    tasks.push_back(std::move(asked.task));
    ends.emplace_back(back_home(
        [done = std::move(asked.done)](SharedRepository&, Result<ReadResult> result) { done(std::move(result)); }));
  }
  asio::post(strand_,
             [reader = reader_, tasks = std::move(tasks), ends = std::move(ends),
              tell = back_home([](SharedRepository& self, const ReadEffort& effort) { self.tell(effort); })]() mutable {
               const auto end = [&](std::size_t i, Result<ReadResult> result) {
                 if (auto one = std::exchange(ends[i], nullptr)) one(std::move(result));
               };
               ReadEffort effort;
               const auto failed = failure_of([&] { effort = reader->read(std::move(tasks), end); });
               for (std::size_t i = 0; failed && i < ends.size(); ++i) end(i, std::unexpected(*failed));
               tell(effort);
             });
}

void SharedRepository::tell(const ReadEffort& effort) const {
  std::array fields = {LogField("rendered", effort.rendered), LogField("unchanged", effort.kept),
                       LogField("failed", effort.failed),     LogField("git_processes", effort.git_processes),
                       LogField("took_ms", effort.took),      LogField("cpu_ms", effort.cpu)};
  for (LogField& field : fields) field.in_text = false;
  log(LogLevel::Info, "repository-read",
      fmt::format("read {}: {} rendered, {} unchanged{}", without_credentials(url()),
                  plural(effort.rendered, "application"), effort.kept,
                  effort.failed == 0 ? "" : fmt::format(", {} could not be", effort.failed)),
      fields);
}

void SharedRepository::read_afresh(RefWish wish, PlainFiles files, Done done) {
  auto end =
      back_home([done = std::move(done)](SharedRepository&, Result<ReadResult> result) { done(std::move(result)); });
  asio::post(strand_,
             [reader = reader_, wish = std::move(wish), files = std::move(files), end = std::move(end)]() mutable {
               Result<ReadResult> result = std::unexpected(Error{});
               if (const auto failed = failure_of([&] { result = reader->read_afresh(wish, files); }))
                 result = std::unexpected(*failed);
               end(std::move(result));
             });
}

// Beside all reading: history may take long to come.
template <class T>
void SharedRepository::ask_history(std::function<Result<T>(const RepositoryReader&)> question,
                                   std::function<void(Result<T>)> done) {
  auto end = back_home([done = std::move(done)](SharedRepository&, Result<T> answer) { done(std::move(answer)); });
  asio::post(*workers_, [reader = reader_, question = std::move(question), end = std::move(end)]() mutable {
    Result<T> answer = std::unexpected(Error{});
    if (const auto failed = failure_of([&] { answer = question(*reader); })) answer = std::unexpected(*failed);
    end(std::move(answer));
  });
}

void SharedRepository::trace(ResolvedRef at, TraceRequest request, std::function<void(Result<ObjectOrigin>)> done) {
  ask_history<ObjectOrigin>([at = std::move(at), request = std::move(request)](
                                const RepositoryReader& reader) { return reader.trace(at, request); },
                            std::move(done));
}

void SharedRepository::blame(ResolvedRef at, OriginPlace place, std::function<void(Result<LineCommit>)> done) {
  ask_history<LineCommit>([at = std::move(at), place = std::move(place)](
                              const RepositoryReader& reader) { return reader.blame(at, place); },
                          std::move(done));
}

}  // namespace holdfast
