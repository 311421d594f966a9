// What a health script finds in its interpreter (lua_health.h has the list). Internal to health/.
#pragma once

#include <lua.hpp>

namespace holdfast {

// May raise an error of Lua's: to be called in protected mode.
void open_libraries(lua_State* state);
// Ours in place of the library's find, match, gmatch, gsub and rep, which cannot be interrupted.
void open_patterns(lua_State* state, int string_table);
// time and date, which tell the time of the LuaBudget.
void open_time(lua_State* state);

}  // namespace holdfast
