// One ApplicationSet as the daemon holds it: its generators, the applications that they come to, and the namespaces of
// its previews.
//
// Level-triggered: whatever has happened, what counts is what there is now. What a generator does not tell is Unknown:
// nothing is made, changed or deleted because of it. What a set has no longer goes when two readings say so
// (absence_guard.h). An Application of that name that somebody else has made stays as it is.
//
// Lives on one executor, one thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/absence_guard.h"
#include "app/application_objects.h"
#include "app/preview_namespaces.h"
#include "app/set_status.h"
#include "holdfast/base/clock.h"
#include "holdfast/model/application_set.h"
#include "sources/generator_source.h"

namespace holdfast {

// An Application that a set controls.
struct SetMember {
  std::string element;
  bool ready = false, terminating = false;
};

// What a set is held with; all that is referred to outlives run().
struct SetPorts {
  ApiServer& api;
  std::string installation;
  const ApplicationObjects& applications;
  const ApplicationObjects* namespaces;  // those of previews; null: there are to be none
  std::function<double()> chance;        // in [0, 1)
  std::function<std::chrono::sys_seconds()> wall_now;
  std::function<bool()> halted;     // nothing may be written any more
  std::function<LivePtr()> object;  // the set itself, as it is now; null: it is gone
  std::function<std::map<std::string, SetMember>(const Uid&)> members;  // by the name of the application
  std::function<Result<std::unique_ptr<GeneratorSource>>(std::size_t index, const Generator&, GeneratorHeard)> source;
  std::function<void(std::size_t index)> source_gone;
};

class HeldSet {
 public:
  HeldSet(boost::asio::any_io_executor executor, ApplicationName name, Uid uid, SetPorts ports, SetStatus::Hooks hooks);
  ~HeldSet();

  // Returns when the set is gone, or after stop().
  boost::asio::awaitable<void> run();
  void stop();
  // Something that it is about may have changed.
  void poke();

  [[nodiscard]] const Uid& uid() const { return uid_; }
  [[nodiscard]] const SetStatus& status() const { return status_; }
  [[nodiscard]] bool has_namespace(const std::string& name) const;
  // Somebody else has an application's name.
  [[nodiscard]] bool wants(const std::string& application) const { return problems_.contains(application); }
  [[nodiscard]] bool has_read(const std::string& commit) const;  // one of its generators has

 private:
  struct Follow {
    std::unique_ptr<GeneratorSource> source;
    GeneratorReading reading;
    std::size_t elements = 0;  // of the last one that was good
    Clock::time_point begun{};
    bool heard = false;
  };

  // Why an application is neither made nor changed.
  struct Obstacle {
    std::string reason;
    Error error;
  };
  struct Look {
    Uid uid;            // of the Application that there is; empty: none
    json::value body;   // of it
    std::string state;  // of it and of what is wanted
    bool settled = false, needs_namespace = false;
    std::optional<Obstacle> obstacle;
  };

  boost::asio::awaitable<void> pass();
  boost::asio::awaitable<bool> is_ours(json::object object);  // false: another installation's, or not known yet
  void leave(std::string_view installation);
  boost::asio::awaitable<Result<json::value>> patch(json::object changes);
  void take(const json::object& object);
  void follow_generators();
  void follow_none();
  boost::asio::awaitable<void> hold();
  boost::asio::awaitable<void> bring_about(ExpandedApplication wanted);
  [[nodiscard]] Look look_at(const ExpandedApplication& wanted) const;
  boost::asio::awaitable<Result<void>> make(ExpandedApplication wanted);
  boost::asio::awaitable<Result<void>> change(ExpandedApplication wanted, Uid uid);
  boost::asio::awaitable<Result<json::value>> apply(json::object document, bool force);
  boost::asio::awaitable<void> let_go(Expansion expansion);
  boost::asio::awaitable<void> take_down(std::string application);
  boost::asio::awaitable<void> end(json::object object);
  boost::asio::awaitable<bool> set_finalizer(json::object object, bool wanted);  // false: it could not be
  [[nodiscard]] bool held_back(std::size_t leaving, std::size_t members);
  void problem(const ExpandedApplication& wanted, std::string reason, const Error& error);
  void retry_later();
  void look_anew();
  [[nodiscard]] Clock::time_point next_due() const;
  void tell();
  [[nodiscard]] std::string shown() const { return name_.first + "/" + name_.second; }

  boost::asio::any_io_executor executor_;
  ApplicationName name_;
  Uid uid_;
  SetPorts ports_;
  SetStatus status_;
  PreviewNamespaces namespaces_;
  AbsenceGuard guard_;

  std::int64_t generation_ = 0;
  std::string installation_;           // its label
  std::optional<ApplicationSet> set_;  // as it was read last; nothing: it cannot be
  std::vector<Generator> followed_;
  std::vector<Follow> follows_;
  SetStanding standing_;
  std::map<std::string, LeftOut> problems_;                    // by application
  std::map<std::string, std::string> settled_;                 // of applications: the state that needed nothing
  std::map<std::string, Clock::time_point> taken_down_since_;  // by application
  bool recalled_ = false;

  Timer signal_;
  bool due_ = true, stopping_ = false, gone_ = false;
  unsigned failures_ = 0;
  std::optional<Clock::time_point> retry_at_, look_at_;
};

}  // namespace holdfast
