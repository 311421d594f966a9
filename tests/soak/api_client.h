// The person at the other end of a soak: requests to an API server that are answered when the call returns.
//
// One thread. Failures of the connection, and answers that were not expected, are exceptions.
#pragma once

#include <boost/asio/io_context.hpp>
#include <initializer_list>
#include <memory>
#include <string>

#include "holdfast/model/json.h"
#include "net/http_client.h"

namespace holdfast::soak {

class ApiClient {
 public:
  explicit ApiClient(const std::string& kubeconfig);

  json::value get(const std::string& target);
  // As somebody who is not Holdfast. False where there is no such object.
  bool patch(const std::string& target, const std::string& merge_patch);
  bool remove(const std::string& target);
  [[nodiscard]] const std::string& port() const { return port_; }

 private:
  Result<ApiResponse> try_to_send(ApiRequest request);
  ApiResponse send(const ApiRequest& request, std::initializer_list<int> expected);

  boost::asio::io_context io_{1};
  std::string port_;
  std::unique_ptr<HttpClient> client_;
};

}  // namespace holdfast::soak
