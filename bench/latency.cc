// How long a hand-made edit stands: from the sending of the editor's request until the repair is seen in the cluster,
// beside the floor of the same run.
//
//   bench_latency --kubeconfig FILE --binary build/release/holdfast [--edits 200] [--json FILE]
//
// ConfigMaps of one namespace are edited in turn, each once: to edit one again and again would be a fight (correctness
// C13). Half of them are held by the `holdfast run` program; the others by a bare watcher in this process that sends
// the known server-side-apply body back the moment an event with another value arrives, over the same client code,
// without store or verdict. One observer, with a watch of its own, times both. Interleaved: an edit starts only when
// the one before has been put back.
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "app/cluster_session.h"
#include "holdfast/model/json.h"
#include "holdfast/ports/watch_transport.h"
#include "watchers/watch_decoder.h"

extern char** environ;

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr const char* kNamespace = "bench-latency";
constexpr const char* kHeld = "held-";
constexpr const char* kBare = "bare-";
constexpr int kWarmUp = 5;

struct Options {
  std::string kubeconfig, binary, json;
  int edits = 200;
};

std::string config_map_path(const std::string& name) {
  return std::string("/api/v1/namespaces/") + kNamespace + "/configmaps" + (name.empty() ? "" : "/" + name);
}

std::string config_map(const std::string& name) {
  return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name + R"(","namespace":")" + kNamespace +
         R"("},"data":{"color":"blue","size":"large","shape":"round"}})";
}

// A failed request or watch makes the figures worthless: it ends the bench.
[[noreturn]] void give_up(const std::string& why) { throw std::runtime_error(why); }

asio::awaitable<void> must_send(ApiServer& api, Method method, std::string target, std::string type, std::string body) {
  ApiRequest request;
  request.method = method;
  request.target = std::move(target);
  request.content_type = std::move(type);
  request.body = std::move(body);
  const Result<ApiResponse> response = co_await api.send(std::move(request));
  if (!response) give_up(describe(response.error()));
  if (response->status >= 300) give_up(response->body);
}

// Calls `on_color` with (name, color) for each event of the namespace's ConfigMaps, until it returns false.
template <class OnColor>
asio::awaitable<void> watch_colors(HttpClient& client, OnColor on_color) {
  ApiRequest request;
  request.target = config_map_path("") + "?watch=true&timeoutSeconds=600";
  auto stream = co_await client.open(std::move(request), 610s);
  if (!stream) give_up(describe(stream.error()));
  WatchDecoder decoder;
  std::array<char, 65536> buffer{};
  for (;;) {
    const Result<std::size_t> size = co_await (*stream)->read_some(buffer);
    if (!size || *size == 0) co_return;
    const auto events = decoder.feed(std::string_view(buffer.data(), *size));
    if (!events) give_up(describe(events.error()));
    for (const WatchEvent& event : *events) {
      const Result<json::value> object = parse_json(event.object_json);
      if (!object) give_up("an event is not JSON");
      if (!co_await on_color(std::string(string_at(*object, {"metadata", "name"})),
                             std::string(string_at(*object, {"data", "color"}))))
        co_return;
    }
  }
}

struct Edit {
  std::string name;
  Clock::time_point sent;
  bool drifted = false;
  bool over = false;
};

struct Figures {
  std::vector<double> held_ms, bare_ms;
};

class Bench {
 public:
  Bench(asio::io_context& io, HttpClient& editor, HttpClient& observer, HttpClient& bare)
      : put_back_(io), editor_(editor), observer_(observer), bare_(bare) {}

  asio::awaitable<void> observe() {
    co_await watch_colors(observer_, [this](std::string name, std::string color) -> asio::awaitable<bool> {
      if (name == edit_.name && !edit_.over) {
        if (color == "red") edit_.drifted = true;
        if (color == "blue" && edit_.drifted) {
          edit_.over = true;
          finished_ = Clock::now();
          put_back_.cancel();
        }
      }
      co_return !done_;
    });
  }

  // The floor: no store, no verdict; the body is known, and goes back at once.
  asio::awaitable<void> hold_bare() {
    co_await watch_colors(bare_, [this](std::string name, std::string color) -> asio::awaitable<bool> {
      if (name.starts_with(kBare) && color != "blue") co_await apply_bare(name);
      co_return !done_;
    });
  }

  asio::awaitable<void> apply_bare(std::string name) {
    std::string target = config_map_path(name) + "?fieldManager=bare&force=true&fieldValidation=Strict&timeout=30s";
    std::string body = config_map(name);
    co_await must_send(bare_, Method::Patch, std::move(target), "application/apply-patch+yaml", std::move(body));
  }

  asio::awaitable<double> edit(std::string name) {
    edit_ = Edit{name, Clock::now(), false, false};
    std::string target = config_map_path(name) + "?fieldManager=editor";
    std::string body = R"({"data":{"color":"red"}})";
    co_await must_send(editor_, Method::Patch, std::move(target), "application/merge-patch+json", std::move(body));
    if (!edit_.over) {
      put_back_.expires_after(30s);
      co_await put_back_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    if (!edit_.over) give_up(name + " was not put back within 30 s");
    co_return std::chrono::duration<double, std::milli>(finished_ - edit_.sent).count();
  }

  asio::awaitable<Figures> measure(int edits) {
    Figures figures;
    for (int i = -kWarmUp; i < edits; ++i) {
      const double bare = co_await edit(kBare + std::to_string(i + kWarmUp));
      const double held = co_await edit(kHeld + std::to_string(i + kWarmUp));
      if (i < 0) continue;
      figures.bare_ms.push_back(bare);
      figures.held_ms.push_back(held);
    }
    done_ = true;
    co_return figures;
  }

 private:
  asio::steady_timer put_back_;
  HttpClient& editor_;
  HttpClient& observer_;
  HttpClient& bare_;
  Edit edit_;
  Clock::time_point finished_;
  bool done_ = false;
};

double percentile(std::vector<double> values, double fraction) {
  std::ranges::sort(values);
  const auto rank = static_cast<std::size_t>(fraction * static_cast<double>(values.size() - 1) + 0.5);
  return values.at(rank);
}

json::object summary(const Figures& figures) {
  const auto pair = [](double p50, double p99) { return json::object{{"p50", p50}, {"p99", p99}}; };
  const double bare50 = percentile(figures.bare_ms, 0.5), bare99 = percentile(figures.bare_ms, 0.99);
  const double held50 = percentile(figures.held_ms, 0.5), held99 = percentile(figures.held_ms, 0.99);
  return {{"floor_ms", pair(bare50, bare99)},
          {"corrected_ms", pair(held50, held99)},
          {"ratio", pair(held50 / bare50, held99 / bare99)}};
}

// The daemon under test, ended with the object.
class HeldByProgram {
 public:
  HeldByProgram(const Options& options, const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder / "apps");
    for (int i = 0; i < options.edits + kWarmUp; ++i) {
      const std::string name = kHeld + std::to_string(i);
      std::ofstream(folder / "apps" / (name + ".json")) << config_map(name);
    }
    std::ofstream(folder / "apps" / "namespace.json")
        << R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":")" << kNamespace << R"("}})";
    std::vector<std::string> words{options.binary, "run",          "--files",          "--repo",      folder.string(),
                                   "--path",       "apps",         "--name",           kNamespace,    "--installation",
                                   kNamespace,     "--kubeconfig", options.kubeconfig, "--log-level", "warning"};
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    if (posix_spawn(&pid_, options.binary.c_str(), nullptr, nullptr, argv.data(), environ) != 0)
      give_up("cannot start " + options.binary);
  }
  ~HeldByProgram() {
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  HeldByProgram(const HeldByProgram&) = delete;
  HeldByProgram& operator=(const HeldByProgram&) = delete;

 private:
  pid_t pid_ = -1;
};

asio::awaitable<void> until_held(ApiServer& api, int count) {
  asio::steady_timer pause(co_await asio::this_coro::executor);
  int held = 0;
  for (int asked = 0; asked < count + 300; ++asked) {
    ApiRequest request;
    request.target = config_map_path(kHeld + std::to_string(held));
    const Result<ApiResponse> response = co_await api.send(std::move(request));
    if (response && response->status == 200) {
      if (++held == count) co_return;
      continue;
    }
    pause.expires_after(100ms);
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  give_up("holdfast did not apply its manifests within 30 s");
}

void print(const json::object& result, const Options& options) {
  const auto number = [&](const char* of, const char* which) { return result.at(of).at(which).to_number<double>(); };
  std::printf("edit -> corrected over %d interleaved edits, ms\n", options.edits);
  std::printf("%-12s %8s %8s\n", "", "p50", "p99");
  for (const auto& [name, label] : {std::pair{"floor_ms", "floor"}, {"corrected_ms", "holdfast"}, {"ratio", "ratio"}})
    std::printf("%-12s %8.2f %8.2f\n", label, number(name, "p50"), number(name, "p99"));
  if (!options.json.empty()) std::ofstream(options.json) << to_json(result) << "\n";
}

int run(const Options& options) {
  asio::io_context io(1);
  std::array<std::unique_ptr<HttpClient>, 3> clients;
  for (auto& client : clients) {
    ClusterOptions cluster;
    cluster.kubeconfig = options.kubeconfig;
    Result<ClusterSession> session = open_session(io.get_executor(), cluster);
    if (!session) give_up(describe(session.error()));
    client = std::move(session->client);
  }
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("holdfast-bench." + std::to_string(getpid()));
  const HeldByProgram program(options, folder);
  Bench bench(io, *clients[0], *clients[1], *clients[2]);
  const auto rethrow = [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  };
  auto story = [&]() -> asio::awaitable<void> {
    const int count = options.edits + kWarmUp;
    co_await until_held(*clients[0], count);
    for (int i = 0; i < count; ++i) co_await bench.apply_bare(kBare + std::to_string(i));
    asio::co_spawn(io, bench.observe(), rethrow);
    asio::co_spawn(io, bench.hold_bare(), rethrow);
    const Figures figures = co_await bench.measure(options.edits);
    print(summary(figures), options);
    for (auto& client : clients) client->close_all();
    io.stop();
  };
  asio::co_spawn(io, story(), rethrow);
  io.run();
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace holdfast::bench

int main(int argc, char** argv) {
  CLI::App app{"edit -> corrected, beside the floor of the same run"};
  holdfast::bench::Options options;
  app.add_option("--kubeconfig", options.kubeconfig)->required();
  app.add_option("--binary", options.binary)->required();
  app.add_option("--edits", options.edits)->check(CLI::Range(1, 100'000));
  app.add_option("--json", options.json);
  CLI11_PARSE(app, argc, argv);
  try {
    return holdfast::bench::run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_latency: %s\n", error.what());
    return 1;
  }
}
