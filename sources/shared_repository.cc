#include "sources/shared_repository.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <exception>

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
constexpr std::size_t kSlice = 50;  // followers that are told at once that nothing concerns them

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
  followers_.insert(&follower);
  due_ = std::min(due_, Clock::now() + interval());
  schedule();
}

void SharedRepository::leave(Follower& follower) {
  followers_.erase(&follower);
  if (followers_.empty()) timer_.cancel();
}

std::chrono::milliseconds SharedRepository::interval() const {
  std::chrono::milliseconds smallest = std::chrono::hours(24);
  for (const Follower* follower : followers_) smallest = std::min(smallest, follower->interval());
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

// What a look was asked for and has found.
struct SharedRepository::Looked {
  struct Asker {
    Follower* follower;  // to be found among the followers before it is touched
    ReadTask task;       // its wish, and what it has
  };
  std::uint64_t number = 0;
  std::vector<RefWish> wishes;  // sorted
  std::vector<Result<ResolvedRef>> found;
  std::vector<Asker> askers;  // by wish
  std::vector<std::optional<BegunRevision>> same;
  std::uint64_t git_processes = 0;

  [[nodiscard]] const Result<ResolvedRef>& found_for(const RefWish& wish) const {
    return found[static_cast<std::size_t>(std::ranges::lower_bound(wishes, wish) - wishes.begin())];
  }
  // On a worker. Those whose ref has moved are looked at more closely: most commits concern few applications.
  void look(RepositoryReader& reader, const std::map<RefWish, std::string>& before, bool pushed) {
    const std::uint64_t before_it = GitProgram::started();
    found = reader.resolve(wishes, pushed);
    std::vector<ReadTask> moved;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < askers.size(); ++i) {
      ReadTask& task = askers[i].task;
      const auto& at = found_for(task.wish);
      const auto known = before.find(task.wish);
      if (!at || task.last == nullptr || (known != before.end() && known->second == at->revision)) continue;
      task.at = *at;
      moved.push_back(task);
      places.push_back(i);
    }
    const auto told = reader.unchanged(moved);
    same.resize(askers.size());
    for (std::size_t i = 0; i < places.size(); ++i) same[places[i]] = told[i];
    git_processes = GitProgram::started() - before_it;
  }
};

void SharedRepository::begin_look() {
  if (followers_.empty()) return;
  looking_ = true;
  asked_ = false;
  const bool pushed = std::exchange(pushed_, false);
  last_begun_ = Clock::now();
  Looked looked;
  for (Follower* follower : followers_)
    looked.askers.push_back({follower, {follower->wish(), {}, {}, follower->last()}});
  std::ranges::sort(looked.askers, {}, [](const auto& asker) -> const RefWish& { return asker.task.wish; });
  for (const auto& asker : looked.askers)
    if (looked.wishes.empty() || looked.wishes.back() != asker.task.wish) looked.wishes.push_back(asker.task.wish);
  if (options_.access == nullptr) return look(std::move(looked), pushed);
  renew_access(std::move(looked), pushed);
}

void SharedRepository::renew_access(Looked looked, bool pushed) {
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
                     looked.found.assign(looked.wishes.size(), std::unexpected(access.error()));
                     looked.same.resize(looked.askers.size());
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

void SharedRepository::look(Looked looked, bool pushed) {
  auto ended = back_home([](SharedRepository& self, Looked result) { self.end_look(std::move(result)); });
  asio::post(strand_, [reader = reader_, looked = std::move(looked), before = found_, ended = std::move(ended),
                       pushed]() mutable {
    if (const auto failed = failure_of([&] { looked.look(*reader, before, pushed); }))
      looked.found.assign(looked.wishes.size(), std::unexpected(*failed));
    looked.same.resize(looked.askers.size());
    ended(std::move(looked));
  });
}

void SharedRepository::end_look(Looked looked) {
  looking_ = false;
  looked.number = ++looks_;
  const bool silent =
      std::ranges::all_of(looked.found, [](const auto& one) { return !one && is_silence(one.error().kind); });
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
  const auto unchanged =
      static_cast<std::size_t>(std::ranges::count_if(looked.same, [](const auto& one) { return one.has_value(); }));
  if (unchanged != 0) tell_unchanged(unchanged, looked.git_processes);
  // Those that it concerns come first.
  auto told = std::make_shared<Looked>(Looked{looked.number, looked.wishes, looked.found, {}, {}, 0});
  for (const bool same : {false, true})
    for (std::size_t i = 0; i < looked.askers.size(); ++i) {
      if (looked.same[i].has_value() != same) continue;
      told->askers.push_back(looked.askers[i]);
      told->same.push_back(looked.same[i]);
    }
  tell_followers(std::move(told), 0);
  schedule();
}

// All at once that have to do something; the others in slices, so that they are in nobody's way.
void SharedRepository::tell_followers(std::shared_ptr<const Looked> looked, std::size_t from) {
  std::size_t slice = 0;
  for (; from < looked->askers.size() && (slice < kSlice || !looked->same[from]); ++from) {
    if (looked->same[from]) ++slice;
    Follower* const follower = looked->askers[from].follower;
    if (!followers_.contains(follower)) continue;  // has left meanwhile
    follower->looked(looked->number, looked->found_for(looked->askers[from].task.wish), looked->same[from]);
  }
  if (from >= looked->askers.size()) return;
  asio::post(executor_, [weak = weak_from_this(), looked = std::move(looked), from] {
    if (const auto self = weak.lock()) self->tell_followers(looked, from);
  });
}

void SharedRepository::read(ReadTask task, Done done) {
  asked_reads_.push_back({std::move(task), std::move(done)});
  if (asked_reads_.size() > 1 || reading_) return;
  asio::post(executor_, [weak = weak_from_this()] {
    if (const auto self = weak.lock(); self && !self->reading_) self->begin_reading();
  });
}

void SharedRepository::begin_reading() {
  reading_ = true;
  std::vector<ReadTask> tasks;
  std::vector<std::function<void(Result<ReadResult>)>> ends;
  for (Asked& asked : std::exchange(asked_reads_, {})) {
    tasks.push_back(std::move(asked.task));
    ends.emplace_back(back_home(
        [done = std::move(asked.done)](SharedRepository&, Result<ReadResult> result) { done(std::move(result)); }));
  }
  asio::post(
      strand_,
      [reader = reader_, tasks = std::move(tasks), ends = std::move(ends),
       tell = back_home([](SharedRepository& self, const ReadEffort& effort) { self.end_reading(effort); })]() mutable {
        const auto end = [&](std::size_t i, Result<ReadResult> result) {
          if (auto one = std::exchange(ends[i], nullptr)) one(std::move(result));
        };
        ReadEffort effort;
        const auto failed = failure_of([&] { effort = reader->read(std::move(tasks), end); });
        for (std::size_t i = 0; failed && i < ends.size(); ++i) end(i, std::unexpected(*failed));
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
  if (!asked_reads_.empty()) begin_reading();
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
