// `holdfast history`: what was done to an Application of the cluster, when, by whom and why.
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>

#include "app/application_history.h"
#include "app/application_object.h"
#include "app/cluster_session.h"
#include "app/commands.h"
#include "app/roll_out_record.h"
#include "app/table.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

std::string text_of(const json::object& status) {
  const ApplicationHistory history = ApplicationHistory::read(find(status, {"history"}));
  Table table({"AT", "ACTION", "REVISION", "OUTCOME", "OBJECTS", "WHO", "WHY"});
  for (const HistoryEntry& entry : history.entries())
    table.add({entry.at, entry.action, entry.revision, entry.outcome,
               entry.objects == 0 ? std::string() : std::to_string(entry.objects), entry.who, entry.why});
  std::string text = history.entries().empty() ? "nothing was done yet\n" : table.text();
  if (const RollOutRecord record = read_roll_out_record(status); record.pinned)
    text += "\n" + describe(*record.pinned) + "\n";
  if (const std::optional<WaitingPlan> plan = read_waiting_plan(status))
    text += "\nwaiting for approval: plan " + plan->hash.substr(0, 12) + " of " + plan->revision + ", " +
            summary_of(plan->counts) + "\n";
  return text;
}

asio::awaitable<Result<int>> show(ClusterSession& session, const HistoryOptions& options) {
  const ApplicationName name = application_named(options.application, session.namespace_);
  const Result<json::object> object = co_await read_application_object(*session.client, name);
  if (!object) co_return std::unexpected(object.error());
  const json::value* const found = find(*object, {"status"});
  const json::object status = found != nullptr && found->is_object() ? found->get_object() : json::object();
  const std::string text =
      options.output == OutputFormat::Json
          ? to_json(json::value(ApplicationHistory::read(find(status, {"history"})).document())) + "\n"
          : text_of(status);
  std::fputs(text.c_str(), stdout);
  co_return 0;
}

}  // namespace

int history_command(const HistoryOptions& options) {
  return run_in_session(options.cluster, 1,
                        [&](asio::any_io_executor, ClusterSession& session) -> asio::awaitable<Result<int>> {
                          co_return co_await show(session, options);
                        });
}

}  // namespace holdfast
