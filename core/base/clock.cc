#include "holdfast/base/clock.h"

#include <algorithm>
#include <cassert>

namespace holdfast {
namespace {

thread_local VirtualTime* t_virtual_time = nullptr;

}  // namespace

// As Asio does it: the handlers of a context go with it.
class VirtualTime::Forgetting final : public boost::asio::execution_context::service {
 public:
  using key_type = Forgetting;
  inline static boost::asio::execution_context::id id;
  explicit Forgetting(boost::asio::execution_context& context) : service(context) {}

 private:
  void shutdown() override {
    if (t_virtual_time != nullptr) t_virtual_time->drop(&context());
  }
};

Clock::time_point Clock::now() noexcept {
  return t_virtual_time == nullptr ? std::chrono::steady_clock::now() : t_virtual_time->now_;
}

VirtualTime::VirtualTime(Clock::time_point start) : now_(start) {
  assert(t_virtual_time == nullptr);
  t_virtual_time = this;
}

VirtualTime::~VirtualTime() {
  drop(nullptr);
  t_virtual_time = nullptr;
}

VirtualTime* VirtualTime::current() noexcept { return t_virtual_time; }

void VirtualTime::advance_to(Clock::time_point time) {
  now_ = std::max(now_, time);
  while (!waits_.empty() && waits_.begin()->first.due <= now_) end(Place(waits_.begin()->first), {});
}

Clock::time_point VirtualTime::next_due() const {
  return waits_.empty() ? Clock::time_point::max() : waits_.begin()->first.due;
}

VirtualTime::Place VirtualTime::add(Clock::time_point due, std::unique_ptr<Wait> wait) {
  boost::asio::use_service<Forgetting>(*wait->context);
  const Place place{due, ++added_};
  waits_.emplace(place, std::move(wait));
  return place;
}

void VirtualTime::end(const Place& place, boost::system::error_code error) {
  const auto found = waits_.find(place);
  if (found == waits_.end()) return;  // it has ended
  const std::unique_ptr<Wait> wait = std::move(found->second);
  waits_.erase(found);
  std::erase(wait->owner->waits_, place.number);
  wait->complete(error);
}

void VirtualTime::drop(const boost::asio::execution_context* of) {
  std::vector<std::unique_ptr<Wait>> dropped;  // destroyed at the end: what they hold may have timers of its own
  for (auto wait = waits_.begin(); wait != waits_.end();) {
    const auto here = wait++;
    if (of != nullptr && here->second->context != of) continue;
    here->second->owner->waits_.clear();
    dropped.push_back(std::move(here->second));
    waits_.erase(here);
  }
}

Timer::Timer(executor_type executor, Clock::time_point due) : executor_(std::move(executor)), due_(due) {
  if (t_virtual_time == nullptr) real_.emplace(executor_, due);
}

void Timer::expires_at(Clock::time_point due) {
  if (real_) {
    real_->expires_at(due);
    return;
  }
  cancel();
  due_ = due;
}

void Timer::cancel() {
  if (real_) {
    real_->cancel();
    return;
  }
  for (const std::uint64_t number : std::exchange(waits_, {})) {
    t_virtual_time->end({due_, number}, boost::asio::error::operation_aborted);
  }
}

}  // namespace holdfast
