// Why an API server said no: the Status object of a failed request or of an ERROR watch event (correctness A9, D4).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/resource_version.h"

namespace holdfast {

struct ApiStatusCause {
  std::string reason;  // "FieldManagerConflict", "FieldValueInvalid", "NamespaceTerminating", ...
  std::string message;
  std::string field;  // ".data.k", "metadata.uid"; may be empty
  bool operator==(const ApiStatusCause&) const = default;
};

struct ApiStatusDetails {
  std::string name, group;
  std::string kind;  // a Kind or a plural, as the server pleases (V2, V4)
  Uid uid;
  std::optional<std::chrono::seconds> retry_after;
};

struct ApiStatus {
  int code = 0;         // the Status's own code where it has one, otherwise the HTTP status
  std::string reason;   // often empty: webhook denials (V13), permanent 500s (V7), text/plain
  std::string message;  // never empty; may have several lines; cut at 32 KiB
  ApiStatusDetails details;
  std::vector<ApiStatusCause> causes;  // at most 256

  [[nodiscard]] bool has_cause(std::string_view reason) const;
};

// Never fails: a body that is no Status (text/plain, HTML of a proxy, nothing: V10, V51) gives its first line as
// message.
ApiStatus parse_api_status(int http_status, std::string_view content_type, std::string_view body);

// The plain reading of a code, for reads; writes look at causes and messages first (correctness D4). The message
// becomes one line; what the status says of waiting is kept.
Error to_error(const ApiStatus& status, std::string where);

}  // namespace holdfast
