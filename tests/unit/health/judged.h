// Objects for health tests, from short texts.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "health/health.h"

namespace holdfast {

// 2026-01-01T00:01:00Z.
inline WallTime test_now() { return std::chrono::sys_days(std::chrono::year(2026) / 1 / 1) + std::chrono::minutes(1); }

inline json::value json_of(const std::string& text) {
  Result<json::value> value = parse_json(text);
  if (!value) {
    ADD_FAILURE() << value.error().message << ": " << text;
    return json::object{};
  }
  return *std::move(value);
}

// `type` is "apps/v1 Deployment"; `rest` are further members, such as R"("status": {"phase": "Bound"})".
inline json::value object_of(const std::string& type, const std::string& rest) {
  const std::size_t space = type.find(' ');
  std::string text = R"({"apiVersion": ")" + type.substr(0, space) + R"(", "kind": ")" + type.substr(space + 1) + "\"";
  if (rest.find("\"metadata\"") == std::string::npos) text += R"(, "metadata": {"name": "it"})";
  return json_of(text + (rest.empty() ? "" : ", ") + rest + "}");
}

struct HealthCase {
  const char* name;
  const char* type;
  const char* rest;
  const char* expected;
};

}  // namespace holdfast
