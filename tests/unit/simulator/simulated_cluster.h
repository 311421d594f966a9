// A Simulator with a clock that stands until it is moved, and short words for requests.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "holdfast/model/json.h"
#include "simulator/simulator.h"

namespace holdfast::testing_simulator {

struct Answered {
  int status = 0;
  json::value body;
  std::string text, content_type;
};

class SimulatedCluster {
 public:
  explicit SimulatedCluster(std::uint64_t seed = 1) : simulator(clock, seed) {}

  Answered send(const std::string& method, const std::string& target, const std::string& body = {},
                const std::string& content_type = "application/json", const std::string& accept = "application/json") {
    SimulatedRequest request;
    request.method = method;
    request.target = target;
    request.body = body;
    request.content_type = content_type;
    request.accept = accept;
    request.user_agent = "tester/1.0";
    const SimulatedAnswer answer = simulator.handle(request);
    simulator.settle();
    const auto parsed = parse_json(answer.response.body);
    return {answer.response.status, parsed ? *parsed : json::value(), answer.response.body,
            answer.response.content_type};
  }
  Answered get(const std::string& target) { return send("GET", target); }
  Answered post(const std::string& target, const std::string& body) { return send("POST", target, body); }
  Answered merge(const std::string& target, const std::string& body) {
    return send("PATCH", target, body, "application/merge-patch+json");
  }
  Answered apply(const std::string& target, const std::string& body, const std::string& more = "&force=true") {
    const char mark = target.find('?') == std::string::npos ? '?' : '&';
    return send("PATCH",
                target + mark + (more.find("fieldManager") == std::string::npos ? "fieldManager=m" : "") + more, body,
                "application/apply-patch+yaml");
  }
  std::unique_ptr<WatchStream> watch(const std::string& target) {
    SimulatedRequest request;
    request.method = "GET";
    request.target = target;
    request.accept = "application/json";
    return simulator.handle(request).watch;
  }
  // Lets time pass, the controllers doing what comes due.
  void pass(std::chrono::milliseconds time) {
    const SimulatedTime end = clock.now() + time;
    while (simulator.next_due() <= end) {
      if (simulator.next_due() > clock.now()) clock.advance(simulator.next_due() - clock.now());
      simulator.settle();
    }
    clock.advance(end - clock.now());
    simulator.settle();
  }

  ManualClock clock{SimulatedTime(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1))};
  Simulator simulator;
};

inline std::string config_map(const std::string& name, const std::string& data) {
  return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name + R"("},"data":)" + data + "}";
}

inline constexpr const char* kConfigMaps = "/api/v1/namespaces/default/configmaps";

}  // namespace holdfast::testing_simulator
