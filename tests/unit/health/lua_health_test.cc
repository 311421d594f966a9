// Scripts in Argo CD's dialect: what they may do, and that none of them can do harm.
#include "health/lua_health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/health/judged.h"

namespace holdfast {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

Result<LuaVerdict> run(const std::string& script, const std::string& object = "{}", LuaLimits limits = {}) {
  return run_health_script({"example.org/Boat/health.lua", script}, json_of(object), test_now(), limits);
}

// What an expression is, as text.
std::string value_of(const std::string& expression, const std::string& object = "{}") {
  const Result<LuaVerdict> verdict =
      run("local function show(...) local all = {} for i = 1, select('#', ...) do all[i] = tostring((select(i, ...))) "
          "end return table.concat(all, ' ') end return {status='Healthy', message=show(" +
              expression + ")}",
          object);
  return verdict ? verdict->message : describe(verdict.error());
}

Error error_of(const std::string& script, LuaLimits limits = {}) {
  const Result<LuaVerdict> verdict = run(script, "{}", limits);
  if (verdict) ADD_FAILURE() << script << " ended with " << to_string(verdict->status) << " " << verdict->message;
  return verdict ? Error{} : verdict.error();
}

constexpr LuaLimits kShort{.time = std::chrono::milliseconds(50)};

// A rule as people write them: conditions in a loop, a continue by goto, a table built from strings.
constexpr const char* kBoatRule = R"lua(
local hs = {}
if obj.metadata.generation ~= obj.status.observedGeneration then
  hs.status = "Progressing"
  hs.message = "Waiting for the captain"
  return hs
end
local leaks = {}
for i, condition in ipairs(obj.status.conditions or {}) do
  if condition.status ~= "True" then goto continue end
  if condition.type:find("^Leak") then
    table.insert(leaks, string.format("%s (%d)", condition.type:gsub("Leak", ""), i))
  end
  ::continue::
end
if table.getn(leaks) > 0 then
  hs.status = "Degraded"
  hs.message = table.concat(leaks, ", ")
  return hs
end
hs.status = "Healthy"
return hs
)lua";

TEST(LuaHealth, a_script_in_the_dialect_of_argo_cd_runs_unchanged) {
  const auto waiting = run(kBoatRule, R"({"metadata": {"generation": 2}, "status": {"observedGeneration": 1}})");
  ASSERT_TRUE(waiting) << describe(waiting.error());
  EXPECT_EQ(waiting->status, HealthStatus::Progressing);
  EXPECT_EQ(waiting->message, "Waiting for the captain");
  const auto leaking = run(kBoatRule, R"({"metadata": {"generation": 2}, "status": {"observedGeneration": 2,
      "conditions": [{"type": "LeakBow", "status": "True"}, {"type": "LeakStern", "status": "False"}]}})");
  ASSERT_TRUE(leaking) << describe(leaking.error());
  EXPECT_EQ(leaking->status, HealthStatus::Degraded);
  EXPECT_EQ(leaking->message, "Bow (1)");
  const auto fine = run(kBoatRule, R"({"metadata": {"generation": 2}, "status": {"observedGeneration": 2}})");
  ASSERT_TRUE(fine) << describe(fine.error());
  EXPECT_EQ(fine->status, HealthStatus::Healthy);
}

TEST(LuaHealth, the_object_is_there_as_it_is) {
  const std::string object = R"({"text": "Ahoy", "whole": 3, "half": 0.5, "big": 1700000000000, "yes": true,
      "none": null, "list": ["a", null, "b"], "map": {"inner": {"x": 1}}, "empty": {}})";
  EXPECT_EQ(value_of("obj.text, obj.whole, obj.half, obj.big, obj.yes", object), "Ahoy 3 0.5 1700000000000 true");
  EXPECT_EQ(value_of("obj.none, #obj.list, obj.list[2], obj.map.inner.x, next(obj.empty)", object), "nil 2 b 1 nil");
}

TEST(LuaHealth, all_six_statuses_and_no_other) {
  for (const HealthStatus status : {HealthStatus::Healthy, HealthStatus::Suspended, HealthStatus::Progressing,
                                    HealthStatus::Missing, HealthStatus::Degraded, HealthStatus::Unknown}) {
    const auto verdict = run("return {status='" + std::string(to_string(status)) + "'}");
    ASSERT_TRUE(verdict);
    EXPECT_EQ(verdict->status, status);
    EXPECT_EQ(verdict->message, "");
  }
  const auto other = run("return {status='Seaworthy', message='x'}");
  ASSERT_TRUE(other);
  EXPECT_EQ(other->status, HealthStatus::Unknown);
  EXPECT_THAT(other->message, HasSubstr("Seaworthy"));
  EXPECT_EQ(run("return {message='x'}")->status, HealthStatus::Unknown);
  EXPECT_EQ(run("return {Status='Degraded'}")->status, HealthStatus::Degraded);
}

TEST(LuaHealth, a_script_without_an_opinion_is_neutral) {
  for (const char* script : {"", "return nil", "return {}", "return {'a', 'b'}", "local x = 1"}) {
    const auto verdict = run(script);
    ASSERT_TRUE(verdict) << script;
    EXPECT_EQ(*verdict->message.c_str(), '\0') << script;
    EXPECT_EQ(verdict->status, HealthStatus::Healthy) << script;
  }
}

TEST(LuaHealth, what_is_not_a_verdict_is_an_error_with_the_script_and_the_line) {
  EXPECT_THAT(error_of("return 'Healthy'").message, HasSubstr("returned a string"));
  EXPECT_THAT(error_of("return true").message, HasSubstr("returned a boolean"));
  EXPECT_THAT(error_of("return {status=1}").message, HasSubstr("whose status is a number"));
  EXPECT_THAT(error_of("return {status='Healthy', message={}}").message, HasSubstr("whose message is a table"));
  const Error nil = error_of("local hs = {}\nhs.x = obj.status.phase\nreturn hs");
  EXPECT_EQ(nil.kind, ErrorKind::Invalid);
  EXPECT_EQ(nil.where, "example.org/Boat/health.lua");
  EXPECT_THAT(nil.message, AllOf(StartsWith("2: "), HasSubstr("status")));
  EXPECT_THAT(error_of("if then").message, StartsWith("1: "));
  EXPECT_EQ(error_of("error('no wind', 0)").message, "no wind");
  EXPECT_EQ(error_of("error({})").message, "the health script failed without a message");
  EXPECT_EQ(error_of("error()").message, "the health script failed without a message");
}

TEST(LuaHealth, an_error_makes_an_object_unknown_and_leaves_kstatus_alone) {
  LuaRules rules;
  rules.add("example.org/Boat", "return obj.a.b");
  const Health health = judge_health(object_of("example.org/v1 Boat", ""), {test_now(), &rules});
  EXPECT_EQ(health.status, HealthStatus::Unknown);
  EXPECT_EQ(health.kstatus, Kstatus::Current);
  EXPECT_THAT(health.message, HasSubstr("example.org/Boat/health.lua: 1: "));
}

TEST(LuaHealth, a_custom_rule_goes_before_the_rule_of_the_kind_and_after_deletion) {
  LuaRules rules;
  rules.add("Pod", "return {status='Suspended', message='ours'}");
  const Health health = judge_health(object_of("v1 Pod", R"("status": {"phase": "Failed"})"), {test_now(), &rules});
  EXPECT_EQ(health.status, HealthStatus::Suspended);
  EXPECT_EQ(health.message, "ours");
  const json::value deleted = object_of("v1 Pod", R"("metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"})");
  EXPECT_EQ(judge_health(deleted, {test_now(), &rules}).status, HealthStatus::Progressing);
}

TEST(LuaHealth, messages_are_valid_text_of_bounded_length) {
  EXPECT_EQ(run("return {status='Healthy', message=string.sub('\\195\\164x', 2)}")->message, "\xEF\xBF\xBDx");
  EXPECT_EQ(run("return {status='Healthy', message='\\195\\164\\226\\130\\172\\240\\159\\154\\162'}")->message,
            "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x9A\xA2");
  EXPECT_EQ(run("return {status='Healthy', message='\\237\\160\\128'}")->message,
            "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_LE(run("return {status='Healthy', message=string.rep('x', 100000)}")->message.size(), 4096U);
}

// ---- the sandbox
// -------------------------------------------------------------------------------------------------------

TEST(LuaSandbox, what_reaches_outside_is_not_there) {
  EXPECT_EQ(value_of("io, debug, package, coroutine, load, loadstring, loadfile, dofile, module, newproxy"),
            "nil nil nil nil nil nil nil nil nil nil");
  EXPECT_EQ(value_of("os.execute, os.getenv, os.exit, os.remove, os.rename, os.tmpname, os.clock, os.setlocale"),
            "nil nil nil nil nil nil nil nil");
  EXPECT_EQ(value_of("string.dump, math.random, math.randomseed, collectgarbage"), "nil nil nil nil");
  EXPECT_THAT(error_of("return os.execute('true')").message, HasSubstr("execute"));
  EXPECT_THAT(error_of("require('io')").message, HasSubstr("'io' is not there"));
  EXPECT_EQ(value_of("require('os') == os, require('string') == string"), "true true");
}

TEST(LuaSandbox, bytecode_is_refused) { EXPECT_EQ(error_of("\x1bLuaQ").kind, ErrorKind::Invalid); }

TEST(LuaSandbox, an_endless_loop_ends) {
  for (const char* script :
       {"while true do end", "repeat until false", "::again:: goto again", "while true do pcall(error) end",
        "xpcall(function() while true do end end, function() while true do end end)",
        "while true do pcall(function() while true do end end) end",
        "local function forever() pcall(forever) return forever() end forever()",
        "xpcall(function() while true do end end, function() while true do end end) while true do end",
        "local x = setmetatable({}, {__index = function(t, k) return t[k .. 'x'] end}) while true do pcall(function() "
        "return x.a end) end",
        "local s = 'x' while true do s = s .. s if #s > 1000000 then s = 'x' end end",
        "local t = {} while true do t[#t % 1000 + 1] = {} end"}) {
    const Error error = error_of(script, kShort);
    EXPECT_EQ(error.kind, ErrorKind::Timeout) << script << ": " << error.message;
  }
}

TEST(LuaSandbox, a_call_that_the_interpreter_cannot_interrupt_ends) {
  const std::string many = "local s = string.rep('a', 200000) ";
  for (const char* script :
       {"s:find('a*a*a*a*b')", "s:match('(a-)(a-)(a-)(a-)b')", "for w in s:gmatch('a*a*a*b') do end",
        "s:gsub('a?a*a*a*b', '')", "s:find(string.rep('%b()', 20)) s:rep(50):gsub('.-.-.-b', '')",
        "string.rep('(', 200000):find('%b()')", "s:find('(a*)(a*)%1%2b')",
        "local t = {} for i = 1, 50 do t[i] = s .. s .. s end while true do table.sort(t) end",
        "local t = {} for i = 1, 50000 do t[i] = i end table.sort(t, function() while true do end end)"}) {
    const Error error = error_of(many + script, kShort);
    EXPECT_EQ(error.kind, ErrorKind::Timeout) << script << ": " << error.message;
  }
  EXPECT_EQ(value_of("#string.rep('', 2147483647), #string.rep('', 1e9)"), "0 0");
}

TEST(LuaSandbox, a_memory_bomb_is_refused) {
  const LuaLimits small{.memory_bytes = 4 * 1024 * 1024};
  for (const char* script : {"return string.rep('x', 1e9)", "local s = 'x' while true do s = s .. s end",
                             "local t = {} for i = 1, 1e9 do t[i] = i end", "local t = {} while true do t = {t} end",
                             "local t = {} for i = 1, 1e7 do t[i] = 'x' .. i end return table.concat(t)",
                             "return (string.rep('x', 1000000):gsub('.', 'yyyyyyyyyy'))",
                             "local t = {} for i = 1, 1e7 do t['k' .. i] = function() return i end end"}) {
    const Error error = error_of(script, small);
    EXPECT_EQ(error.kind, ErrorKind::TooLarge) << script << ": " << error.message;
  }
}

TEST(LuaSandbox, memory_that_nobody_holds_any_more_does_not_count) {
  const LuaLimits small{.memory_bytes = 4 * 1024 * 1024};
  const auto verdict =
      run("for i = 1, 50 do local s = string.rep('x', 1000000) .. i end return {status='Healthy', message='done'}",
          "{}", small);
  ASSERT_TRUE(verdict) << describe(verdict.error());
  EXPECT_EQ(verdict->message, "done");
}

TEST(LuaSandbox, an_interpreter_or_object_without_room_is_an_error) {
  EXPECT_EQ(run("return nil", "{}", {.memory_bytes = 100}).error().kind, ErrorKind::TooLarge);
  EXPECT_EQ(run("return nil", "{}", {.memory_bytes = 10'000}).error().kind, ErrorKind::TooLarge);
  const std::string large = "{\"text\": \"" + std::string(2'000'000, 'x') + "\"}";
  EXPECT_EQ(run("return nil", large, {.memory_bytes = 1'000'000}).error().kind, ErrorKind::TooLarge);
}

TEST(LuaSandbox, a_deep_recursion_is_an_error) {
  for (const std::string& script :
       {std::string("local function f(n) return 1 + f(n + 1) end return f(1)"),
        std::string("local function f() return pcall(f) end error(tostring(f()))"),
        std::string("local function f() return (string.gsub('x', 'x', f)) end return f()"),
        std::string("local t = {} table.sort({3, 2, 1}, function() local function g() return 1 + g() end return g() "
                    "end)"),
        std::string("return setmetatable({}, {__index = function(t) return t.x end}).x"),
        std::string("return tostring(setmetatable({}, {__tostring = function(t) return tostring(t) end}))"),
        "return " + std::string(100'000, '('), "return " + std::string(100'000, '{'),

        std::string("return string.rep('(', 100):find(string.rep('(', 100))"),
        std::string("return select(-1, unpack({}, 1, 1e8))")}) {
    const Error error = error_of(script);
    EXPECT_TRUE(error.kind == ErrorKind::Invalid || error.kind == ErrorKind::TooLarge)
        << script.substr(0, 60) << ": " << error.message;
  }
}

// It would run when the interpreter is closed, where no bound holds.
TEST(LuaSandbox, finalizers_are_refused) {
  EXPECT_THAT(error_of("setmetatable({}, {__gc = function() while true do end end})").message, HasSubstr("__gc"));
  EXPECT_THAT(error_of("setmetatable({}, {__gc = true})").message, HasSubstr("__gc"));
  EXPECT_TRUE(run("local m = {} local t = setmetatable({}, m) m.__gc = function() while true do end end return nil"));
  EXPECT_TRUE(
      run("local m = setmetatable({}, {__index = {__gc = function() while true do end end}}) "
          "setmetatable({}, m) return nil"));
  EXPECT_EQ(value_of("getmetatable(setmetatable({}, {__metatable = 'mine'})), pcall(setmetatable, setmetatable({}, "
                     "{__metatable = 1}), {})"),
            "mine false cannot change a protected metatable");
}

TEST(LuaSandbox, one_script_leaves_nothing_for_the_next) {
  EXPECT_TRUE(run("secret = obj string.find = nil getmetatable('').__index = nil return nil"));
  EXPECT_EQ(value_of("secret, ('x'):find('x')"), "nil 1 1");
}

// ---- the library
// ---------------------------------------------------------------------------------------------------------

TEST(LuaLibrary, find_and_match) {
  EXPECT_EQ(value_of("('Ahoy there'):find('the')"), "6 8");
  EXPECT_EQ(value_of("('a.b'):find('.', 1, true)"), "2 2");
  EXPECT_EQ(value_of("('a.b'):find('.', 2)"), "2 2");
  EXPECT_EQ(value_of("('abc'):find('b', -1)"), "nil");
  EXPECT_EQ(value_of("('abc'):find('', 4)"), "4 3");
  EXPECT_EQ(value_of("('abc'):find('', 5)"), "nil");
  EXPECT_EQ(value_of("('key = value'):match('^(%w+)%s*=%s*(%w+)$')"), "key value");
  EXPECT_EQ(value_of("('2026-01-02T03:04:05Z'):match('(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)Z')"), "2026 01 02 03 04 05");
  EXPECT_EQ(value_of("('abc'):find('b()')"), "2 2 3");
  EXPECT_EQ(value_of("('x[[y]]z'):match('%[(%b[])%]')"), "[y]");
  EXPECT_EQ(value_of("('THE (quick) fox'):find('%((%a+)%)')"), "5 11 quick");
  EXPECT_EQ(value_of("('\"it\\'s\"'):match('([\"\\'])(.-)%1')"), "\" it's");
  EXPECT_EQ(value_of("('THE quick'):match('%f[%a]%l+')"), "quick");
  EXPECT_EQ(value_of("('a]b'):match('[]]'), ('a-b'):match('[a-]+'), ('a^b'):match('[b^]+')"), "] a- ^b");
  EXPECT_EQ(value_of("('abc123'):match('[^%d]+'), ('abc123'):match('%D+'), ('f00'):match('^%x+$')"), "abc abc f00");
  EXPECT_EQ(value_of("('aaab'):match('a-b'), ('ab'):match('ax?b'), ('b'):match('a+')"), "aaab ab nil");
  EXPECT_EQ(value_of("string.find(12345, 34)"), "3 4");
}

TEST(LuaLibrary, gmatch_and_gsub) {
  const std::string join =
      "(function() local all = {} for a, b in ('k1=v1, k2=v2'):gmatch('(%w+)=(%w+)') do all[#all + 1] = a .. b end "
      "return table.concat(all, ';') end)()";
  EXPECT_EQ(value_of(join), "k1v1;k2v2");
  EXPECT_EQ(value_of("(function() local n = 0 for _ in ('abc'):gmatch('') do n = n + 1 end return n end)()"), "4");
  EXPECT_EQ(value_of("(function() local n = 0 for _ in ('^a^a'):gmatch('^a') do n = n + 1 end return n end)()"), "2");
  EXPECT_EQ(value_of("('hello world'):gsub('o', '0')"), "hell0 w0rld 2");
  EXPECT_EQ(value_of("('hello world'):gsub('o', '0', 1)"), "hell0 world 1");
  EXPECT_EQ(value_of("('hello world'):gsub('(%w+) (%w+)', '%2 %1 %0 %%')"), "world hello hello world % 1");
  EXPECT_EQ(value_of("('abc'):gsub('%w', '%0%0')"), "aabbcc 3");
  EXPECT_EQ(value_of("('abc'):gsub('%w', '%1')"), "abc 3");
  EXPECT_EQ(value_of("('abc'):gsub('', '-')"), "-a-b-c- 4");
  EXPECT_EQ(value_of("('abc abc'):gsub('^abc', 'x')"), "x abc 1");
  EXPECT_EQ(value_of("('$a $b'):gsub('%$(%w)', {a = 'x'})"), "x $b 2");
  EXPECT_EQ(value_of("('a1b2'):gsub('(%a)(%d)', function(a, d) if d == '1' then return d .. a end end)"), "1ab2 2");
  EXPECT_EQ(value_of("('a b'):gsub('()%w', function(at) return at end)"), "1 3 2");
}

TEST(LuaLibrary, patterns_that_are_none_say_so) {
  for (const auto& [pattern, problem] :
       std::vector<std::pair<std::string, std::string>>{{"[a", "missing ']'"},
                                                        {"%", "ends with '%'"},
                                                        {"(a", "unfinished capture"},
                                                        {"a)", "invalid pattern capture"},
                                                        {"%1", "invalid capture index"},
                                                        {"(%1)", "invalid capture index"},
                                                        {"%b(", "missing arguments"},
                                                        {"%fa", "missing ["},
                                                        {std::string(33, '(') + std::string(33, ')'), "captures"},
                                                        {std::string(40, '(') + std::string(40, ')'), "captures"}}) {
    EXPECT_THAT(error_of("return ('x'):match('" + pattern + "')").message, HasSubstr(problem)) << pattern;
  }
  EXPECT_THAT(error_of("return ('x'):match(string.rep('a', 200) .. '.')").message, HasSubstr("128 parts"));
  EXPECT_THAT(error_of("return ('x'):gsub('x', '%2')").message, HasSubstr("invalid capture index"));
  EXPECT_THAT(error_of("return ('x'):gsub('x', function() return {} end)").message, HasSubstr("a table"));
  EXPECT_THAT(error_of("return ('x'):gsub('x')").message, HasSubstr("expected"));
}

TEST(LuaLibrary, rep_and_tables) {
  EXPECT_EQ(value_of("('ab'):rep(3), ('ab'):rep(0), ('ab'):rep(-1)"), "ababab  ");
  EXPECT_EQ(value_of("unpack({1, 2, 3}, 2)"), "2 3");
  EXPECT_EQ(value_of("table.getn({1, 2}), _VERSION"), "2 Lua 5.1");
  const std::string sorted = "(function(t, less) table.sort(t, less) return table.concat(t, ' ') end)";
  EXPECT_EQ(value_of(sorted + "({3, 1, 2, 5, 4, 1})"), "1 1 2 3 4 5");
  EXPECT_EQ(value_of(sorted + "({'b', 'a', 'c'}, function(a, b) return a > b end)"), "c b a");
  EXPECT_EQ(value_of(sorted + "({})"), "");
  EXPECT_EQ(value_of(sorted + "({1})"), "1");
  EXPECT_EQ(value_of("(function() local t, ok = {}, true for i = 1, 1000 do t[i] = (i * 7919) % 1009 end table.sort(t) "
                     "for i = 2, 1000 do ok = ok and t[i - 1] <= t[i] end return ok, #t end)()"),
            "true 1000");
  EXPECT_THAT(error_of("table.sort({1, 'a'})").message, HasSubstr("compare"));
}

TEST(LuaLibrary, xpcall_hands_the_error_to_its_handler) {
  EXPECT_EQ(value_of("xpcall(function(a, b) return a, b end, print, 1, 2)"), "true 1 2");
  EXPECT_EQ(value_of("xpcall(function() error('no wind', 0) end, function(e) return e .. '!' end)"), "false no wind!");
  EXPECT_THAT(error_of("xpcall(error)").message, HasSubstr("value expected"));
}

TEST(LuaLibrary, time_is_that_of_the_question_in_utc) {
  EXPECT_EQ(value_of("os.time()"), "1767225660");
  EXPECT_EQ(value_of("os.time({year=2026, month=1, day=1, hour=0, min=1, sec=0})"), "1767225660");
  EXPECT_EQ(value_of("os.time({year='2026', month='01', day='01', hour='00', min='01'})"), "1767225660");
  EXPECT_EQ(value_of("os.time({year=2025, month=13, day=32})"), std::to_string(1767225600 + 31 * 86400 + 43200));
  EXPECT_EQ(value_of("os.date('!%Y-%m-%dT%H:%M:%SZ')"), "2026-01-01T00:01:00Z");
  EXPECT_EQ(value_of("os.date('%F %100000d%', 0)"), "1970-01-01 %100000d%");
  EXPECT_EQ(value_of("os.date('*t', 86400).day, os.date('!*t').year, os.date('*t').wday"), "2 2026 5");
  EXPECT_THAT(error_of("os.time({year=2026})").message, HasSubstr("missing"));
  EXPECT_THAT(error_of("os.time({year=1e300, month=1, day=1})").message, HasSubstr("out of bounds"));
  EXPECT_THAT(error_of("os.date('%c', 0/0)").message, HasSubstr("out of bounds"));
}

}  // namespace
}  // namespace holdfast
