#include "holdfast/base/turn_queue.h"

#include <boost/asio/post.hpp>
#include <deque>
#include <utility>

namespace holdfast {

// Posted handlers may come after the queue has gone.
struct TurnQueue::State : std::enable_shared_from_this<State> {
  State(boost::asio::any_io_executor given, std::function<Time()> clock)
      : executor(std::move(given)), now(std::move(clock)) {}

  void arrange() {
    first_posted = now();
    post(first_posted);
  }
  // Behind whatever is ready by now: the loop looks at the sockets before it comes back here.
  void post(Time at) {
    boost::asio::post(executor, [weak = weak_from_this(), at] {
      if (const auto self = weak.lock()) self->turn(at);
    });
  }
  void turn(Time posted) {
    if (waiting.empty()) return;
    const Time here = now();
    if (here - posted > kIdle && here - first_posted < kPatience) return post(here);
    waited = here - first_posted;
    const std::function<void()> work = std::move(waiting.front());
    waiting.pop_front();
    const bool more = !waiting.empty();
    work();  // what it makes ready comes before the next piece
    if (more && !waiting.empty()) arrange();
  }

  boost::asio::any_io_executor executor;
  std::function<Time()> now;
  Time first_posted{};  // of the next piece
  Time::duration waited{};
  std::deque<std::function<void()>> waiting;
};

TurnQueue::TurnQueue(boost::asio::any_io_executor executor, std::function<Time()> now)
    : state_(std::make_shared<State>(std::move(executor), std::move(now))) {}

TurnQueue::~TurnQueue() { state_->waiting.clear(); }

void TurnQueue::add(std::function<void()> work) {
  state_->waiting.push_back(std::move(work));
  if (state_->waiting.size() == 1) state_->arrange();
}

std::size_t TurnQueue::size() const { return state_->waiting.size(); }

TurnQueue::Time::duration TurnQueue::waited() const { return state_->waited; }

}  // namespace holdfast
