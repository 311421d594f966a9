// `holdfast wait`: ends when applications have applied a revision and all of it is healthy, told by the events of
// watches.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <optional>

#include "app/application_watch.h"
#include "app/cluster_session.h"
#include "app/commands.h"
#include "app/progress.h"
#include "holdfast/base/clock.h"
#include "holdfast/base/duration.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr int kReached = 0, kNotReached = 1, kTrouble = 2;
constexpr std::size_t kNamesShown = 3;  // while it waits; at the end each is named
constexpr auto kServerPatience = 15s;   // until a server has answered for the first time
constexpr auto kLookAgain = 15s;        // time alone makes a pod that nobody schedules a failure

WallTime wall_now() { return std::chrono::system_clock::now(); }

void say(const std::string& text) { std::fprintf(stderr, "holdfast: %s\n", text.c_str()); }

std::string plural(std::size_t count, const std::string& thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

class Waiting {
 public:
  Waiting(asio::any_io_executor executor, ClusterSession& session, const WaitOptions& options)
      : options_(options),
        server_(session.server),
        goal_{options.revision, options.healthy},
        watch_(executor, *session.client,
               {options.cluster.installation, options.name, options.inventory_namespace, options.healthy},
               [this] { signal_.cancel(); }),
        signal_(executor),
        shows_(Progress::on_terminal()) {}

  asio::awaitable<int> run() {
    const Clock::time_point began = Clock::now();
    const Clock::time_point end = began + options_.timeout;
    watch_.start();
    std::optional<int> code;
    while (!code) {
      code = decide(Clock::now(), began, end);
      if (code) break;
      signal_.expires_at(std::min(end, Clock::now() + (answered_ ? Clock::duration(kLookAgain) : Clock::duration(1s))));
      co_await signal_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    watch_.stop();
    co_await watch_.ended();
    co_return *code;
  }

 private:
  std::optional<int> decide(Clock::time_point now, Clock::time_point began, Clock::time_point end) {
    answered_ = answered_ || watch_.listed();
    const bool late = now >= end;
    if (const auto& trouble = watch_.trouble();
        trouble && (trouble->certain || late || (!answered_ && now - began >= kServerPatience))) {
      draw({});
      say(server_ + ": " + describe(trouble->error));
      return kTrouble;
    }
    const std::vector<ApplicationWatch::Followed> all = watch_.standings(wall_now());
    std::vector<NotReady> open;
    bool failed = false;
    for (const auto& one : all) {
      Standing standing = judge_application(one.inventory, goal_, one.objects, one.seen);
      failed = failed || standing.failed();
      for (NotReady& missing : standing.open) {
        if (missing.what == "the application" || all.size() > 1) missing.what = one.name + ": " + missing.what;
        open.push_back(std::move(missing));
      }
    }
    if (all.empty()) open.push_back({subject(), nothing_there(), false});
    if (open.empty()) return reached(all);
    if (late || (failed && !options_.keep_waiting)) return missed(open, late);
    draw(open);
    return std::nullopt;
  }

  [[nodiscard]] std::string subject() const { return options_.name.empty() ? "any application" : options_.name; }

  [[nodiscard]] std::string nothing_there() const {
    if (!watch_.listed()) return "the API server has not said yet what there is";
    return "no inventory says that anything was applied" +
           (options_.name.empty() ? std::string() : " under that name") + " by the installation " +
           options_.cluster.installation + "; is `holdfast run` at work on it?";
  }

  int reached(const std::vector<ApplicationWatch::Followed>& all) {
    draw({});
    for (const auto& one : all)
      std::printf("%s is at %s: %s%s\n", one.name.c_str(),
                  (one.seen.empty() ? one.inventory.revision : one.seen).c_str(),
                  plural(one.inventory.entries.size(), "object").c_str(), goal_.healthy ? ", all of it healthy" : "");
    return kReached;
  }

  int missed(const std::vector<NotReady>& open, bool late) {
    draw({});
    say(late ? "not reached after " + to_duration_text(std::chrono::ceil<std::chrono::seconds>(options_.timeout)) + ":"
             : "this has failed, and will not become healthy by itself (--keep-waiting waits all the same):");
    for (const NotReady& missing : open)
      if (late || missing.failed) std::fprintf(stderr, "  %s: %s\n", missing.what.c_str(), missing.why.c_str());
    return kNotReached;
  }

  // On one line of the terminal; empty: nothing is left of it.
  void draw(const std::vector<NotReady>& open) {
    if (!shows_) return;
    std::string text;
    for (std::size_t i = 0; i < open.size() && i < kNamesShown; ++i)
      text += (i == 0 ? "waiting for " : "; ") + open[i].what + ": " + open[i].why;
    if (open.size() > kNamesShown) text += "; and " + std::to_string(open.size() - kNamesShown) + " more";
    if (std::exchange(drawn_, text) == text) return;
    const std::size_t width = Progress::columns();
    if (text.size() >= width) text = text.substr(0, width - 4) + "...";
    std::fprintf(stderr, "\r\033[K%s", text.c_str());
  }

  const WaitOptions& options_;
  std::string server_;
  WaitGoal goal_;
  ApplicationWatch watch_;
  Timer signal_;
  bool shows_;
  bool answered_ = false;
  std::string drawn_;
};

}  // namespace

int wait_command(const WaitOptions& options) {
  if (const Result<void> checked = check_revision(options.revision); !checked) {
    say(describe(checked.error()));
    return kTrouble;
  }
  return run_in_session(options.cluster, kTrouble,
                        [&](asio::any_io_executor executor, ClusterSession& session) -> asio::awaitable<Result<int>> {
                          Waiting waiting(std::move(executor), session, options);
                          co_return co_await waiting.run();
                        });
}

}  // namespace holdfast
