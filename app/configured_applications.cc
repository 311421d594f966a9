#include "app/configured_applications.h"

#include <utility>

#include "app/log_observer.h"
#include "app/nothing_source.h"
#include "holdfast/base/log.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

}  // namespace

ConfiguredApplications::ConfiguredApplications(asio::any_io_executor executor, Daemon& daemon, const std::string& path,
                                               SetupContext context, std::shared_ptr<RepositoryHub> repositories)
    : executor_(executor),
      daemon_(daemon),
      context_(std::move(context)),
      follower_(executor, {path, {.own_namespace = context_.namespace_}}, *this),
      repositories_(std::move(repositories)) {}

asio::awaitable<Result<void>> ConfiguredApplications::begin() {
  auto applications = co_await follower_.load();
  if (!applications) co_return std::unexpected(std::move(applications.error()));
  co_await take(std::move(*applications));
  co_return Result<void>();
}

asio::awaitable<void> ConfiguredApplications::follow() {
  while (!stopped_) {
    auto next = co_await follower_.changed();
    if (!next || stopped_) co_return;
    log(LogLevel::Info, "config-changed", "the configuration has changed", {{"applications", next->size()}});
    co_await take(std::move(*next));
  }
}

void ConfiguredApplications::stop() {
  stopped_ = true;
  follower_.stop();
}

void ConfiguredApplications::config_refused(const Error& error) {
  log(LogLevel::Error, "config-refused", describe(error) + "; the last good configuration stays in force");
}

void ConfiguredApplications::config_good_again() {
  log(LogLevel::Info, "config-good", "the configuration is good again");
}

asio::awaitable<void> ConfiguredApplications::take(std::vector<Application> next) {
  const ConfigChanges changes = changes_between(held_, next, context_.namespace_);
  tell_suspended(changes.suspended);
  std::vector<Ready> ready = make_ready(changes.hold);
  std::vector<ApplicationName> leaving = changes.let_go;
  for (const Ready& one : ready) leaving.push_back(name_of(one.application));
  std::vector<Application> ending;
  for (const ApplicationName& name : changes.end) {
    leaving.push_back(name);
    ending.push_back(held_.at(name));
  }
  for (const ApplicationName& name : changes.let_go)
    log(LogLevel::Info, "letting-go", "letting go of " + shown(name) + "; its objects stay as they are");
  for (const ApplicationName& name : leaving) held_.erase(name);
  daemon_.set_missing(missing_);
  co_await daemon_.let_go(std::move(leaving));
  if (stopped_) co_return;
  for (Ready& one : ready) hold(std::move(one));
  for (const Application& application : ending) end(application);
}

Result<ConfiguredApplications::Ready> ConfiguredApplications::make_ready(const Application& application) {
  auto setup = make_setup(application, context_);
  if (!setup) return std::unexpected(std::move(setup.error()));
  setup->source.workers = repositories_->workers();
  setup->source.hub = repositories_;
  auto source = make_source(executor_, setup->source);
  if (!source) return std::unexpected(std::move(source.error()));
  return Ready{application, std::move(*setup), std::move(*source)};
}

std::vector<ConfiguredApplications::Ready> ConfiguredApplications::make_ready(
    const std::vector<Application>& applications) {
  std::vector<Ready> ready;
  refused_ = 0;
  missing_.clear();
  for (const Application& application : applications) {
    auto made = make_ready(application);
    if (made) {
      ready.push_back(std::move(*made));
      continue;
    }
    ++refused_;
    const bool held = held_.contains(name_of(application));
    if (!held) missing_.emplace(repository_of(application), application.name);
    log(LogLevel::Error, "application-refused",
        application.origin + ": " + application.name + " cannot be held: " + describe(made.error()) +
            (held ? "; it goes on as it was before" : "") + "; it is tried again when the configuration changes",
        {{"application", shown(name_of(application))}});
  }
  return ready;
}

void ConfiguredApplications::hold(Ready ready) {
  const ApplicationName name = name_of(ready.application);
  held_[name] = std::move(ready.application);
  daemon_.hold(std::move(ready.setup), std::move(ready.source),
               std::make_shared<LogObserver>(false, shown(name), context_.explain));
}

// Needs no way into the repository any more.
void ConfiguredApplications::end(const Application& application) {
  Application without_files = application;
  SourceSpec& source = without_files.source;
  for (std::string* file : {&source.password_file, &source.ssh_key_file, &source.known_hosts_file, &source.ca_file,
                            &source.docker_config_file})
    file->clear();
  source.verify.reset();
  without_files.decryption.reset();
  auto setup = make_setup(without_files, context_);
  if (!setup) return;  // fails for these files alone
  const std::string name = shown(name_of(application));
  daemon_.hold(ending(std::move(*setup)), make_nothing_source(executor_, "the end of " + name),
               std::make_shared<LogObserver>(false, name, context_.explain));
}

void ConfiguredApplications::tell_suspended(const std::vector<ApplicationName>& names) {
  for (const ApplicationName& name : names)
    if (!suspended_.contains(name))
      log(LogLevel::Info, "suspended", shown(name) + " is suspended: nothing is done for it");
  suspended_ = {names.begin(), names.end()};
}

ApplicationName ConfiguredApplications::name_of(const Application& application) const {
  return holdfast::name_of(application, context_.namespace_);
}

std::string ConfiguredApplications::shown(const ApplicationName& name) const {
  return name.first == context_.namespace_ ? name.second : name.first + "/" + name.second;
}

}  // namespace holdfast
