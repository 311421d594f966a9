#include "sim/simulated_source.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace holdfast::sim {

namespace asio = boost::asio;

void SimulatedSource::touch() {
  ++changes_;
  signal_.cancel();
}

void SimulatedSource::commit(ManifestSetPtr manifests) {
  head_ = std::move(manifests);
  touch();
}

void SimulatedSource::fail_with(Error error) {
  failure_ = std::move(error);
  touch();
}

void SimulatedSource::recover() {
  failure_.reset();
  touch();
}

Result<ManifestSetPtr> SimulatedSource::reading() {
  ++readings_;
  if (!misreadings_.empty()) {
    Result<ManifestSetPtr> read = std::move(misreadings_.front());
    misreadings_.erase(misreadings_.begin());
    return read;
  }
  if (failure_) return std::unexpected(*failure_);
  if (head_ == nullptr) return fail(ErrorKind::NotFound, "nothing was committed yet");
  return head_;
}

asio::awaitable<Result<ManifestSetPtr>> SimulatedSource::load() {
  seen_ = changes_;
  Result<ManifestSetPtr> read = reading();
  if (read && on_load_) on_load_(**read);
  co_return read;
}

asio::awaitable<Result<ManifestSetPtr>> SimulatedSource::read_afresh() { co_return reading(); }

asio::awaitable<Result<void>> SimulatedSource::changed() {
  while (!stopping_ && seen_ == changes_) {
    signal_.expires_at(Clock::time_point::max());
    co_await signal_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  if (stopping_) co_return fail(ErrorKind::Cancelled, "stopped");
  co_return Result<void>{};
}

void SimulatedSource::stop() {
  stopping_ = true;
  signal_.cancel();
}

}  // namespace holdfast::sim
