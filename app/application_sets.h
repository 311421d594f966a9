// The ApplicationSets of a cluster, held beside its Applications from the moment that they are there until they go.
// Each is dealt with by itself (held_set.h); here is what they share: the watches, who controls which Application, and
// what wakes whom.
//
// Lives on one executor, one thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "app/application_objects.h"
#include "app/application_setup.h"
#include "app/daemon.h"
#include "app/held_set.h"
#include "app/status_writer.h"
#include "holdfast/base/stop_signal.h"
#include "sources/repository_hub.h"

namespace holdfast {

class ApplicationSets {
 public:
  // All references outlive run(). `previews`: whether namespaces may be made.
  ApplicationSets(boost::asio::any_io_executor executor, Daemon& daemon, ClusterPorts cluster, SetupContext context,
                  std::shared_ptr<RepositoryHub> repositories, const ApplicationObjects& applications,
                  std::function<double()> chance, bool previews);

  // Where generators are read instead of their repositories: for tests, before run().
  using MakesSource = std::function<Result<std::unique_ptr<GeneratorSource>>(const Generator&, GeneratorHeard)>;
  void read_generators_by(MakesSource makes_source) { makes_source_ = std::move(makes_source); }

  // Returns after stop(), when the status of all has been written, as far as one attempt does it.
  boost::asio::awaitable<void> run();
  void stop() { stop_.give(); }
  // An Application came, changed or went.
  void application_changed(const ApplicationName& name);

 private:
  // Hands on what a watch shows.
  struct Sink final : ApplicationObjectsSink {
    std::function<void(const ApplicationName&)> changed;
    std::function<void(const Error&)> unknown;
    void object_changed(const ApplicationName& name) override { changed(name); }
    void objects_known() override {}
    void objects_unknown(const Error& error) override { unknown(error); }
  };
  struct Controlled {
    Uid set;
    SetMember member;
  };

  [[nodiscard]] LivePtr find(const ApplicationName& name) const;  // null: there is none, or it is another's
  void set_changed(const ApplicationName& name);
  void begin(const ApplicationName& name, const Uid& uid);
  boost::asio::awaitable<void> hold(ApplicationName name, std::shared_ptr<HeldSet> set);
  SetPorts ports_of(const ApplicationName& name);
  Result<std::unique_ptr<GeneratorSource>> follow(const ApplicationName& name, std::size_t index,
                                                  const Generator& generator, GeneratorHeard heard);
  void namespace_changed(const ApplicationName& name);
  void unseen(const char* what, const Error& error);
  [[nodiscard]] std::map<std::string, SetMember> members_of(const std::string& namespace_, const Uid& set) const;

  boost::asio::any_io_executor executor_;
  Daemon& daemon_;
  ClusterPorts cluster_;
  SetupContext context_;
  std::shared_ptr<RepositoryHub> repositories_;
  const ApplicationObjects& applications_;
  std::function<double()> chance_;
  MakesSource makes_source_;  // null: the repositories
  Sink sets_sink_, namespaces_sink_;
  ApplicationObjects objects_;
  std::unique_ptr<ApplicationObjects> namespaces_;  // null: no previews
  StatusWriter writer_;
  std::map<ApplicationName, std::shared_ptr<HeldSet>> sets_;
  std::map<ApplicationName, Controlled> controlled_;  // Applications, by their names
  std::map<std::string, std::string> said_unseen_;
  StopSignal stop_;
  TaskScope tasks_;
};

}  // namespace holdfast
