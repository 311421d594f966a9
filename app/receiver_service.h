// Receivers and a relay behind one address: what `holdfast receiver` is, and a part of `holdfast run --receiver`. Knows
// neither a cluster nor a repository.
//
// One thread, that of the executor.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "net/web_server.h"
#include "sources/push_receiver.h"
#include "sources/receiver_config.h"
#include "sources/relay.h"

namespace holdfast {

class ReceiverService final : public WebHandler, public PushSink {
 public:
  // Listens. `listen`: instead of the configuration's; `sink`: hears every hint on this thread, may be null. Errors:
  // Invalid and Unreachable; a configuration with neither a relay nor a sink hands hints on to nobody, and is Invalid.
  static Result<std::unique_ptr<ReceiverService>> create(boost::asio::any_io_executor executor,
                                                         const ReceiverConfig& config, const std::string& listen,
                                                         PushSink* sink);

  [[nodiscard]] std::string url() const { return url_; }  // "http://127.0.0.1:8080"
  [[nodiscard]] unsigned port() const { return server_->port(); }
  // Until stop().
  boost::asio::awaitable<void> run() { return server_->run(); }
  void stop() { server_->stop(); }

  std::optional<WebAnswer> refuse(const ReceivedRequest& head) override;
  WebAnswer answer(ReceivedRequest request) override;
  void pushed(PushHint hint) override;

 private:
  explicit ReceiverService(PushSink* sink) : sink_(sink) {}
  WebHandler* handler_of(const ReceivedRequest& head);

  PushSink* sink_;
  std::unique_ptr<PushReceiver> receiver_;
  std::unique_ptr<Relay> relay_;  // null: none
  std::unique_ptr<WebServer> server_;
  std::string url_;
};

// The file and what it names are looked for from the working directory, and from the file.
Result<ReceiverConfig> load_receiver_config(const std::string& path);

}  // namespace holdfast
