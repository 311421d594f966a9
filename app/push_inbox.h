// Carries hints from the thread that receives them to the one that decides: values in batches, no locks. While a batch
// is on its way, hints gather and equal ones become one; beyond kMostGathered they become one that says "everything".
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <memory>

#include "sources/push_hint.h"

namespace holdfast {

// pushed() is called on the thread of `from`; `sink` hears on that of `to`, and outlives what runs there.
class PushInbox final : public PushSink {
 public:
  static constexpr std::size_t kMostGathered = 1'024;

  PushInbox(boost::asio::any_io_executor from, boost::asio::any_io_executor to, PushSink& sink);
  void pushed(PushHint hint) override;

 private:
  struct State;
  static void send(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
};

}  // namespace holdfast
