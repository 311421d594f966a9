// `holdfast health`: how the objects of a file fare, without a cluster, as a JSON list in their order.
#include <chrono>
#include <cstdio>
#include <optional>

#include "app/commands.h"
#include "app/input_file.h"
#include "app/object_documents.h"
#include "health/health.h"
#include "health/lua_rules.h"
#include "holdfast/model/object_key.h"

namespace holdfast {
namespace {

constexpr int kTrouble = 2;

json::object judged(const json::value& object, const HealthQuestion& question) {
  const GroupVersionKind gvk = make_gvk(string_at(object, {"apiVersion"}), string_at(object, {"kind"}));
  const ObjectKey key{gvk.group, gvk.kind, std::string(string_at(object, {"metadata", "namespace"})),
                      std::string(string_at(object, {"metadata", "name"}))};
  const Health health = judge_health(object, question);
  return {{"object", to_string(key)},
          {"status", to_string(health.status)},
          {"kstatus", to_string(health.kstatus)},
          {"message", health.message}};
}

Result<void> print_health(const HealthOptions& options) {
  HealthQuestion question;
  question.now = std::chrono::system_clock::now();
  std::optional<LuaRules> rules;
  if (!options.lua_rules.empty()) {
    Result<LuaRules> read = LuaRules::read(options.lua_rules);
    if (!read) return std::unexpected(read.error());
    question.rules = &rules.emplace(*std::move(read));
  }
  const Result<std::string> text = read_input(options.file);
  if (!text) return std::unexpected(text.error());
  const Result<std::vector<json::value>> objects = read_objects(*text, input_name(options.file));
  if (!objects) return std::unexpected(objects.error());
  const char* separator = "[\n  ";
  for (const json::value& object : *objects) {
    std::printf("%s%s", separator, to_json(judged(object, question)).c_str());
    separator = ",\n  ";
  }
  std::puts(objects->empty() ? "[]" : "\n]");
  if (std::fflush(stdout) != 0) return fail(ErrorKind::Internal, "the result cannot be written");
  return {};
}

}  // namespace

int health_command(const HealthOptions& options) {
  const Result<void> printed = print_health(options);
  if (printed) return 0;
  std::fprintf(stderr, "holdfast: %s\n", describe(printed.error()).c_str());
  return kTrouble;
}

}  // namespace holdfast
