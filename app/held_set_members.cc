// What a set does about its applications: they are made, changed and taken down, with the namespaces of previews.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>
#include <utility>

#include "app/cluster_session.h"
#include "app/held_set.h"
#include "app/set_application.h"
#include "holdfast/base/log.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kPollEnd = 2s;               // of what is being deleted and has no watch
constexpr auto kPatienceWithPruning = 10s;  // then its namespace goes, and all that is in it

// Under a digest of its own, so that it ends when this does.
void suspend(json::object& document) {
  document["spec"].get_object()["suspend"] = true;
  json::value& digest = document["metadata"].at("annotations").get_object()[kTemplateAnnotation];
  digest = fmt::format("{}-suspended", std::string_view(digest.get_string()));
}

}  // namespace

void HeldSet::problem(const ExpandedApplication& wanted, std::string reason, const Error& error) {
  LeftOut now{wanted.element, std::move(reason), describe(error)};
  LeftOut& before = problems_[wanted.name];
  if (before != now)
    log(LogLevel::Warning, "set-application-refused", shown() + ", " + now.element + ": " + now.message);
  before = std::move(now);
}

// What there is to do for an application, as things are now.
HeldSet::Look HeldSet::look_at(const ExpandedApplication& wanted) const {
  Look look;
  const LivePtr live = ports_.applications.find({name_.first, wanted.name});
  const LivePtr space = wanted.preview_namespace.empty() || ports_.namespaces == nullptr
                            ? nullptr
                            : ports_.namespaces->find({"", wanted.preview_namespace});
  look.needs_namespace = !wanted.preview_namespace.empty() &&
                         !namespaces_.is_made(wanted.name, *set_->preview, wanted.preview_namespace, space.get());
  if (live == nullptr) return look;
  look.uid = live->uid;
  look.state = fmt::format("{} {}", live->resource_version.value,
                           string_at(wanted.document, {"metadata", "annotations", kTemplateAnnotation}));
  const auto settled = settled_.find(wanted.name);
  look.settled = !look.needs_namespace && settled != settled_.end() && settled->second == look.state;
  if (look.settled) return look;
  Result<json::value> body = parse_json(live->body);
  if (!body) {
    look.obstacle = Obstacle{"Waiting", body.error()};
  } else if (controlling_set(*body) != uid_.value) {
    look.obstacle = Obstacle{"NotOurs",
                             {ErrorKind::Conflict,
                              fmt::format("the Application {} is there and is none of this set", wanted.name),
                              {},
                              "rename one of them, or delete that one"}};
  } else if (live->terminating) {
    look.obstacle =
        Obstacle{"Waiting",
                 {ErrorKind::Busy, fmt::format("the Application {} of before is being deleted", wanted.name), {}, {}}};
  } else {
    look.body = std::move(*body);
  }
  return look;
}

asio::awaitable<void> HeldSet::bring_about(ExpandedApplication wanted) {
  const Look look = look_at(wanted);
  if (look.settled) co_return;
  if (look.obstacle) co_return problem(wanted, look.obstacle->reason, look.obstacle->error);
  Result<void> made;
  if (look.needs_namespace) {
    PreviewSpec spec = *set_->preview;
    made = co_await namespaces_.make(wanted.name, std::move(spec), wanted.preview_namespace);
    if (stopping_) co_return;
  }
  if (!made) {
    const bool taken = made.error().kind == ErrorKind::Conflict;
    problem(wanted, taken ? "NamespaceTaken" : "ApplyFailed", made.error());
    if (!taken || look.uid.empty()) co_return;
    suspend(wanted.document);  // whose namespace that is now, nothing is put into it
  }
  if (look.uid.empty() || differs(look.body, wanted.document)) {
    ExpandedApplication applied = wanted;
    const Result<void> answer =
        look.uid.empty() ? co_await make(std::move(applied)) : co_await change(std::move(applied), look.uid);
    if (!answer)
      co_return problem(wanted,
                        look.uid.empty() && answer.error().kind == ErrorKind::Conflict ? "NotOurs" : "ApplyFailed",
                        answer.error());
  } else if (made) {
    settled_[wanted.name] = look.state;
  }
  if (made) problems_.erase(wanted.name);
}

asio::awaitable<Result<json::value>> HeldSet::apply(json::object document, bool force) {
  ApiRequest request;
  request.method = Method::Patch;
  request.target =
      fmt::format("{}?fieldManager={}{}",
                  resource_path(application_resource(), name_.first, string_at(document, {"metadata", "name"})),
                  kSetManager, force ? "&force=true" : "");
  request.content_type = "application/apply-patch+yaml";
  request.body = to_json(document);
  co_return co_await ask_json(ports_.api, std::move(request));
}

asio::awaitable<Result<void>> HeldSet::change(ExpandedApplication wanted, Uid uid) {
  wanted.document["metadata"].get_object()["uid"] = uid.value;
  const Result<json::value> answer = co_await apply(std::move(wanted.document), true);
  if (!answer) co_return std::unexpected(answer.error());
  log(LogLevel::Info, "set-applied",
      fmt::format("changed the Application {}/{} for {}", name_.first, wanted.name, wanted.element),
      {{"set", shown()}});
  co_return Result<void>();
}

// A server-side apply makes what is not there, and cannot be told not to change what is: who made it is looked at
// before and afterwards, and where it was somebody else, what was ours in it is taken back.
asio::awaitable<Result<void>> HeldSet::make(ExpandedApplication wanted) {
  ApiRequest look;
  look.target = resource_path(application_resource(), name_.first, wanted.name);
  const Result<json::value> found = co_await ask_json(ports_.api, std::move(look));
  if (found && controlling_set(*found) == uid_.value) co_return Result<void>();  // the watch is yet to show it
  if (found) co_return fail(ErrorKind::Conflict, fmt::format("the Application {} is none of this set", wanted.name));
  if (found.error().kind != ErrorKind::NotFound) co_return std::unexpected(found.error());
  const Result<json::value> answer = co_await apply(std::move(wanted.document), false);
  if (!answer) co_return std::unexpected(answer.error());
  if (!was_written_by_others(*answer)) {
    log(LogLevel::Info, "set-applied",
        fmt::format("made the Application {}/{} for {}", name_.first, wanted.name, wanted.element), {{"set", shown()}});
    co_return Result<void>();
  }
  json::object nothing{{"apiVersion", "holdfast.dev/v1alpha1"},
                       {"kind", "Application"},
                       {"metadata", {{"name", wanted.name}, {"namespace", name_.first}}}};
  (void)co_await apply(std::move(nothing), false);
  co_return fail(ErrorKind::Conflict, fmt::format("somebody else made the Application {} this moment", wanted.name));
}

bool HeldSet::held_back(std::size_t leaving, std::size_t members) {
  if (set_->preview) return false;
  const std::size_t most = std::max(set_->prune_limit_applications, members * set_->prune_limit_percent / 100);
  if (leaving <= most) return false;
  standing_.left_out.push_back(
      {fmt::format("{} applications", leaving), "PruneHeldBack",
       fmt::format("they are not wanted any more, and are more than {} at once; raise spec.pruneLimit, or delete them "
                   "yourself",
                   most)});
  return true;
}

asio::awaitable<void> HeldSet::let_go(Expansion expansion) {
  look_at_.reset();
  standing_.under_way.clear();
  if (!expansion.complete) co_return;
  const auto members = ports_.members(uid_);
  std::set<std::string> absent;
  const auto is_absent = [&](const std::string& name) {
    return !expansion.wanted.contains(name) && !expansion.kept.contains(name);
  };
  for (const auto& [name, member] : members)
    if (is_absent(name)) absent.insert(name);
  for (const auto& [name, record] : namespaces_.records())
    if (is_absent(name)) absent.insert(name);
  Clock::time_point begun = Clock::time_point::max();
  for (const Follow& follow : follows_) begun = std::min(begun, follow.begun);
  std::set<std::string> leaving = guard_.judge(absent, begun, Clock::now());
  look_at_ = guard_.reading_due();
  if (held_back(leaving.size(), members.size())) co_return;
  for (const std::string& name : leaving) {
    std::string application = name;
    co_await take_down(std::move(application));
    if (stopping_) co_return;
  }
}

// First the application, which prunes; then what it was in.
asio::awaitable<void> HeldSet::take_down(std::string application) {
  standing_.under_way = application + " is being taken down";
  const LivePtr live = ports_.applications.find({name_.first, application});
  const Result<json::value> body = live == nullptr ? Result<json::value>(json::value()) : parse_json(live->body);
  const bool ours = live != nullptr && body && controlling_set(*body) == uid_.value;
  if (ours) {
    const auto since = taken_down_since_.try_emplace(application, Clock::now()).first->second;
    if (!live->terminating) {
      log(LogLevel::Info, "set-let-go", fmt::format("deleting the Application {}/{}", name_.first, application),
          {{"set", shown()}});
      ApiRequest request;
      request.method = Method::Delete;
      request.target = resource_path(application_resource(), name_.first, application);
      request.content_type = "application/json";
      request.body = to_json(json::object{{"apiVersion", "v1"},
                                          {"kind", "DeleteOptions"},
                                          {"propagationPolicy", "Background"},
                                          {"preconditions", {{"uid", live->uid.value}}}});
      const Result<json::value> deleted = co_await ask_json(ports_.api, std::move(request));
      if (!deleted && deleted.error().kind != ErrorKind::NotFound && deleted.error().kind != ErrorKind::Conflict) {
        log(LogLevel::Warning, "set-let-go-failed", describe(deleted.error()), {{"set", shown()}});
        co_return retry_later();
      }
    }
    if (Clock::now() < since + kPatienceWithPruning) {
      retry_at_ = std::min(retry_at_.value_or(Clock::time_point::max()), since + kPatienceWithPruning);
      co_return;
    }
  }
  std::string of = application;
  const Result<bool> gone = co_await namespaces_.remove(std::move(of));
  if (gone && *gone) {
    taken_down_since_.erase(application);
    settled_.erase(application);
    co_return;
  }
  if (!gone) {
    log(LogLevel::Warning, "namespace-delete-failed", describe(gone.error()), {{"set", shown()}});
    co_return retry_later();
  }
  retry_at_ = std::min(retry_at_.value_or(Clock::time_point::max()), Clock::now() + kPollEnd);
}

}  // namespace holdfast
