#include "sim/simulated_network.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace holdfast::sim {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr SimulatedTime kStart{1'700'000'000'000ms};

class VirtualSimulatorClock final : public SimulatorClock {
 public:
  [[nodiscard]] SimulatedTime now() const override {
    return kStart + std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch());
  }
};

}  // namespace

SimulatedCluster::SimulatedCluster(std::uint64_t seed)
    : clock_(std::make_unique<VirtualSimulatorClock>()), simulator_(std::make_unique<Simulator>(*clock_, seed)) {}

SimulatedCluster::~SimulatedCluster() = default;

SimulatedAnswer SimulatedCluster::handle(const SimulatedRequest& request) {
  SimulatedAnswer answer = simulator_->handle(request);
  settle();
  return answer;
}

void SimulatedCluster::settle() {
  simulator_->settle();
  for (const auto* listener : listeners) (*listener)();
}

Clock::time_point SimulatedCluster::next_due() const {
  const auto wait = simulator_->next_due() - simulator_->now();
  return wait > 24h ? Clock::time_point::max() : Clock::now() + std::max<std::chrono::milliseconds>(wait, 1ms);
}

namespace {

SimulatedRequest to_simulated(const ApiRequest& request) {
  SimulatedRequest simulated;
  simulated.method = to_string(request.method);
  simulated.target = request.target;
  simulated.content_type = request.content_type;
  simulated.accept = request.accept;
  simulated.user_agent = "holdfast/simulated";
  simulated.body = request.body;
  return simulated;
}

ApiResponse refusal(int status, std::string body, std::optional<std::chrono::seconds> retry_after = {}) {
  ApiResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.retry_after = retry_after;
  response.body = std::move(body);
  return response;
}

ApiResponse forbidden() {
  ApiResponse response = refusal(
      403,
      R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"forbidden: not yet","reason":"Forbidden","details":{},"code":403})");
  response.content_type = "application/json";
  return response;
}

// A watch as it arrives: late, in pieces, and not always to its end.
class SimulatedStream final : public ResponseStream {
 public:
  SimulatedStream(asio::any_io_executor executor, SimulatedCluster& cluster, SimulatedAnswer answer, StreamFault fault,
                  Clock::time_point deadline, SeededRandom& random, const bool& isolated)
      : cluster_(cluster),
        answer_(std::move(answer)),
        fault_(fault),
        deadline_(deadline),
        random_(random),
        isolated_(isolated),
        signal_(executor),
        wake_([this] { signal_.cancel(); }) {
    cluster_.listeners.insert(&wake_);
    if (fault_ == StreamFault::CutLater || fault_ == StreamFault::EndLater)
      over_at_ = Clock::now() + std::chrono::milliseconds(random_.below(120'000));
  }
  ~SimulatedStream() override { cluster_.listeners.erase(&wake_); }

  [[nodiscard]] int status() const override { return answer_.response.status; }
  [[nodiscard]] const std::string& content_type() const override { return answer_.response.content_type; }
  [[nodiscard]] std::optional<std::chrono::seconds> retry_after() const override { return {}; }

  asio::awaitable<Result<std::size_t>> read_some(std::span<char> into) override {
    for (;;) {
      if (closed_) co_return fail(ErrorKind::Cancelled, "closed");
      const Clock::time_point now = Clock::now();
      if (now >= deadline_) co_return fail(ErrorKind::Timeout, "the stream's deadline passed");
      const bool dead = isolated_ || fault_ == StreamFault::Blackhole;
      if (!dead && now >= over_at_) co_return end();
      if (!dead && !pending_.empty()) {
        if (now >= readable_at_) co_return deliver(into);
      } else if (!dead && fill()) {
        continue;
      } else if (!dead && ended()) {
        co_return std::size_t{0};
      }
      signal_.expires_at(dead ? deadline_ : next_look());
      co_await signal_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }

  void close() override {
    closed_ = true;
    signal_.cancel();
  }

 private:
  Result<std::size_t> end() const {
    if (fault_ == StreamFault::EndLater) return std::size_t{0};
    return fail(ErrorKind::Unreachable, "the connection broke in the middle");
  }

  bool ended() const { return answer_.watch == nullptr ? body_taken_ : answer_.watch->ended(); }

  // True: there is something new to deliver, after a moment.
  bool fill() {
    if (answer_.watch != nullptr) {
      pending_ = answer_.watch->take(cluster_.now());
    } else if (!body_taken_) {
      pending_ = answer_.response.body;
      body_taken_ = true;
    }
    if (pending_.empty()) return false;
    readable_at_ = Clock::now() + std::chrono::microseconds(random_.below(5'000));
    return true;
  }

  std::size_t deliver(std::span<char> into) {
    const std::size_t most = std::min(into.size(), pending_.size());
    const std::size_t size = random_.below(4) == 0 ? 1 + random_.below(most) : most;
    std::copy_n(pending_.begin(), size, into.begin());
    pending_.erase(0, size);
    return size;
  }

  Clock::time_point next_look() const {
    Clock::time_point next = std::min(deadline_, over_at_);
    if (!pending_.empty()) return std::min(next, readable_at_);
    if (answer_.watch != nullptr) {
      const auto wait = std::max(answer_.watch->next_due() - cluster_.now(), std::chrono::milliseconds(1));
      if (wait < 24h) next = std::min(next, Clock::now() + wait);
    }
    return next;
  }

  SimulatedCluster& cluster_;
  SimulatedAnswer answer_;
  StreamFault fault_;
  Clock::time_point deadline_, over_at_ = Clock::time_point::max(), readable_at_{};
  SeededRandom& random_;
  const bool& isolated_;
  Timer signal_;
  std::function<void()> wake_;
  std::string pending_;
  bool body_taken_ = false, closed_ = false;
};

}  // namespace

SimulatedNetwork::SimulatedNetwork(asio::any_io_executor executor, SimulatedCluster& cluster, FaultPlan& faults,
                                   std::function<void(const SeenRequest&)> on_handled)
    : executor_(std::move(executor)), cluster_(cluster), faults_(faults), on_handled_(std::move(on_handled)) {}

std::size_t SimulatedNetwork::writes() const {
  return static_cast<std::size_t>(std::ranges::count_if(requests_, [](const SeenRequest& request) {
    return request.method != Method::Get && request.status >= 200 && request.status < 300;
  }));
}

asio::awaitable<void> SimulatedNetwork::pass(std::chrono::nanoseconds time) {
  Timer timer(executor_, Clock::now() + time);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<void> SimulatedNetwork::travel() {
  const auto time = std::chrono::microseconds(200 + faults_.random().below(3'000));
  co_await pass(time);
}

asio::awaitable<Result<ApiResponse>> SimulatedNetwork::send(ApiRequest request) {
  const bool is_write = request.method != Method::Get;
  const RequestFault fault = faults_.next_request(is_write);
  const std::size_t index = requests_.size();
  requests_.push_back({request.method, request.target, 0, Clock::now()});
  const auto lost = [&] {
    return fail(is_write ? ErrorKind::UnknownOutcome : ErrorKind::Unreachable, "no answer came");
  };
  co_await travel();
  if (isolated_ || fault == RequestFault::RequestLost) {
    co_await pass(request.deadline);
    co_return lost();
  }
  if (fault == RequestFault::Refused) co_return fail(ErrorKind::Unreachable, "connection refused");
  if (fault == RequestFault::Throttled) co_return refusal(429, "Too many requests, please try again later.", 1s);
  if (fault == RequestFault::ServerError) co_return refusal(500, "internal error");
  if (fault == RequestFault::Unavailable) co_return refusal(503, "service unavailable", 1s);
  if (fault == RequestFault::Forbidden) co_return forbidden();
  const SimulatedAnswer answer = cluster_.handle(to_simulated(request));
  requests_[index].status = answer.response.status;
  on_handled_(requests_[index]);
  if (fault == RequestFault::TimedOut) co_return refusal(504, "the server was too slow");
  if (fault == RequestFault::AnswerLost) {
    co_await pass(faults_.random().coin() ? request.deadline : std::chrono::milliseconds(5));
    co_return lost();
  }
  co_await travel();
  if (isolated_) {
    co_await pass(request.deadline);
    co_return lost();
  }
  ApiResponse response;
  response.status = answer.response.status;
  response.content_type = answer.response.content_type;
  response.body = answer.response.body;
  co_return response;
}

asio::awaitable<Result<std::unique_ptr<ResponseStream>>> SimulatedNetwork::open(
    ApiRequest request, std::chrono::milliseconds stream_deadline) {
  const StreamFault fault = faults_.next_stream();
  const Clock::time_point deadline = Clock::now() + stream_deadline;
  co_await travel();
  if (isolated_) {
    co_await pass(request.deadline);
    co_return fail(ErrorKind::Timeout, "no answer came");
  }
  if (fault == StreamFault::Refused) co_return fail(ErrorKind::Unreachable, "connection refused");
  SimulatedAnswer answer;
  if (fault == StreamFault::Throttled || fault == StreamFault::Forbidden) {
    const ApiResponse refused = fault == StreamFault::Throttled ? refusal(429, "Too many requests", 1s) : forbidden();
    answer.response.status = refused.status;
    answer.response.content_type = refused.content_type;
    answer.response.body = refused.body;
  } else {
    answer = cluster_.handle(to_simulated(request));
  }
  std::unique_ptr<ResponseStream> stream = std::make_unique<SimulatedStream>(
      executor_, cluster_, std::move(answer), fault, deadline, faults_.random(), isolated_);
  co_return stream;
}

}  // namespace holdfast::sim
