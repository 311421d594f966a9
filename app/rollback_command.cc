// `holdfast rollback`: holds an earlier revision of an Application of the cluster, until there is a newer one than that
// which was rolled back from.
#include <spdlog/fmt/fmt.h>

#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdio>

#include "app/application_history.h"
#include "app/application_object.h"
#include "app/cluster_session.h"
#include "app/commands.h"
#include "app/person_requests.h"
#include "app/wall_time.h"
#include "holdfast/base/timestamp.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds kPatience{60};
constexpr std::size_t kLeastDigits = 4;

// As a person names it: in full, or the first digits of its commit.
bool is_named(const std::string& revision, const std::string& word) {
  if (revision == word) return true;
  const std::size_t colon = revision.rfind(':');
  return word.size() >= kLeastDigits && colon != std::string::npos && revision.substr(colon + 1).starts_with(word);
}

// What is in force, or is on its way to be.
std::string current_revision(const json::object& object) {
  if (const std::string_view pinned = string_at(object, {"status", "pinned", "revision"}); !pinned.empty())
    return std::string(pinned);
  const std::string_view attempted = string_at(object, {"status", "lastAttemptedRevision"});
  return std::string(attempted.empty() ? string_at(object, {"status", "lastAppliedRevision"}) : attempted);
}

Result<std::string> find_revision(const json::object& object, const RollbackOptions& options) {
  const ApplicationHistory history = ApplicationHistory::read(find(object, {"status", "history"}));
  const std::string hint = "`holdfast history " + options.application + "` lists what there is";
  if (options.to.empty()) {
    std::string before = history.before(current_revision(object));
    if (before.empty()) return fail(ErrorKind::NotFound, "its history has no earlier revision", {}, hint);
    return before;
  }
  std::string found;
  for (const HistoryEntry& entry : history.entries()) {
    if (!is_named(entry.revision, options.to) || !history.has(entry.revision) || entry.revision == found) continue;
    if (!found.empty())
      return fail(ErrorKind::Invalid, fmt::format("--to {} may be {} or {}", options.to, found, entry.revision), {},
                  "give more of it");
    found = entry.revision;
  }
  if (found.empty()) return fail(ErrorKind::NotFound, "its history has no " + options.to, {}, hint);
  return found;
}

asio::awaitable<Result<int>> roll_back(asio::any_io_executor executor, ClusterSession& session,
                                       const RollbackOptions& options) {
  ApiServer& api = *session.client;
  const ApplicationName name = application_named(options.application, session.namespace_);
  const Result<json::object> object = co_await read_application_object(api, name);
  if (!object) co_return std::unexpected(object.error());
  const Result<std::string> revision = options.release ? Result<std::string>("") : find_revision(*object, options);
  if (!revision) co_return std::unexpected(revision.error());
  RollbackRequest request{{}, *revision, wall_seconds(), {}, options.reason};
  request.who = co_await who_we_are(api);
  json::object annotations = annotations_of(request);
  const json::object asked{{"metadata", {{"annotations", annotations}}}};
  const std::string id = rollback_asked(asked).value_or(request).id;
  const Result<void> written = co_await annotate(api, name, *object, std::move(annotations));
  if (!written) co_return std::unexpected(written.error());
  const Result<json::object> after =
      co_await wait_for_status(executor, api, name, "lastHandledRollback", id, kPatience);
  if (!after) co_return std::unexpected(after.error());
  const std::string_view pinned = string_at(*after, {"status", "pinned", "revision"});
  if (pinned != *revision)
    co_return fail(ErrorKind::Conflict, std::string(string_at(*after, {"status", "refused"})), {},
                   "what is in force stays so");
  if (options.release)
    std::printf("released: %s follows its source again\n", options.application.c_str());
  else
    std::printf("rolled back: %s is held at %s, until there is a newer revision than %s\n", options.application.c_str(),
                revision->c_str(), std::string(string_at(*after, {"status", "pinned", "instead"})).c_str());
  co_return 0;
}

}  // namespace

int rollback_command(const RollbackOptions& options) {
  return run_in_session(options.cluster, 1,
                        [&](asio::any_io_executor executor, ClusterSession& session) -> asio::awaitable<Result<int>> {
                          co_return co_await roll_back(executor, session, options);
                        });
}

}  // namespace holdfast
