#include "app/refusal_trace.h"

#include <spdlog/fmt/fmt.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "app/refusal_text.h"
#include "holdfast/base/log.h"

namespace holdfast {

namespace asio = boost::asio;

RefusalTrace::RefusalTrace(asio::any_io_executor executor, Source& source, Say say, IsCurrent is_current)
    : source_(source), say_(std::move(say)), is_current_(std::move(is_current)), idle_(executor), tasks_(executor) {}

void RefusalTrace::refused(ObjectRefusal refusal) {
  if (revision_ != refusal.revision) asked_.clear();
  revision_ = refusal.revision;
  std::string what = to_string(refusal.key);
  for (const RefusedField& field : refusal.fields) what += "\n" + field.problem;
  if (asked_.size() < kMostOfARevision && asked_.insert(std::move(what)).second) add(std::move(refusal));
}

void RefusalTrace::unreadable(const Error& error) {
  std::size_t asked = 0;
  for (OriginPlace& place : places_of(error))
    if (++asked <= kMostPlacesOfAnError) add(std::move(place));
}

void RefusalTrace::add(std::variant<ObjectRefusal, OriginPlace> question) {
  if (ended_) return;
  waiting_.push_back(std::move(question));
  if (!std::exchange(running_, true)) tasks_.spawn(work());
}

asio::awaitable<void> RefusalTrace::work() {
  while (!waiting_.empty() && !ended_) {
    auto question = std::move(waiting_.front());
    waiting_.pop_front();
    if (auto* const refusal = std::get_if<ObjectRefusal>(&question))
      co_await tell(std::move(*refusal));
    else
      co_await tell(std::move(std::get<OriginPlace>(question)));
  }
  running_ = false;
  idle_.cancel();
}

asio::awaitable<void> RefusalTrace::tell(ObjectRefusal refusal) {
  TraceRequest request = trace_request(refusal);
  const Result<ObjectOrigin> origin = co_await source_.trace(std::move(request));
  if (!origin)
    log(LogLevel::Debug, "no-line", describe(origin.error()));
  else if (is_current_(refusal.revision))
    for (const std::string& line : refusal_lines(refusal, *origin)) say_(refusal.key, line);
}

asio::awaitable<void> RefusalTrace::tell(OriginPlace place) {
  OriginPlace asked = place;
  const Result<LineCommit> commit = co_await source_.blame(std::move(asked));
  if (commit)
    say_({}, fmt::format("{}:{} was written in {}", place.file, place.line, describe(*commit)));
  else
    log(LogLevel::Debug, "no-line", describe(commit.error()));
}

asio::awaitable<void> RefusalTrace::finish(std::chrono::seconds patience) {
  const auto until = Clock::now() + patience;
  while (running_ && Clock::now() < until) {
    idle_.expires_at(until);
    co_await idle_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  ended_ = true;
  if (running_) source_.stop();
  co_await tasks_.join();
}

}  // namespace holdfast
