#include "sim/simulated_network.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "sim/fault_answers.h"
#include "sim/place.h"

namespace holdfast::sim {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using enum FaultKind;

namespace {

constexpr std::size_t kSeenKept = 400;
constexpr auto kTooLargeAfter = 3s;  // a server waits that long for what it has not seen yet (V38)

SimulatedRequest to_simulated(const ApiRequest& request) {
  SimulatedRequest simulated;
  simulated.method = to_string(request.method);
  simulated.target = request.target;
  simulated.content_type = request.content_type;
  simulated.accept = request.accept;
  simulated.user_agent = "holdfast/simulated";
  simulated.if_none_match = request.if_none_match;
  simulated.body = request.body;
  return simulated;
}

ApiResponse to_response(const SimulatedResponse& answer) {
  ApiResponse response;
  response.status = answer.status;
  response.content_type = answer.content_type;
  response.body = answer.body;
  for (const auto& [name, value] : answer.headers)
    if (name == "ETag") response.etag = value;
  return response;
}

SimulatedAnswer to_answer(const ApiResponse& refused) {
  SimulatedAnswer answer;
  answer.response.status = refused.status;
  answer.response.content_type = refused.content_type;
  answer.response.body = refused.body;
  return answer;
}

// Refusals that last for a while.
FaultKind refused_for_a_while(const FaultPlan& faults, const std::string& type, const std::string& target) {
  if (faults.lasts(Overloaded)) return Overloaded;
  if (faults.lasts(TokenRevoked)) return TokenRevoked;
  if (faults.lasts(RoleRevoked) && !type.empty() && type == faults.detail_of(RoleRevoked)) return RoleRevoked;
  if (faults.lasts(DiscoveryUnavailable) && target == "/apis") return DiscoveryUnavailable;
  return None;
}

std::string ms_of(Clock::time_point time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  return std::to_string(ms) + " ms";
}

// A request that is repeated: the same object, or the same list or watch, from wherever it goes on.
std::string identity_of(const ApiRequest& request) {
  const bool watch = !parameter(request.target, "watch").empty();
  return std::string(watch ? "WATCH" : to_string(request.method)) + " " +
         request.target.substr(0, request.target.find('?')) + " " + parameter(request.target, "labelSelector");
}

// All of a type, and not whether the server is still where it was.
bool is_whole_list(const ApiRequest& request) {
  return request_traits(request).list && parameter(request.target, "limit") != "1";
}

bool is_success(int status) { return status >= 200 && status < 300; }

}  // namespace

SimulatedNetwork::SimulatedNetwork(asio::any_io_executor executor, SimulatedCluster& cluster, FaultPlan& faults,
                                   std::function<void(const SeenRequest&)> on_handled)
    : executor_(std::move(executor)), cluster_(cluster), faults_(faults), on_handled_(std::move(on_handled)) {}

void SimulatedNetwork::saw(const ApiRequest& request, int status, StoredPtr before) {
  ++served_;
  if (request.method != Method::Get && is_success(status)) {
    ++writes_;
    if (request.target.contains(".learned-") || request.target.contains("/secrets")) ++lessons_;
  }
  const SeenRequest seen{request.method, request.target, status, Clock::now(), std::move(before)};
  if (seen_.size() == kSeenKept) seen_.erase(seen_.begin(), seen_.begin() + kSeenKept / 2);
  seen_.push_back(seen);
  on_handled_(seen);
}

StoredPtr SimulatedNetwork::at(const ApiRequest& request) const {
  const Place place = place_of(request.target);
  return cluster_.store().find(place.type, place.namespace_, place.name);
}

std::string SimulatedNetwork::last_requests() const {
  std::string text;
  for (const SeenRequest& seen : seen_) {
    text += ms_of(seen.at) + ": " + to_string(seen.method) + " " + seen.target + " -> " + std::to_string(seen.status) +
            "\n";
  }
  return text;
}

asio::awaitable<void> SimulatedNetwork::pass(std::chrono::nanoseconds time) {
  Timer timer(executor_, Clock::now() + time);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<void> SimulatedNetwork::travel() {
  const auto time = std::chrono::microseconds(200 + faults_.random().below(3'000));
  co_await pass(time);
}

asio::awaitable<Result<ApiResponse>> SimulatedNetwork::lost(bool is_write, std::chrono::nanoseconds after) {
  co_await pass(after);
  co_return fail(is_write ? ErrorKind::UnknownOutcome : ErrorKind::Unreachable, "no answer came");
}

bool SimulatedNetwork::parted() {
  if (!faults_.lasts(Partition)) return false;
  faults_.hit(Partition);
  return true;
}

// What the servers say: the lagging one of the two, where the request happens to go there.
SimulatedAnswer SimulatedNetwork::serve(const ApiRequest& request) {
  SimulatedRequest asked = to_simulated(request);
  const bool spoiled = request.target == "/apis" && (faults_.lasts(GroupStale) || faults_.lasts(GroupMissing));
  if (spoiled) asked.if_none_match.clear();
  if (faults_.lasts(LaggingServer) && request_traits(request).list && faults_.random().coin()) {
    const Revision revision = std::stoll(faults_.detail_of(LaggingServer));
    const PastAnswer past = in_the_past(request.target, revision);
    if (past.too_large) {
      faults_.hit(LaggingServer);
      return to_answer(too_large_version());
    }
    if (revision >= cluster_.store().compacted() && past.target != request.target) {
      faults_.hit(LaggingServer);
      asked.target = past.target;
    }
  }
  SimulatedAnswer answer = cluster_.handle(asked);
  for (const FaultKind kind : {GroupStale, GroupMissing}) {
    if (!spoiled || !faults_.lasts(kind)) continue;
    faults_.hit(kind);
    spoil_group(kind, faults_.detail_of(kind), answer.response.body);
    answer.response.headers.clear();
  }
  return answer;
}

void SimulatedNetwork::replace_connections() {
  ++connections_.replacements;
  cluster_.settle();
}

std::optional<Error> SimulatedNetwork::unconnected(const ServerKeys& keys) {
  if (faults_.lasts(ServersRestarted)) {
    faults_.hit(ServersRestarted);
    return Error{ErrorKind::Unreachable, "connection refused"};
  }
  if (keys.authority == cluster_.keys().authority) return std::nullopt;
  faults_.hit(CertificateRotated);
  return Error{ErrorKind::Unreachable, "the certificate is of an unknown authority"};
}

FaultKind SimulatedNetwork::refused(const ApiRequest& request, const std::string& type, const ServerKeys& keys,
                                    FaultKind fault) {
  const FaultKind lasting = refused_for_a_while(faults_, type, request.target);
  if (lasting != None) return lasting;
  return keys.token == cluster_.keys().token ? fault : TokenRotated;
}

// Whoever was told to come back later does so (correctness B8).
void SimulatedNetwork::turn_away(const ApiRequest& request, std::chrono::seconds retry_after) {
  const std::string what = identity_of(request);
  turned_away_until_[what] = Clock::now() + retry_after;
  types_seen_ = cluster_.types().generation();
}

void SimulatedNetwork::check_patience(const ApiRequest& request) {
  const auto told = turned_away_until_.find(identity_of(request));
  if (told == turned_away_until_.end() || Clock::now() >= told->second) return;
  // A type that was made anew is another one, and has a watch of its own.
  const bool of_a_watch = told->first.starts_with("WATCH") || is_whole_list(request);
  if (of_a_watch && types_seen_ != cluster_.types().generation()) return;
  impatience_ +=
      "came back too soon: " + told->first + " at " + ms_of(Clock::now()) + ", not after " + ms_of(told->second) + "\n";
}

asio::awaitable<Result<ApiResponse>> SimulatedNetwork::send(ApiRequest request, ServerKeys keys) {
  const RequestTraits traits = request_traits(request);
  const FaultKind fault = faults_.next_request(traits);
  const std::size_t number = ++requests_;
  if (is_whole_list(request)) ++lists_;
  if (traits.write) on_their_way_.emplace(number, request);
  co_await travel();
  if (fault == RequestLate) {
    faults_.hit(fault);
    co_await pass(std::chrono::milliseconds(faults_.random().below(5'000)));
  }
  on_their_way_.erase(number);
  if (connections_.isolated) co_return co_await lost(traits.write, request.deadline);
  if (parted()) {
    const bool noticed = faults_.random().coin();
    co_return co_await lost(traits.write, noticed ? std::chrono::milliseconds(5) : request.deadline);
  }
  if (fault == RequestLost) {
    faults_.hit(fault);
    co_return co_await lost(traits.write, request.deadline);
  }
  if (fault == Refused) {
    faults_.hit(fault);
    co_return fail(ErrorKind::Unreachable, "connection refused");
  }
  if (auto why = unconnected(keys)) co_return std::unexpected(std::move(*why));
  check_patience(request);
  const FaultKind refusing = refused(request, traits.type, keys, fault);
  if (const auto answer = refusal_of(refusing)) {
    faults_.hit(refusing);
    if (answer->retry_after) turn_away(request, *answer->retry_after);
    co_return *answer;
  }
  if (fault == PagesExpired && traits.continues) {
    faults_.hit(fault);
    co_return expired_page();
  }
  if (fault == PagesExpired) request.target = with_parameter(request.target, "limit", "2");
  const StoredPtr before = request.method == Method::Delete ? at(request) : nullptr;
  SimulatedAnswer answer = serve(request);
  if (answer.response.status == 504) co_await pass(kTooLargeAfter);
  saw(request, answer.response.status, before);
  co_return co_await bring_back(std::move(request), std::move(answer), fault);
}

std::vector<ApiRequest> SimulatedNetwork::on_their_way() const {
  std::vector<ApiRequest> requests;
  for (const auto& [number, request] : on_their_way_) requests.push_back(request);
  return requests;
}

void SimulatedNetwork::arrive(const ApiRequest& request) {
  const StoredPtr before = request.method == Method::Delete ? at(request) : nullptr;
  const SimulatedAnswer answer = serve(request);
  saw(request, answer.response.status, before);
}

asio::awaitable<Result<ApiResponse>> SimulatedNetwork::bring_back(ApiRequest request, SimulatedAnswer answer,
                                                                  FaultKind fault) {
  const bool is_write = request.method != Method::Get;
  const bool spoils = fault == TimedOut || fault == AnswerLost || fault == AnswerLate || fault == AnswerTruncated;
  if (spoils) faults_.hit(fault);
  if (fault == TimedOut) {
    ApiResponse late;
    late.status = 504;
    late.content_type = "text/plain; charset=utf-8";
    late.body = "the server was too slow";
    co_return late;
  }
  if (fault == AnswerLost) {
    const bool noticed = faults_.random().coin();
    co_return co_await lost(is_write, noticed ? std::chrono::milliseconds(5) : request.deadline);
  }
  if (fault == AnswerLate) co_await pass(std::chrono::milliseconds(faults_.random().below(5'000)));
  co_await travel();
  if (connections_.isolated || parted()) co_return co_await lost(is_write, request.deadline);
  ApiResponse response = to_response(answer.response);
  if (fault == AnswerTruncated && !response.body.empty())
    response.body.resize(faults_.random().below(response.body.size()));
  ++answered_;
  co_return response;
}

asio::awaitable<Result<std::unique_ptr<ResponseStream>>> SimulatedNetwork::open(
    ApiRequest request, std::chrono::milliseconds stream_deadline, ServerKeys keys) {
  const StreamTraits traits = stream_traits(request);
  SimulatedStream::Opening opening;
  opening.fault = faults_.next_stream(traits);
  opening.deadline = Clock::now() + stream_deadline;
  ++requests_;
  if (traits.initial) ++lists_;
  co_await travel();
  if (connections_.isolated || parted()) {
    co_await pass(request.deadline);
    co_return fail(ErrorKind::Timeout, "no answer came");
  }
  if (opening.fault == StreamRefused) {
    faults_.hit(opening.fault);
    co_return fail(ErrorKind::Unreachable, "connection refused");
  }
  if (auto why = unconnected(keys)) co_return std::unexpected(std::move(*why));
  check_patience(request);
  const FaultKind refusing = refused(request, traits.type, keys, opening.fault);
  if (const auto answer = refusal_of(refusing)) {
    faults_.hit(refusing);
    if (answer->retry_after) turn_away(request, *answer->retry_after);
    opening.answer = to_answer(*answer);
    opening.retry_after = answer->retry_after;
    opening.fault = None;
  } else if (faults_.lasts(LaggingServer) && faults_.random().coin()) {
    co_await open_in_the_past(request, traits.initial, opening);
  } else {
    if (opening.fault == InitialIgnored)
      request.target =
          without_parameter(without_parameter(request.target, "sendInitialEvents"), "resourceVersionMatch");
    opening.answer = cluster_.handle(to_simulated(request));
  }
  std::unique_ptr<ResponseStream> stream =
      std::make_unique<SimulatedStream>(executor_, cluster_, faults_, connections_, std::move(opening));
  co_return stream;
}

// A watch on the server that has seen nothing for a while: it tells what it knew, and the rest when it has caught up.
asio::awaitable<void> SimulatedNetwork::open_in_the_past(const ApiRequest& request, bool initial,
                                                         SimulatedStream::Opening& opening) {
  faults_.hit(LaggingServer);
  opening.lags = true;
  const Revision revision = std::stoll(faults_.detail_of(LaggingServer));
  const PastAnswer past = in_the_past(request.target, revision);
  if (!initial || revision < cluster_.store().compacted()) {
    opening.answer = cluster_.handle(to_simulated(request));
    co_return;
  }
  if (past.too_large) {
    co_await pass(kTooLargeAfter);
    opening.answer = to_answer(too_large_version());
    co_return;
  }
  SimulatedRequest asked = to_simulated(request);
  for (const char* name : {"watch", "allowWatchBookmarks", "sendInitialEvents", "timeoutSeconds"})
    asked.target = without_parameter(asked.target, name);
  asked.target = in_the_past(asked.target, revision).target;
  const SimulatedAnswer list = cluster_.handle(asked);
  asked.target = without_parameter(without_parameter(request.target, "sendInitialEvents"), "resourceVersionMatch");
  asked.target = with_parameter(asked.target, "resourceVersion", std::to_string(revision));
  opening.answer = cluster_.handle(asked);
  if (list.response.status == 200 && opening.answer.watch != nullptr)
    opening.answer.response.body = as_initial_events(list.response.body, std::to_string(revision));
}

}  // namespace holdfast::sim
