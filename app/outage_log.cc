#include "app/outage_log.h"

#include <spdlog/fmt/fmt.h>

namespace holdfast {

std::optional<std::string> OutageLog::failed(const std::string& what, const std::string& text, Concerns concerns,
                                             Clock::time_point now) {
  if (concerns == Concerns::ThisAlone) {
    const auto [said, first] = alone_.try_emplace(what, text);
    if (!first && said->second == text) return std::nullopt;
    said->second = text;
    return what + ": " + text;
  }
  const bool first = troubled_.empty();
  if (first) {
    began_ = now;
    affected_ = 0;
  }
  if (troubled_.insert(what).second) ++affected_;
  if (!first) return std::nullopt;
  return what + ": " + text + "; retrying, further failures are in the debug log until it is over";
}

std::optional<std::string> OutageLog::recovered(const std::string& what, Clock::time_point now) {
  if (alone_.erase(what) != 0) return what + " can be followed again";
  if (troubled_.erase(what) == 0 || !troubled_.empty()) return std::nullopt;
  return fmt::format("everything can be followed again; {} affected, for {:.1f} s in all",
                     affected_ == 1 ? what : fmt::format("{} watches", affected_),
                     std::chrono::duration<double>(now - began_).count());
}

}  // namespace holdfast
