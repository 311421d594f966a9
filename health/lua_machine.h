// A Lua interpreter with a bound on time and memory. Internal to health/.
//
// What is called from Lua must not have anything with a destructor on the stack when it raises an error: the
// interpreter is C and leaves by longjmp.
#pragma once

#include <chrono>
#include <cstddef>
#include <lua.hpp>
#include <memory>
#include <string_view>

#include "health/health.h"

namespace holdfast {

// What a script may use, and what it has used. Found from any C function by lua_budget().
class LuaBudget {
 public:
  LuaBudget(std::chrono::milliseconds time, std::size_t memory_bytes, WallTime now)
      : deadline_(std::chrono::steady_clock::now() + time), memory_limit_(memory_bytes), now_(now) {}

  bool out_of_time();  // once true, always true
  // As lua_Alloc wants it.
  void* reallocate(void* block, std::size_t old_size, std::size_t new_size);
  [[nodiscard]] bool was_out_of_time() const { return out_of_time_; }
  [[nodiscard]] WallTime now() const { return now_; }

 private:
  std::chrono::steady_clock::time_point deadline_;
  std::size_t memory_limit_, memory_used_ = 0;
  bool out_of_time_ = false;
  WallTime now_;
};

struct LuaClose {
  void operator()(lua_State* state) const { lua_close(state); }
};
using LuaState = std::unique_ptr<lua_State, LuaClose>;

// Null without memory. The budget outlives the state.
LuaState make_lua_state(LuaBudget& budget);
LuaBudget& lua_budget(lua_State* state);
// Ends the script; no pcall of its own survives it.
int raise_out_of_time(lua_State* state);

}  // namespace holdfast
