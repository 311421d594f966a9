// os.time and os.date, in UTC.
#include <array>
#include <chrono>
#include <cmath>
#include <cstring>
#include <ctime>

#include "health/lua_library.h"
#include "health/lua_machine.h"

namespace holdfast {
namespace {

namespace chrono = std::chrono;

// The seconds that fit the years that have four digits.
constexpr lua_Number kEarliest = -62'167'219'200.0, kLatest = 253'402'300'799.0;

int field(lua_State* state, const char* name, int otherwise) {
  constexpr lua_Number kBound = 1e9;
  lua_getfield(state, 1, name);
  int known = 0;
  const lua_Number value = lua_tonumberx(state, -1, &known);
  lua_pop(state, 1);
  if (known == 0) {
    if (otherwise < 0) luaL_error(state, "field '%s' missing in date table", name);
    return otherwise;
  }
  if (!(value >= -kBound && value <= kBound)) luaL_error(state, "field '%s' is out of bounds", name);
  return static_cast<int>(value);
}

// Months, days and all that is smaller may overflow: the 32nd of a month is in the next one.
int os_time(lua_State* state) {
  if (lua_isnoneornil(state, 1)) {
    const auto now = chrono::floor<chrono::seconds>(lua_budget(state).now());
    lua_pushnumber(state, static_cast<lua_Number>(now.time_since_epoch().count()));
    return 1;
  }
  luaL_checktype(state, 1, LUA_TTABLE);
  const int seconds = field(state, "sec", 0), minutes = field(state, "min", 0), hours = field(state, "hour", 12);
  const int day = field(state, "day", -1), month = field(state, "month", -1) - 1, year = field(state, "year", -1);
  const int months_over = month % 12 < 0 ? month % 12 + 12 : month % 12;
  const int years = year + (month - months_over) / 12;
  if (years < 0 || years > 9999) return luaL_error(state, "the year is out of bounds");
  const chrono::year_month_day first{chrono::year(years), chrono::month(static_cast<unsigned>(months_over) + 1),
                                     chrono::day(1)};
  const chrono::sys_seconds time = chrono::sys_days(first) + chrono::days(day - 1LL) + chrono::hours(hours) +
                                   chrono::minutes(minutes) + chrono::seconds(seconds);
  lua_pushnumber(state, static_cast<lua_Number>(time.time_since_epoch().count()));
  return 1;
}

void push_parts(lua_State* state, const std::tm& time) {
  struct Part {
    const char* name;
    int value;
  };
  const std::array<Part, 8> parts{{{"year", time.tm_year + 1900},
                                   {"month", time.tm_mon + 1},
                                   {"day", time.tm_mday},
                                   {"hour", time.tm_hour},
                                   {"min", time.tm_min},
                                   {"sec", time.tm_sec},
                                   {"wday", time.tm_wday + 1},
                                   {"yday", time.tm_yday + 1}}};
  lua_createtable(state, 0, 9);
  for (const Part& part : parts) {
    lua_pushinteger(state, part.value);
    lua_setfield(state, -2, part.name);
  }
  lua_pushboolean(state, 0);
  lua_setfield(state, -2, "isdst");
}

void push_formatted(lua_State* state, const std::tm& time, const char* format) {
  luaL_Buffer buffer;
  luaL_buffinit(state, &buffer);
  for (; *format != '\0'; ++format) {
    // Only plain letters: a width between the two would make megabytes of it.
    if (*format != '%' || format[1] == '\0' || std::strchr("aAbBcdDeFHIjmMnpRStTuwxXyYzZ%", format[1]) == nullptr) {
      luaL_addchar(&buffer, *format);
      continue;
    }
    const char conversion[] = {'%', *++format, '\0'};
    std::array<char, 64> text{};
    luaL_addlstring(&buffer, text.data(), std::strftime(text.data(), text.size(), conversion, &time));
  }
  luaL_pushresult(&buffer);
}

int os_date(lua_State* state) {
  const char* format = luaL_optstring(state, 1, "%c");
  const auto now = chrono::floor<chrono::seconds>(lua_budget(state).now()).time_since_epoch().count();
  const lua_Number seconds = std::floor(luaL_optnumber(state, 2, static_cast<lua_Number>(now)));
  if (!(seconds >= kEarliest && seconds <= kLatest)) return luaL_error(state, "the time is out of bounds");
  const auto when = static_cast<std::time_t>(seconds);
  std::tm time{};
  if (::gmtime_r(&when, &time) == nullptr) return luaL_error(state, "the time is out of bounds");
  if (*format == '!') ++format;
  if (std::strncmp(format, "*t", 2) == 0)
    push_parts(state, time);
  else
    push_formatted(state, time, format);
  return 1;
}

}  // namespace

void open_time(lua_State* state) {
  static constexpr luaL_Reg kFunctions[] = {{"time", os_time}, {"date", os_date}, {nullptr, nullptr}};
  lua_createtable(state, 0, 2);
  luaL_setfuncs(state, kFunctions, 0);
  lua_setglobal(state, "os");
}

}  // namespace holdfast
