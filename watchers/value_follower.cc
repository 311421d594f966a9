#include "watchers/value_follower.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>
#include <vector>

#include "holdfast/base/digest.h"
#include "holdfast/model/api_status.h"
#include "holdfast/model/json.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

using Kind = ValueReference::Kind;

ApiResource resource_of(Kind kind) {
  if (kind == Kind::Secret) return {{"", "v1", "Secret"}, "secrets", true, {"list", "watch"}};
  return {{"", "v1", "ConfigMap"}, "configmaps", true, {"list", "watch"}};
}

std::unexpected<Error> none_there(const ValueReference& wanted) {
  return fail(ErrorKind::NotFound, "there is no " + to_string(wanted), {}, "make it, or correct the reference to it");
}

// Which of them is not readable is worth telling; what it has is not.
Result<void> add_texts(const json::value* texts, bool encoded, std::map<std::string, Secret>& data) {
  if (texts == nullptr || !texts->is_object()) return {};
  for (const auto& [key, text] : texts->get_object()) {
    if (!text.is_string()) return fail(ErrorKind::Protocol, "the value of " + std::string(key) + " is no text");
    std::string bytes(text.get_string());
    if (encoded && !bytes.empty()) {
      auto decoded = base64_decode(std::move(bytes));
      if (!decoded) return fail(ErrorKind::Protocol, "the value of " + std::string(key) + " is no base64");
      bytes = std::move(*decoded);
    }
    data.insert_or_assign(std::string(key), Secret(std::move(bytes)));
  }
  return {};
}

// A coroutine that keeps what it runs.
asio::awaitable<void> run_reflector(std::shared_ptr<Reflector> reflector, std::shared_ptr<void> /*owner*/) {
  co_await reflector->run();
}

}  // namespace

Result<ClusterValuePtr> read_cluster_value(const ValueReference& reference, std::string_view body) {
  const auto fault = [&](std::string message) {
    return fail(ErrorKind::Protocol, std::move(message), to_string(reference));
  };
  const auto object = parse_json(body);
  if (!object) return fault("the server's answer is no JSON");
  auto value = std::make_shared<ClusterValue>();
  value->resource_version = string_at(*object, {"metadata", "resourceVersion"});
  if (value->resource_version.empty()) return fault("the server's answer has no resourceVersion");
  const bool secret = reference.kind == Kind::Secret;
  if (auto added = add_texts(holdfast::find(*object, {"data"}), secret, value->data); !added)
    return fault(added.error().message);
  if (!secret)
    if (auto added = add_texts(holdfast::find(*object, {"binaryData"}), true, value->data); !added)
      return fault(added.error().message);
  return value;
}

// One object, its watch, and those who wait for it.
class ValueFollower::Followed final : public ReflectorSink, public std::enable_shared_from_this<Followed> {
 public:
  Followed(ValueFollower& owner, ValueReference reference) : owner_(owner), reference_(std::move(reference)) {}

  void start() {
    ReflectorOptions options;
    options.knowledge = knowledge_;
    options.namespace_ = reference_.namespace_;
    options.field_selector = "metadata.name=" + reference_.name;
    ReflectorSink& sink = *this;
    reflector_ = std::make_shared<Reflector>(owner_.api_, owner_.transport_, resource_of(reference_.kind),
                                             std::string(), writer_, sink, owner_.random_, std::move(options));
    owner_.tasks_.spawn(run_reflector(reflector_, shared_from_this()));
  }
  void stop() {
    if (reflector_) reflector_->stop();
    linger_.cancel();
    wake();
  }

  // Unknown while there is no complete list whose watch goes on.
  [[nodiscard]] bool known() const { return store_.synced({"", key().kind}) && !broken_; }
  [[nodiscard]] const ClusterValuePtr& value() const { return value_; }  // null: none is there
  [[nodiscard]] bool differs_from(const std::string& seen) const {
    return known() && (value_ ? value_->resource_version : std::string()) != seen;
  }

  std::size_t askers = 0;
  bool lingers = false;
  std::vector<Timer*> waiting;
  Timer& linger() { return linger_; }

 private:
  [[nodiscard]] ObjectKey key() const {
    return {"", reference_.kind == Kind::Secret ? "Secret" : "ConfigMap", reference_.namespace_, reference_.name};
  }

  void changed(std::span<const StoreEvent> /*events*/, Clock::time_point /*received_at*/) override {
    const LivePtr live = store_.find(key());
    if (!live) {
      value_ = nullptr;
      broken_ = false;
    } else if (!value_ || value_->resource_version != live->resource_version.value) {
      auto read = read_cluster_value(reference_, live->body);
      broken_ = !read;
      value_ = read ? std::move(*read) : nullptr;
    }
    wake();
  }
  void status_changed(const ApiResource& /*resource*/, const ReflectorStatus& /*status*/) override {}
  // It is read anew by this very reflector, and no other shares what it knows.
  void cluster_restored() override { knowledge_->marks.reset(); }
  // Whoever holds the cluster ends everything; until then it is not known what is there.
  void cluster_replaced(const Error& /*error*/) override {
    broken_ = true;
    reflector_->stop();
  }

  void wake() {
    for (Timer* const one : waiting) one->cancel();
  }

  ValueFollower& owner_;
  ValueReference reference_;
  std::shared_ptr<ClusterKnowledge> knowledge_ = std::make_shared<ClusterKnowledge>();
  Store store_;
  StoreWriter writer_{store_};
  std::shared_ptr<Reflector> reflector_;
  ClusterValuePtr value_;
  bool broken_ = false;
  Timer linger_{owner_.executor_};
};

// One call of changed(): counts as an asker of each for as long as it lives.
class ValueFollower::Asking {
 public:
  Asking(ValueFollower& owner, const SeenValues& seen) : owner_(owner), timer(owner.executor_) {
    for (const auto& [reference, version] : seen) {
      FollowedPtr followed = owner_.follow(reference);
      ++followed->askers;
      followed->waiting.push_back(&timer);
      followed_.emplace(reference, std::move(followed));
    }
  }
  ~Asking() {
    for (auto& [reference, followed] : followed_) {
      std::erase(followed->waiting, &timer);
      if (--followed->askers != 0 || followed->lingers || owner_.stopping_) continue;
      followed->lingers = true;
      owner_.tasks_.spawn(owner_.let_linger(reference));
    }
  }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

  [[nodiscard]] bool differ(const SeenValues& seen) const {
    for (const auto& [reference, version] : seen)
      if (followed_.at(reference)->differs_from(version)) return true;
    return false;
  }
  // Those that the watch says nothing of.
  [[nodiscard]] SeenValues unknown(const SeenValues& seen) const {
    SeenValues some;
    for (const auto& [reference, version] : seen)
      if (!followed_.at(reference)->known()) some.emplace(reference, version);
    return some;
  }

 private:
  ValueFollower& owner_;
  std::map<ValueReference, FollowedPtr> followed_;

 public:
  Timer timer;
};

ValueFollower::ValueFollower(asio::any_io_executor executor, ApiServer& api, WatchTransport& transport,
                             std::function<double()> random)
    : executor_(executor), api_(api), transport_(transport), random_(std::move(random)), tasks_(executor) {}

ValueFollower::~ValueFollower() = default;

ValueFollower::FollowedPtr ValueFollower::find(const ValueReference& reference) const {
  const auto found = followed_.find(reference);
  return found == followed_.end() ? nullptr : found->second;
}

ValueFollower::FollowedPtr ValueFollower::follow(const ValueReference& reference) {
  FollowedPtr& followed = followed_[reference];
  if (followed == nullptr) {
    followed = std::make_shared<Followed>(*this, reference);
    if (!stopping_) followed->start();
  }
  return followed;
}

asio::awaitable<void> ValueFollower::let_linger(ValueReference reference) {
  const FollowedPtr followed = find(reference);
  followed->linger().expires_at(Clock::now() + kLinger);
  co_await followed->linger().async_wait(asio::as_tuple(asio::use_awaitable));
  followed->lingers = false;
  if (stopping_ || followed->askers != 0) co_return;
  followed->stop();
  followed_.erase(reference);
}

asio::awaitable<Result<ClusterValuePtr>> ValueFollower::read(ValueReference wanted) {
  if (stopping_) co_return fail(ErrorKind::Cancelled, "stopped");
  if (const FollowedPtr followed = find(wanted); followed != nullptr && followed->known()) {
    if (followed->value() == nullptr) co_return none_there(wanted);
    co_return followed->value();
  }
  co_return co_await ask(std::move(wanted));
}

asio::awaitable<Result<ClusterValuePtr>> ValueFollower::ask(ValueReference wanted) {
  ApiRequest get;
  get.target = resource_path(resource_of(wanted.kind), wanted.namespace_, wanted.name);
  Result<ApiResponse> answer = co_await api_.send(std::move(get));
  if (!answer) {
    Error error = std::move(answer.error());
    error.message = "cannot read " + to_string(wanted) + ": " + error.message;
    co_return std::unexpected(std::move(error));
  }
  if (answer->status == 200) co_return read_cluster_value(wanted, answer->body);
  const ApiStatus status = parse_api_status(answer->status, answer->content_type, answer->body);
  // A proxy's 404, or that of a server without the type, is not this object's.
  if (status.code == 404 && status.reason == "NotFound" && status.details.name == wanted.name)
    co_return none_there(wanted);
  Error error = to_error(status, {});
  if (error.kind == ErrorKind::NotFound) error.kind = ErrorKind::Protocol;
  error.message = "cannot read " + to_string(wanted) + ": " + error.message;
  if (error.kind == ErrorKind::Forbidden) error.hint = "let Holdfast get, list and watch it";
  co_return std::unexpected(std::move(error));
}

asio::awaitable<Result<void>> ValueFollower::changed(SeenValues seen) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  Asking asking(*this, seen);
  Clock::time_point look_at = Clock::now() + kLookAgain;
  while (true) {
    if (stopping_ || cancellation.cancelled() != asio::cancellation_type::none)
      co_return fail(ErrorKind::Cancelled, "stopped");
    if (asking.differ(seen)) co_return Result<void>();
    if (Clock::now() >= look_at) {
      look_at = Clock::now() + kLookAgain;
      if (SeenValues some = asking.unknown(seen); !some.empty() && co_await differs_on_the_server(std::move(some)))
        co_return Result<void>();
      continue;
    }
    asking.timer.expires_at(look_at);
    co_await asking.timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

asio::awaitable<bool> ValueFollower::differs_on_the_server(SeenValues seen) {
  for (const auto& [reference, version] : seen) {
    const Result<ClusterValuePtr> now = co_await ask(reference);
    if (now ? (*now)->resource_version != version : now.error().kind == ErrorKind::NotFound && !version.empty())
      co_return true;
  }
  co_return false;
}

void ValueFollower::stop() {
  if (std::exchange(stopping_, true)) return;
  for (auto& [reference, followed] : followed_) followed->stop();
}

asio::awaitable<void> ValueFollower::ended() { co_await tasks_.join(); }

}  // namespace holdfast
