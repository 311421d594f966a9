#include "app/status_writer.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "app/installations.h"
#include "holdfast/base/log.h"
#include "holdfast/base/timestamp.h"
#include "holdfast/model/api_status.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::string_view kManager = "holdfast-status";
constexpr std::size_t kLongestNoteBytes = 1'000;  // the API server takes 1,024
constexpr auto kDeadline = 10s;                   // the end of a process waits for what is under way
constexpr auto kFirstRetry = 1s, kLastRetry = 60s;

json::object reference_to(const ApiResource& resource, const StatusTarget& target) {
  return {{"apiVersion", resource.gvk.api_version()},
          {"kind", resource.gvk.kind},
          {"namespace", target.name.first},
          {"name", target.name.second},
          {"uid", target.uid.value}};
}

std::string event_body(const ApiResource& resource, const ClusterEvent& event, std::uint64_t number) {
  const auto now = std::chrono::system_clock::now();
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(now - second).count();
  std::string time = to_timestamp(second);
  time.replace(time.size() - 1, 1, fmt::format(".{:06}Z", microseconds));
  json::object body{
      {"apiVersion", "events.k8s.io/v1"},
      {"kind", "Event"},
      {"metadata",
       {{"namespace", event.about.name.first},
        {"name", fmt::format("{}.{:x}.{:x}", event.about.name.second, now.time_since_epoch().count(), number)}}},
      {"eventTime", time},
      {"type", event.warning ? "Warning" : "Normal"},
      {"reason", event.reason},
      {"action", "Reconcile"},
      {"note", event.note.substr(0, kLongestNoteBytes)},
      {"regarding", reference_to(resource, event.about)},
      {"reportingController", "holdfast.dev/holdfast"},
      {"reportingInstance", fmt::format("holdfast-{}", getpid())}};
  return to_json(body);
}

}  // namespace

StatusWriter::StatusWriter(asio::any_io_executor executor, ApiServer& api, std::function<double()> chance,
                           ApiResource resource, const std::string& installation)
    : api_(api),
      resource_(std::move(resource)),
      manager_(manager_of(kManager, installation)),
      chance_(std::move(chance)),
      signal_(executor),
      tasks_(executor) {}

// One that has nothing to write keeps no loop alive.
void StatusWriter::wake() {
  if (!std::exchange(begun_, true)) tasks_.spawn(work());
  signal_.cancel();
}

std::string StatusWriter::status_target(const ApplicationName& name) const {
  return resource_path(resource_, name.first, name.second) + "/status?fieldManager=" + manager_ + "&force=true";
}

void StatusWriter::write(const StatusTarget& target, std::function<json::object()> document) {
  if (stopping_) return;
  Subject& subject = subjects_[target.name];
  if (subject.target.uid != target.uid) subject.written.clear();
  subject.target = target;
  subject.document = std::move(document);
  if (std::exchange(subject.dirty, true)) return;
  subject.not_before = std::max(subject.not_before, Clock::now() + kGathering);
  if (subject.under_way) return;  // it is looked at again when that has ended
  queue_.push_back(target.name);
  wake();
}

void StatusWriter::forget(const ApplicationName& name) {
  std::erase(queue_, name);
  subjects_.erase(name);
}

void StatusWriter::tell(ClusterEvent event) {
  if (stopping_) return;
  if (events_.size() == kMostEvents) events_.pop_front();
  events_.push_back(std::move(event));
  wake();
}

void StatusWriter::stop() {
  stopping_ = true;
  signal_.cancel();
}

asio::awaitable<void> StatusWriter::ended() { co_await tasks_.join(); }

asio::awaitable<void> StatusWriter::work() {
  for (;;) {
    while (under_way_ < kMostUnderWay && begin_one()) continue;
    if (stopping_ && under_way_ == 0 && queue_.empty() && events_.empty()) co_return;
    auto due = Clock::time_point::max();
    if (under_way_ < kMostUnderWay)
      for (const ApplicationName& name : queue_) due = std::min(due, subjects_.at(name).not_before);
    signal_.expires_at(due);
    co_await signal_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

// False where nothing is to be done now.
bool StatusWriter::begin_one() {
  if (!events_.empty()) {
    ClusterEvent event = std::move(events_.front());
    events_.pop_front();
    ++under_way_;
    tasks_.spawn(write_event(std::move(event)));
    return true;
  }
  const auto now = Clock::now();
  const auto due = std::ranges::find_if(
      queue_, [&](const ApplicationName& name) { return stopping_ || subjects_.at(name).not_before <= now; });
  if (due == queue_.end()) return false;
  ApplicationName name = *due;
  queue_.erase(due);
  ++under_way_;
  tasks_.spawn(write_status(std::move(name)));
  return true;
}

asio::awaitable<void> StatusWriter::write_status(ApplicationName name) {
  Subject& before = subjects_.at(name);
  before.dirty = false;
  json::object document = before.document();
  std::string text = canonical_json(document);
  if (text != before.written) {
    before.under_way = true;
    const Uid uid = before.target.uid;
    ApiRequest request;
    request.method = Method::Patch;
    request.target = status_target(name);
    request.content_type = "application/apply-patch+yaml";
    request.deadline = kDeadline;
    request.body =
        to_json(json::object{{"apiVersion", resource_.gvk.api_version()},
                             {"kind", resource_.gvk.kind},
                             {"metadata", {{"namespace", name.first}, {"name", name.second}, {"uid", uid.value}}},
                             {"status", std::move(document)}});
    const Result<ApiResponse> answer = co_await api_.send(std::move(request));
    if (const auto found = subjects_.find(name); found != subjects_.end())
      answered(found->second, uid, std::move(text), answer);
  }
  --under_way_;
  signal_.cancel();
}

void StatusWriter::answered(Subject& subject, const Uid& uid, std::string text, const Result<ApiResponse>& answer) {
  subject.under_way = false;
  const ApplicationName& name = subject.target.name;
  // Gone, or another one by now: whoever follows the objects hears of it and says what is to be written then.
  const bool pointless = answer && (answer->status == 404 || answer->status == 409);
  if (answer && answer->status == 200 && subject.target.uid == uid) {
    subject.written = std::move(text);
    subject.failures = 0;
    subject.not_before = {};
  } else if (!pointless && subject.target.uid == uid) {
    const Error error =
        answer ? to_error(parse_api_status(answer->status, answer->content_type, answer->body), status_target(name))
               : answer.error();
    const auto wait = std::min<std::chrono::seconds>(kFirstRetry * (1U << std::min(subject.failures, 6U)), kLastRetry);
    if (subject.failures++ == 0)
      log(LogLevel::Warning, "status-unwritten",
          "could not write the status of " + name.first + "/" + name.second +
              ", which is tried again: " + describe(error));
    subject.dirty = !stopping_;
    subject.not_before = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                            std::chrono::duration<double>(wait) * (1 + chance_()));
  }
  if (subject.dirty) queue_.push_back(name);
}

// An Event that was not taken is not sent again: the status has it all.
asio::awaitable<void> StatusWriter::write_event(ClusterEvent event) {
  ApiRequest request;
  request.method = Method::Post;
  request.target = "/apis/events.k8s.io/v1/namespaces/" + event.about.name.first + "/events";
  request.content_type = "application/json";
  request.deadline = kDeadline;
  request.body = event_body(resource_, event, ++event_number_);
  const Result<ApiResponse> answer = co_await api_.send(std::move(request));
  if (!answer || answer->status >= 300)
    log(LogLevel::Debug, "event-unwritten",
        "could not write an Event: " +
            (answer ? fmt::format("{} {}", answer->status, answer->body.substr(0, 300)) : describe(answer.error())));
  --under_way_;
  signal_.cancel();
}

}  // namespace holdfast
