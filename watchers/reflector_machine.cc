#include "watchers/reflector_machine.h"

#include <algorithm>
#include <array>
#include <utility>

#include "net/url.h"
#include "watchers/metadata_only.h"
#include "watchers/reflector_answers.h"

namespace holdfast {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::string_view kPageLimit = "500";
constexpr int kLeastWatchTimeout_s = 300;  // A5
constexpr int kMostWatchTimeout_s = 600;
constexpr milliseconds kStreamGrace{10'000};  // A12
constexpr std::array kForbiddenDelays = {seconds(1), seconds(2), seconds(4), seconds(8), seconds(16), seconds(32)};
constexpr int kForbiddenAtStartup = 3;  // A23: a starting server refuses everybody for a moment
constexpr seconds kForbiddenProbe{60};

nanoseconds scaled(nanoseconds delay, double factor) {
  return nanoseconds(static_cast<nanoseconds::rep>(static_cast<double>(delay.count()) * factor));
}

}  // namespace

const char* to_string(ReflectorState state) {
  switch (state) {
    case ReflectorState::Listing:
      return "Listing";
    case ReflectorState::Watching:
      return "Watching";
    case ReflectorState::Retrying:
      return "Retrying";
    case ReflectorState::Forbidden:
      return "Forbidden";
    case ReflectorState::NotServed:
      return "NotServed";
    case ReflectorState::Failed:
      return "Failed";
  }
  return "?";
}

ReflectorMachine::ReflectorMachine(ApiResource resource, std::string label_selector, std::function<double()> random,
                                   std::shared_ptr<ClusterKnowledge> knowledge, Detail detail)
    : resource_(std::move(resource)),
      path_(resource_path(resource_, "", "")),
      random_(std::move(random)),
      knowledge_(std::move(knowledge)),
      mark_(knowledge_->marks.of(type())),
      detail_(detail),
      shown_(shown_as(resource_.gvk, detail)),
      backoff_(Backoff::list_watch(), random_) {
  if (!label_selector.empty()) selector_parameter_ = "&labelSelector=" + encode_query_value(label_selector);
}

void ReflectorMachine::narrow(std::string_view namespace_, std::string_view field_selector) {
  path_ = resource_path(resource_, namespace_, "");
  if (!field_selector.empty()) selector_parameter_ += "&fieldSelector=" + encode_query_value(field_selector);
}

ReflectorActions ReflectorMachine::start(TimePoint) {
  ReflectorActions actions{ReflectorStatus{ReflectorState::Listing, std::nullopt}};
  start_anew();
  append(actions, send_list());
  return actions;
}

std::string ReflectorMachine::target(std::string_view first, std::string_view more) const {
  return path_ + "?" + std::string(first) + selector_parameter_ + std::string(more);
}

Error ReflectorMachine::located(Error error) const {
  if (error.where.empty()) error.where = path_;
  return error;
}

void ReflectorMachine::restart_list(ListMode mode) {
  mode_ = mode;
  pages_ = {};
  first_page_ = true;
  filling_.reset();
}

void ReflectorMachine::catch_up() {
  if (last_.empty()) return start_anew();
  restart_list(streams() ? ListMode::StreamNotOlderThan : ListMode::NotOlderThan);
}

// The same question without a stream.
void ReflectorMachine::list_plainly() {
  restart_list(mode_ == ListMode::StreamNotOlderThan ? ListMode::NotOlderThan : ListMode::Paged);
}

ReflectorActions ReflectorMachine::send_list() {
  next_ = Step::List;
  switch (mode_) {
    case ListMode::Stream:
    case ListMode::StreamNotOlderThan:
      return open_stream();
    case ListMode::Paged: {
      std::string first = "limit=" + std::string(kPageLimit);
      std::string more;
      if (!first_page_) more = "&continue=" + encode_query_value(pages_.continue_token);
      return {SendList{target(first, more), accept_for_list(detail_)}};
    }
    case ListMode::Unpaged:
      return {SendList{target("resourceVersion=", ""), accept_for_list(detail_)}};
    case ListMode::NotOlderThan:
      return {
          SendList{target("resourceVersion=" + encode_query_value(last_.value), "&resourceVersionMatch=NotOlderThan"),
                   accept_for_list(detail_)}};
  }
  return {};
}

// A watch that first sends what is there (A7).
ReflectorActions ReflectorMachine::open_stream() {
  const std::string from = mode_ == ListMode::StreamNotOlderThan ? last_.value : std::string();
  ReflectorActions actions = open_watch();
  auto& open = std::get<OpenWatch>(actions.back());
  const std::string timeout = open.target.substr(open.target.rfind("&timeoutSeconds="));
  open.target = target("watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
                       "&resourceVersion=" + encode_query_value(from) + timeout);
  open.lists = true;
  next_ = Step::List;
  filling_.emplace();
  return actions;
}

ReflectorActions ReflectorMachine::open_watch() {
  next_ = Step::Watch;
  constexpr int kChoices = kMostWatchTimeout_s - kLeastWatchTimeout_s + 1;
  const int timeout_s = std::min(kLeastWatchTimeout_s + static_cast<int>(random_() * kChoices), kMostWatchTimeout_s);
  OpenWatch open;
  open.target = target("watch=true&allowWatchBookmarks=true", "&resourceVersion=" + encode_query_value(last_.value) +
                                                                  "&timeoutSeconds=" + std::to_string(timeout_s));
  open.accept = accept_for_watch(detail_);
  open.stream_deadline = seconds(timeout_s) + kStreamGrace;
  return {std::move(open)};
}

ReflectorActions ReflectorMachine::retry(Step step, ReflectorState state, Error error, nanoseconds least,
                                         TimePoint now) {
  next_ = must_list_ ? Step::List : step;
  reported_watching_ = false;
  const nanoseconds delay = std::max(least, nanoseconds(backoff_.next(now)));
  return {ReflectorStatus{state, located(std::move(error))}, Wait{now + delay}};
}

ReflectorActions ReflectorMachine::retry_forbidden(Step step, Error error, TimePoint now) {
  const int attempt = forbidden_in_a_row_++;
  const bool probing = attempt >= static_cast<int>(kForbiddenDelays.size());
  const nanoseconds delay = probing
                                ? scaled(kForbiddenProbe, 0.9 + 0.2 * random_())
                                : scaled(kForbiddenDelays[static_cast<std::size_t>(attempt)], 1.0 + 0.2 * random_());
  const bool forbidden = attempt >= kForbiddenAtStartup;
  ReflectorActions actions;
  if (forbidden) {
    must_list_ = true;
    actions.emplace_back(MarkUnsynced{});
  }
  next_ = must_list_ ? Step::List : step;
  reported_watching_ = false;
  actions.emplace_back(
      ReflectorStatus{forbidden ? ReflectorState::Forbidden : ReflectorState::Retrying, located(std::move(error))});
  actions.emplace_back(Wait{now + delay});
  return actions;
}

// At once where the watch had made progress since the last list; with a delay otherwise, so that a server whose watches
// always fail does not have to serve lists in a loop.
ReflectorActions ReflectorMachine::relist(Error error, TimePoint now) {
  catch_up();
  if (!advanced_since_list_) return retry(Step::List, ReflectorState::Retrying, std::move(error), nanoseconds(0), now);
  advanced_since_list_ = false;
  reported_watching_ = false;
  ReflectorActions actions{ReflectorStatus{ReflectorState::Listing, located(std::move(error))}};
  append(actions, send_list());
  return actions;
}

ReflectorActions ReflectorMachine::list_answered(Result<ApiResponse> answer, TimePoint now) {
  if (next_ == Step::Probe) return probe_answered(answer, now);
  if (!answer) {
    restart_list(mode_);
    return retry(Step::List, ReflectorState::Retrying, std::move(answer.error()), nanoseconds(0), now);
  }
  if (answer->status != 200) return list_refused(*answer, now);
  Result<ListPage> page = parse_list_page(answer->body, shown_, reader_);
  if (!page) {
    restart_list(mode_);
    return retry(Step::List, ReflectorState::Retrying, std::move(page.error()), nanoseconds(0), now);
  }
  return accept_page(std::move(*page), now);
}

ReflectorActions ReflectorMachine::list_refused(const ApiResponse& answer, TimePoint now) {
  const ApiStatus status = parse_api_status(answer.status, answer.content_type, answer.body);
  Error error = to_error(status, path_);
  const bool expired = is_gone(status) || is_too_large_version(status);
  if (expired && mode_ == ListMode::NotOlderThan) {  // A4
    restart_list(ListMode::Paged);
    return send_list();
  }
  if (expired && mode_ == ListMode::Paged && !first_page_) {  // A2
    restart_list(ListMode::Unpaged);
    return send_list();
  }
  restart_list(mode_);
  if (status.code == 403) return retry_forbidden(Step::List, std::move(error), now);
  const nanoseconds least = server_wait(status, answer.retry_after);
  if (status.code != 404) return retry(Step::List, ReflectorState::Retrying, std::move(error), least, now);
  must_list_ = true;
  error.hint = "install what defines this type, or check its apiVersion";
  ReflectorActions actions{MarkUnsynced{}};
  append(actions, retry(Step::List, ReflectorState::NotServed, std::move(error), least, now));
  return actions;
}

ReflectorActions ReflectorMachine::accept_page(ListPage page, TimePoint now) {
  if (!first_page_ && page.resource_version != pages_.resource_version) {
    restart_list(ListMode::Unpaged);
    Error error{ErrorKind::Protocol, "the pages of a list show different moments (resourceVersion)"};
    return retry(Step::List, ReflectorState::Retrying, std::move(error), nanoseconds(0), now);
  }
  pages_.resource_version = page.resource_version;
  pages_.continue_token = std::move(page.continue_token);
  std::ranges::move(page.items, std::back_inserter(pages_.items));
  first_page_ = false;
  if (!pages_.continue_token.empty()) {
    if (mode_ == ListMode::Paged) return send_list();
    restart_list(ListMode::Paged);
    Error error{ErrorKind::Protocol, "the API server cut a list into pages that was asked for at once"};
    return retry(Step::List, ReflectorState::Retrying, std::move(error), nanoseconds(0), now);
  }
  std::vector<LivePtr> items = std::move(pages_.items);
  if (detail_ == Detail::MetadataOnly)
    for (LivePtr& item : items) item = with_type(*item, resource_.gvk);
  const ResourceVersion version = pages_.resource_version;
  ReflectorActions actions = accept_list(std::move(items), version, now);
  if (!must_list_) append(actions, open_watch());
  return actions;
}

// Also the end of what a stream tells first.
ReflectorActions ReflectorMachine::accept_list(std::vector<LivePtr> items, const ResourceVersion& version,
                                               TimePoint now) {
  if (older(version, mark_.value())) return reject_list(version, now);  // A13
  last_ = version;
  mark_.raise(version);
  catch_up();
  must_list_ = false;
  advanced_since_list_ = false;
  fell_silent_ = false;
  fills_cut_ = 0;
  older_since_.reset();
  failing_since_.reset();
  return {ReplaceStore{std::move(items), version}};
}

ReflectorActions ReflectorMachine::timer(TimePoint) {
  switch (next_) {
    case Step::List:
      return send_list();
    case Step::Watch:
    case Step::Probe:
      return resume_watch();
    case Step::AskCluster:
      return {AskCluster{std::string(kIdentityTarget)}};
  }
  return {};
}

}  // namespace holdfast
