// A soak's installation: a simulated API server in a process of its own, the daemon in another, a proxy between the
// two that can break off or go silent, and a repository. People reach the server past the proxy.
//
// One thread. Failures to start are exceptions. Needs HOLDFAST_BINARY.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cluster/holdfast_process.h"
#include "cluster/holding_proxy.h"
#include "cluster/repository.h"
#include "soak/api_client.h"
#include "soak/held_objects.h"
#include "soak/usage.h"

namespace holdfast::soak {

class SoakWorld {
 public:
  explicit SoakWorld(std::uint64_t seed);  // returns when the cluster is at the first commit

  std::vector<HeldObject>& objects() { return objects_; }
  void commit();  // what objects() say
  bool edit(const HeldObject& object, const std::string& value) {
    return people_->patch(object.target(), object.edit(value));
  }
  // What is nobody's business but the writer's.
  bool annotate(const HeldObject& object, const std::string& value) {
    return people_->patch(object.target(), R"({"metadata":{"annotations":{"example.com/note":")" + value + R"("}}})");
  }
  bool remove(const HeldObject& object) { return people_->remove(object.target()); }

  cluster::HoldingProxy& proxy() { return *proxy_; }
  void refuse_connections();  // until accept_connections(); those that there are end
  void accept_connections();
  // What an API server's restart is to its clients: connections end, and the history of changes is gone.
  void restart_server() const;
  void hang_server() const;  // it stops in the middle of whatever it does, until go_on()
  void go_on() const;

  // What differs between the cluster and Git; empty: nothing.
  std::string difference();
  // Returns as soon as nothing differs, or, after the deadline, what does; at once where the daemon has ended.
  std::string wait_as_git_says(std::chrono::seconds deadline);
  // Whether this one object has the value that Git says.
  bool is_as_git_says(const HeldObject& object);

  Usage daemon_usage() const { return usage_of(daemon_->pid()); }
  [[nodiscard]] std::size_t count_lines(const std::string& text) const;  // of the daemon's log
  [[nodiscard]] std::string last_lines() const;
  // Ends daemon and server by SIGTERM. What was wrong with that, or was reported by a sanitizer in them; empty:
  // nothing.
  std::string end();

 private:
  void start_server(std::uint64_t seed);
  void start_daemon();
  [[nodiscard]] std::string path(const std::string& name) const { return repository_.cache() + "/" + name; }

  cluster::Repository repository_;
  std::vector<HeldObject> objects_ = held_objects();
  std::unique_ptr<cluster::HoldfastProcess> server_;
  std::unique_ptr<ApiClient> people_;
  std::unique_ptr<cluster::HoldingProxy> proxy_;
  std::unique_ptr<cluster::HoldfastProcess> daemon_;
  std::uint16_t server_port_ = 0;
};

}  // namespace holdfast::soak
