// The desired state of an application that is to end: nothing at all, and that on purpose. Never changes.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>

#include "sources/source.h"

namespace holdfast {

// `revision`: what its end is called in the log and in the inventory.
std::unique_ptr<Source> make_nothing_source(boost::asio::any_io_executor executor, std::string revision);

}  // namespace holdfast
