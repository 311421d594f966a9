// When a request that was turned away is sent again (correctness B8). Pure: time and chance are given.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "net/backoff.h"

namespace holdfast {

// 429, with or without a Retry-After (a busy server's is text/plain: V51), or a 5xx that has one.
bool asks_to_come_back(int status, std::optional<std::chrono::seconds> retry_after);

// Waits of one server, apart for each flow (the priority level by which the server turned the request away), so that
// many requests of a busy flow slow down together and those of the others do not.
class FlowBackoffs {
 public:
  static constexpr std::size_t kMostFlows = 64;  // beyond, one of them starts anew

  explicit FlowBackoffs(std::function<double()> random) : random_(std::move(random)) {}

  // The longer one of what the server asks for and our own backoff. `flow`: X-Kubernetes-PF-FlowSchema-UID, or empty.
  std::chrono::milliseconds turned_away(const std::string& flow, std::optional<std::chrono::seconds> retry_after,
                                        Backoff::Clock::time_point now);
  void served(const std::string& flow) { flows_.erase(flow); }

 private:
  std::function<double()> random_;
  std::map<std::string, Backoff> flows_;
};

}  // namespace holdfast
