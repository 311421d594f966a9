// A connection to the cluster that the options name: what every verb but `version` starts from.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>

#include "app/options.h"
#include "net/http_client.h"

namespace holdfast {

struct ClusterSession {
  std::unique_ptr<HttpClient> client;
  std::string namespace_;  // for objects that name none
  std::string server;      // for messages
};

// Reads the kubeconfig or the in-cluster files; does not connect. Errors say what to do next.
Result<ClusterSession> open_session(boost::asio::any_io_executor executor, const ClusterOptions& options);

}  // namespace holdfast
