#include "health/lua_machine.h"

#include <cstdlib>

namespace holdfast {
namespace {

// Instructions between two looks at the clock. Few, for one instruction may join megabytes of text.
constexpr int kInstructions = 100;
// The blocks above this size take time to fill.
constexpr std::size_t kLargeBlock = 64 * 1024;

void on_count(lua_State* state, lua_Debug*) {
  if (lua_budget(state).out_of_time()) raise_out_of_time(state);
}

void* allocate(void* budget, void* block, std::size_t old_size, std::size_t new_size) {
  return static_cast<LuaBudget*>(budget)->reallocate(block, old_size, new_size);
}

}  // namespace

bool LuaBudget::out_of_time() {
  out_of_time_ = out_of_time_ || std::chrono::steady_clock::now() >= deadline_;
  return out_of_time_;
}

void* LuaBudget::reallocate(void* block, std::size_t old_size, std::size_t new_size) {
  if (block == nullptr) old_size = 0;  // it says then what the block is for
  if (new_size == 0) {
    std::free(block);
    memory_used_ -= old_size;
    return nullptr;
  }
  // Lua relies on it that a block can always be made smaller.
  if (new_size > old_size) {
    if (new_size - old_size > memory_limit_ - memory_used_) return nullptr;
    if (new_size > kLargeBlock && out_of_time()) return nullptr;
  }
  void* const moved = std::realloc(block, new_size);
  if (moved != nullptr) memory_used_ += new_size - old_size;
  return moved;
}

LuaState make_lua_state(LuaBudget& budget) {
  LuaState state(lua_newstate(allocate, &budget));
  if (state) lua_sethook(state.get(), on_count, LUA_MASKCOUNT, kInstructions);
  return state;
}

LuaBudget& lua_budget(lua_State* state) {
  void* budget = nullptr;
  lua_getallocf(state, &budget);
  return *static_cast<LuaBudget*>(budget);
}

int raise_out_of_time(lua_State* state) {
  // From now on after every instruction: a script that catches this one in a loop gets the next one outside of its
  // pcall.
  lua_sethook(state, on_count, LUA_MASKCOUNT, 1);
  return luaL_error(state, "out of time");
}

}  // namespace holdfast
