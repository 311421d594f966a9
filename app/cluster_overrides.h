// The Overrides of a cluster: each is judged when it comes, brought about through the source of its application
// (sources/tried_source.h), ended when its time is over or somebody deletes it, and told of in its status, in Events
// and in the application's. docs/overrides.md is the contract.
//
// Level-triggered: each is dealt with by its name, one thing at a time, and looked up again after every wait. That they
// cannot be seen changes nothing of what is in force. Lives on one executor, one thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "app/application_objects.h"
#include "app/application_observer.h"
#include "app/application_setup.h"
#include "app/daemon.h"
#include "app/object_turns.h"
#include "app/override_requests.h"
#include "app/override_status.h"
#include "app/status_writer.h"
#include "sources/trial.h"

namespace holdfast {

class ClusterOverrides final : public ApplicationObjectsSink {
 public:
  // How an application is there, whether it is held or not.
  enum class Presence {
    Unknown,   // not known yet, or not yet whose it is
    Anothers,  // another installation's: what is tried on it is none of ours
    Gone,      // there is none, or it ends with all that it held
    Present,
  };
  struct Hooks {
    std::function<Presence(const ApplicationName& application)> presence;
    // For an Event about the application.
    std::function<void(const ApplicationName& application, bool warning, std::string reason, std::string note)> tell;
    std::function<void(const ApplicationName& application)> changed;  // in_force() may be another
    // For the application's history: "Try" and "TryEnded"; `who` is empty where nobody asked for it.
    std::function<void(const ApplicationName& application, std::string action, std::string who, std::string why)> done =
        {};
  };
  // All references outlive run().
  ClusterOverrides(boost::asio::any_io_executor executor, Daemon& daemon, ClusterPorts cluster,
                   std::function<double()> chance, Hooks hooks, const std::string& installation,
                   std::string only_namespace = {});

  boost::asio::awaitable<void> run();  // returns after stop()
  void stop();

  // The source of an application that is about to be held. `tried_in_force`: an earlier process has brought about
  // something that was tried; then the source waits until the Overrides are seen.
  std::unique_ptr<Source> around(const ApplicationName& name, const ApplicationSetup& setup,
                                 std::unique_ptr<Source> source, bool tried_in_force);
  std::shared_ptr<ApplicationObserver> observer(const ApplicationName& name);
  void not_held(const ApplicationName& name);
  // Hooks::presence may say something else: of this one, or of all.
  void presence_changed(const ApplicationName& name);
  void presences_changed();
  // What is tried on it now, for its status: "web-cpu: Deployment web … = 500m, by alice until …".
  [[nodiscard]] std::vector<std::string> in_force(const ApplicationName& name) const;

  void object_changed(const ApplicationName& name) override;
  void objects_known() override;
  void objects_unknown(const Error& error) override;

 private:
  class Listener;
  struct Subject {
    Uid uid;
    std::string application;
    std::optional<Override> spec;
    OverrideStatus status;
    bool was_active = false;  // in an earlier process
    bool decided = false;     // whether it is to be in force
    bool accepted = false;    // it is
    bool restoring = false;   // what it took from fields that Git does not declare is being put back
    bool restored = false;    // and is in the cluster
    bool differed = false;    // it made a difference
    bool dropped = false;     // somebody deletes it
    bool finalizer = false;
    std::set<ObjectKey> objects, waiting;  // of patches; and those that are not applied yet
    std::string set_revision;              // with which it is brought about, or ended
    Clock::time_point retry_at = Clock::time_point::max();
    Presence seen = Presence::Unknown;  // of its application, when it was looked at last
  };
  struct Tried {  // an application
    std::shared_ptr<TrialBook> book;
    PrepareOptions prepare;
    YieldRules yield_rules;
    std::optional<ServiceAccount> acts_as;
    std::string complete;  // the revision of the last round that was
    bool held = false, tried_in_force = false, needs_approval = false;
  };

  boost::asio::awaitable<void> look_at(ApplicationName name);
  boost::asio::awaitable<void> look_at(ApplicationName name, json::object object, bool terminating);
  void leave_to_another(const ApplicationName& name);
  bool begin(const ApplicationName& name, const json::object& object);
  boost::asio::awaitable<void> consider(ApplicationName name, json::object object);
  boost::asio::awaitable<bool> may_be_believed(ApplicationName name);
  boost::asio::awaitable<bool> examine(ApplicationName name, json::object object);
  boost::asio::awaitable<bool> keep_former(ApplicationName name, json::object object, std::vector<FormerValue> former);
  [[nodiscard]] std::string conflict(const Subject& subject, bool& undecided) const;
  boost::asio::awaitable<void> finish_end(ApplicationName name, json::object object);
  void leave_as_it_is(const ApplicationName& name);
  boost::asio::awaitable<bool> let_fields_be(ApplicationName name);
  void accept(const ApplicationName& name);
  void end(const ApplicationName& name, OverridePhase phase, const std::string& reason, const std::string& message);
  void wait(const ApplicationName& name, const std::string& reason, const std::string& message);
  void retry(const ApplicationName& name, const Error& error);
  void gone(const ApplicationName& name);

  void rebuild(const ApplicationName& application);
  [[nodiscard]] bool can_tell(const ApplicationName& application) const;
  void outcome_told(const ApplicationName& application);
  void settle(const ApplicationName& name, Subject& subject, const Tried& tried);
  void left_out(const ApplicationName& name, Subject& subject, const Error& error);
  void applied(const ApplicationName& application, const ObjectKey& key, const std::string& revision);
  void round_complete(const ApplicationName& application, const std::string& revision);
  [[nodiscard]] std::vector<ApplicationName> brought_with(const ApplicationName& application,
                                                          const std::string& revision) const;
  void brought_about(const ApplicationName& name);
  static void tell_active(Subject& subject, const std::string& note);
  void look_at_all_of(const ApplicationName& application);

  boost::asio::awaitable<void> keep_time();
  void write(const ApplicationName& name);
  void tell(const ApplicationName& name, bool warning, const std::string& reason, const std::string& note);
  [[nodiscard]] static ApplicationName application_of(const Subject& subject, const ApplicationName& name);

  boost::asio::any_io_executor executor_;
  Daemon& daemon_;
  ClusterPorts cluster_;
  Hooks hooks_;
  OverrideRequests requests_;
  ApplicationObjects objects_;
  StatusWriter writer_;
  std::map<ApplicationName, Subject> subjects_;
  std::map<ApplicationName, Tried> applications_;
  bool unseen_ = false;  // they cannot be seen, and never were
  std::string said_unseen_;
  ObjectTurns turns_;
  Timer clock_;
};

}  // namespace holdfast
