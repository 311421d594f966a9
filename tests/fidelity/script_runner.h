// Sends the script to one server and keeps what it answered.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <string>
#include <vector>

#include "net/http_client.h"
#include "tests/fidelity/script.h"

namespace holdfast::fidelity {

// One answer as a value: {"status", "content_type", "etag"?, "retry_after_s"?, "body"} and, of a watch that was
// accepted,
// {"status", "content_type", "events", "ended"}; {"error"} where there was none. A body that is no JSON is a string.
class ScriptRunner {
 public:
  explicit ScriptRunner(HttpClient& client) : client_(client) {}
  // In order; one that fails does not keep the next ones from being sent.
  boost::asio::awaitable<void> run(const std::vector<Case>& cases);
  [[nodiscard]] const std::vector<json::value>& answers() const { return answers_; }

 private:
  boost::asio::awaitable<json::value> answer(const Case& one);
  boost::asio::awaitable<json::value> watch(const Case& one, ApiRequest request);
  [[nodiscard]] std::string filled(std::string text) const;
  [[nodiscard]] ApiRequest request_of(const Case& one) const;
  void save(const Case& one, const json::value& answer);

  HttpClient& client_;
  std::map<std::string, std::string> variables_;
  std::vector<json::value> answers_;
};

}  // namespace holdfast::fidelity
