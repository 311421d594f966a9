#include "holdfast/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <boost/json/serialize.hpp>
#include <memory>

namespace holdfast {
namespace {

LogFormat g_format = LogFormat::Text;  // written once by start_logging, before any other thread logs

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return spdlog::level::debug;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Warning:
      return spdlog::level::warn;
    case LogLevel::Error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string quoted(std::string_view text) {
  return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

// A value stands bare where it reads as one word; otherwise quoted, so that a line can be taken apart again.
std::string text_value(const LogField& field) {
  const bool bare = !field.value.empty() && field.value.find_first_of(" \t\n\r\"=") == std::string::npos;
  return bare ? field.value : quoted(field.value);
}

}  // namespace

LogField::LogField(std::string_view n, std::chrono::nanoseconds v)
    : name(n), value(fmt::format("{:.3f}", static_cast<double>(v.count()) / 1e6)), quoted(false) {}

LogField LogField::data(std::string_view n, std::string json_text) {
  LogField field(n, std::string_view());
  field.value = std::move(json_text);
  field.quoted = field.in_text = false;
  return field;
}

void start_logging(LogFormat format, LogLevel least) {
  g_format = format;
  auto logger = std::make_shared<spdlog::logger>("holdfast", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(to_spdlog(least));
  logger->flush_on(spdlog::level::debug);
  const char* pattern = format == LogFormat::Json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l",%v})"
                                                  : "%Y-%m-%dT%H:%M:%S.%eZ %-5l %v";
  logger->set_pattern(pattern, spdlog::pattern_time_type::utc);
  spdlog::set_default_logger(std::move(logger));
}

void log(LogLevel level, std::string_view event, std::string_view message, std::span<const LogField> fields) {
  if (!spdlog::default_logger_raw()->should_log(to_spdlog(level))) return;
  std::string line;
  if (g_format == LogFormat::Json) {
    line = "\"event\":" + quoted(event) + ",\"message\":" + quoted(message);
    for (const LogField& field : fields)
      line += "," + quoted(field.name) + ":" + (field.quoted ? quoted(field.value) : field.value);
  } else {
    line = message;
    for (const LogField& field : fields)
      if (field.in_text) line += " " + std::string(field.name) + "=" + text_value(field);
  }
  spdlog::default_logger_raw()->log(to_spdlog(level), "{}", line);
}

}  // namespace holdfast
