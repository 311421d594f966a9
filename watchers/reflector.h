// Performs what a ReflectorMachine asks for, on the executor that runs it: requests, the watch stream, timers; applies
// lists and events to the store and hands what changed to a sink. From the bytes of an event to the sink nothing is
// awaited, so a change is judged in the turn in which it was received.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "holdfast/model/store_event.h"
#include "holdfast/ports/api_server.h"
#include "holdfast/ports/watch_transport.h"
#include "net/gate.h"
#include "watchers/reflector_machine.h"
#include "watchers/store.h"

namespace holdfast {

// Called synchronously by a running Reflector; must not suspend, block, or call the reflector back, except for stop().
class ReflectorSink {
 public:
  virtual ~ReflectorSink() = default;
  // `received_at`: when the bytes that brought this were read.
  virtual void changed(std::span<const StoreEvent> events, std::chrono::steady_clock::time_point received_at) = 0;
  virtual void status_changed(const ApiResource& resource, const ReflectorStatus& status) = 0;
  // The database of the cluster was restored: every type has to be read anew, this one's reflector does so (A14).
  virtual void cluster_restored() {}
  // Another cluster answers: nothing more may be done to it (A14).
  virtual void cluster_replaced(const Error& /*error*/) {}
};

// What the reflectors of one cluster have in common.
struct ReflectorOptions {
  std::shared_ptr<ClusterKnowledge> knowledge = std::make_shared<ClusterKnowledge>();
  std::shared_ptr<Gate> lists = nullptr;  // who may list now (A22); null: everybody
  Detail detail = Detail::Full;
  LiveReader* reader = nullptr;  // sees the bytes of every object that comes; null: every body is kept
  // Only what is in this namespace, where there is one for the type, and what the selector chooses; empty: everything.
  std::string namespace_ = {}, field_selector = {};
};

class Reflector {
 public:
  // All references must outlive the coroutine of run(). `random`: uniform in [0, 1).
  Reflector(ApiServer& api, WatchTransport& transport, ApiResource resource, std::string label_selector,
            StoreWriter& writer, ReflectorSink& sink, std::function<double()> random, ReflectorOptions options = {});
  ~Reflector();
  Reflector(const Reflector&) = delete;
  Reflector& operator=(const Reflector&) = delete;

  // Once. Returns after stop(), and only then; the owner joins it before it destroys the reflector. What the store held
  // of the type is forgotten on return. Never throws: a bug in here ends in the status Failed.
  boost::asio::awaitable<void> run();

  // From the executor of run(), at any time, also before it and from the sink.
  void stop();

  [[nodiscard]] const ApiResource& resource() const { return machine_.resource(); }

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Step = std::variant<std::monostate, SendList, OpenWatch, Wait, AskCluster>;
  struct Watchdog;

  boost::asio::awaitable<void> follow();
  boost::asio::awaitable<ReflectorActions> list(SendList request);
  boost::asio::awaitable<ReflectorActions> open(OpenWatch request);
  boost::asio::awaitable<ReflectorActions> wait(Wait request);
  boost::asio::awaitable<ReflectorActions> ask(AskCluster request);
  boost::asio::awaitable<ReflectorActions> next_actions(Step step);
  boost::asio::awaitable<Result<Gate::Pass>> pass_to_list();
  boost::asio::awaitable<Step> read_watch();
  Step decode(std::string_view bytes, TimePoint received_at);
  Step perform(ReflectorActions actions, TimePoint received_at);
  void replace(ReplaceStore list, TimePoint received_at);
  void close_stream();
  void guard_silence();

  ApiServer& api_;
  WatchTransport& transport_;
  StoreWriter& writer_;
  ReflectorSink& sink_;
  ReflectorMachine machine_;
  WatchDecoder decoder_;
  std::shared_ptr<Gate> lists_;
  Gate::Pass list_pass_;  // while a stream tells what is there
  std::unique_ptr<ResponseStream> stream_;
  std::shared_ptr<Watchdog> watchdog_;  // of the stream
  bool fell_silent_ = false;            // so it was closed
  std::vector<char> buffer_;
  boost::asio::cancellation_signal cancel_;
  bool stopping_ = false;
};

}  // namespace holdfast
