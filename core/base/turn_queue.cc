#include "holdfast/base/turn_queue.h"

#include <boost/asio/post.hpp>
#include <deque>
#include <utility>

namespace holdfast {

// Posted handlers may come after the queue has gone.
struct TurnQueue::State : std::enable_shared_from_this<State> {
  explicit State(boost::asio::any_io_executor given) : executor(std::move(given)) {}

  // Behind whatever is ready by now: the loop looks at the sockets before it comes back here.
  void arrange() {
    boost::asio::post(executor, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->turn();
    });
  }
  void turn() {
    if (waiting.empty()) return;
    const std::function<void()> work = std::move(waiting.front());
    waiting.pop_front();
    const bool more = !waiting.empty();
    work();  // what it makes ready comes before the next piece
    if (more && !waiting.empty()) arrange();
  }

  boost::asio::any_io_executor executor;
  std::deque<std::function<void()>> waiting;
};

TurnQueue::TurnQueue(boost::asio::any_io_executor executor) : state_(std::make_shared<State>(std::move(executor))) {}

TurnQueue::~TurnQueue() { state_->waiting.clear(); }

void TurnQueue::add(std::function<void()> work) {
  state_->waiting.push_back(std::move(work));
  if (state_->waiting.size() == 1) state_->arrange();
}

std::size_t TurnQueue::size() const { return state_->waiting.size(); }

}  // namespace holdfast
