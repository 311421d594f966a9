#include "app/push_inbox.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>
#include <vector>

namespace holdfast {

namespace asio = boost::asio;

struct PushInbox::State {
  asio::any_io_executor from, to;
  PushSink& sink;
  std::vector<PushHint> gathered = {};  // of the thread of `from`, as is what follows
  bool under_way = false;
};

PushInbox::PushInbox(asio::any_io_executor from, asio::any_io_executor to, PushSink& sink)
    : state_(std::make_shared<State>(std::move(from), std::move(to), sink)) {}

void PushInbox::pushed(PushHint hint) {
  auto& gathered = state_->gathered;
  if (std::ranges::find(gathered, hint) != gathered.end()) return;
  if (gathered.size() >= kMostGathered) {
    gathered.clear();
    hint = PushHint{};
  }
  gathered.push_back(std::move(hint));
  send(state_);
}

void PushInbox::send(const std::shared_ptr<State>& state) {
  if (state->under_way || state->gathered.empty()) return;
  state->under_way = true;
  asio::post(state->to, [state, batch = std::exchange(state->gathered, {})]() mutable {
    for (PushHint& hint : batch) state->sink.pushed(std::move(hint));
    asio::post(state->from, [state] {
      state->under_way = false;
      send(state);
    });
  });
}

}  // namespace holdfast
