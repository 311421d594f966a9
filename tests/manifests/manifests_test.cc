// Thirteen installations that users apply, held by one daemon on a real API server with its controllers running: over
// a second pass, restarts, forced relists and 10,000 writes of others, nothing is reported and nothing is written.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "cluster/control_plane.h"
#include "cluster/eventually.h"
#include "cluster/holdfast_process.h"
#include "cluster/repository.h"
#include "manifests/foreign_writers.h"
#include "manifests/managed_objects.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;
using Moment = std::chrono::system_clock::time_point;

constexpr std::size_t kForeignEvents = 10'000;
constexpr auto kQuiet = 2s;
constexpr std::array kAlarms{"repaired", "drifted", "fight", "created", "configured", "pruned", "replacing", "yielded"};

std::string text_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

std::string event_of(const std::string& line) {
  boost::system::error_code error;
  const boost::json::value parsed = boost::json::parse(line, error);
  const boost::json::object* object = error ? nullptr : parsed.if_object();
  const boost::json::value* event = object == nullptr ? nullptr : object->if_contains("event");
  return event == nullptr ? std::string() : boost::json::value_to<std::string>(*event);
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "  " + line + "\n";
  return text;
}

class RealManifests : public testing::Test {
 protected:
  void SetUp() override {
    plane_.start_controllers();
    const std::filesystem::path folder = required_environment("HOLDFAST_MANIFESTS");
    const boost::json::value listed = boost::json::parse(text_of(folder / "sets.json"));
    std::string config;
    for (const boost::json::value& entry : listed.at("sets").as_array()) {
      const auto name = boost::json::value_to<std::string>(entry.at("name"));
      const boost::json::value* space = entry.as_object().if_contains("namespace");
      sets_.push_back(name);
      repository_.write(name + "/install.yaml", text_of(folder / (name + ".yaml")));
      config += "apiVersion: holdfast.dev/v1alpha1\nkind: Application\nmetadata: {name: " + name +
                "}\nspec:\n  source: {repoURL: " + repository_.directory() + ", path: " + name + "}\n";
      if (space != nullptr)
        config += "  destination: {namespace: " + boost::json::value_to<std::string>(*space) + "}\n";
      config += "---\n";
    }
    repository_.commit("Install all of it");
    std::ofstream(plane_.directory() / "applications.yaml") << config;
  }

  void start() {
    daemon_ = std::make_unique<HoldfastProcess>(std::vector<std::string>{
        "run", "--config", (plane_.directory() / "applications.yaml").string(), "--kubeconfig", plane_.kubeconfig(),
        "--cache-dir", repository_.cache(), "--log-format", "json", "--log-level", "debug"});
  }

  // Every set is at the repository's HEAD, as the log has it from that line on.
  void wait_synced(std::size_t from = 0) {
    const std::string commit = repository_.git({"rev-parse", "HEAD"});
    const auto synced = [&] {
      std::set<std::string> there;
      for (const std::string& line : daemon_->lines(from))
        if (line.contains("\"synced\"") && line.contains(commit))
          there.insert(line.substr(line.find("\"application\"")));
      return there.size() == sets_.size();
    };
    ASSERT_TRUE(eventually(synced, 180s)) << daemon_->output();
  }

  // Nothing more comes from the daemon: neither a line nor a write.
  void wait_quiet() {
    std::size_t before = 0;
    auto since = std::chrono::steady_clock::now();
    ASSERT_TRUE(eventually(
        [&] {
          const std::size_t now = daemon_->line_count() + objects_.written_since(began_).size();
          if (now != std::exchange(before, now)) since = std::chrono::steady_clock::now();
          return std::chrono::steady_clock::now() - since > kQuiet;
        },
        120s));
  }

  // The controllers have said all that they have to say.
  void wait_stable() {
    WrittenStates before;
    auto looked = std::chrono::steady_clock::now() - kQuiet;
    ASSERT_TRUE(eventually(
        [&] {
          if (std::chrono::steady_clock::now() - looked < kQuiet) return false;
          looked = std::chrono::steady_clock::now();
          WrittenStates now = objects_.states_of(managed_);
          const Changes changes = changes_between(before, now);
          const bool same =
              !before.empty() && changes.by_us.empty() && changes.unclaimed.empty() && changes.by_others == 0;
          before = std::move(now);
          return same;
        },
        120s));
  }

  void begin(std::string phase) {
    phase_ = std::move(phase);
    began_ = std::chrono::system_clock::now();
    line_ = daemon_->line_count();
    before_ = objects_.states_of(managed_);
    ASSERT_EQ(before_.size(), managed_.size());
  }

  // What has to hold after every phase.
  void end(bool others_write = false) {
    wait_quiet();
    plane_.settle_audit();
    const Changes changes = changes_between(before_, objects_.states_of(managed_));
    EXPECT_TRUE(changes.by_us.empty()) << phase_ << ": written by Holdfast:\n" << joined(changes.by_us);
    EXPECT_TRUE(changes.unclaimed.empty()) << phase_ << ": a resourceVersion moved:\n" << joined(changes.unclaimed);
    std::set<std::string> unproven;
    std::vector<std::string> alarms;
    for (const std::string& line : daemon_->lines(line_)) {
      const std::string event = event_of(line);
      if (event == "not-proven") unproven.insert(line.substr(line.find("\"message\"")));
      if (std::ranges::find(kAlarms, event) != kAlarms.end()) alarms.push_back(line);
    }
    EXPECT_TRUE(alarms.empty()) << phase_ << ": reported:\n" << joined(alarms);
    const std::vector<std::string> written = objects_.written_since(began_);
    std::cout << phase_ << ": " << written.size() << " confirming calls, " << unproven.size() << " not proven, "
              << changes.by_others << " objects written by others" << (others_write ? "" : " (their controllers)")
              << "\n"
              << joined(std::vector<std::string>(unproven.begin(), unproven.end()));
    for (const std::string& path : written) std::cout << "    confirmed " << path << "\n";
    confirmed_ += written.size();
    std::cout << std::flush;
  }

  void restart(int signal) {
    begin(signal == SIGKILL ? "restart after SIGKILL" : "restart after SIGTERM");
    daemon_->signal(signal);
    (void)daemon_->wait_exit(20s);
    start();
    line_ = 0;
    wait_synced();
    end();
  }

  void relist() {
    plane_.kubectl().must({"create", "configmap", "marker" + std::to_string(++markers_), "--namespace", "default"});
    begin("forced relist");
    plane_.stop("apiserver");
    plane_.compact();
    plane_.restart("apiserver");
    std::set<std::string> types;
    for (const std::string& object : managed_) types.insert(type_of_path(object));
    const auto listed = [&] {
      const std::set<std::string> again = objects_.types_listed_since(began_);
      return std::ranges::includes(again, types);
    };
    ASSERT_TRUE(eventually(listed, 90s)) << daemon_->output();
    end();
  }

  // That the silence before means something: one drift in each type, told in the same streams after all that came.
  void drift_in_every_type() {
    begin("drift in every type");
    std::map<std::string, std::string> one_of_type;
    for (const std::string& object : managed_) one_of_type.try_emplace(type_of_path(object), object);
    for (const auto& [type, object] : one_of_type) objects_.unlabel(object);
    const auto repairs = [&] {
      return static_cast<std::size_t>(std::ranges::count_if(
          daemon_->lines(line_), [](const std::string& line) { return event_of(line) == "repaired"; }));
    };
    EXPECT_TRUE(eventually([&] { return repairs() >= one_of_type.size(); }, 60s)) << daemon_->output();
    wait_quiet();
    EXPECT_EQ(repairs(), one_of_type.size());
    std::cout << phase_ << ": " << repairs() << " repairs in " << one_of_type.size() << " types\n";
  }

  ControlPlane plane_ = ControlPlane::own();
  Repository repository_;
  ManagedObjects objects_{plane_};
  std::vector<std::string> sets_;
  std::unique_ptr<HoldfastProcess> daemon_;
  std::set<std::string> managed_;
  std::string phase_;
  Moment began_;
  std::size_t line_ = 0, confirmed_ = 0, markers_ = 0;
  WrittenStates before_;
};

TEST_F(RealManifests, are_held_without_a_write_and_without_an_alarm) {
  ASSERT_GE(sets_.size(), 10U);
  const Moment began = began_ = std::chrono::system_clock::now();
  start();
  wait_synced();
  wait_quiet();
  plane_.settle_audit();
  managed_ = objects_.applied_since(began);
  wait_stable();
  std::cout << sets_.size() << " sets, " << managed_.size() << " objects\n";

  begin("second pass");
  for (const std::string& set : sets_) {
    const std::filesystem::path file = set + "/install.yaml";
    repository_.write(file, "# A commit that changes no object.\n" + text_of(repository_.directory() / file));
  }
  repository_.commit("Say something");
  wait_synced(line_);
  end();

  for (const int signal : {SIGKILL, SIGTERM, SIGKILL}) restart(signal);
  for (int i = 0; i < 3; ++i) relist();

  begin("writes of others");
  const auto started = std::chrono::steady_clock::now();
  const ForeignWrites writes = write_as_others(plane_.admin_kubeconfig(), managed_, kForeignEvents);
  EXPECT_EQ(writes.succeeded, kForeignEvents) << joined(writes.failures);
  std::cout << writes.annotations << " annotations, " << writes.labels << " labels, " << writes.statuses
            << " statuses in " << (std::chrono::steady_clock::now() - started) / 1s << " s\n";
  end(true);
  drift_in_every_type();

  std::cout << confirmed_ << " confirming calls in all\n";
  EXPECT_LE(confirmed_ * 50, managed_.size());  // 2 %; it is 0 where the server answers in time
  EXPECT_EQ(daemon_->stop(20s), 0);
}

}  // namespace
}  // namespace holdfast::cluster
