#include "holdfast/model/api_status.h"

#include <algorithm>

#include "holdfast/model/json.h"

namespace holdfast {
namespace {

constexpr std::size_t kMaxMessageBytes = 32 * 1024;
constexpr std::size_t kMaxErrorBytes = 512;
constexpr std::size_t kMaxTextLineBytes = 1024;
constexpr std::size_t kMaxCauses = 256;

// Cuts between characters, so that what is left stays valid UTF-8.
std::string_view cut(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

std::string text_at(const json::value& root, std::initializer_list<std::string_view> path) {
  return std::string(cut(string_at(root, path), kMaxMessageBytes));
}

std::string first_line(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin);
  text = cut(text.substr(0, text.find_first_of("\r\n")), kMaxTextLineBytes);
  return std::string(text.substr(0, text.find_last_not_of(" \t") + 1));
}

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : cut(text, kMaxErrorBytes)) {
    const bool space = static_cast<unsigned char>(c) <= ' ';
    if (space && (line.empty() || line.back() == ' ')) continue;
    line.push_back(space ? ' ' : c);
  }
  while (!line.empty() && (line.back() == ' ' || line.back() == '.')) line.pop_back();
  return line;
}

void read_details(const json::value& root, ApiStatus& status) {
  status.details.name = text_at(root, {"details", "name"});
  status.details.group = text_at(root, {"details", "group"});
  status.details.kind = text_at(root, {"details", "kind"});
  status.details.uid.value = text_at(root, {"details", "uid"});
  if (const json::value* wait = find(root, {"details", "retryAfterSeconds"}); wait != nullptr && wait->is_int64())
    status.details.retry_after = std::chrono::seconds(std::clamp<std::int64_t>(wait->get_int64(), 0, 3600));
  const json::value* causes = find(root, {"details", "causes"});
  if (causes == nullptr || !causes->is_array()) return;
  for (const json::value& cause : causes->get_array()) {
    if (status.causes.size() == kMaxCauses) break;
    status.causes.push_back({text_at(cause, {"reason"}), text_at(cause, {"message"}), text_at(cause, {"field"})});
  }
}

ErrorKind kind_of(int code) {
  switch (code) {
    case 401:
      return ErrorKind::Unauthorized;
    case 403:
      return ErrorKind::Forbidden;
    case 404:
      return ErrorKind::NotFound;
    case 409:
      return ErrorKind::Conflict;
    case 410:
      return ErrorKind::Gone;
    case 413:
      return ErrorKind::TooLarge;
    case 429:
      return ErrorKind::Busy;
    default:
      break;
  }
  if (code >= 502 && code <= 504) return ErrorKind::Busy;
  if (code >= 400 && code < 500) return ErrorKind::Invalid;
  return code >= 500 ? ErrorKind::Internal : ErrorKind::Protocol;
}

std::string hint_of(int code) {
  switch (code) {
    case 401:
      return "check that the token or client certificate is valid and has not expired";
    case 403:
      return "grant this identity the permission named, or use another one";
    default:
      return {};
  }
}

}  // namespace

bool ApiStatus::has_cause(std::string_view wanted) const {
  return std::ranges::any_of(causes, [wanted](const ApiStatusCause& cause) { return cause.reason == wanted; });
}

ApiStatus parse_api_status(int http_status, std::string_view content_type, std::string_view body) {
  ApiStatus status;
  status.code = http_status;
  const Result<json::value> root =
      content_type.starts_with("text/") ? fail(ErrorKind::Invalid, "text") : parse_json(body);
  if (root && string_at(*root, {"kind"}) == "Status") {
    if (const json::value* code = find(*root, {"code"}); code != nullptr && code->is_int64())
      status.code = static_cast<int>(std::clamp<std::int64_t>(code->get_int64(), 0, 999));
    status.reason = text_at(*root, {"reason"});
    status.message = text_at(*root, {"message"});
    read_details(*root, status);
  } else if (!root) {
    status.message = first_line(body);
  }
  if (status.message.empty()) {
    status.message = "HTTP status " + std::to_string(http_status);
    if (!status.reason.empty()) status.message += ", " + status.reason;
  }
  return status;
}

Error to_error(const ApiStatus& status, std::string where) {
  return {kind_of(status.code), one_line(status.message) + " [" + std::to_string(status.code) + "]", std::move(where),
          hint_of(status.code), status.details.retry_after.value_or(std::chrono::seconds{0})};
}

}  // namespace holdfast
