// How an object comes in from a list or a watch: its metadata is read, whoever wants to look at its bytes does so now,
// and its body is dropped unless somebody wants it kept.
#pragma once

#include "holdfast/model/object.h"
#include "holdfast/ports/live_reader.h"

namespace holdfast {

// `reader` may be null; then every body is kept. Errors: Protocol (correctness A15).
Result<LivePtr> take_in(const JsonView& view, const GroupVersionKind& type, LiveReader* reader);

}  // namespace holdfast
