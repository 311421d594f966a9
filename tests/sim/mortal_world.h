// One application of 200 objects on a simulated cluster, and a daemon that dies at chosen steps: its coroutines are
// destroyed where they are, its connections are cut, and nothing of it is left but what is in the cluster and in Git.
//
// Virtual time, all chance from one seed.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/daemon.h"
#include "sim/diary.h"
#include "sim/large_set.h"
#include "sim/simulated_client.h"
#include "sim/simulated_network.h"
#include "sim/simulated_source.h"

namespace holdfast::sim {

class MortalWorld {
 public:
  // What the daemon does to one request.
  enum class Step { Sent, Served, Answered };

  // Of an application on this cluster. `prune_limit`: see below.
  static ApplicationSetup setup(const std::string& name, std::size_t prune_limit);

  // `prune_limit`: how many objects may go at once, where it is more than the guard's own.
  MortalWorld(std::uint64_t seed, std::size_t prune_limit);
  ~MortalWorld();
  MortalWorld(const MortalWorld&) = delete;
  MortalWorld& operator=(const MortalWorld&) = delete;

  // Git moves on; a daemon that lives hears of it.
  void commit();
  // Kills the daemon when so many of its requests, from now on, have come to this step: then the server has seen the
  // last one or not, and the daemon its answer or not. Of the writes on their way, some arrive. False: it had come to
  // rest.
  bool kill_at(std::size_t requests, Step step);
  void kill();
  // A new daemon, which knows nothing.
  void start();
  [[nodiscard]] bool lives() const { return life_ != nullptr; }

  // Until the daemon has recorded the revision and writes nothing more; false: not within half an hour.
  bool come_to_rest();
  void run_for(std::chrono::nanoseconds time);

  // What is wrong, by what Git has and what the server holds; empty: nothing. To be asked at rest.
  [[nodiscard]] std::string differences() const;
  // What was wrong at any moment: wrong deletions, hooks made twice, objects of ours that no inventory knew at a kill.
  [[nodiscard]] const std::string& wrongs() const { return wrongs_; }
  [[nodiscard]] bool says(const std::string& text) const { return diary_.says(text); }
  Diary& diary_of_all() { return diary_; }
  [[nodiscard]] std::string diary() const;  // and the last requests
  void forget_diary() { diary_ = Diary(); }

  SimulatedCluster& cluster() { return cluster_; }
  LargeSet& git() { return git_; }
  [[nodiscard]] SimulatedSource& source() { return *life_->source; }
  [[nodiscard]] Daemon& daemon() { return *life_->daemon; }
  boost::asio::io_context& io() { return *life_->io; }
  // Of a processor, by the living and the dead, and by the streams that they read.
  [[nodiscard]] std::chrono::nanoseconds time_used() const { return time_used_; }
  [[nodiscard]] Clock::time_point now() const { return time_.now(); }
  [[nodiscard]] std::size_t writes() const { return writes_; }
  [[nodiscard]] std::size_t requests() const { return life_->network.requests(); }  // of the daemon that lives
  [[nodiscard]] std::size_t deletions() const { return deletions_; }                // by the daemons
  [[nodiscard]] StoredPtr find(const ObjectKey& key) const;
  [[nodiscard]] std::map<ObjectKey, std::string> uids() const;  // of what Git has now
  // A request of somebody else.
  SimulatedAnswer request(const std::string& method, const std::string& path, const std::string& body);

 private:
  // What is destroyed together. The context goes first, and with it all coroutines.
  struct Life {
    Life(MortalWorld& world, std::uint64_t seed);
    ~Life() { end(); }
    Life(const Life&) = delete;
    Life& operator=(const Life&) = delete;
    void end();

    DiaryOf observer;
    std::unique_ptr<boost::asio::io_context> io;
    SimulatedNetwork network;
    SimulatedClient client;
    SimulatedSource* source;  // the daemon's own
    std::unique_ptr<Daemon> daemon;
    std::set<ObjectKey> wants;  // by what it has read from Git last
    std::string revision;       // of that
  };
  using LifePtr = std::shared_ptr<Life>;
  // A write of a dead daemon that is still on its way.
  struct Late {
    Clock::time_point due;
    LifePtr life;
    ApiRequest request;
  };
  struct Hook {
    unsigned times = 0;  // made
    std::string revision;
  };

  [[nodiscard]] std::size_t count(Step step) const;
  bool poll(const std::function<bool()>& done);
  bool run_until(Clock::time_point end, const std::function<bool()>& done);
  void arrive(Clock::time_point until);
  void handled(const Life* life, const SeenRequest& request);
  void check_deletion(const Life& life, const SeenRequest& request);
  [[nodiscard]] bool may_leave(const ObjectKey& key) const;
  void check_inventory();
  void make_bystanders();
  [[nodiscard]] std::string recorded_revision() const;
  [[nodiscard]] std::optional<Inventory> recorded() const;
  [[nodiscard]] std::string difference(const ObjectKey& key, const Manifest& manifest) const;
  [[nodiscard]] std::string hook_differences() const;

  VirtualTime time_;
  SeededRandom random_;
  FaultPlan faults_;
  SimulatedCluster cluster_;
  Diary diary_;
  LargeSet git_;
  std::size_t prune_limit_;
  LifePtr life_;
  std::vector<Late> late_;
  std::uint64_t types_seen_ = 0;
  std::map<ObjectKey, std::string> bystanders_;  // as they have to stay
  std::map<std::string, Hook> hooks_made_;       // by name
  std::string wrongs_;
  std::size_t writes_ = 0, deletions_ = 0;
  std::chrono::nanoseconds time_used_{};
};

}  // namespace holdfast::sim
