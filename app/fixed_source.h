// A desired state that was read before, and that does not change: of an application that is to end, and of a plan that
// is being applied.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "holdfast/model/manifest_set.h"
#include "sources/source.h"

namespace holdfast {

// `read_from` (may be null): the source that they were read from, which tells where they stand; outlives this one.
std::unique_ptr<Source> make_fixed_source(boost::asio::any_io_executor executor, ManifestSetPtr manifests,
                                          Source* read_from = nullptr);

}  // namespace holdfast
