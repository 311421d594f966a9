#include "cluster/audit_log.h"

#include <boost/json.hpp>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <set>
#include <stdexcept>

namespace holdfast::cluster {
namespace {

namespace json = boost::json;

std::string text(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string{};
}

const json::object& child(const json::object& object, std::string_view name) {
  static const json::object none;
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : none;
}

// "2026-11-25T07:04:17.599065Z", always with six decimals.
std::chrono::system_clock::time_point parse_time(const std::string& written) {
  std::tm parts{};
  long micros = 0;
  if (std::sscanf(written.c_str(), "%d-%d-%dT%d:%d:%d.%6ldZ", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
                  &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &micros) != 7) {
    throw std::runtime_error("not a time of an audit log: " + written);
  }
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return std::chrono::system_clock::from_time_t(timegm(&parts)) + std::chrono::microseconds{micros};
}

bool is_audit_log(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  return name == "audit.log" || name.ends_with(".audit.log");
}

}  // namespace

AuditedRequest parse_audit_line(std::string_view line) {
  const json::value parsed = json::parse(json::string_view(line.data(), line.size()));
  const json::object& event = parsed.as_object();
  const json::object& object = child(event, "objectRef");
  AuditedRequest request{.id = text(event, "auditID"),
                         .user = text(child(event, "user"), "username"),
                         .user_agent = text(event, "userAgent"),
                         .impersonated = text(child(event, "impersonatedUser"), "username"),
                         .verb = text(event, "verb"),
                         .uri = text(event, "requestURI"),
                         .group = text(object, "apiGroup"),
                         .resource = text(object, "resource"),
                         .subresource = text(object, "subresource"),
                         .namespace_ = text(object, "namespace"),
                         .name = text(object, "name"),
                         .received = parse_time(text(event, "requestReceivedTimestamp"))};
  if (const json::value* code = child(event, "responseStatus").if_contains("code"))
    request.code = code->to_number<int>();
  return request;
}

std::vector<AuditedRequest> audited_requests(const std::filesystem::path& directory, std::string_view user,
                                             std::chrono::system_clock::time_point since) {
  std::vector<AuditedRequest> requests;
  std::set<std::string> seen;
  const std::string mark = "\"username\":\"" + std::string(user) + "\"";
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    if (!is_audit_log(file.path())) continue;
    std::ifstream log(file.path());
    std::string line;
    // A line without its end is still being written.
    while (std::getline(log, line) && !log.eof()) {
      // Most lines are not asked for, and parsing is what costs.
      if (!line.contains(mark)) continue;
      AuditedRequest request = parse_audit_line(line);
      if (request.user != user || request.received < since || !seen.insert(request.id).second) continue;
      requests.push_back(std::move(request));
    }
  }
  return requests;
}

}  // namespace holdfast::cluster
