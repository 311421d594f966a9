#include "sources/shared_repository.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <mutex>

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
constexpr std::size_t kSeenKept = 64;
constexpr std::size_t kSlice = 4;  // followers that are told in one turn

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
  if (options_.turns == nullptr) options_.turns = std::make_shared<TurnQueue>(executor_);
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
  followers_.insert(&follower);
  due_ = std::min(due_, Clock::now() + follower.interval());
  schedule();
}

void SharedRepository::leave(Follower& follower) {
  followers_.erase(&follower);
  if (!is_followed()) timer_.cancel();
}

void SharedRepository::join(RefsFollower& follower) {
  refs_followers_.insert(&follower);
  due_ = std::min(due_, Clock::now() + follower.interval());
  schedule();
}

void SharedRepository::leave(RefsFollower& follower) {
  refs_followers_.erase(&follower);
  if (!is_followed()) timer_.cancel();
}

std::chrono::milliseconds SharedRepository::interval() const {
  std::chrono::milliseconds smallest = std::chrono::hours(24);
  for (const Follower* follower : followers_) smallest = std::min(smallest, follower->interval());
  for (const RefsFollower* follower : refs_followers_) smallest = std::min(smallest, follower->interval());
  return smallest;
}

// Repositories that were begun together are not looked at together ever after.
std::chrono::milliseconds SharedRepository::spread(std::chrono::milliseconds interval) const {
  const std::size_t chance = std::hash<std::string>{}(options_.mirror.url + "#" + std::to_string(looks_)) % 201;
  return interval * (900 + chance) / 1000;
}

std::uint64_t SharedRepository::ask() {
  if (!std::exchange(asked_, true)) schedule();
  return looks_ + (looking_ ? 2 : 1);
}

void SharedRepository::look_now() {
  if (std::exchange(pushed_, true)) return;
  schedule();
}

bool SharedRepository::has_seen(const std::string& revision) const {
  return std::ranges::find(seen_.rbegin(), seen_.rend(), revision) != seen_.rend();
}

void SharedRepository::schedule() {
  if (looking_ || !is_followed()) return;
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
  if (!is_followed()) return;
  looking_ = true;
  asked_ = false;
  const bool pushed = std::exchange(pushed_, false);
  last_begun_ = Clock::now();
  RepositoryLook looked;
  looked.begun = last_begun_;
  for (const RefsFollower* follower : refs_followers_)
    for (std::string& pattern : follower->patterns()) looked.patterns.push_back(std::move(pattern));
  looked.askers.reserve(followers_.size());
  for (Follower* follower : followers_) looked.ask(follower, follower->wish(), follower->last());
  if (options_.access == nullptr) return look(std::move(looked), pushed);
  renew_access(std::move(looked), pushed);
}

void SharedRepository::renew_access(RepositoryLook looked, bool pushed) {
  auto renew = [](std::shared_ptr<AccessKeeper> keeper) -> asio::awaitable<Result<SourceAccessPtr>> {
    co_return co_await keeper->get();
  };
  auto renewing = renew(options_.access);
  asio::co_spawn(executor_, std::move(renewing),
                 [weak = weak_from_this(), looked = std::move(looked), pushed](
                     const std::exception_ptr& thrown, const Result<SourceAccessPtr>& access) mutable {
                   if (thrown) std::rethrow_exception(thrown);
                   const auto self = weak.lock();
                   if (!self) return;
                   self->follow_access();
                   if (!access) {
                     looked.find_for_all(access.error());
                     return self->end_look(std::move(looked));
                   }
                   if (*access != std::exchange(self->access_, *access))
                     asio::post(self->strand_,
                                [reader = self->reader_, with = *access] { reader->use(with->credentials); });
                   self->look(std::move(looked), pushed);
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

void SharedRepository::look(RepositoryLook looked, bool pushed) {
  auto ended = back_home([](SharedRepository& self, RepositoryLook result) { self.end_look(std::move(result)); });
  asio::post(strand_, [reader = reader_, looked = std::move(looked), before = found_, ended = std::move(ended),
                       pushed]() mutable {
    if (const auto failed = failure_of([&] { looked.look(*reader, before, pushed); })) looked.find_for_all(*failed);
    looked.put_in_order();
    ended(std::move(looked));
  });
}

void SharedRepository::end_look(RepositoryLook looked) {
  looking_ = false;
  looked.number = ++looks_;
  const bool silent = looked.silent();
  failures_ = silent ? failures_ + 1 : 0;
  const Clock::time_point now = Clock::now();
  not_before_ = silent ? now + std::min(kLongestWait, kFirstWait * (1U << std::min(failures_ - 1, kDoublings))) : now;
  due_ = now + spread(interval());
  if (!silent && !watch_)
    if (auto watched = watch(); !watched) watch_.reset();
  const auto refused = [](const auto& one) {
    return !one && (one.error().kind == ErrorKind::Unauthorized || one.error().kind == ErrorKind::Forbidden);
  };
  if (options_.access && access_)
    for (Result<ResolvedRef>& one : looked.found)
      if (const std::string hint = refused(one) ? options_.access->refused() : std::string(); !hint.empty())
        one.error().hint = hint;
  found_.clear();
  for (std::size_t i = 0; i < looked.wishes.size(); ++i)
    if (looked.found[i]) found_[looked.wishes[i]] = looked.found[i]->revision;
  for (const auto& [wish, revision] : found_)
    if (!has_seen(revision)) seen_.push_back(revision);
  while (seen_.size() > kSeenKept + found_.size()) seen_.pop_front();
  if (const std::size_t unchanged = looked.unchanged(); unchanged != 0) tell_unchanged(unchanged, looked.git_processes);
  const std::set<RefsFollower*> following = refs_followers_;
  for (RefsFollower* const follower : following)
    if (refs_followers_.contains(follower)) follower->refs_looked(looked.number, looked.begun, looked.refs);
  ++telling_;
  tell_followers(std::make_shared<RepositoryLook>(std::move(looked)), 0);
  schedule();
}

// Some at a time, so that they are in nobody's way. What they ask for after that is read together.
void SharedRepository::tell_followers(std::shared_ptr<const RepositoryLook> looked, std::size_t from) {
  const std::size_t end = std::min(from + kSlice, looked->askers.size());
  for (; from < end; ++from) {
    const RepositoryLook::Asker& asker = looked->askers[from];
    const auto follower = followers_.find(asker.follower);
    if (follower == followers_.end()) continue;  // has left meanwhile
    // It may have been read anew since it was asked.
    const bool holds = asker.same && (*follower)->last() == asker.last;
    (*follower)->looked(looked->number, looked->found[asker.wish], holds ? asker.same : std::nullopt);
  }
  const bool over = from == looked->askers.size();
  options_.turns->add([weak = weak_from_this(), looked = std::move(looked), from, over] {
    const auto self = weak.lock();
    if (!self) return;
    if (!over) return self->tell_followers(looked, from);
    --self->telling_;
    self->read_what_was_asked_for();
  });
}

void SharedRepository::read(ReadTask task, Done done) {
  asked_reads_.push_back({std::move(task), std::move(done)});
  if (asked_reads_.size() > 1) return;
  options_.turns->add([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->read_what_was_asked_for();
  });
}

struct SharedRepository::Arrival {
  Done done;
  Result<ReadResult> result;
};

// What a worker has read and nobody has taken yet. It reads faster than turns are given.
class SharedRepository::Arrivals {
 public:
  // True: nothing else was there.
  bool add(Arrival arrival) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(arrival));
    return waiting_.size() == 1;
  }
  std::vector<Arrival> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(waiting_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<Arrival> waiting_;
};

// The results get their turns one by one: each is the beginning of a round of its application.
void SharedRepository::read_what_was_asked_for() {
  if (reading_ || telling_ != 0 || asked_reads_.empty()) return;
  reading_ = true;
  auto arrivals = std::make_shared<Arrivals>();
  auto arrived = back_home([](SharedRepository& self, const std::shared_ptr<Arrivals>& from) {
    for (Arrival& one : from->take())
      self.options_.turns->add([one = std::move(one)]() mutable { one.done(std::move(one.result)); });
  });
  auto tell = back_home([](SharedRepository& self, const ReadEffort& effort) { self.end_reading(effort); });
  asio::post(strand_, [reader = reader_, asked = std::exchange(asked_reads_, {}), arrivals, arrived,
                       tell = std::move(tell)]() mutable {
    std::vector<ReadTask> tasks;
    for (Asked& one : asked) tasks.push_back(std::move(one.task));
    const auto done = [&](std::size_t i, Result<ReadResult> result) {
      if (Done whose = std::exchange(asked[i].done, nullptr);
          whose && arrivals->add({std::move(whose), std::move(result)}))
        arrived(arrivals);
    };
    ReadEffort effort;
    const auto failed = failure_of([&] { effort = reader->read(std::move(tasks), done); });
    for (std::size_t i = 0; failed && i < asked.size(); ++i) done(i, std::unexpected(*failed));
    tell(effort);
  });
}

void SharedRepository::tell_unchanged(std::size_t applications, std::uint64_t git_processes) const {
  if (!options_.logs) return;
  std::array fields = {LogField("unchanged", applications), LogField("git_processes", git_processes)};
  for (LogField& field : fields) field.in_text = false;
  log(LogLevel::Info, "repository-unchanged",
      fmt::format("a commit of {} leaves {} as {}", without_credentials(url()), plural(applications, "application"),
                  applications == 1 ? "it is" : "they are"),
      fields);
}

void SharedRepository::end_reading(const ReadEffort& effort) {
  reading_ = false;
  read_what_was_asked_for();
  if (!options_.logs) return;
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

void SharedRepository::read_recorded(ReadTask task, std::string revision, std::string content, Done done) {
  auto end =
      back_home([done = std::move(done)](SharedRepository&, Result<ReadResult> result) { done(std::move(result)); });
  asio::post(strand_, [reader = reader_, task = std::move(task), revision = std::move(revision),
                       content = std::move(content), end = std::move(end)]() mutable {
    Result<ReadResult> result = std::unexpected(Error{});
    if (const auto failed = failure_of([&] { result = reader->read_recorded(task, revision, content); }))
      result = std::unexpected(*failed);
    end(std::move(result));
  });
}

void SharedRepository::inspect(std::vector<ResolvedRef> revisions, TreeLook look, std::function<void()> done) {
  auto end = back_home([done = std::move(done)](SharedRepository&) { done(); });
  asio::post(strand_, [reader = reader_, revisions = std::move(revisions), look = std::move(look),
                       end = std::move(end)]() mutable {
    for (const ResolvedRef& at : revisions) {
      if (const auto failed = failure_of([&] { look(at, reader->revision_tree(at)); }))
        look(at, std::unexpected(*failed));
    }
    end();
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
