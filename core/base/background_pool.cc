#include "holdfast/base/background_pool.h"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <latch>

namespace holdfast {

// Linux has a priority for each thread, which only the thread itself can name before it has told anybody its id. None
// goes on before all have begun, so that each thread gets one; nor is the pool anybody's before that, for one that ends
// early would leave the others waiting.
std::shared_ptr<boost::asio::thread_pool> make_background_pool(std::size_t threads) {
  auto pool = std::make_shared<boost::asio::thread_pool>(threads);
  auto all = std::make_shared<std::latch>(static_cast<std::ptrdiff_t>(threads));
  for (std::size_t i = 0; i < threads; ++i)
    boost::asio::post(*pool, [all] {
      const int lower = std::max(getpriority(PRIO_PROCESS, 0), kBackgroundNiceness);
      (void)setpriority(PRIO_PROCESS, 0, lower);  // 0: this thread. It works as well without
      all->arrive_and_wait();
    });
  all->wait();
  return pool;
}

}  // namespace holdfast
