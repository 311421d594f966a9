// What `holdfast run` holds where it is given neither a repository nor a file: each Application object of the cluster,
// from the moment it is there until it goes.
//
// What cannot be held says so in its own status and stands in nobody's way; what was held before stays as it was. An
// object that goes lets go of its objects, or ends them first where its deletionPolicy is Prune: a finalizer keeps it
// until they are gone. That the objects cannot be seen changes nothing of what is held. Each is dealt with by its name,
// one thing at a time, and looked up again after every wait.
//
// Lives on one executor, one thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "app/application_objects.h"
#include "app/application_setup.h"
#include "app/application_status.h"
#include "app/cluster_overrides.h"
#include "app/daemon.h"
#include "app/object_turns.h"
#include "app/request_gate.h"
#include "app/status_writer.h"
#include "sources/repository_hub.h"

namespace holdfast {

inline constexpr std::string_view kApplicationFinalizer = "holdfast.dev/application";

class ClusterApplications final : public ApplicationObjectsSink {
 public:
  // All references outlive run().
  ClusterApplications(boost::asio::any_io_executor executor, Daemon& daemon, ClusterPorts cluster, SetupContext context,
                      std::shared_ptr<RepositoryHub> repositories, std::function<double()> chance);

  // Before run(): the objects are only watched until begin().
  void stand_by() { standing_by_ = true; }
  void begin();
  // All objects that there are have been seen.
  [[nodiscard]] bool known() const { return objects_.known(); }
  [[nodiscard]] const std::string& unseen() const { return unseen_; }  // why they cannot be seen now; empty: they can

  // Returns after stop(), when the status of all has been written, as far as one attempt does it.
  boost::asio::awaitable<void> run();
  void stop();
  // As their watch shows them, for whoever else is about them; and who is told when one came, changed or went.
  [[nodiscard]] const ApplicationObjects& objects() const { return objects_; }
  void also_tell(std::function<void(const ApplicationName&)> listener) { also_tell_ = std::move(listener); }
  // Of an application that was to end (Daemon).
  void ended(const ApplicationName& name, std::size_t objects_left);

  void object_changed(const ApplicationName& name) override;
  void objects_known() override;
  void objects_unknown(const Error& error) override;

 private:
  // One object, as it was taken up last.
  struct Subject {
    Uid uid;
    std::int64_t generation = 0;
    std::string requested_at;
    std::shared_ptr<ApplicationStatus> status;
    std::optional<Application> held;  // as it is held
    bool ending = false, ended = false;
    bool for_another = false;  // its label says so
    bool contested = false;    // as it was told last
    bool unclaimed = false;    // it is not known yet whether another installation holds it, so nothing is said of it
  };

  void start();
  boost::asio::awaitable<void> look(ApplicationName name);
  void rested(const ApplicationName& name);
  boost::asio::awaitable<void> look_at(ApplicationName name);
  boost::asio::awaitable<void> gone(ApplicationName name);
  boost::asio::awaitable<void> take(ApplicationName name, json::object object);
  boost::asio::awaitable<void> end(ApplicationName name, json::object object);
  boost::asio::awaitable<void> hold(ApplicationName name, Application application);
  boost::asio::awaitable<void> let_go(ApplicationName name);
  boost::asio::awaitable<void> set_finalizer(ApplicationName name, json::object object, bool wanted);
  void claim_known(const ApplicationName& name);
  void begin(const ApplicationName& name, Subject& subject, const json::object& object);
  void notice_request(const ApplicationName& name, Subject& subject, const json::object& object);
  boost::asio::awaitable<void> meet_requests(ApplicationName name, json::object object);
  void refuse(const ApplicationName& name, const std::string& why);
  void write_status(const ApplicationName& name);
  void tell(const ApplicationName& name, const std::string& type, const ApplicationCondition& now);
  void tell_missing();
  ClusterOverrides::Hooks override_hooks();
  [[nodiscard]] ClusterOverrides::Presence presence_of(const ApplicationName& name) const;

  boost::asio::any_io_executor executor_;
  Daemon& daemon_;
  ClusterPorts cluster_;
  SetupContext context_;
  std::shared_ptr<RepositoryHub> repositories_;
  ApplicationObjects objects_;
  StatusWriter writer_;
  ClusterOverrides overrides_;
  RequestGate requests_;
  std::map<ApplicationName, Subject> subjects_;
  std::map<ApplicationName, std::string> refused_;  // those that are not held at all: their repositories
  std::string unseen_;                              // why the objects cannot be seen, as it was said last
  std::function<void(const ApplicationName&)> also_tell_ = [](const ApplicationName&) {};
  ObjectTurns turns_;
  bool standing_by_ = false;
  std::set<ApplicationName> seen_meanwhile_;  // while standing by
};

}  // namespace holdfast
