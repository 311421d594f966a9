#include "health/lua_library.h"

#include <array>
#include <cstring>
#include <utility>

#include "health/lua_machine.h"

namespace holdfast {
namespace {

// These run code that is not the script's, end the process' peace by its own random numbers, or keep the collector from
// its work.
constexpr std::array<std::pair<const char*, const char*>, 10> kClosed{{{"_G", "dofile"},
                                                                       {"_G", "loadfile"},
                                                                       {"_G", "load"},
                                                                       {"_G", "loadstring"},
                                                                       {"_G", "collectgarbage"},
                                                                       {"_G", "module"},
                                                                       {"_G", "newproxy"},
                                                                       {"string", "dump"},
                                                                       {"math", "random"},
                                                                       {"math", "randomseed"}}};

// Nobody listens; it is there because scripts call it.
int print_nothing(lua_State*) { return 0; }

// The libraries that are open anyway, by their names.
int require_open(lua_State* state) {
  const char* name = luaL_checkstring(state, 1);
  for (const char* known : {"string", "table", "math", "os"}) {
    if (std::strcmp(name, known) != 0) continue;
    lua_getglobal(state, known);
    return 1;
  }
  return luaL_error(state, "module '%s' is not there for a health script", name);
}

// A finalizer would run where no bound on time holds.
int set_metatable(lua_State* state) {
  luaL_checktype(state, 1, LUA_TTABLE);
  if (lua_istable(state, 2)) {
    lua_pushliteral(state, "__gc");
    lua_rawget(state, 2);
    if (!lua_isnil(state, -1)) return luaL_error(state, "a health script may have no finalizers (__gc)");
    lua_pop(state, 1);
  }
  lua_settop(state, 2);
  lua_pushvalue(state, lua_upvalueindex(1));
  lua_insert(state, 1);
  lua_call(state, 2, 1);
  return 1;
}

// The library's calls the handler where the error is raised; for that of the hook, no hook would end it.
int call_with_handler(lua_State* state) {
  luaL_checkany(state, 2);
  lua_pushvalue(state, 1);
  lua_pushvalue(state, 2);
  lua_replace(state, 1);  // the handler, then the function with its arguments
  lua_replace(state, 2);
  if (lua_pcall(state, lua_gettop(state) - 2, LUA_MULTRET, 0) == LUA_OK) {
    lua_pushboolean(state, 1);
    lua_replace(state, 1);
    return lua_gettop(state);
  }
  lua_call(state, 1, 1);
  lua_pushboolean(state, 0);
  lua_insert(state, -2);
  return 2;
}

int table_length(lua_State* state) {
  luaL_checktype(state, 1, LUA_TTABLE);
  lua_pushinteger(state, static_cast<lua_Integer>(lua_rawlen(state, 1)));
  return 1;
}

// ---- table.sort: a heap sort, which has no bad input, and looks at the clock after each comparison -----------------

// Whether the value at `left` sorts before the one at `right`; both relative to the top of the stack.
bool before(lua_State* state, int left, int right) {
  bool result = false;
  if (lua_isfunction(state, 2)) {
    lua_pushvalue(state, 2);
    lua_pushvalue(state, left - 1);
    lua_pushvalue(state, right - 2);
    lua_call(state, 2, 1);
    result = lua_toboolean(state, -1) != 0;
    lua_pop(state, 1);
  } else {
    result = lua_compare(state, left, right, LUA_OPLT) != 0;
  }
  if (lua_budget(state).out_of_time()) raise_out_of_time(state);
  return result;
}

// Moves the value at `root` down until both its children sort before it.
void sift_down(lua_State* state, int root, int count) {
  for (int child = 2 * root; child <= count; root = child, child = 2 * root) {
    lua_rawgeti(state, 1, child);
    if (child < count) {
      lua_rawgeti(state, 1, child + 1);
      if (before(state, -2, -1)) {
        lua_remove(state, -2);
        ++child;
      } else {
        lua_pop(state, 1);
      }
    }
    lua_rawgeti(state, 1, root);
    if (!before(state, -1, -2)) {
      lua_pop(state, 2);
      return;
    }
    lua_rawseti(state, 1, child);
    lua_rawseti(state, 1, root);
  }
}

int sort(lua_State* state) {
  luaL_checktype(state, 1, LUA_TTABLE);
  if (!lua_isnoneornil(state, 2)) luaL_checktype(state, 2, LUA_TFUNCTION);
  lua_settop(state, 2);
  luaL_checkstack(state, 16, "too deep");
  const int count = static_cast<int>(lua_rawlen(state, 1));
  for (int root = count / 2; root >= 1; --root) sift_down(state, root, count);
  for (int last = count; last > 1; --last) {
    lua_rawgeti(state, 1, 1);
    lua_rawgeti(state, 1, last);
    lua_rawseti(state, 1, 1);
    lua_rawseti(state, 1, last);
    sift_down(state, 1, last - 1);
  }
  return 0;
}

void open_library(lua_State* state, const char* name, lua_CFunction open) {
  luaL_requiref(state, name, open, 1);
  lua_pop(state, 1);
}

void set_in(lua_State* state, const char* library, const char* name, lua_CFunction function) {
  lua_getglobal(state, library);
  lua_pushcfunction(state, function);
  lua_setfield(state, -2, name);
  lua_pop(state, 1);
}

}  // namespace

void open_libraries(lua_State* state) {
  open_library(state, "_G", luaopen_base);
  open_library(state, "string", luaopen_string);
  open_library(state, "table", luaopen_table);
  open_library(state, "math", luaopen_math);
  for (const auto& [library, name] : kClosed) {
    lua_getglobal(state, library);
    lua_pushnil(state);
    lua_setfield(state, -2, name);
    lua_pop(state, 1);
  }
  lua_getglobal(state, "string");
  open_patterns(state, lua_gettop(state));
  lua_pop(state, 1);
  open_time(state);
  set_in(state, "table", "sort", sort);
  set_in(state, "_G", "print", print_nothing);
  set_in(state, "_G", "require", require_open);
  set_in(state, "_G", "xpcall", call_with_handler);
  lua_getglobal(state, "setmetatable");
  lua_pushcclosure(state, set_metatable, 1);
  lua_setglobal(state, "setmetatable");
  // Of 5.1, in places that 5.2 has left.
  set_in(state, "table", "getn", table_length);
  lua_getglobal(state, "table");
  lua_getfield(state, -1, "unpack");
  lua_setglobal(state, "unpack");
  lua_pop(state, 1);
  lua_pushliteral(state, "Lua 5.1");
  lua_setglobal(state, "_VERSION");
}

}  // namespace holdfast
