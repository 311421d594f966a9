#include "bench/watch_contender.h"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fstream>
#include <stdexcept>
#include <unordered_map>

#include "app/cluster_session.h"
#include "engine/fingerprinter.h"
#include "engine/verdict.h"
#include "holdfast/ports/live_reader.h"
#include "watchers/reflector.h"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

const ApiResource kDeployments{{"apps", "v1", "Deployment"}, "deployments", true, {"list", "watch"}};
const FieldManager kManager{"holdfast"};
// What the objects were made from: an empty container is in it, as in most manifests.
constexpr std::string_view kDesired = R"({"spec":{"template":{"spec":{"volumes":[{"name":"tmp","emptyDir":{}}]}}}})";
constexpr std::string_view kInstallation = "bench";
constexpr std::string_view kApplySet = "applyset-Jx3QrXwM8sN5uYk2Tq0aVbLpZc9dEfGh7iKoRtUvWxY-v1";

// A failed request makes the figures worthless: it ends the contender.
[[noreturn]] void give_up(const std::string& why) { throw std::runtime_error(why); }

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Once what was freed has been given back.
double resident_bytes() {
  malloc_trim(0);
  std::ifstream statm("/proc/self/statm");
  double size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

std::unique_ptr<HttpClient> connect(asio::io_context& io, const std::string& kubeconfig) {
  ClusterOptions options;
  options.kubeconfig = kubeconfig;
  Result<ClusterSession> session = open_session(io.get_executor(), options);
  if (!session) give_up(describe(session.error()));
  return std::move(session->client);
}

asio::awaitable<void> begin_events(ApiServer& api, std::size_t events) {
  ApiRequest request;
  request.target = "/begin?events=" + std::to_string(events);
  const Result<ApiResponse> response = co_await api.send(std::move(request));
  if (!response) give_up(describe(response.error()));
  if (response->status != 200) give_up("the replay server does not begin: " + response->body);
}

void spawn(asio::io_context& io, asio::awaitable<void> task) {
  asio::co_spawn(io, std::move(task), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
}

// Reads and judges what changed, as the Reconciler does for an object that it has a Record of. What the list shows is
// taken for converged, which is what the answers to its first applies would have said.
class Judge final : public LiveReader, public ReflectorSink {
 public:
  Judge(asio::io_context& io, std::size_t events)
      : expected_(events), ready_(io, asio::steady_timer::time_point::max()) {
    desired_.empties = collect_empty_paths(parse_json(kDesired)->get_object());
  }

  bool read(const LiveObject& object, const JsonView& body) override {
    Known& known = known_[object.key];
    const Result<Digest128> print = fingerprinter_.read(body, desired_.empties, known.memory);
    if (!print) give_up(describe(print.error()));
    if (listing_) {
      known.record.uid = object.uid;
      known.record.learn(*print);
    }
    return !known.record.knows(*print);
  }

  void changed(std::span<const StoreEvent> events, std::chrono::steady_clock::time_point) override {
    for (const StoreEvent& event : events) {
      if (event.kind == StoreEventKind::Synced) continue;
      if (event.kind == StoreEventKind::Deleted) give_up("the list or the watch deleted " + to_string(event.key));
      if (!listing_) judge_event(event.after);
    }
  }

  void status_changed(const ApiResource&, const ReflectorStatus& status) override {
    if (status.error && !done()) give_up(describe(*status.error));
    if (status.state != ReflectorState::Watching) return;
    listing_ = false;
    ready_.cancel();
  }

  // Returns once the watch is open, and again when the last event was judged.
  asio::awaitable<void> wait() {
    co_await ready_.async_wait(asio::as_tuple(asio::use_awaitable));
    ready_.expires_at(asio::steady_timer::time_point::max());
  }

 private:
  [[nodiscard]] bool done() const { return judged_ == expected_; }

  struct Known {
    Record record;
    FingerprintMemory memory;
  };

  void judge_event(const LivePtr& live) {
    const Known& known = known_.at(live->key);
    Snapshot snapshot;
    snapshot.desired = &desired_;
    snapshot.live = live;
    snapshot.fingerprint = known.memory.fingerprint;
    snapshot.record = &known.record;
    snapshot.applyset_id = kApplySet;
    snapshot.installation = kInstallation;
    if (judge(snapshot).kind != VerdictKind::InSync) give_up("drift where there is none: " + to_string(live->key));
    ++judged_;
    if (done()) ready_.cancel();
  }

  Fingerprinter fingerprinter_{DigestKey::random(), kManager};
  Desired desired_;
  std::unordered_map<ObjectKey, Known, ObjectKeyHash> known_;
  std::size_t expected_, judged_ = 0;
  asio::steady_timer ready_;
  bool listing_ = true;
};

}  // namespace

Figures run_holdfast(const ContenderOptions& options) {
  asio::io_context io(1);
  const std::unique_ptr<HttpClient> client = connect(io, options.kubeconfig);
  Judge judge(io, options.events);
  Store store;
  StoreWriter writer(store);
  ReflectorOptions reading;
  reading.reader = &judge;
  Reflector reflector(*client, *client, kDeployments, "", writer, judge, [] { return 0.5; }, std::move(reading));
  Figures figures;
  auto story = [&]() -> asio::awaitable<void> {
    const double resident_before = resident_bytes();
    spawn(io, reflector.run());
    co_await judge.wait();
    if (store.size(kDeployments.gvk.group_kind()) != options.objects) give_up("the list is not complete");
    figures.bytes_per_object = (resident_bytes() - resident_before) / static_cast<double>(options.objects);
    const double cpu_before = cpu_seconds();
    co_await begin_events(*client, options.events);
    co_await judge.wait();
    figures.cpu_s_per_million = (cpu_seconds() - cpu_before) * 1e6 / static_cast<double>(options.events);
    reflector.stop();
    client->close_all();
  };
  spawn(io, story());
  io.run();
  return figures;
}

Figures run_bare_reader(const ContenderOptions& options) {
  asio::io_context io(1);
  const std::unique_ptr<HttpClient> client = connect(io, options.kubeconfig);
  Figures figures;
  auto story = [&]() -> asio::awaitable<void> {
    ApiRequest request;
    request.target = resource_path(kDeployments, "", "") + "?watch=true";
    auto stream = co_await client->open(std::move(request), 30min);
    if (!stream) give_up(describe(stream.error()));
    co_await begin_events(*client, options.events);
    const double cpu_before = cpu_seconds();
    std::vector<char> buffer(64UL * 1024);
    std::size_t bytes = 0;
    for (;;) {
      const std::span<char> into(buffer);
      const Result<std::size_t> size = co_await (*stream)->read_some(into);
      if (!size) give_up(describe(size.error()));
      if (*size == 0) break;
      bytes += *size;
    }
    if (bytes < options.events * 1000) give_up("the events are not all there");
    figures.cpu_s_per_million = (cpu_seconds() - cpu_before) * 1e6 / static_cast<double>(options.events);
    client->close_all();
  };
  spawn(io, story());
  io.run();
  return figures;
}

}  // namespace holdfast::bench
