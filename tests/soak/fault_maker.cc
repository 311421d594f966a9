#include "soak/fault_maker.h"

#include <algorithm>
#include <thread>

namespace holdfast::soak {
namespace {

using namespace std::chrono_literals;

// Of 1,000 acts; in the order of the enum.
constexpr std::array<std::size_t, 9> kOdds{560, 170, 60, 130, 10, 30, 15, 15, 10};
constexpr std::array<const char*, 9> kNames{"edits",        "deletions", "commits",  "cuts", "black-outs",
                                            "answers lost", "refusals",  "restarts", "hangs"};
constexpr std::size_t kMostChanged = 5;  // objects in one commit
// Below what the daemon prunes unasked, even where it sees several commits as one.
constexpr std::size_t kMostAbsent = 8;

}  // namespace

void FaultMaker::pause(std::chrono::milliseconds least, std::chrono::milliseconds most) {
  std::this_thread::sleep_for(chance_.between(least, most));
}

void FaultMaker::act_for(std::chrono::milliseconds duration) {
  const auto end = std::chrono::steady_clock::now() + duration;
  while (std::chrono::steady_clock::now() < end) {
    act();
    pause(5ms, 150ms);
  }
  world_.proxy().cut();  // what went dark would stay dark
}

std::string FaultMaker::counts() const {
  std::string text;
  for (std::size_t i = 0; i < kActs; ++i)
    text += (i == 0 ? "" : ", ") + std::string(kNames.at(i)) + " " + std::to_string(counts_.at(i));
  return text;
}

FaultMaker::Act FaultMaker::draw() {
  std::size_t number = chance_.below(1'000);
  std::size_t act = 0;
  while (number >= kOdds.at(act)) number -= kOdds.at(act++);
  ++counts_.at(act);
  return static_cast<Act>(act);
}

void FaultMaker::act() {
  switch (draw()) {
    case Act::Edit:
      return edit();
    case Act::Delete:
      static_cast<void>(world_.remove(some_object()));
      return;
    case Act::Commit:
      return commit();
    case Act::Cut:
      return world_.proxy().cut();
    case Act::BlackOut:
      return black_out();
    case Act::LoseAnswers:
      return lose_answers();
    case Act::Refuse:
      world_.refuse_connections();
      pause(100ms, 3s);
      return world_.accept_connections();
    case Act::Restart:
      return world_.restart_server();
    case Act::Hang:
      world_.hang_server();
      pause(50ms, 1500ms);
      return world_.go_on();
  }
}

void FaultMaker::edit() { static_cast<void>(world_.edit(some_object(), value_of(++values_))); }

void FaultMaker::commit() {
  for (std::size_t left = 1 + chance_.below(kMostChanged); left > 0; --left) {
    HeldObject& object = some_object();
    const auto absent = std::ranges::count(world_.objects(), false, &HeldObject::in_git);
    object.value = value_of(++values_);
    if (!object.in_git)
      object.in_git = true;
    else if (chance_.below(3) == 0 && static_cast<std::size_t>(absent) < kMostAbsent)
      object.in_git = false;
  }
  world_.commit();
}

// Nobody tells the daemon; at times somebody does, much later.
void FaultMaker::black_out() {
  world_.proxy().black_out();
  edit();
  if (chance_.below(2) == 0) return;
  pause(100ms, 5s);
  world_.proxy().cut();
}

// Requests are carried out, and what they led to is not heard.
void FaultMaker::lose_answers() {
  world_.proxy().arm(static_cast<unsigned>(chance_.below(3)));
  for (std::size_t left = 1 + chance_.below(3); left > 0; --left) edit();
  pause(10ms, 800ms);
  world_.proxy().cut();
  world_.proxy().release();
}

}  // namespace holdfast::soak
