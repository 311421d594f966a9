#include "app/object_turns.h"

#include <utility>

namespace holdfast {

void ObjectTurns::look_at(const ApplicationName& name) {
  const auto [turn, first] = turns_.insert_or_assign(name, true);
  if (first) tasks_.spawn(take_turn(name));
}

bool ObjectTurns::is_due(const ApplicationName& name) const {
  const auto turn = turns_.find(name);
  return turn != turns_.end() && turn->second;
}

boost::asio::awaitable<void> ObjectTurns::take_turn(ApplicationName name) {
  while (!stopping() && std::exchange(turns_.at(name), false)) {
    ApplicationName of = name;
    co_await look_(std::move(of));
  }
  turns_.erase(name);
  rested_(name);
}

}  // namespace holdfast
