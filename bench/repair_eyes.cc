#include "bench/repair_eyes.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <stdexcept>
#include <utility>

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kPatience = 300s;

}  // namespace

std::string config_map(const std::string& namespace_, const std::string& name, const std::string& color) {
  return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name + R"(","namespace":")" + namespace_ +
         R"("},"data":{"color":")" + color + R"("}})";
}

std::string held_name(int number) { return "held-" + std::to_string(number); }

RepairEyes::RepairEyes(asio::any_io_executor executor, std::vector<std::string> counted)
    : counted_(std::move(counted)), changed_(std::move(executor), Clock::time_point::max()) {}

void RepairEyes::to_client(std::size_t connection, std::string_view bytes) {
  if (under_way_.erase(connection) != 0 && ++answers_ == awaited_answers_) changed_.cancel();
  if (edit_.empty() || seen_ != Clock::time_point() || bytes.find(edit_) == std::string_view::npos) return;
  seen_ = Clock::now();
}

void RepairEyes::from_client(std::size_t connection, std::string_view bytes, Time came) {
  if (!repair_.empty() && seen_ != Clock::time_point() && bytes.starts_with(repair_)) {
    taken_ms_ = std::chrono::duration<double, std::milli>(came - seen_).count();
    repair_.clear();
    changed_.cancel();
  } else if (std::ranges::any_of(counted_, [&](const std::string& begin) { return bytes.starts_with(begin); })) {
    under_way_.insert(connection);
    most_under_way_ = std::max(most_under_way_, under_way_.size());
  }
}

void RepairEyes::expect(const std::string& name, const std::string& text) {
  edit_ = text;
  repair_ = std::string("PATCH ") + kHeldTarget + name + "?";
  seen_ = {};
}

asio::awaitable<double> RepairEyes::repaired() {
  co_await until([this] { return repair_.empty(); });
  co_return taken_ms_;
}

asio::awaitable<void> RepairEyes::writes_over() {
  co_await until([this] { return writes_are_over(); });
}

asio::awaitable<void> RepairEyes::until(std::function<bool()> predicate) {
  const auto deadline = Clock::now() + kPatience;
  while (!predicate()) {
    if (Clock::now() >= deadline) throw std::runtime_error("nothing came for five minutes");
    changed_.expires_at(deadline);
    co_await changed_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

asio::awaitable<std::vector<double>> Editor::edit(int count) {
  std::vector<double> taken_ms;
  for (int i = 0; i < count; ++i) {
    const std::string name = held_name(next_), text = "by-hand-" + std::to_string(next_++) + "-";
    eyes_.expect(name, text);
    ApiRequest request;
    request.method = Method::Patch;
    request.target = kHeldTarget + name + "?fieldManager=editor";
    request.content_type = "application/merge-patch+json";
    request.body = R"({"data":{"color":")" + text + "\"}}";
    const Result<ApiResponse> response = co_await api_.send(std::move(request));
    if (!response) throw std::runtime_error(describe(response.error()));
    if (response->status != 200) throw std::runtime_error(response->body);
    taken_ms.push_back(co_await eyes_.repaired());
  }
  co_return taken_ms;
}

double percentile(std::vector<double> values, double fraction) {
  std::ranges::sort(values);
  return values.at(static_cast<std::size_t>(fraction * static_cast<double>(values.size() - 1) + 0.5));
}

json::object compare_times(const std::vector<double>& quiet, const std::vector<double>& other) {
  json::object compared;
  for (const auto& [name, fraction] : {std::pair{"p50", 0.5}, {"p99", 0.99}}) {
    const double before = percentile(quiet, fraction), after = percentile(other, fraction);
    compared[name] = json::object{{"quiet_ms", before}, {"other_ms", after}, {"ratio", after / before}};
  }
  return compared;
}

void print_times(const json::object& compared, const char* other) {
  const auto number = [&](const char* which, const char* what) {
    return compared.at(which).at(what).to_number<double>();
  };
  std::printf("%-12s %8s %8s\n", "", "p50", "p99");
  for (const auto& [what, label] : {std::pair{"quiet_ms", "quiet"}, {"other_ms", other}, {"ratio", "ratio"}})
    std::printf("%-12s %8.3f %8.3f\n", label, number("p50", what), number("p99", what));
}

}  // namespace holdfast::bench
