// What `holdfast run --config` holds: each Application of the configuration, and the others once that changes.
//
// A new one is held and one that is gone is let go, or ended where its objects are to go with it. One that changed is
// let go and held anew, once it is certain that it can be; otherwise it stays as it was. One that cannot be held (a
// password file that is missing, a repository that is none) is told, stands in nobody's way, and is tried again with
// the next change of the configuration. Lives on one executor, one thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "app/application_setup.h"
#include "app/config_changes.h"
#include "app/config_follower.h"
#include "app/daemon.h"
#include "sources/repository_hub.h"

namespace holdfast {

class ConfiguredApplications final : public ConfigObserver {
 public:
  ConfiguredApplications(boost::asio::any_io_executor executor, Daemon& daemon, const std::string& path,
                         SetupContext context, std::shared_ptr<RepositoryHub> repositories);

  // Reads the configuration and holds what it says. Errors: those of ConfigFollower::load(); then nothing is held.
  boost::asio::awaitable<Result<void>> begin();
  // Follows its changes until stop().
  boost::asio::awaitable<void> follow();
  void stop();

  [[nodiscard]] std::size_t held() const { return held_.size(); }
  [[nodiscard]] std::size_t refused() const { return refused_; }  // could not be held as they are written now

  void config_refused(const Error& error) override;
  void config_good_again() override;

 private:
  struct Ready {
    Application application;
    ApplicationSetup setup;
    std::unique_ptr<Source> source;
  };

  boost::asio::awaitable<void> take(std::vector<Application> next);
  Result<Ready> make_ready(const Application& application);
  std::vector<Ready> make_ready(const std::vector<Application>& applications);
  void hold(Ready ready);
  void end(const Application& application);
  void tell_suspended(const std::vector<ApplicationName>& names);
  [[nodiscard]] ApplicationName name_of(const Application& application) const;
  [[nodiscard]] std::string shown(const ApplicationName& name) const;

  boost::asio::any_io_executor executor_;
  Daemon& daemon_;
  SetupContext context_;
  ConfigFollower follower_;
  std::shared_ptr<RepositoryHub> repositories_;
  std::map<ApplicationName, Application> held_;  // as they were written when they were set up
  std::set<ApplicationName> suspended_;
  std::size_t refused_ = 0;
  std::map<std::string, std::string> missing_;  // of those, the ones that are not held at all: see Daemon::set_missing
  bool stopped_ = false;
};

}  // namespace holdfast
