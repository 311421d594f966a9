#include "watchers/reflector.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <type_traits>
#include <utility>

#include "holdfast/base/clock.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kReadBytes = 64UL * 1024;
constexpr std::size_t kMaxRefusalBytes = 64UL * 1024;
constexpr std::chrono::milliseconds kListDeadline{60'000};
constexpr std::chrono::seconds kLookForRhythm{60};  // how often a stream is asked whether silence would mean something

// The body of a refused watch, as far as it is worth reading; what cannot be read leaves the status to speak for
// itself.
asio::awaitable<std::string> read_refusal(ResponseStream& stream) {
  std::string body(kMaxRefusalBytes, '\0');
  std::size_t used = 0;
  while (used < body.size()) {
    const std::span<char> rest(body.data() + used, body.size() - used);
    const Result<std::size_t> got = co_await stream.read_some(rest);
    if (!got || *got == 0) break;
    used += *got;
  }
  body.resize(used);
  co_return body;
}

}  // namespace

Reflector::Reflector(ApiServer& api, WatchTransport& transport, ApiResource resource, std::string label_selector,
                     StoreWriter& writer, ReflectorSink& sink, std::function<double()> random, ReflectorOptions options)
    : api_(api),
      transport_(transport),
      writer_(writer),
      sink_(sink),
      machine_(std::move(resource), std::move(label_selector), std::move(random), std::move(options.knowledge),
               options.detail),
      lists_(std::move(options.lists)),
      buffer_(kReadBytes) {
  machine_.set_reader(options.reader);
  machine_.narrow(options.namespace_, options.field_selector);
}

// Outlives the reflector where its timer has fired and not been heard yet.
struct Reflector::Watchdog {
  Watchdog(Reflector& of, const asio::any_io_executor& executor) : owner(&of), timer(executor) {}
  Reflector* owner;  // null: called off
  Timer timer;
};

Reflector::~Reflector() = default;

void Reflector::stop() {
  if (std::exchange(stopping_, true)) return;
  cancel_.emit(asio::cancellation_type::terminal);
}

asio::awaitable<void> Reflector::run() {
  if (!stopping_) {
    // A coroutine of its own, so that stop() reaches whatever it waits for.
    auto [failure] =
        co_await asio::co_spawn(co_await asio::this_coro::executor, follow(),
                                asio::bind_cancellation_slot(cancel_.slot(), asio::as_tuple(asio::use_awaitable)));
    if (failure && !stopping_) {
      ReflectorStatus status{ReflectorState::Failed, Error{ErrorKind::Internal, "the watch ended by an exception"}};
      try {
        std::rethrow_exception(failure);
      } catch (const std::exception& e) {
        status.error->message += std::string(": ") + e.what();
      } catch (...) {
        status.error->message += " of unknown type";
      }
      sink_.status_changed(machine_.resource(), status);
    }
  }
  close_stream();
  writer_.forget(machine_.resource().gvk.group_kind());
}

void Reflector::close_stream() {
  if (watchdog_) {
    watchdog_->owner = nullptr;
    watchdog_->timer.cancel();
    watchdog_.reset();
  }
  if (stream_) stream_->close();
  stream_.reset();
  list_pass_ = {};
  fell_silent_ = false;
  decoder_.reset();
}

// One timer for each stream, looked at when it fires and not at each event (A12).
void Reflector::guard_silence() {
  watchdog_->timer.expires_at(machine_.read_until().value_or(Clock::now() + kLookForRhythm));
  watchdog_->timer.async_wait([dog = watchdog_](const boost::system::error_code&) {
    Reflector* const self = dog->owner;
    if (self == nullptr) return;
    const auto until = self->machine_.read_until();
    if (!until || *until > Clock::now()) return self->guard_silence();
    self->fell_silent_ = true;
    self->stream_->close();
  });
}

asio::awaitable<void> Reflector::follow() {
  // A coroutine that was cancelled and never suspended throws out of Asio's own frame below it: suspend once.
  co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
  if (stopping_) co_return;
  Step step = perform(machine_.start(Clock::now()), Clock::now());
  while (!stopping_) {
    if (std::holds_alternative<std::monostate>(step)) {
      step = co_await read_watch();
      continue;
    }
    close_stream();
    ReflectorActions actions = co_await next_actions(std::move(step));
    step = {};
    if (!stopping_) step = perform(std::move(actions), Clock::now());
  }
}

asio::awaitable<ReflectorActions> Reflector::next_actions(Step step) {
  if (auto* const send_list = std::get_if<SendList>(&step)) return list(std::move(*send_list));
  if (auto* const open_watch = std::get_if<OpenWatch>(&step)) return open(std::move(*open_watch));
  if (auto* const ask_cluster = std::get_if<AskCluster>(&step)) return ask(std::move(*ask_cluster));
  return wait(std::get<Wait>(step));
}

// Fails only when the reflector is being stopped.
asio::awaitable<Result<Gate::Pass>> Reflector::pass_to_list() {
  if (!lists_) co_return Gate::Pass();
  co_return co_await lists_->enter(Clock::time_point::max());
}

asio::awaitable<ReflectorActions> Reflector::list(SendList request) {
  const Result<Gate::Pass> pass = co_await pass_to_list();
  if (!pass) co_return ReflectorActions{};
  ApiRequest get;
  get.target = std::move(request.target);
  get.accept = std::move(request.accept);
  get.deadline = kListDeadline;
  get.accept_gzip = true;
  get.max_retries = 0;  // the machine waits by itself, and says so
  Result<ApiResponse> answer = co_await api_.send(std::move(get));
  co_return machine_.list_answered(std::move(answer), Clock::now());
}

asio::awaitable<ReflectorActions> Reflector::open(OpenWatch request) {
  if (request.lists) {
    Result<Gate::Pass> pass = co_await pass_to_list();
    if (!pass) co_return ReflectorActions{};
    list_pass_ = std::move(*pass);
  }
  ApiRequest get;
  get.target = std::move(request.target);
  get.accept = std::move(request.accept);
  Result<std::unique_ptr<ResponseStream>> opened = co_await transport_.open(std::move(get), request.stream_deadline);
  Result<ApiResponse> head;
  if (!opened) {
    head = std::unexpected(opened.error());
  } else {
    stream_ = std::move(*opened);
    head->status = stream_->status();
    head->content_type = stream_->content_type();
    head->retry_after = stream_->retry_after();
    if (head->status != 200) head->body = co_await read_refusal(*stream_);
  }
  ReflectorActions actions = machine_.watch_opened(head, Clock::now());
  if (stream_) {
    watchdog_ = std::make_shared<Watchdog>(*this, co_await asio::this_coro::executor);
    guard_silence();
  }
  co_return actions;
}

asio::awaitable<ReflectorActions> Reflector::ask(AskCluster request) {
  ApiRequest get;
  get.target = std::move(request.target);
  const Result<ApiResponse> answer = co_await api_.send(std::move(get));
  co_return machine_.cluster_answered(answer, Clock::now());
}

asio::awaitable<ReflectorActions> Reflector::wait(Wait request) {
  Timer timer(co_await asio::this_coro::executor, request.until);
  auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  if (error) co_return ReflectorActions{};  // only stop() cancels it
  co_return machine_.timer(Clock::now());
}

asio::awaitable<Reflector::Step> Reflector::read_watch() {
  const std::span<char> buffer(buffer_);
  const Result<std::size_t> got = co_await stream_->read_some(buffer);
  const TimePoint now = Clock::now();
  if (stopping_) co_return Step{};
  if (got && *got > 0) co_return decode(std::string_view(buffer_.data(), *got), now);
  if (fell_silent_) co_return perform(machine_.watch_silent(now), now);
  std::optional<Error> error;
  if (!got) error = got.error();
  co_return perform(machine_.watch_ended(std::move(error), now), now);
}

Reflector::Step Reflector::decode(std::string_view bytes, TimePoint received_at) {
  Result<std::vector<WatchEvent>> events = decoder_.feed(bytes);
  if (!events) return perform(machine_.watch_broken(std::move(events.error()), received_at), received_at);
  for (const WatchEvent& event : *events) {
    Step step = perform(machine_.watch_event(event, received_at), received_at);
    if (stopping_ || !std::holds_alternative<std::monostate>(step)) return step;  // the rest belongs to a dead stream
  }
  return {};
}

void Reflector::replace(ReplaceStore list, TimePoint received_at) {
  list_pass_ = {};
  const GroupKind type = machine_.resource().gvk.group_kind();
  const auto events = writer_.replace(type, std::move(list.items), list.resource_version);
  sink_.changed(events, received_at);
}

Reflector::Step Reflector::perform(ReflectorActions actions, TimePoint received_at) {
  const GroupKind type = machine_.resource().gvk.group_kind();
  Step step;
  for (ReflectorAction& action : actions) {
    if (auto* const list = std::get_if<ReplaceStore>(&action)) {
      replace(std::move(*list), received_at);
    } else if (auto* const apply = std::get_if<ApplyEvent>(&action)) {
      const auto events = writer_.apply(apply->type, apply->object);
      if (!events.empty()) sink_.changed(events, received_at);
    } else if (std::holds_alternative<MarkUnsynced>(action)) {
      writer_.mark_unsynced(type);
    } else if (auto* const status = std::get_if<ReflectorStatus>(&action)) {
      sink_.status_changed(machine_.resource(), *status);
    } else if (auto* const send_list = std::get_if<SendList>(&action)) {
      step = std::move(*send_list);
    } else if (auto* const open_watch = std::get_if<OpenWatch>(&action)) {
      step = std::move(*open_watch);
    } else if (auto* const wait_until = std::get_if<Wait>(&action)) {
      step = *wait_until;
    } else if (auto* const ask_cluster = std::get_if<AskCluster>(&action)) {
      step = std::move(*ask_cluster);
    } else if (std::holds_alternative<ClusterRestored>(action)) {
      sink_.cluster_restored();
    } else if (const auto* replaced = std::get_if<ClusterReplaced>(&action)) {
      sink_.cluster_replaced(replaced->error);
    }
  }
  return step;
}

}  // namespace holdfast
