// Structured log lines: one event name, then fields. Text for people, JSON for machines (RFC 3339 times in UTC).
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace holdfast {

class Secret;

enum class LogLevel { Debug, Info, Warning, Error };
enum class LogFormat { Text, Json };

// A name with a printable value. A Secret is no value: it does not compile.
struct LogField {
  std::string_view name;
  std::string value;
  bool quoted = true;   // in JSON: a string; otherwise a number as it stands
  bool in_text = true;  // false: for machines alone, since the message says it already

  LogField(std::string_view n, std::string_view v) : name(n), value(v) {}
  LogField(std::string_view n, const std::string& v) : name(n), value(v) {}
  LogField(std::string_view n, const char* v) : name(n), value(v) {}
  template <std::integral T>
  LogField(std::string_view n, T v) : name(n), value(std::to_string(v)), quoted(false) {}
  LogField(std::string_view n, std::chrono::nanoseconds v);  // printed as milliseconds with three decimals
  LogField(std::string_view, const Secret&) = delete;
  // JSON as it stands, in JSON logs alone.
  static LogField data(std::string_view n, std::string json_text);
};

// Set up once, before the first line; lines go to standard error. Thread-safe afterwards.
void start_logging(LogFormat format, LogLevel least);

// `message` is a sentence for people; `event` is stable for machines ("repaired", "applied", "source-failed").
void log(LogLevel level, std::string_view event, std::string_view message, std::span<const LogField> fields);
inline void log(LogLevel level, std::string_view event, std::string_view message,
                std::initializer_list<LogField> fields = {}) {
  log(level, event, message, std::span<const LogField>(fields.begin(), fields.size()));
}

}  // namespace holdfast
