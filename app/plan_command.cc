// `holdfast diff` and `holdfast plan`: what `run` would change, field by field, in the order in which it would; and of
// a plan also how far it reaches, and a file for `holdfast apply --plan`.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <memory>

#include "app/cluster_identity.h"
#include "app/cluster_session.h"
#include "app/commands.h"
#include "app/plan_document.h"
#include "app/plan_maker.h"
#include "app/plan_text.h"
#include "app/saved_plan.h"
#include "app/yaml_text.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr int kNoChange = 0, kChanges = 1, kTrouble = 2;

void print_error(const Error& error) { std::fprintf(stderr, "holdfast: %s\n", describe(error).c_str()); }

// One run of either verb.
class PlanRun {
 public:
  PlanRun(const RunOptions& options, const PlanOptions& plan, bool whole)
      : options_(options), plan_(plan), whole_(whole) {}

  int run() {
    Result<ClusterSession> session = open_session(io_.get_executor(), options_.cluster);
    if (!session) {
      print_error(session.error());
      return kTrouble;
    }
    namespace_ = session->namespace_;
    asio::co_spawn(io_, work(&*session), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
    io_.run();
    return code_;
  }

 private:
  asio::awaitable<void> work(ClusterSession* session) {
    const Result<int> code = co_await look(session->client.get());
    session->client->close_all();
    if (code)
      code_ = *code;
    else
      print_error(code.error());
  }

  asio::awaitable<Result<int>> look(ApiServer* api) {
    SetupContext context{options_.cluster.installation, namespace_, options_.application.cache_dir};
    Result<ReadApplications> read = co_await read_applications(io_.get_executor(), options_, std::move(context));
    if (!read) co_return std::unexpected(read.error());
    for (const std::string& note : read->notes) std::fprintf(stderr, "holdfast: %s\n", note.c_str());
    Result<MadePlan> made =
        co_await make_plan(io_.get_executor(), *api, std::move(*read), options_.cluster.installation);
    if (!made) co_return std::unexpected(made.error());
    for (const Error& failure : made->failures) print_error(failure);
    if (!plan_.save.empty()) {
      if (!made->failures.empty())
        co_return fail(ErrorKind::Invalid, "the plan was not saved, for not all of it is known", plan_.save);
      const std::string cluster = co_await cluster_identity(*api);
      const Result<void> saved = write_plan(plan_.save, saved_plan(*made, options_, namespace_, cluster));
      if (!saved) co_return std::unexpected(saved.error());
    }
    print(made->plan);
    if (std::fflush(stdout) != 0) co_return fail(ErrorKind::Internal, "the result cannot be written");
    if (!made->failures.empty() || made->plan.trouble()) co_return kTrouble;
    co_return made->plan.changes() ? kChanges : kNoChange;
  }

  void print(const ChangePlan& plan) const {
    std::string text;
    switch (plan_.output) {
      case PlanOutput::Text:
        text = plan_text(plan, {whole_ || !options_.config.empty(), whole_, whole_});
        break;
      case PlanOutput::Json:
        text = to_json(plan_document(plan, false)) + "\n";
        break;
      case PlanOutput::Yaml:
        text = yaml_text(plan_document(plan, false));
        break;
    }
    std::fputs(text.c_str(), stdout);
  }

  const RunOptions& options_;
  const PlanOptions& plan_;
  const bool whole_;  // `plan`
  asio::io_context io_{1};
  std::string namespace_;
  int code_ = kTrouble;
};

}  // namespace

int diff_command(const RunOptions& options, const PlanOptions& plan) { return PlanRun(options, plan, false).run(); }
int plan_command(const RunOptions& options, const PlanOptions& plan) { return PlanRun(options, plan, true).run(); }

}  // namespace holdfast
