// `holdfast diff` and `holdfast plan`: what `run` would change, field by field, in the order in which it would; and of
// a plan also how far it reaches, and a file for `holdfast apply --plan`.
#include <unistd.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "app/application_object.h"
#include "app/cluster_identity.h"
#include "app/cluster_session.h"
#include "app/commands.h"
#include "app/file_cluster.h"
#include "app/input_file.h"
#include "app/object_documents.h"
#include "app/plan_document.h"
#include "app/plan_explanation.h"
#include "app/plan_maker.h"
#include "app/plan_markdown.h"
#include "app/plan_text.h"
#include "app/saved_plan.h"
#include "app/yaml_text.h"
#include "sources/application_reader.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr int kNoChange = 0, kChanges = 1, kTrouble = 2;

void print_error(const Error& error) { std::fprintf(stderr, "holdfast: %s\n", describe(error).c_str()); }

// A file's objects were given new ones when they were read in.
void forget_versions(ChangePlan& plan) {
  for (ApplicationPlan& application : plan.applications)
    for (PlannedChange& change : application.changes) change.version = {};
}

bool wants_colors(ColorChoice choice) {
  if (choice != ColorChoice::Auto) return choice == ColorChoice::Always;
  const char* const unwanted = std::getenv("NO_COLOR");
  const char* const terminal = std::getenv("TERM");
  const bool dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
  return ::isatty(STDOUT_FILENO) != 0 && !dumb && (unwanted == nullptr || *unwanted == '\0');
}

// One run of either verb.
class PlanRun {
 public:
  PlanRun(const RunOptions& options, const PlanOptions& plan, bool whole)
      : options_(options), plan_(plan), whole_(whole) {}

  int run() {
    if (plan_.live.empty()) return run_on_cluster();
    namespace_ = options_.cluster.namespace_.empty() ? "default" : options_.cluster.namespace_;
    spawn(work_on_file());
    return code_;
  }

 private:
  int run_on_cluster() {
    Result<ClusterSession> session = open_session(io_.get_executor(), options_.cluster);
    if (!session) {
      print_error(session.error());
      return kTrouble;
    }
    namespace_ = session->namespace_;
    spawn(work_on_cluster(&*session));
    return code_;
  }

  void spawn(asio::awaitable<void> work) {
    asio::co_spawn(io_, std::move(work), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
    io_.run();
  }

  asio::awaitable<void> work_on_cluster(ClusterSession* session) {
    Result<ReadApplications> read = std::unexpected(Error{});
    if (plan_.application.empty())
      read = co_await read_desired(session->values.get());
    else
      read = co_await read_object(session);
    if (read)
      finish(co_await look(session->client.get(), std::move(*read)));
    else
      print_error(read.error());
    session->close();
  }

  asio::awaitable<void> work_on_file() {
    Result<ReadApplications> read = co_await read_desired(nullptr);
    if (!read) co_return print_error(read.error());
    const Result<std::string> text = read_input(plan_.live);
    if (!text) co_return print_error(text.error());
    Result<std::vector<json::value>> objects = read_objects(*text, input_name(plan_.live));
    if (!objects) co_return print_error(objects.error());
    const Result<std::unique_ptr<FileCluster>> cluster = FileCluster::make(std::move(*objects), read->applications);
    if (!cluster) co_return print_error(cluster.error());
    tell((*cluster)->notes());
    finish(co_await look(cluster->get(), std::move(*read)));
  }

  void tell(const std::vector<std::string>& notes) {
    for (const std::string& note : notes) std::fprintf(stderr, "holdfast: %s\n", note.c_str());
    notes_.insert(notes_.end(), notes.begin(), notes.end());
  }

  void finish(const Result<int>& code) {
    if (code)
      code_ = *code;
    else
      print_error(code.error());
  }

  // `values`: null where there is no cluster.
  asio::awaitable<Result<ReadApplications>> read_desired(ClusterValues* values) {
    SetupContext context{options_.cluster.installation, namespace_, options_.application.cache_dir, false, values};
    context.programs = programs_of(options_.application);
    Result<ReadApplications> read =
        co_await read_applications(io_.get_executor(), options_, std::move(context), Sources::Kept);
    if (read) tell(read->notes);
    co_return read;
  }

  // What an Application of the cluster says, at another ref where one is given. Where it names no namespace for its
  // objects, the daemon's own is meant.
  asio::awaitable<Result<ReadApplications>> read_object(ClusterSession* session) {
    const ApplicationName name = application_named(plan_.application, session->namespace_);
    const Result<json::object> object = co_await read_application_object(*session->client, name);
    if (!object) co_return std::unexpected(object.error());
    Result<Application> application = read_application(*object, {.base = "/", .own_namespace = name.first});
    if (!application) co_return std::unexpected(application.error());
    application->namespace_ = name.first;
    namespace_ = InstallOptions{}.namespace_;
    if (!options_.application.ref.empty()) set_ref(application->source, options_.application.ref);
    SetupContext context{options_.cluster.installation, namespace_, options_.application.cache_dir, false,
                         session->values.get()};
    context.programs = programs_of(options_.application);
    std::vector<Application> applications{std::move(*application)};
    Result<ReadApplications> read =
        co_await read_applications(io_.get_executor(), std::move(applications), std::move(context), Sources::Kept);
    if (read) tell(read->notes);
    co_return read;
  }

  asio::awaitable<Result<int>> look(ApiServer* api, ReadApplications read) {
    Result<MadePlan> made =
        co_await make_plan(io_.get_executor(), *api, std::move(read), options_.cluster.installation);
    if (!made) co_return std::unexpected(made.error());
    if (!plan_.live.empty()) forget_versions(made->plan);
    for (const Error& failure : made->failures) print_error(failure);
    if (plan_.explain)
      for (const std::string& line : explain_plan(made->plan)) std::fprintf(stderr, "%s\n", line.c_str());
    if (!plan_.save.empty()) {
      if (!made->failures.empty())
        co_return fail(ErrorKind::Invalid, "the plan was not saved, for not all of it is known", plan_.save);
      const std::string cluster = co_await cluster_identity(*api);
      const Result<void> saved = write_plan(plan_.save, saved_plan(*made, options_, namespace_, cluster));
      if (!saved) co_return std::unexpected(saved.error());
    }
    print(*made);
    if (std::fflush(stdout) != 0) co_return fail(ErrorKind::Internal, "the result cannot be written");
    if (!made->failures.empty() || made->plan.trouble()) co_return kTrouble;
    co_return made->plan.changes() ? kChanges : kNoChange;
  }

  void print(const MadePlan& made) const {
    const ChangePlan& plan = made.plan;
    std::string text;
    const auto document = [&] {
      json::object whole = plan_document(plan, false);
      if (!notes_.empty()) whole["notes"] = json::array(notes_.begin(), notes_.end());
      for (const Error& failure : made.failures) {
        json::value& failures = whole["failures"];
        if (!failures.is_array()) failures = json::array();
        failures.get_array().emplace_back(describe(failure));
      }
      return whole;
    };
    switch (plan_.output) {
      case PlanOutput::Text:
        text = plan_text(plan, {whole_ || !options_.config.empty(), whole_, whole_, wants_colors(plan_.color),
                                made.failures.size()});
        break;
      case PlanOutput::Markdown:
        text = plan_markdown(plan, made.failures.size());
        break;
      case PlanOutput::Json:
        text = to_json(document()) + "\n";
        break;
      case PlanOutput::Yaml:
        text = yaml_text(document());
        break;
    }
    std::fputs(text.c_str(), stdout);
  }

  const RunOptions& options_;
  const PlanOptions& plan_;
  const bool whole_;  // `plan`
  asio::io_context io_{1};
  std::string namespace_;
  std::vector<std::string> notes_;
  int code_ = kTrouble;
};

}  // namespace

int diff_command(const RunOptions& options, const PlanOptions& plan) { return PlanRun(options, plan, false).run(); }
int plan_command(const RunOptions& options, const PlanOptions& plan) { return PlanRun(options, plan, true).run(); }

}  // namespace holdfast
