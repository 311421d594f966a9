// Lists and the start of watches: resourceVersion, resourceVersionMatch, limit and continue (correctness A1 to A4; V35
// to V39). Pure.
#pragma once

#include <string>

#include "simulator/api_failure.h"
#include "simulator/http_message.h"
#include "simulator/object_store.h"
#include "simulator/watch_stream.h"

namespace holdfast {

// Of one object: 504 of a version that is yet to come (V38), 500 of what is none.
Reply<void> check_read_version(const ObjectStore& store, const std::string& version);
Reply<std::string> read_list(const ObjectStore& store, const ResourceType& type, const std::string& namespace_,
                             const RequestQuery& query, const Representation& representation, SimulatedTime now);

// What a watch request asks for; `name` is that of a watch of one object, else empty.
Reply<WatchOptions> read_watch(const ObjectStore& store, const ResourceTypePtr& type, const std::string& namespace_,
                               const std::string& name, const RequestQuery& query,
                               const Representation& representation);

}  // namespace holdfast
