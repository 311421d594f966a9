// How the simulated API server says no: the Status objects of verified.md, V1 to V14, word for word.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/model/api_status.h"
#include "holdfast/model/gvk.h"
#include "holdfast/model/json.h"
#include "simulator/http_message.h"

namespace holdfast {

struct ApiFailure {
  int code = 500;
  std::string reason;  // empty: none, as in permanent 500s (V7)
  std::string message;
  std::optional<json::object> details;
  std::optional<int> retry_after_s;
  std::string continue_token;  // metadata.continue of a 410 (V39)
  bool plain_text = false;     // "404 page not found" and its like (V10)
};

template <class T>
using Reply = std::expected<T, ApiFailure>;

json::object status_object(const ApiFailure& failure);
SimulatedResponse to_response(const ApiFailure& failure);

// `plural` and `group` name the resource; messages say "deployments.apps".
std::string resource_name(std::string_view plural, std::string_view group);

ApiFailure not_found(std::string_view plural, std::string_view group, std::string_view name);
ApiFailure page_not_found();      // text/plain: no such group (V10)
ApiFailure resource_not_found();  // JSON without details: no such version or resource (V10)
ApiFailure already_exists(std::string_view plural, std::string_view group, std::string_view name);
ApiFailure bad_request(std::string message);
ApiFailure permanent_failure(std::string message);  // 500 without reason (V7)
ApiFailure stale_version(std::string_view plural, std::string_view group, std::string_view name);  // V2
// 409 "Operation cannot be fulfilled"; `kind` as V2 and V4 have it.
ApiFailure cannot_fulfil(std::string_view plural, std::string_view group, std::string_view kind, std::string_view name,
                         std::string why);
ApiFailure invalid(const GroupKind& kind, std::string_view name, const std::vector<ApiStatusCause>& causes);  // 422
ApiFailure forbidden(std::string_view plural, std::string_view group, std::string_view name, std::string why);
ApiFailure expired(std::string message);  // 410
ApiFailure not_acceptable();              // 406
ApiFailure method_not_allowed();          // 405
ApiFailure unsupported_media_type(std::string message);
ApiFailure wrong_patch_type();                                                   // 415, of a patch
ApiFailure too_large_version(std::string_view asked, std::string_view current);  // 504 (V38)

}  // namespace holdfast
