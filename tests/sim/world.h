// A whole installation in one process under virtual time: a simulated cluster, people who change it, a repository, and
// the daemon, all drawn from one seed. What happened replays exactly from that seed.
#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/daemon.h"
#include "sim/faults.h"
#include "sim/simulated_network.h"
#include "sim/simulated_source.h"

namespace holdfast::sim {

// Keeps what the daemon said, for the message of a failed history.
class Diary final : public ReconcileObserver {
 public:
  void applied(const ObjectKey& key, bool created, const std::string& revision) override;
  void repaired(const Repair& repair) override;
  void pruned(const ObjectKey& key) override;
  void held_back(const ObjectKey& key, const std::string& reason) override;
  void refused(const ObjectKey& key, const Error& error) override;
  void failed(const ObjectKey& key, const Error& error, std::chrono::milliseconds retry_in) override;
  void set_problem(const Error& error) override;
  void waiting(const Error& reason) override;
  void round(const RoundSummary& summary) override;
  void say(std::string text);
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::string> lines_;
};

class World {
 public:
  explicit World(std::uint64_t seed);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Lets virtual time pass. Throws where the world does not come to rest: work without end at one moment.
  void run_for(std::chrono::nanoseconds time);

  // One thing that a person, another controller or the machinery does, drawn from the seed.
  void disturb();
  void set_faults(bool active) { faults_.set_active(active); }
  void recover_source();  // Git can be read again
  void kill_and_restart();

  // What is wrong with the cluster, measured against Git; empty: nothing.
  [[nodiscard]] std::string differences() const;
  // What was deleted that the repository still had; empty: nothing.
  [[nodiscard]] const std::string& wrong_deletions() const { return wrong_deletions_; }
  [[nodiscard]] std::size_t writes() const;    // of the daemon, successful ones
  [[nodiscard]] std::size_t requests() const;  // of the daemon, watches not counted
  [[nodiscard]] std::string diary() const { return diary_.text(); }

 private:
  struct Incarnation;
  void start();
  void commit();
  void check_deletion(const SeenRequest& request);
  SimulatedAnswer person(const std::string& method, const std::string& path, const std::string& content_type,
                         const std::string& body);
  [[nodiscard]] std::string some_object();
  [[nodiscard]] ManifestSetPtr manifests() const;

  VirtualTime time_;
  boost::asio::io_context io_{1};
  SeededRandom random_;
  FaultPlan faults_;
  SimulatedCluster cluster_;
  Diary diary_;
  std::map<std::string, std::string> desired_;  // name of a ConfigMap -> its colour
  std::map<std::string, Clock::time_point> removed_at_;
  unsigned commits_ = 0;
  std::string wrong_deletions_;
  std::vector<std::unique_ptr<Incarnation>> incarnations_;  // the last one lives
};

}  // namespace holdfast::sim
