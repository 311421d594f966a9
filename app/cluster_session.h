// A connection to the cluster that the options name: what every verb but `version` starts from.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>

#include "app/options.h"
#include "holdfast/model/json.h"
#include "net/http_client.h"
#include "watchers/value_follower.h"

namespace holdfast {

struct ClusterSession {
  std::unique_ptr<HttpClient> client;
  std::unique_ptr<ValueFollower> values;  // over the client
  std::string namespace_;                 // for objects that name none
  std::string server;                     // for messages

  // Whatever is under way ends soon.
  void close() const {
    values->stop();
    client->close_all();
  }
};

// Reads the kubeconfig or the in-cluster files; does not connect. Errors say what to do next.
Result<ClusterSession> open_session(boost::asio::any_io_executor executor, const ClusterOptions& options);

// A further way to the same server with the same identity, and with connections of its own.
Result<std::unique_ptr<HttpClient>> open_connection(boost::asio::any_io_executor executor,
                                                    const ClusterOptions& options);

// The JSON of a successful answer; otherwise the error that the server tells of, at the target.
boost::asio::awaitable<Result<json::value>> ask_json(ApiServer& api, ApiRequest request);

// A verb's exit code, or what went wrong.
using SessionVerb =
    std::function<boost::asio::awaitable<Result<int>>(boost::asio::any_io_executor, ClusterSession& session)>;
// Opens a session, runs the verb in it to its end, on this thread, and closes it. What goes wrong, with the opening
// too, is printed, and `trouble` returned.
int run_in_session(const ClusterOptions& options, int trouble, const SessionVerb& verb);

}  // namespace holdfast
