// string.find, match, gmatch, gsub and rep, over LuaPattern.
#include <algorithm>
#include <cctype>
#include <cstring>
#include <new>
#include <string_view>

#include "health/lua_library.h"
#include "health/lua_machine.h"
#include "health/lua_pattern.h"

namespace holdfast {
namespace {

std::string_view text_argument(lua_State* state, int index) {
  std::size_t length = 0;
  const char* text = luaL_checklstring(state, index, &length);
  return {text, length};
}

bool out_of_time(void* budget) { return static_cast<LuaBudget*>(budget)->out_of_time(); }

// In memory of the interpreter's, at the top of the stack: too large for a stack on which gsub may call gsub.
const LuaPattern& push_pattern(lua_State* state, std::string_view text) {
  auto* const pattern = new (lua_newuserdata(state, sizeof(LuaPattern))) LuaPattern;
  if (const char* problem = pattern->compile(text)) luaL_error(state, "%s", problem);
  return *pattern;
}

LuaMatch make_match(lua_State* state, const LuaPattern& pattern, std::string_view subject) {
  return {pattern, subject, out_of_time, &lua_budget(state)};
}

const char* match_at(lua_State* state, LuaMatch& match, const char* from) {
  const char* const end = match.at(from);
  if (match.gave_up()) raise_out_of_time(state);
  return end;
}

void push_capture(lua_State* state, const LuaMatch& match, std::size_t index) {
  const LuaCapture& capture = match.capture(index);
  if (capture.position)
    lua_pushinteger(state, capture.begin - match.begin() + 1);
  else
    lua_pushlstring(state, capture.begin, static_cast<std::size_t>(capture.end - capture.begin));
}

// The whole match stands for a capture where the pattern has none.
int push_captures(lua_State* state, const LuaPattern& pattern, const LuaMatch& match, const char* from,
                  const char* end) {
  const int count = static_cast<int>(pattern.captures());
  luaL_checkstack(state, count + 1, "too many captures");
  if (count == 0) {
    lua_pushlstring(state, from, static_cast<std::size_t>(end - from));
    return 1;
  }
  for (int index = 0; index < count; ++index) push_capture(state, match, static_cast<std::size_t>(index));
  return count;
}

// Where to begin: from the end where negative, as everywhere in Lua.
std::size_t start_argument(lua_State* state, int index, std::size_t length) {
  const lua_Integer start = luaL_optinteger(state, index, 1);
  const auto size = static_cast<lua_Integer>(length);
  if (start > 0) return static_cast<std::size_t>(start - 1);
  if (start == 0 || -start > size) return 0;
  return static_cast<std::size_t>(size + start);
}

int push_found(lua_State* state, std::string_view subject, const char* from, std::size_t length) {
  const lua_Integer start = from - subject.data();
  lua_pushinteger(state, start + 1);
  lua_pushinteger(state, start + static_cast<lua_Integer>(length));
  return 2;
}

int find_plain(lua_State* state, std::string_view subject, std::string_view wanted, std::size_t start) {
  const char* const from = subject.data() + start;
  // memmem takes linear time whatever the texts are; string_view::find does not.
  const void* found = wanted.empty() ? from : ::memmem(from, subject.size() - start, wanted.data(), wanted.size());
  if (found != nullptr) return push_found(state, subject, static_cast<const char*>(found), wanted.size());
  lua_pushnil(state);
  return 1;
}

int find_or_match(lua_State* state, bool find) {
  const std::string_view subject = text_argument(state, 1);
  std::string_view text = text_argument(state, 2);
  const std::size_t start = start_argument(state, 3, subject.size());
  if (start > subject.size()) {
    lua_pushnil(state);
    return 1;
  }
  const bool plain = lua_toboolean(state, 4) != 0 || text.find_first_of("^$*+?.([%-") == std::string_view::npos;
  if (find && plain) return find_plain(state, subject, text, start);
  const bool anchored = text.starts_with('^');
  if (anchored) text.remove_prefix(1);
  const LuaPattern& pattern = push_pattern(state, text);
  LuaMatch match = make_match(state, pattern, subject);
  for (const char* from = subject.data() + start; from <= match.end(); ++from) {
    if (const char* end = match_at(state, match, from)) {
      if (!find) return push_captures(state, pattern, match, from, end);
      const int found = push_found(state, subject, from, static_cast<std::size_t>(end - from));
      return found + (pattern.captures() == 0 ? 0 : push_captures(state, pattern, match, from, end));
    }
    if (anchored) break;
  }
  lua_pushnil(state);
  return 1;
}

int string_find(lua_State* state) { return find_or_match(state, true); }
int string_match(lua_State* state) { return find_or_match(state, false); }

// Upvalues: the subject, the pattern, where to go on.
int next_match(lua_State* state) {
  std::size_t length = 0;
  const char* const text = lua_tolstring(state, lua_upvalueindex(1), &length);
  const auto& pattern = *static_cast<const LuaPattern*>(lua_touserdata(state, lua_upvalueindex(2)));
  LuaMatch match = make_match(state, pattern, {text, length});
  for (const char* from = text + lua_tointeger(state, lua_upvalueindex(3)); from <= match.end(); ++from) {
    const char* const end = match_at(state, match, from);
    if (end == nullptr) continue;
    lua_pushinteger(state, end - text + (end == from ? 1 : 0));
    lua_replace(state, lua_upvalueindex(3));
    return push_captures(state, pattern, match, from, end);
  }
  return 0;
}

int string_gmatch(lua_State* state) {
  text_argument(state, 1);
  const std::string_view text = text_argument(state, 2);
  lua_settop(state, 2);
  // It would end the loop at once, so it anchors nothing here and is a letter like others.
  if (text.starts_with('^')) {
    lua_pushliteral(state, "%");
    lua_insert(state, 2);
    lua_concat(state, 2);
  }
  push_pattern(state, text_argument(state, 2));
  lua_remove(state, 2);
  lua_pushinteger(state, 0);
  lua_pushcclosure(state, next_match, 3);
  return 1;
}

// "%1" and its like in a replacement; "%0" is the whole match.
void add_template(lua_State* state, luaL_Buffer& buffer, const LuaPattern& pattern, const LuaMatch& match,
                  const char* from, const char* end) {
  std::size_t length = 0;
  const char* const text = lua_tolstring(state, 3, &length);
  for (std::size_t at = 0; at < length; ++at) {
    if (text[at] != '%' || at + 1 == length) {
      luaL_addchar(&buffer, text[at]);
      continue;
    }
    const char escaped = text[++at];
    if (std::isdigit(static_cast<unsigned char>(escaped)) == 0) {
      luaL_addchar(&buffer, escaped);
      continue;
    }
    const auto number = static_cast<std::size_t>(escaped - '0');
    if (number == 0 || (number == 1 && pattern.captures() == 0)) {
      luaL_addlstring(&buffer, from, static_cast<std::size_t>(end - from));
    } else {
      if (number > pattern.captures()) luaL_error(state, "invalid capture index");
      push_capture(state, match, number - 1);
      luaL_addvalue(&buffer);
    }
  }
}

void add_replacement(lua_State* state, luaL_Buffer& buffer, const LuaPattern& pattern, const LuaMatch& match,
                     const char* from, const char* end) {
  const int type = lua_type(state, 3);
  if (type == LUA_TFUNCTION) {
    lua_pushvalue(state, 3);
    lua_call(state, push_captures(state, pattern, match, from, end), 1);
  } else if (type == LUA_TTABLE) {
    const int count = push_captures(state, pattern, match, from, end);
    lua_pop(state, count - 1);  // the first is the key
    lua_gettable(state, 3);
  } else {
    return add_template(state, buffer, pattern, match, from, end);
  }
  if (lua_toboolean(state, -1) == 0) {
    lua_pop(state, 1);
    luaL_addlstring(&buffer, from, static_cast<std::size_t>(end - from));
  } else if (lua_isstring(state, -1) != 0) {
    luaL_addvalue(&buffer);
  } else {
    luaL_error(state, "invalid replacement value (a %s)", luaL_typename(state, -1));
  }
}

int string_gsub(lua_State* state) {
  const std::string_view subject = text_argument(state, 1);
  std::string_view text = text_argument(state, 2);
  const int type = lua_type(state, 3);
  luaL_argcheck(state, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TTABLE || type == LUA_TFUNCTION, 3,
                "string, function or table expected");
  const lua_Integer limit = luaL_optinteger(state, 4, static_cast<lua_Integer>(subject.size()) + 1);
  const bool anchored = text.starts_with('^');
  if (anchored) text.remove_prefix(1);
  lua_settop(state, 3);
  const LuaPattern& pattern = push_pattern(state, text);
  LuaMatch match = make_match(state, pattern, subject);
  luaL_Buffer buffer;
  luaL_buffinit(state, &buffer);
  const char* from = subject.data();
  lua_Integer count = 0;
  while (count < limit) {
    const char* const end = match_at(state, match, from);
    if (end != nullptr) {
      ++count;
      add_replacement(state, buffer, pattern, match, from, end);
    }
    if (end != nullptr && end > from)
      from = end;
    else if (from < match.end())
      luaL_addchar(&buffer, *from++);
    else
      break;
    if (anchored) break;
  }
  luaL_addlstring(&buffer, from, static_cast<std::size_t>(match.end() - from));
  luaL_pushresult(&buffer);
  lua_pushinteger(state, count);
  return 2;
}

// The library's counts to n even where there is nothing to repeat.
int string_rep(lua_State* state) {
  const std::string_view text = text_argument(state, 1);
  const lua_Integer count = luaL_checkinteger(state, 2);
  luaL_Buffer buffer;
  if (text.empty() || count <= 0) {
    lua_pushliteral(state, "");
    return 1;
  }
  if (text.size() > SIZE_MAX / 2 / static_cast<std::size_t>(count))
    return luaL_error(state, "resulting string too large");
  const std::size_t size = text.size() * static_cast<std::size_t>(count);
  char* const into = luaL_buffinitsize(state, &buffer, size);
  std::memcpy(into, text.data(), text.size());
  for (std::size_t done = text.size(); done < size; done += std::min(done, size - done))
    std::memcpy(into + done, into, std::min(done, size - done));
  luaL_pushresultsize(&buffer, size);
  return 1;
}

}  // namespace

void open_patterns(lua_State* state, int string_table) {
  static constexpr luaL_Reg kFunctions[] = {{"find", string_find}, {"match", string_match}, {"gmatch", string_gmatch},
                                            {"gsub", string_gsub}, {"rep", string_rep},     {nullptr, nullptr}};
  lua_pushvalue(state, string_table);
  luaL_setfuncs(state, kFunctions, 0);
  lua_pop(state, 1);
}

}  // namespace holdfast
