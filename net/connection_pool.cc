#include "net/connection_pool.h"

#include <utility>

namespace holdfast {

ConnectionPool::ConnectionPool(boost::asio::any_io_executor executor, std::shared_ptr<const ClientConfig> config,
                               std::shared_ptr<TlsContext> tls, std::shared_ptr<Gate> handshakes)
    : executor_(std::move(executor)),
      config_(std::move(config)),
      tls_(std::move(tls)),
      handshakes_(std::move(handshakes)) {}

ConnectionPool::Lease ConnectionPool::take() {
  drop_old(Connection::Clock::now());
  while (!idle_.empty()) {
    auto connection = std::move(idle_.back().connection);
    idle_.pop_back();
    if (!connection->stale()) return {shared_from_this(), std::move(connection), true, false};
  }
  return take_fresh();
}

ConnectionPool::Lease ConnectionPool::take_fresh() {
  return {shared_from_this(), std::make_shared<Connection>(executor_, config_, tls_), false, false};
}

ConnectionPool::Lease ConnectionPool::take_for_stream() {
  return {shared_from_this(), std::make_shared<Connection>(executor_, config_, tls_), false, true};
}

void ConnectionPool::retire() {
  retired_ = true;
  idle_.clear();
  const auto streams = streams_;
  for (Connection* connection : streams) connection->stop(Connection::Stop::Replaced);
}

void ConnectionPool::cut_writes() {
  for (Connection* connection : leased_)
    if (connection->is_fenced()) connection->stop(Connection::Stop::Fenced);
}

void ConnectionPool::close_all() {
  idle_.clear();
  for (Connection* connection : leased_) connection->stop(Connection::Stop::Cancelled);
}

void ConnectionPool::drop_old(Connection::Clock::time_point now) {
  while (!idle_.empty() && now - idle_.front().since >= kMaxIdle) idle_.pop_front();
}

ConnectionPool::Lease::Lease(std::shared_ptr<ConnectionPool> pool, std::shared_ptr<Connection> connection, bool reused,
                             bool stream)
    : pool_(std::move(pool)), connection_(std::move(connection)), reused_(reused) {
  pool_->leased_.insert(connection_.get());
  if (stream) pool_->streams_.insert(connection_.get());
}

ConnectionPool::Lease::~Lease() {
  if (!connection_) return;
  pool_->leased_.erase(connection_.get());
  pool_->streams_.erase(connection_.get());
  connection_->stop(Connection::Stop::Cancelled);
}

void ConnectionPool::Lease::give_back() {
  const auto connection = std::exchange(connection_, nullptr);
  pool_->leased_.erase(connection.get());
  connection->clear_deadline();
  if (connection->stopped() != Connection::Stop::None || pool_->retired_) return;
  const auto now = Connection::Clock::now();
  pool_->drop_old(now);
  if (pool_->config_->max_idle_connections == 0) return;
  if (pool_->idle_.size() >= pool_->config_->max_idle_connections) pool_->idle_.pop_front();
  pool_->idle_.push_back({connection, now});
}

}  // namespace holdfast
