// Threads for what the decision thread waits for but must never make wait: fetching, rendering, parsing of schemas.
// They run at a lower priority, as do the programs they start: where cores are few, a repair comes before a roll-out.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <memory>

namespace holdfast {

inline constexpr int kBackgroundNiceness = 10;

std::shared_ptr<boost::asio::thread_pool> make_background_pool(std::size_t threads);

}  // namespace holdfast
