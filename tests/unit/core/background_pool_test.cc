#include "holdfast/base/background_pool.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <latch>
#include <mutex>
#include <vector>

namespace holdfast {
namespace {

TEST(BackgroundPool, each_of_its_threads_comes_after_the_others) {
  const int ours = getpriority(PRIO_PROCESS, 0);
  const auto pool = make_background_pool(3);
  std::mutex mutex;
  std::vector<int> seen;
  std::latch all(3);
  for (int i = 0; i < 3; ++i)
    boost::asio::post(*pool, [&] {
      all.arrive_and_wait();  // a thread has one of these at most
      const std::lock_guard lock(mutex);
      seen.push_back(getpriority(PRIO_PROCESS, 0));
    });
  pool->join();
  EXPECT_EQ(seen, std::vector<int>(3, std::max(ours, kBackgroundNiceness)));
  EXPECT_EQ(getpriority(PRIO_PROCESS, 0), ours);
}

}  // namespace
}  // namespace holdfast
