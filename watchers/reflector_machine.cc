#include "watchers/reflector_machine.h"

#include <algorithm>
#include <array>
#include <compare>
#include <utility>

#include "net/url.h"

namespace holdfast {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::string_view kPageLimit = "500";
constexpr int kLeastWatchTimeout_s = 300;  // A5
constexpr int kMostWatchTimeout_s = 600;
constexpr milliseconds kStreamGrace{10'000};  // A12
constexpr seconds kHealthyStream{1};          // A5: a stream that ends sooner, without news, is an error
constexpr seconds kFailingWatch{60};          // A9
constexpr std::array kForbiddenDelays = {seconds(1), seconds(2), seconds(4), seconds(8), seconds(16), seconds(32)};
constexpr int kForbiddenAtStartup = 3;  // A23: a starting server refuses everybody for a moment
constexpr seconds kForbiddenProbe{60};

bool older(const ResourceVersion& a, const ResourceVersion& b) { return std::is_lt(compare(a, b)); }

bool is_gone(const ApiStatus& status) {
  return status.code == 410 || status.reason == "Expired" || status.reason == "Gone";
}

bool is_too_large_version(const ApiStatus& status) {
  return status.code == 504 && (status.has_cause("ResourceVersionTooLarge") ||
                                status.message.find("Too large resource version") != std::string::npos);
}

nanoseconds server_wait(const ApiStatus& status, const std::optional<seconds>& header) {
  return std::max(header.value_or(seconds(0)), status.details.retry_after.value_or(seconds(0)));
}

nanoseconds scaled(nanoseconds delay, double factor) {
  return nanoseconds(static_cast<nanoseconds::rep>(static_cast<double>(delay.count()) * factor));
}

void append(ReflectorActions& actions, ReflectorActions more) { std::ranges::move(more, std::back_inserter(actions)); }

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

ReflectorMachine::ReflectorMachine(ApiResource resource, std::string label_selector, std::function<double()> random)
    : resource_(std::move(resource)),
      path_(resource_path(resource_, "", "")),
      random_(std::move(random)),
      backoff_(Backoff::list_watch(), random_) {
  if (!label_selector.empty()) selector_parameter_ = "&labelSelector=" + encode_query_value(label_selector);
}

ReflectorActions ReflectorMachine::start(TimePoint) {
  ReflectorActions actions{ReflectorStatus{ReflectorState::Listing, std::nullopt}};
  restart_list(ListMode::Paged);
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
}

ReflectorActions ReflectorMachine::send_list() {
  next_ = Step::List;
  switch (mode_) {
    case ListMode::Paged: {
      std::string first = "limit=" + std::string(kPageLimit);
      std::string more;
      if (!first_page_) more = "&continue=" + encode_query_value(pages_.continue_token);
      return {SendList{target(first, more)}};
    }
    case ListMode::Unpaged:
      return {SendList{target("resourceVersion=", "")}};
    case ListMode::NotOlderThan:
      return {
          SendList{target("resourceVersion=" + encode_query_value(last_.value), "&resourceVersionMatch=NotOlderThan")}};
  }
  return {};
}

ReflectorActions ReflectorMachine::open_watch() {
  next_ = Step::Watch;
  constexpr int kChoices = kMostWatchTimeout_s - kLeastWatchTimeout_s + 1;
  const int timeout_s = std::min(kLeastWatchTimeout_s + static_cast<int>(random_() * kChoices), kMostWatchTimeout_s);
  OpenWatch open;
  open.target = target("watch=true&allowWatchBookmarks=true", "&resourceVersion=" + encode_query_value(last_.value) +
                                                                  "&timeoutSeconds=" + std::to_string(timeout_s));
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
  restart_list(ListMode::NotOlderThan);
  if (!advanced_since_list_) return retry(Step::List, ReflectorState::Retrying, std::move(error), nanoseconds(0), now);
  advanced_since_list_ = false;
  reported_watching_ = false;
  ReflectorActions actions{ReflectorStatus{ReflectorState::Listing, located(std::move(error))}};
  append(actions, send_list());
  return actions;
}

ReflectorActions ReflectorMachine::list_answered(Result<ApiResponse> answer, TimePoint now) {
  if (!answer) {
    restart_list(mode_);
    return retry(Step::List, ReflectorState::Retrying, std::move(answer.error()), nanoseconds(0), now);
  }
  if (answer->status != 200) return list_refused(*answer, now);
  Result<ListPage> page = parse_list_page(std::move(answer->body), resource_.gvk);
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
  if (older(pages_.resource_version, high_water_)) {  // A13
    Error error{ErrorKind::Protocol,
                "the API server answered with a state older than already seen (resourceVersion " +
                    pages_.resource_version.value + " < " + high_water_.value + ")",
                path_, "if its database was restored from a backup, restart to accept the older state"};
    return reject_list(std::move(error), now);
  }
  ReplaceStore replace{std::move(pages_.items), pages_.resource_version};
  last_ = high_water_ = replace.resource_version;
  restart_list(ListMode::NotOlderThan);
  must_list_ = false;
  advanced_since_list_ = false;
  failing_since_.reset();
  ReflectorActions actions;
  actions.emplace_back(std::move(replace));
  append(actions, open_watch());
  return actions;
}

// What is stored is newer than anything this server shows, and nothing follows it: no absence in it proves anything.
ReflectorActions ReflectorMachine::reject_list(Error error, TimePoint now) {
  restart_list(ListMode::Paged);
  must_list_ = true;
  ReflectorActions actions{MarkUnsynced{}};
  append(actions, retry(Step::List, ReflectorState::Retrying, std::move(error), nanoseconds(0), now));
  return actions;
}

ReflectorActions ReflectorMachine::watch_opened(const Result<ApiResponse>& head, TimePoint now) {
  opened_at_ = now;
  advanced_in_stream_ = false;
  if (!head) return retry(Step::Watch, ReflectorState::Retrying, head.error(), nanoseconds(0), now);
  if (head->status != 200) {
    const ApiStatus status = parse_api_status(head->status, head->content_type, head->body);
    return watch_refused(status, server_wait(status, head->retry_after), now);
  }
  if (!head->content_type.starts_with("application/json")) {
    Error error{ErrorKind::Protocol, "the watch answered with content type \"" + head->content_type + "\""};
    return retry(Step::Watch, ReflectorState::Retrying, std::move(error), nanoseconds(0), now);
  }
  forbidden_in_a_row_ = 0;
  if (std::exchange(reported_watching_, true)) return {};
  return {ReflectorStatus{ReflectorState::Watching, std::nullopt}};
}

// A refusal before the stream and an ERROR event in it mean the same (A9).
ReflectorActions ReflectorMachine::watch_refused(const ApiStatus& status, nanoseconds least, TimePoint now) {
  Error error = to_error(status, path_);
  if (is_gone(status)) return relist(std::move(error), now);
  if (status.code == 403) return retry_forbidden(Step::Watch, std::move(error), now);
  if (status.code == 401 || status.code == 429)
    return retry(Step::Watch, ReflectorState::Retrying, std::move(error), least, now);
  if (status.code < 500) {  // 404: the list will tell whether the type is gone
    restart_list(ListMode::NotOlderThan);
    return retry(Step::List, ReflectorState::Retrying, std::move(error), least, now);
  }
  if (!failing_since_ || now - opened_at_ > kFailingWatch) failing_since_ = now;
  const bool give_up = now - *failing_since_ > kFailingWatch;
  return retry(give_up ? Step::List : Step::Watch, ReflectorState::Retrying, std::move(error), least, now);
}

ReflectorActions ReflectorMachine::watch_event(const WatchEvent& event, TimePoint now) {
  if (event.type == WatchEventType::Error) {
    const ApiStatus status = parse_api_status(0, "application/json", event.object_json);
    return watch_refused(status, server_wait(status, std::nullopt), now);
  }
  if (event.type == WatchEventType::Bookmark) {
    const Result<ResourceVersion> seen = bookmark_version(event.object_json);
    if (!seen) return relist(seen.error(), now);
    advance(*seen);
    return {};
  }
  Result<LivePtr> object = read_live_object(event.object_json, resource_.gvk);
  if (!object) return relist(std::move(object.error()), now);
  if ((*object)->key.group_kind() != resource_.gvk.group_kind())
    return relist({ErrorKind::Protocol, "the watch holds a " + to_string((*object)->gvk)}, now);
  advance((*object)->resource_version);
  ReflectorActions actions;
  actions.emplace_back(ApplyEvent{event.type, std::move(*object)});
  return actions;
}

void ReflectorMachine::advance(const ResourceVersion& seen) {
  if (seen == last_ || older(seen, last_)) return;
  last_ = high_water_ = seen;
  advanced_in_stream_ = advanced_since_list_ = true;
  failing_since_.reset();
}

ReflectorActions ReflectorMachine::watch_broken(Error error, TimePoint now) { return relist(std::move(error), now); }

ReflectorActions ReflectorMachine::watch_ended(std::optional<Error> error, TimePoint now) {
  if (advanced_in_stream_ || now - opened_at_ >= kHealthyStream) {
    advanced_since_list_ = true;
    return open_watch();
  }
  Error reason = error ? std::move(*error) : Error{ErrorKind::Protocol, "the watch ended as soon as it had begun"};
  return retry(Step::Watch, ReflectorState::Retrying, std::move(reason), nanoseconds(0), now);
}

ReflectorActions ReflectorMachine::timer(TimePoint) { return next_ == Step::List ? send_list() : open_watch(); }

}  // namespace holdfast
