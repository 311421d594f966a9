// The turn of one reconciler to write a record of its own, its inventory or what it has learned: a commit that concerns
// thousands of applications makes each of them write several, and each would be a request under way. One thread.
#pragma once

#include <functional>
#include <utility>

#include "engine/write_budget.h"

namespace holdfast {

class SavePlace final : public WriteBudget::Waiter {
 public:
  // `on_place`: take() would have one now. Whoever does not need it any more calls give().
  SavePlace(WriteBudget& places, std::function<void()> on_place) : places_(places), on_place_(std::move(on_place)) {}
  ~SavePlace() override { leave(); }
  SavePlace(const SavePlace&) = delete;
  SavePlace& operator=(const SavePlace&) = delete;

  bool take() {
    if (!taken_) taken_ = places_.take(*this, WriteKind::Record);
    return taken_;
  }
  void give() {
    if (std::exchange(taken_, false)) places_.give();
  }
  // Nothing is to be saved any more, and nobody hears of a place.
  void leave() {
    places_.forget(*this);
    give();
  }
  void place_free() override {
    if (take()) on_place_();
  }

 private:
  WriteBudget& places_;
  std::function<void()> on_place_;
  bool taken_ = false;
};

}  // namespace holdfast
