// Runs one health script on one object. The dialect is that of Argo CD's scripts, Lua 5.1 with goto: the object is the
// global `obj`, and a table with `status` and, if it likes, `message` comes back. Nothing or an empty table comes back
// from a script that has no opinion: Healthy, as Argo CD's aggregate takes it.
//
// A script has the base library without what loads code, string, table, math without chance, and of os the functions
// time and date, in UTC, which tell `now`. It gets no file, process, network or environment, and is bounded in time and
// memory. Each call has an interpreter of its own, so that scripts know nothing of one another; any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "health/health.h"
#include "health/lua_rules.h"
#include "holdfast/base/result.h"

namespace holdfast {

struct LuaLimits {
  std::chrono::milliseconds time{1000};         // of the machine's clock, in a simulation too
  std::size_t memory_bytes = 64 * 1024 * 1024;  // with the object, which takes some ten times its JSON
};

struct LuaVerdict {
  HealthStatus status = HealthStatus::Healthy;  // Unknown where the script named none of the six
  std::string message;                          // valid UTF-8, at most 4096 bytes
};

// Timeout, TooLarge (memory), or Invalid: it does not compile, ended with an error, or returned something else. The
// error's `where` names the script.
Result<LuaVerdict> run_health_script(const LuaRule& rule, const json::value& object, WallTime now,
                                     const LuaLimits& limits);

}  // namespace holdfast
