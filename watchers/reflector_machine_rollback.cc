// The part of ReflectorMachine that notices a database which was restored from a backup (correctness A13, A14): a watch
// from the future stays silent for ever, and a list shows less than was seen. A lagging server looks the same for a
// moment, another cluster for ever.
#include <utility>

#include "watchers/metadata_only.h"
#include "watchers/reflector_answers.h"
#include "watchers/reflector_machine.h"

namespace holdfast {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr seconds kLagPatience{60};

}  // namespace

// What is stored is newer than anything this server shows, and nothing follows it: no absence in it proves anything.
ReflectorActions ReflectorMachine::reject_list(const ResourceVersion& shown, TimePoint now) {
  start_anew();
  must_list_ = true;
  if (!older_since_) older_since_ = now;
  Error error{ErrorKind::Protocol,
              "the API server answered with a state older than already seen (resourceVersion " + shown.value + " < " +
                  mark_.value().value + ")",
              path_, "if its database was restored from a backup, restart to accept the older state"};
  const bool lags = now - *older_since_ < kLagPatience;
  const bool may_ask = !lags && !knowledge_->kube_system.empty();
  ReflectorActions actions{MarkUnsynced{}};
  if (!may_ask) {
    append(actions, retry(Step::List, ReflectorState::Retrying, std::move(error), nanoseconds(0), now));
    return actions;
  }
  next_ = Step::AskCluster;
  reported_watching_ = false;
  error.hint = {};
  actions.emplace_back(ReflectorStatus{ReflectorState::Retrying, std::move(error)});
  actions.emplace_back(AskCluster{std::string(kIdentityTarget)});
  return actions;
}

ReflectorActions ReflectorMachine::cluster_answered(const Result<ApiResponse>& answer, TimePoint now) {
  Result<LivePtr> kube_system = fail(ErrorKind::Protocol, "the namespace kube-system cannot be read");
  if (!answer)
    kube_system = std::unexpected(answer.error());
  else if (answer->status == 200)
    kube_system = read_live_object(answer->body, {"", "v1", "Namespace"});
  if (!kube_system)
    return retry(Step::List, ReflectorState::Retrying, std::move(kube_system.error()), nanoseconds(0), now);
  if ((*kube_system)->uid == knowledge_->kube_system) {
    knowledge_->marks.reset();
    older_since_.reset();
    last_ = {};
    ReflectorActions actions{ClusterRestored{}};
    start_anew();
    append(actions, send_list());
    return actions;
  }
  Error error = another_cluster();
  ReflectorActions actions{ClusterReplaced{error}};
  append(actions, retry(Step::List, ReflectorState::Retrying, std::move(error), kLagPatience, now));
  return actions;
}

// Before a watch is opened where nothing would tell that it is one from the future: is there still what was seen?
ReflectorActions ReflectorMachine::resume_watch() {
  const bool silence_tells = knowledge_->bookmarks[type()].known();
  return silence_tells && !fell_silent_ ? open_watch() : probe();
}

ReflectorActions ReflectorMachine::probe() {
  next_ = Step::Probe;
  return {SendList{target("limit=1", ""), accept_for_list(detail_)}};
}

// A question that got no answer proves nothing: the watch will tell what is wrong, unless the server asked for time.
ReflectorActions ReflectorMachine::probe_answered(const Result<ApiResponse>& answer, TimePoint now) {
  if (!answer) return open_watch();
  if (answer->status != 200) {
    const ApiStatus status = parse_api_status(answer->status, answer->content_type, answer->body);
    const nanoseconds least = server_wait(status, answer->retry_after);
    if (least == nanoseconds(0)) return open_watch();
    return retry(Step::Watch, ReflectorState::Retrying, to_error(status, path_), least, now);
  }
  const Result<ListPage> page = parse_list_page(answer->body, shown_);
  if (page && older(page->resource_version, mark_.value())) return reject_list(page->resource_version, now);
  fell_silent_ = false;
  return open_watch();
}

}  // namespace holdfast
