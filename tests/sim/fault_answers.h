// What a server, or something before it, answers where it is told to fail. Pure.
#pragma once

#include <optional>
#include <string>

#include "holdfast/ports/api_server.h"
#include "sim/faults.h"
#include "sim/simulated_cluster.h"

namespace holdfast::sim {

RequestTraits request_traits(const ApiRequest& request);
StreamTraits stream_traits(const ApiRequest& request);

// The answer to a request that the server does not carry out; none where the kind has none.
std::optional<ApiResponse> refusal_of(FaultKind kind);
ApiResponse expired_page();
ApiResponse too_large_version();

// A discovery document in which a group is stale or missing.
void spoil_group(FaultKind kind, const std::string& group, std::string& body);

// The query of a target, edited.
std::string with_parameter(const std::string& target, const std::string& name, const std::string& value);
std::string without_parameter(const std::string& target, const std::string& name);
std::string parameter(const std::string& target, const std::string& name);

// What a server that has seen nothing since `revision` answers: the state of then, or 504 where more is asked for.
// `later` after how long.
struct PastAnswer {
  std::string target;  // to be asked instead
  bool too_large = false;
};
PastAnswer in_the_past(const std::string& target, Revision revision);
// The items of a list as the first events of a watch, with the mark at their end.
std::string as_initial_events(const std::string& list, const std::string& revision);

}  // namespace holdfast::sim
