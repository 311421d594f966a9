// A request and a response as the simulator's core sees them: no sockets, no TLS.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast {

struct SimulatedRequest {
  std::string method;  // "GET"
  std::string target;  // path and query, as on the wire
  std::string content_type, accept, user_agent, if_none_match;
  std::string body;
};

struct SimulatedResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// The query of a target, decoded. Of a name given twice the first counts.
class RequestQuery {
 public:
  RequestQuery() = default;
  explicit RequestQuery(std::string_view text);
  [[nodiscard]] bool has(const std::string& name) const { return values_.contains(name); }
  [[nodiscard]] std::string get(const std::string& name) const;  // empty where absent
  [[nodiscard]] bool flag(const std::string& name) const;        // "true" or "1"

 private:
  std::map<std::string, std::string> values_;
};

// Percent-decoding; nothing where the text is malformed.
std::optional<std::string> decode_percent(std::string_view text, bool plus_is_space);
// "/api/v1/namespaces/" -> {"api", "v1", "namespaces"}; nothing where a part is malformed.
std::optional<std::vector<std::string>> split_path(std::string_view path);

}  // namespace holdfast
