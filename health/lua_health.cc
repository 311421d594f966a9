#include "health/lua_health.h"

#include <strings.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "health/lua_library.h"
#include "health/lua_machine.h"

namespace holdfast {
namespace {

constexpr std::size_t kMessageBytesLimit = 4096;
constexpr int kDepthLimit = 100;  // of the object

// What the protected call below is told, by its one argument.
struct Call {
  const LuaRule* rule;
  const json::value* object;
};

void push_value(lua_State* state, const json::value& value, int depth);

void push_list(lua_State* state, const json::array& list, int depth) {
  lua_createtable(state, static_cast<int>(list.size()), 0);
  int count = 0;
  for (const json::value& item : list) {
    if (item.is_null()) continue;  // Lua's lists end at a hole
    push_value(state, item, depth);
    lua_rawseti(state, -2, ++count);
  }
}

void push_object(lua_State* state, const json::object& object, int depth) {
  lua_createtable(state, 0, static_cast<int>(object.size()));
  for (const auto& member : object) {
    if (member.value().is_null()) continue;
    lua_pushlstring(state, member.key().data(), member.key().size());
    push_value(state, member.value(), depth);
    lua_rawset(state, -3);
  }
}

void push_value(lua_State* state, const json::value& value, int depth) {
  if (depth > kDepthLimit) luaL_error(state, "the object has more than %d levels", kDepthLimit);
  luaL_checkstack(state, 4, "the object has too many levels");
  switch (value.kind()) {
    case json::kind::object:
      return push_object(state, value.get_object(), depth + 1);
    case json::kind::array:
      return push_list(state, value.get_array(), depth + 1);
    case json::kind::null:
      return lua_pushnil(state);
    case json::kind::bool_:
      return lua_pushboolean(state, value.get_bool() ? 1 : 0);
    case json::kind::int64:
      return lua_pushnumber(state, static_cast<lua_Number>(value.get_int64()));
    case json::kind::uint64:
      return lua_pushnumber(state, static_cast<lua_Number>(value.get_uint64()));
    case json::kind::double_:
      return lua_pushnumber(state, value.get_double());
    case json::kind::string:
      lua_pushlstring(state, value.get_string().data(), value.get_string().size());
      return;
  }
}

// Pushes the text under that name, upper and lower case alike where the exact name is not there (Argo CD reads the
// table as Go reads JSON); nil where it is not there at all.
void push_field(lua_State* state, int table, const char* name) {
  lua_pushstring(state, name);
  lua_rawget(state, table);
  if (lua_isnil(state, -1)) {
    lua_pushnil(state);
    while (lua_next(state, table) != 0) {
      if (lua_type(state, -2) == LUA_TSTRING && ::strcasecmp(lua_tostring(state, -2), name) == 0) {
        lua_replace(state, -3);
        lua_pop(state, 1);
        break;
      }
      lua_pop(state, 1);
    }
  }
  if (lua_type(state, -1) != LUA_TSTRING && !lua_isnil(state, -1))
    luaL_error(state, "returned a table whose %s is a %s, not a string", name, luaL_typename(state, -1));
}

// Is it a list or nothing at all?
bool has_no_fields(lua_State* state, int table) {
  if (lua_rawlen(state, table) != 0) return true;
  lua_pushnil(state);
  if (lua_next(state, table) == 0) return true;
  lua_pop(state, 2);
  return false;
}

// In protected mode: everything that may raise an error, the making of the object too. Leaves status and message, each
// a string or nil, and whether the script has an opinion.
int judge(lua_State* state) {
  const auto& call = *static_cast<const Call*>(lua_touserdata(state, 1));
  lua_settop(state, 0);
  open_libraries(state);
  push_value(state, *call.object, 0);
  lua_setglobal(state, "obj");
  lua_createtable(state, 0, 0);
  lua_setglobal(state, "actionParams");  // of Argo CD's actions; empty for health
  lua_pushfstring(state, "=%s", call.rule->name.c_str());
  const std::string& script = call.rule->script;
  // "t": text alone. Bytecode can be forged.
  if (luaL_loadbufferx(state, script.data(), script.size(), lua_tostring(state, -1), "t") != LUA_OK)
    return lua_error(state);
  lua_replace(state, 1);
  lua_settop(state, 1);
  lua_call(state, 0, LUA_MULTRET);
  const int result = lua_gettop(state);  // the last of several
  const bool opinion =
      result > 0 && !lua_isnil(state, result) && !(lua_istable(state, result) && has_no_fields(state, result));
  if (opinion && !lua_istable(state, result))
    return luaL_error(state, "returned a %s, not a table with status and message", luaL_typename(state, result));
  luaL_checkstack(state, 8, "too many results");
  lua_pushboolean(state, opinion ? 1 : 0);
  if (!opinion) {
    lua_pushnil(state);
    lua_pushnil(state);
    return 3;
  }
  push_field(state, result, "status");
  push_field(state, result, "message");
  return 3;
}

// How many bytes of the front are one character of UTF-8; 0 where they are not.
std::size_t character_length(std::string_view text) {
  const auto at = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0U) != 0x80) return 0;
  }
  const bool overlong = (first == 0xE0 && at(1) < 0xA0) || (first == 0xF0 && at(1) < 0x90);
  const bool surrogate = first == 0xED && at(1) > 0x9F;
  return overlong || surrogate || (first == 0xF4 && at(1) > 0x8F) ? 0 : length;
}

// Scripts cut texts by bytes; what is no character any more becomes the sign for that.
std::string shown(std::string_view text) {
  std::string valid;
  while (!text.empty() && valid.size() < kMessageBytesLimit - 3) {
    const std::size_t length = character_length(text);
    valid += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return valid;
}

std::string text_at(lua_State* state, int index) {
  if (lua_type(state, index) != LUA_TSTRING) return {};
  std::size_t length = 0;
  const char* text = lua_tolstring(state, index, &length);
  return shown({text, length});
}

std::optional<HealthStatus> status_named(std::string_view name) {
  for (const HealthStatus status : {HealthStatus::Healthy, HealthStatus::Suspended, HealthStatus::Progressing,
                                    HealthStatus::Missing, HealthStatus::Degraded, HealthStatus::Unknown}) {
    if (name == to_string(status)) return status;
  }
  return std::nullopt;
}

std::unexpected<Error> failure(lua_State* state, const LuaBudget& budget, const LuaRule& rule, int outcome) {
  if (budget.was_out_of_time()) return fail(ErrorKind::Timeout, "the health script takes too long", rule.name);
  if (outcome == LUA_ERRMEM) return fail(ErrorKind::TooLarge, "the health script takes too much memory", rule.name);
  std::string message = text_at(state, -1);
  if (message.starts_with(rule.name + ":")) message.erase(0, rule.name.size() + 1);
  return fail(ErrorKind::Invalid, message.empty() ? "the health script failed without a message" : message, rule.name);
}

}  // namespace

Result<LuaVerdict> run_health_script(const LuaRule& rule, const json::value& object, WallTime now,
                                     const LuaLimits& limits) {
  LuaBudget budget(limits.time, limits.memory_bytes, now);
  const LuaState state = make_lua_state(budget);
  if (!state) return fail(ErrorKind::TooLarge, "no memory for an interpreter", rule.name);
  Call call{&rule, &object};
  // Neither of the two pushes allocates, so neither can fail outside of the protected call.
  lua_pushcfunction(state.get(), judge);
  lua_pushlightuserdata(state.get(), &call);
  const int outcome = lua_pcall(state.get(), 1, 3, 0);
  if (outcome != LUA_OK) return failure(state.get(), budget, rule, outcome);
  if (lua_toboolean(state.get(), -3) == 0) return LuaVerdict{};
  const std::string name = text_at(state.get(), -2);
  if (const auto status = status_named(name)) return LuaVerdict{*status, text_at(state.get(), -1)};
  return LuaVerdict{HealthStatus::Unknown,
                    "the health script returned the status \"" + name + "\", which is none of Argo CD's"};
}

}  // namespace holdfast
