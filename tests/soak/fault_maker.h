// Makes life hard for a SoakWorld: edits, deletions, commits, and everything that can befall a network and a server,
// drawn from a Chance.
#pragma once

#include <array>
#include <chrono>
#include <string>

#include "soak/chance.h"
#include "soak/soak_world.h"

namespace holdfast::soak {

class FaultMaker {
 public:
  FaultMaker(SoakWorld& world, Chance& chance) : world_(world), chance_(chance) {}

  // One thing after another, for so long. Afterwards no fault lasts, apart from the daemon's own waiting.
  void act_for(std::chrono::milliseconds duration);
  [[nodiscard]] std::string counts() const;  // "edits 812, deletions 190, ..."

 private:
  enum class Act { Edit, Delete, Commit, Cut, BlackOut, LoseAnswers, Refuse, Restart, Hang };
  static constexpr std::size_t kActs = 9;

  void act();
  [[nodiscard]] Act draw();
  void edit();
  void commit();
  void black_out();
  void lose_answers();
  void pause(std::chrono::milliseconds least, std::chrono::milliseconds most);
  HeldObject& some_object() { return world_.objects()[chance_.below(world_.objects().size())]; }

  SoakWorld& world_;
  Chance& chance_;
  std::size_t values_ = 1'000;  // given out so far
  std::array<std::size_t, kActs> counts_{};
};

}  // namespace holdfast::soak
