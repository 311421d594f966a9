#include "app/lease_keeper.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <ctime>
#include <random>
#include <utility>

#include "holdfast/base/digest.h"
#include "holdfast/base/log.h"
#include "holdfast/model/api_resource.h"
#include "holdfast/model/api_status.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

const ApiResource kLeases{{"coordination.k8s.io", "v1", "Lease"}, "leases", true, {}};
constexpr auto kDeadline = 5s;  // of one request: a renewal may fail once within a term

// Where it runs, and which process it is: no other has the same.
std::string new_identity() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host = {};
  std::random_device random;
  std::string text = host.front() == '\0' ? "holdfast" : std::string(host.data());
  return text + "_" + to_hex(sha256(std::to_string(random()) + ":" + std::to_string(random()))).substr(0, 16);
}

std::function<double()> chance() {
  return [engine = std::make_shared<std::minstd_rand>(std::random_device{}())] {
    return std::uniform_real_distribution<double>(0, 1)(*engine);
  };
}

}  // namespace

// A steady clock stands still while its machine sleeps, and the Lease does not: that time counts as well.
class LeaseKeeper::Fence final : public WriteFence {
 public:
  explicit Fence(std::shared_ptr<const LeaseTerm> term) : term_(std::move(term)) {}
  // A request for the Lease is about to leave.
  void sending() { sent_asleep_ = asleep(); }
  void renewed() { slept_ = sent_asleep_; }
  [[nodiscard]] Clock::time_point ends() const override {
    const Clock::time_point ends = term_->ends();
    return ends == Clock::time_point::min() ? ends : ends - (asleep() - slept_);
  }
  [[nodiscard]] std::chrono::milliseconds grace() const override { return term_->grace(); }

 private:
  // For how long the machine has slept since it started.
  static std::chrono::nanoseconds asleep() {
    const auto read = [](clockid_t clock) {
      timespec time{};
      if (clock_gettime(clock, &time) != 0) return std::chrono::nanoseconds{0};
      return std::chrono::nanoseconds(std::chrono::seconds(time.tv_sec)) + std::chrono::nanoseconds(time.tv_nsec);
    };
    return std::max(read(CLOCK_BOOTTIME) - read(CLOCK_MONOTONIC), std::chrono::nanoseconds{0});
  }

  std::shared_ptr<const LeaseTerm> term_;
  std::chrono::nanoseconds slept_{0}, sent_asleep_{0};
};

LeaseKeeper::~LeaseKeeper() = default;

std::shared_ptr<const WriteFence> LeaseKeeper::fence() const { return fence_; }

bool LeaseKeeper::may_write() const { return fence_->may_write(Clock::now()); }

LeaseKeeper::LeaseKeeper(asio::any_io_executor executor, ApiServer& api, std::string namespace_, std::string name,
                         Hooks hooks)
    : api_(api),
      namespace_(std::move(namespace_)),
      name_(std::move(name)),
      hooks_(std::move(hooks)),
      term_(std::make_shared<LeaseTerm>(new_identity(), chance(),
                                        [] { return lease_time(std::chrono::system_clock::now()); })),
      fence_(std::make_shared<Fence>(term_)),
      pause_(executor) {}

asio::awaitable<void> LeaseKeeper::run() {
  while (!stopping_ && !lost_) {
    auto request = term_->next(Clock::now());
    if (!request) {
      pause_.expires_at(term_->due());
      co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
      continue;
    }
    const LeaseTerm::Standing before = term_->standing();
    fence_->sending();
    const auto sent = Clock::now();
    LeaseTerm::Request sending = *request;
    const LeaseTerm::Answer answer = co_await send(std::move(sending));
    if (stopping_) co_return;
    term_->answered(*request, answer, sent, Clock::now());
    const bool written = request->kind != LeaseTerm::Request::Kind::Read;
    if (written && answer.kind == LeaseTerm::Answer::Kind::Record) fence_->renewed();
    note(before);
  }
}

void LeaseKeeper::stop() {
  stopping_ = true;
  pause_.cancel();
}

void LeaseKeeper::note(LeaseTerm::Standing before) {
  using enum LeaseTerm::Standing;
  const LeaseTerm::Standing now = term_->standing();
  if (now == Waiting && problem_.empty() && term_->holder() != said_holder_) {
    said_holder_ = term_->holder();
    if (!said_holder_.empty())
      log(LogLevel::Info, "standing-by",
          "standing by: " + said_holder_ + " writes, as the Lease " + place() + " says; nothing is written meanwhile");
  }
  if (before == Waiting && now == Holding) {
    log(LogLevel::Info, "lease-held", "holding the Lease " + place() + ": this process writes",
        {{"identity", term_->identity()}});
    hooks_.won();
  }
  if (now != Lost || std::exchange(lost_, true)) return;
  log(LogLevel::Error, "lease-lost",
      "the Lease " + place() + " went to " + (term_->holder().empty() ? "nobody" : term_->holder()) +
          " meanwhile; nothing more is written, and all of it begins anew");
  hooks_.lost();
}

asio::awaitable<LeaseTerm::Answer> LeaseKeeper::send(LeaseTerm::Request request) {
  using Kind = LeaseTerm::Request::Kind;
  ApiRequest asking;
  asking.target = resource_path(kLeases, namespace_, request.kind == Kind::Create ? "" : name_);
  asking.deadline = kDeadline;
  asking.max_retries = 0;
  if (request.kind != Kind::Read) {
    asking.method = request.kind == Kind::Create ? Method::Post : Method::Put;
    asking.content_type = "application/json";
    asking.body = to_json(write_lease(request.record, namespace_, name_));
  }
  const Result<ApiResponse> response = co_await api_.send(std::move(asking));
  std::string problem;
  LeaseTerm::Answer answer;
  if (!response) {
    problem = describe(response.error());
  } else if (response->status == 200 || response->status == 201) {
    const auto record = read_lease(response->body);
    if (record) answer = {LeaseTerm::Answer::Kind::Record, *record};
    if (!record) problem = describe(record.error());
  } else {
    const ApiStatus status = parse_api_status(response->status, response->content_type, response->body);
    if (response->status == 404 && status.reason == "NotFound" && request.kind != Kind::Create)
      answer.kind = LeaseTerm::Answer::Kind::Absent;
    else if (response->status == 409)
      answer.kind = LeaseTerm::Answer::Kind::Conflict;
    else
      problem = status.message;
  }
  if (!problem.empty() && problem_.empty())
    log(LogLevel::Warning, "lease-unknown",
        "the Lease " + place() + " cannot be asked for: " + problem + "; nothing is written once the term is over");
  problem_ = problem;
  co_return answer;
}

asio::awaitable<void> LeaseKeeper::release() {
  auto request = term_->release();
  if (!request) co_return;
  LeaseTerm::Request sending = std::move(*request);
  co_await send(std::move(sending));
}

std::string LeaseKeeper::standing() const {
  switch (term_->standing()) {
    case LeaseTerm::Standing::Holding:
      return may_write() ? "holds the Lease " + place() : "the term of the Lease " + place() + " is over: " + problem_;
    case LeaseTerm::Standing::Lost:
      return "lost the Lease " + place();
    case LeaseTerm::Standing::Waiting:
      break;
  }
  if (!problem_.empty()) return "cannot ask for the Lease " + place() + ": " + problem_;
  if (!term_->seen()) return "asking for the Lease " + place();
  return "standing by: " + term_->holder() + " holds the Lease " + place();
}

}  // namespace holdfast
