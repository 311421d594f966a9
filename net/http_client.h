// HTTP/1.1 to one API server, over TLS: a keep-alive pool for requests, a connection of its own for each stream.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>

#include "holdfast/ports/api_server.h"
#include "holdfast/ports/watch_transport.h"
#include "holdfast/ports/write_fence.h"
#include "net/client_config.h"

namespace holdfast {

// One thread: the executor's context is run by one thread, outlives the client, and all calls come from it. The client
// may be destroyed while calls are under way; they fail with Cancelled.
//
// A request is sent again, once, on a fresh connection, where an idle one turns out to be closed and no harm can come
// of it: a GET before the first byte of an answer, a write before its last byte left (correctness D7). A 401 is tried
// again once if there is another credential by then (correctness B9). A GET that is told to come back later (429, or
// 5xx with Retry-After) is sent again within its deadline (correctness B8).
class HttpClient final : public ApiServer, public WatchTransport {
 public:
  // Connects to nothing yet. Errors: Invalid, where the certificates or the key cannot be used, or expired.
  static Result<std::unique_ptr<HttpClient>> create(boost::asio::any_io_executor executor, ClientConfig config);
  ~HttpClient() override;

  boost::asio::awaitable<Result<ApiResponse>> send(ApiRequest request) override;
  boost::asio::awaitable<Result<std::unique_ptr<ResponseStream>>> open(
      ApiRequest request, std::chrono::milliseconds stream_deadline) override;

  // From now on no request but a GET leaves where the fence does not let it: it fails as Unreachable. When it ends,
  // what is under way is cut off at its connection (Connection::hold_behind): UnknownOutcome, once all of it has left.
  // Null: every one may.
  void set_write_fence(std::shared_ptr<const WriteFence> fence);
  // The fence has ended before its time.
  void cut_writes();

  // Closes idle connections and fails what is under way with Cancelled (correctness B2). Later calls connect anew.
  void close_all();

 private:
  struct Core;
  explicit HttpClient(std::shared_ptr<Core> core);

  std::shared_ptr<Core> core_;
};

}  // namespace holdfast
