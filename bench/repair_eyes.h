// Repairs as they are seen between the daemon and its server, and the edits that make them necessary.
//
// Timed is the daemon's side alone: from the moment the bytes of the event are handed to it until the bytes of its
// repair have come out. One executor, one thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bench/observed_tunnel.h"
#include "holdfast/model/json.h"
#include "holdfast/ports/api_server.h"

namespace holdfast::bench {

inline constexpr const char* kHeldTarget = "/api/v1/namespaces/held/configmaps/";

std::string config_map(const std::string& namespace_, const std::string& name, const std::string& color);
std::string held_name(int number);

class RepairEyes final : public TunnelObserver {
 public:
  // `counted`: how the requests begin that are counted as bulk writes.
  RepairEyes(boost::asio::any_io_executor executor, std::vector<std::string> counted);

  void to_client(std::size_t connection, std::string_view bytes) override;
  void from_client(std::size_t connection, std::string_view bytes, Time came) override;
  void ended(std::size_t connection) override { under_way_.erase(connection); }

  // The repair of this object, which an event with this text makes necessary.
  void expect(const std::string& name, const std::string& text);
  boost::asio::awaitable<double> repaired();  // in ms

  // So many bulk writes, from now on, that have been answered.
  void await_writes(int count) { awaited_answers_ = answers_ + static_cast<std::size_t>(count); }
  [[nodiscard]] bool writes_are_over() const { return answers_ >= awaited_answers_; }
  boost::asio::awaitable<void> writes_over();
  [[nodiscard]] std::size_t most_under_way() const { return most_under_way_; }
  [[nodiscard]] std::size_t answers() const { return answers_; }

 private:
  boost::asio::awaitable<void> until(std::function<bool()> predicate);

  std::vector<std::string> counted_;
  boost::asio::steady_timer changed_;
  std::string edit_, repair_;
  std::chrono::steady_clock::time_point seen_;
  double taken_ms_ = 0;
  std::set<std::size_t> under_way_;
  std::size_t most_under_way_ = 0, answers_ = 0, awaited_answers_ = 0;
};

// Objects of the namespace `held`, each of which is edited once: to edit one again and again would be a fight
// (correctness C13).
class Editor {
 public:
  Editor(ApiServer& api, RepairEyes& eyes) : api_(api), eyes_(eyes) {}
  // One after the other; how long each repair took, in ms.
  boost::asio::awaitable<std::vector<double>> edit(int count);

 private:
  ApiServer& api_;
  RepairEyes& eyes_;
  int next_ = 0;
};

double percentile(std::vector<double> values, double fraction);
// {"p50", "p99"} of both, and the ratio of these.
json::object compare_times(const std::vector<double>& quiet, const std::vector<double>& other);
void print_times(const json::object& compared, const char* other);

}  // namespace holdfast::bench
