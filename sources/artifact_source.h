// An artifact of a registry, or a chart of a Helm repository, as a Source.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "holdfast/base/result.h"
#include "sources/source.h"

namespace holdfast {

// Where options.artifact and options.repo say that it is one (is_artifact). Errors: Invalid; nothing is asked yet.
Result<std::unique_ptr<Source>> make_artifact_source(boost::asio::any_io_executor executor, SourceOptions options);

}  // namespace holdfast
