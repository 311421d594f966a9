// A whole installation in one process under virtual time: a simulated cluster, people who change it, two repositories,
// and a daemon for each, all drawn from one seed. What happened replays exactly from that seed.
#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/daemon.h"
#include "sim/diary.h"
#include "sim/faults.h"
#include "sim/repository.h"
#include "sim/simulated_client.h"
#include "sim/simulated_network.h"
#include "sim/simulated_source.h"

namespace holdfast::sim {

class World {
 public:
  explicit World(std::uint64_t seed);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Lets virtual time pass. Says so and aborts where the world does not come to rest: work without end at one moment.
  void run_for(std::chrono::nanoseconds time);

  // One thing that a person, another controller or the machinery does, drawn from the seed.
  void disturb();
  // The beginning of a fault that lasts for a while.
  void provoke(FaultKind kind);
  // Both daemons are killed and started anew.
  void restart();
  // After the end, everything can be reached and read again.
  void set_faults(bool active);
  FaultPlan& faults() { return faults_; }

  // What is wrong, measured against Git and the server; empty: nothing. To be asked when all has come to rest.
  [[nodiscard]] std::string differences() const;
  // What the history so far and the table of faults allow the daemons to send.
  struct Allowance {
    std::size_t requests = 0;
    std::size_t writes = 0;   // besides those that keep what was learned
    std::size_t lessons = 0;  // which are these
  };
  [[nodiscard]] Allowance allowance() const;
  // What was sent beyond that; empty: nothing.
  [[nodiscard]] std::string excesses() const;
  // What was deleted that the repository had, or that is not ours; empty: nothing.
  [[nodiscard]] const std::string& wrong_deletions() const { return wrong_deletions_; }
  [[nodiscard]] std::size_t writes() const;    // of the daemons, successful ones
  [[nodiscard]] std::size_t lessons() const;   // those of them that keep what was learned
  [[nodiscard]] std::size_t requests() const;  // of the daemons, watches too
  [[nodiscard]] std::size_t lists() const;     // those of them that ask for everything
  // How many 401 the daemons got to see.
  [[nodiscard]] std::size_t unauthorized() const;
  // How many requests may be sent in that time though nothing happens.
  [[nodiscard]] std::size_t idle_requests(std::chrono::nanoseconds time) const;
  [[nodiscard]] std::string diary() const;

 private:
  struct Life;
  struct Application;

  // world.cc
  template <class Count>
  [[nodiscard]] std::size_t sum_of_lives(Count count) const;
  [[noreturn]] void give_up(const char* why) const;
  void start(Application& application);
  void check_deletion(const Application& application, const Life& life, const SeenRequest& request);
  SimulatedAnswer request(const std::string& manager, const std::string& method, const std::string& path,
                          const std::string& content_type, const std::string& body);
  SimulatedAnswer person(const std::string& method, const std::string& path, const std::string& body);

  // people.cc
  void edit(const Place& place);
  void take_away(const Place& place);
  void remove(const Place& place);
  void replace(const Place& place);
  void rival_applies(const Place& place, bool same_value);
  void scale();
  void churn_status();
  void commit(Application& application);
  void push(Application& application);
  void kill_and_restart(Application& application);
  void lose_repository(Application& application);
  void compact();
  void recreate_type();
  void delete_namespace(const std::string& name);
  void begin_something();
  void make_bystanders();
  Application& some_application() { return *applications_.at(random_.below(applications_.size())); }
  [[nodiscard]] std::string path(const Place& place) const { return path_of(place, sea().boats()); }
  [[nodiscard]] const Repository& sea() const;
  // So many writes of a daemon may follow from what happens now.
  void owe(std::size_t writes) { owed_writes_ += writes; }

  // invariants.cc
  [[nodiscard]] std::string difference(const Application& application, const Place& place) const;
  [[nodiscard]] std::string store_differences(const Application& application) const;

  const std::uint64_t seed_;
  VirtualTime time_;
  boost::asio::io_context io_{1};
  SeededRandom random_;
  FaultPlan faults_;
  SimulatedCluster cluster_;
  Diary diary_;
  std::vector<std::unique_ptr<Application>> applications_;
  std::map<Place, std::string> bystanders_;  // as they have to stay
  std::uint64_t types_seen_ = 0;
  std::size_t owed_writes_ = 0, acts_ = 0;
  std::string wrong_deletions_;
};

// One life of a daemon, with a network of its own: a killed one is cut off and never heard of again.
struct World::Life {
  Life(World& world, const Application& application, std::uint64_t seed);

  DiaryOf diary;
  SimulatedNetwork network;
  SimulatedClient client;
  SimulatedSource* source;  // the daemon's own
  Daemon daemon;
  std::map<Place, Clock::time_point> wanted_since;  // by what it has read from Git
  bool ended = false;
};

struct World::Application {
  explicit Application(std::string name) : repository(std::move(name)) {}
  Repository repository;
  std::vector<std::unique_ptr<Life>> lives;  // the last one lives
};

inline const Repository& World::sea() const { return applications_.back()->repository; }

}  // namespace holdfast::sim
