// The acting half of taking over (takeover_plan.h).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "app/import_input.h"
#include "app/imported.h"

namespace holdfast {

// Reads what there is, does the first thing of the plan, and begins again, until nothing is left, or one step was asked
// for. Prints each step when it is done. 0: nothing is left; 1: something is, for a reason that was printed.
boost::asio::awaitable<Result<int>> take_over(boost::asio::any_io_executor executor, ApiServer& api, ImportInput input,
                                              Imported imported, ImportOptions options);

}  // namespace holdfast
