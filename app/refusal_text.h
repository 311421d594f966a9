// What is wrong with what Git says, for its author: the line, and who wrote it. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/refused_fields.h"
#include "holdfast/base/result.h"
#include "sources/object_trace.h"

namespace holdfast {

// "apps/web.yaml:12: .spec.replicsa is no field of a Deployment (did you mean .spec.replicas?), written in 1a2b3c4 by
// …", one for each field.
std::vector<std::string> refusal_lines(const ObjectRefusal& refusal, const ObjectOrigin& origin);
TraceRequest trace_request(const ObjectRefusal& refusal);

// The places in files that an error of reading a source names: several where it has several lines.
std::vector<OriginPlace> places_of(const Error& error);

}  // namespace holdfast
