// Runs what blocks on a pool of threads, and comes back with its answer. Internal to sources/.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

#include "holdfast/base/result.h"

namespace holdfast {

// The job returns a Result<Value>; an exception out of it is an error of that piece of work (Internal). What it borrows
// outlives the call, and so does the pool.
template <class Value, class Job>
boost::asio::awaitable<Result<Value>> on_worker(boost::asio::thread_pool& pool, Job job) {
  auto run = [](Job* one) -> boost::asio::awaitable<Result<Value>> { co_return (*one)(); };
  auto work = run(&job);
  auto [thrown, result] =
      co_await boost::asio::co_spawn(pool, std::move(work), boost::asio::as_tuple(boost::asio::use_awaitable));
  if (!thrown) co_return std::move(result);
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& caught) {
    co_return fail(ErrorKind::Internal, caught.what());
  } catch (...) {
    co_return fail(ErrorKind::Internal, "an unknown exception");
  }
}

}  // namespace holdfast
