#include "app/wanted_applications.h"

#include <utility>

#include "app/config_follower.h"
#include "app/refusal_trace.h"
#include "holdfast/base/task_scope.h"
#include "sources/repository_hub.h"
#include "sources/source.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

struct NothingTold final : ConfigObserver {
  void config_refused(const Error&) override {}
  void config_good_again() override {}
};

class Reader {
 public:
  Reader(asio::any_io_executor executor, const RunOptions& options, SetupContext context, Sources sources)
      : executor_(executor),
        options_(options),
        context_(std::move(context)),
        sources_(sources),
        repositories_(std::make_shared<RepositoryHub>(executor)),
        tasks_(executor) {}

  asio::awaitable<Result<ReadApplications>> read() {
    Result<std::vector<Application>> applications = co_await documents();
    if (!applications) co_return std::unexpected(applications.error());
    co_return co_await read(std::move(*applications));
  }

  asio::awaitable<Result<ReadApplications>> read(std::vector<Application> applications) {
    // All at once: those of one repository are told by one query, and read together.
    std::vector<Result<std::unique_ptr<WantedApplication>>> all(applications.size());
    for (std::size_t i = 0; i < all.size(); ++i) tasks_.spawn(read_into(&applications[i], &all[i]));
    co_await tasks_.join();
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Application& application = applications[i];
      Result<std::unique_ptr<WantedApplication>>& wanted = all[i];
      const bool chosen = is_chosen(application);
      if (wanted) {
        (*wanted)->chosen = chosen;
        read_.applications.push_back(std::move(*wanted));
      } else if (chosen) {
        Error error = std::move(wanted.error());
        if (!options_.config.empty()) error.message = application.name + ": " + error.message;
        read_.failures.push_back(std::move(error));
      }
    }
    co_return std::move(read_);
  }

 private:
  asio::awaitable<Result<std::vector<Application>>> documents() {
    if (options_.config.empty()) co_return std::vector{to_application(options_.application, context_.namespace_)};
    NothingTold observer;
    ConfigFollower follower(executor_, {options_.config, {.own_namespace = context_.namespace_}}, observer);
    Result<std::vector<Application>> all = co_await follower.load();
    follower.stop();
    if (!all) co_return all;
    std::vector<Application> held;
    bool found = false;
    for (Application& application : *all) {
      found |= is_chosen(application);
      if (is_chosen(application) && !options_.application.ref.empty())
        set_ref(application.source, options_.application.ref);
      if (!application.suspend)
        held.push_back(std::move(application));
      else if (is_chosen(application))
        read_.notes.push_back(application.name + " is suspended, and left out");
    }
    if (!found)
      co_return fail(ErrorKind::NotFound, "there is no application " + options_.application.name, options_.config,
                     "check --name");
    co_return held;
  }

  [[nodiscard]] bool is_chosen(const Application& application) const {
    return options_.config.empty() || options_.application.name.empty() ||
           options_.application.name == application.name;
  }

  asio::awaitable<void> read_into(const Application* application, Result<std::unique_ptr<WantedApplication>>* into) {
    *into = co_await read_one(application);
  }

  asio::awaitable<Result<std::unique_ptr<WantedApplication>>> read_one(const Application* application) {
    Result<ApplicationSetup> setup = make_setup(*application, context_);
    if (!setup) co_return std::unexpected(setup.error());
    setup->source.workers = repositories_->workers();
    setup->source.hub = repositories_;
    Result<std::unique_ptr<Source>> source = make_source(executor_, setup->source);
    if (!source) co_return std::unexpected(source.error());
    const Result<ManifestSetPtr> manifests = co_await (*source)->load();
    std::vector<std::string> authors;
    if (!manifests) authors = co_await authors_of(source->get(), &manifests.error());
    if (sources_ == Sources::Stopped || !manifests) (*source)->stop();
    if (!manifests) {
      for (std::string& author : authors) read_.notes.push_back(std::move(author));
      co_return std::unexpected(manifests.error());
    }
    auto wanted = std::make_unique<WantedApplication>();
    wanted->setup = std::move(*setup);
    wanted->manifests = *manifests;
    if (sources_ == Sources::Kept) wanted->source = std::move(*source);
    co_return wanted;
  }

  // Who wrote what cannot be read.
  asio::awaitable<std::vector<std::string>> authors_of(Source* source, const Error* error) const {
    std::vector<std::string> lines;
    RefusalTrace trace(executor_, *source,
                       [&lines](const ObjectKey&, const std::string& line) { lines.push_back(line); });
    trace.unreadable(*error);
    co_await trace.finish(RefusalTrace::kPatience);
    co_return lines;
  }

  asio::any_io_executor executor_;
  const RunOptions& options_;
  SetupContext context_;
  Sources sources_;
  std::shared_ptr<RepositoryHub> repositories_;
  TaskScope tasks_;
  ReadApplications read_;
};

}  // namespace

asio::awaitable<Result<ReadApplications>> read_applications(asio::any_io_executor executor, const RunOptions& options,
                                                            SetupContext context, Sources sources) {
  Reader reader(std::move(executor), options, std::move(context), sources);
  co_return co_await reader.read();
}

asio::awaitable<Result<ReadApplications>> read_applications(asio::any_io_executor executor,
                                                            std::vector<Application> applications, SetupContext context,
                                                            Sources sources) {
  const RunOptions nothing_special;
  Reader reader(std::move(executor), nothing_special, std::move(context), sources);
  co_return co_await reader.read(std::move(applications));
}

void prepare_all(WantedApplications& applications, const ApiCatalog& catalog) {
  for (const auto& wanted : applications)
    wanted->prepared = prepare(*wanted->manifests, catalog, wanted->setup.prepare);
}

}  // namespace holdfast
