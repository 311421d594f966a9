// A sender of deliveries, as a forge is one: HTTP over TLS to a loopback port, one connection that is kept while the
// other side keeps it. Blocks; one thread. Whom it speaks to is not proven: these are tests.
#pragma once

#include <map>
#include <memory>
#include <string>

namespace holdfast {

class HookClient {
 public:
  explicit HookClient(unsigned port);
  ~HookClient();
  HookClient(const HookClient&) = delete;
  HookClient& operator=(const HookClient&) = delete;

  // The status of the answer; 0 where there was none, in two attempts.
  int post(const std::string& target, const std::map<std::string, std::string, std::less<>>& headers,
           const std::string& body);

 private:
  struct Connection;
  int attempt(const std::string& target, const std::map<std::string, std::string, std::less<>>& headers,
              const std::string& body);

  unsigned port_;
  std::unique_ptr<Connection> connection_;  // null: none
};

}  // namespace holdfast
