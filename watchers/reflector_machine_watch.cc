// The part of ReflectorMachine that listens: an open watch, and the list that a stream begins with.
#include <utility>

#include "watchers/live_intake.h"
#include "watchers/metadata_only.h"
#include "watchers/reflector_answers.h"
#include "watchers/reflector_machine.h"

namespace holdfast {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr seconds kHealthyStream{1};  // A5: a stream that ends sooner, without news, is an error
constexpr seconds kFailingWatch{60};  // A9
constexpr seconds kFillPatience{60};  // A8: a server that does not know the option never marks the end
constexpr int kMostFillsCut = 2;      // in a row, until a plain list is tried instead

// Answers that are not about the option: a plain list is asked now, and the stream again the next time.
bool says_nothing_about_streaming(int code) { return code == 401 || code == 403 || code == 404 || code >= 500; }

}  // namespace

ReflectorActions ReflectorMachine::watch_opened(const Result<ApiResponse>& head, TimePoint now) {
  opened_at_ = heard_at_ = now;
  advanced_in_stream_ = false;
  bookmarked_at_.reset();
  if (!head) {
    if (filling_) return fill_cut(head.error(), now);
    return retry(Step::Watch, ReflectorState::Retrying, head.error(), nanoseconds(0), now);
  }
  if (head->status != 200) {
    const ApiStatus status = parse_api_status(head->status, head->content_type, head->body);
    return watch_refused(status, server_wait(status, head->retry_after), now);
  }
  if (!head->content_type.starts_with("application/json")) {
    Error error{ErrorKind::Protocol, "the watch answered with content type \"" + head->content_type + "\""};
    if (filling_) return fill_cut(std::move(error), now);
    return retry(Step::Watch, ReflectorState::Retrying, std::move(error), nanoseconds(0), now);
  }
  forbidden_in_a_row_ = 0;
  if (filling_) {
    filling_->progressed_at = now;
    return {};
  }
  if (std::exchange(reported_watching_, true)) return {};
  return {ReflectorStatus{ReflectorState::Watching, std::nullopt}};
}

// A refusal before the stream and an ERROR event in it mean the same (A9).
ReflectorActions ReflectorMachine::watch_refused(const ApiStatus& status, nanoseconds least, TimePoint now) {
  if (filling_) return fill_refused(status, least, now);
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

// A stream that should have begun with what is there (A8).
ReflectorActions ReflectorMachine::fill_refused(const ApiStatus& status, nanoseconds least, TimePoint now) {
  Error error = to_error(status, path_);
  if (is_gone(status) || is_too_large_version(status)) {
    const bool again = mode_ == ListMode::StreamNotOlderThan;
    restart_list(ListMode::Stream);
    if (again) return send_list();
    return retry(Step::List, ReflectorState::Retrying, std::move(error), least, now);
  }
  if (status.code == 429) {
    restart_list(mode_);
    return retry(Step::List, ReflectorState::Retrying, std::move(error), least, now);
  }
  if (!says_nothing_about_streaming(status.code)) knowledge_->streaming.refuse(type());
  list_plainly();
  return send_list();
}

// What has come so far is no list. The connection may be to blame, or something that does not let streams through.
ReflectorActions ReflectorMachine::fill_cut(Error error, TimePoint now) {
  restart_list(mode_);
  if (++fills_cut_ >= kMostFillsCut) list_plainly();
  return retry(Step::List, ReflectorState::Retrying, std::move(error), nanoseconds(0), now);
}

ReflectorActions ReflectorMachine::watch_event(const WatchEvent& event, TimePoint now) {
  heard_at_ = now;
  if (event.type == WatchEventType::Error) {
    const ApiStatus status = parse_api_status(0, "application/json", event.object_json);
    return watch_refused(status, server_wait(status, std::nullopt), now);
  }
  if (event.type == WatchEventType::Bookmark) return bookmark(event.object_json, now);
  Result<LivePtr> object = read_object(event);
  if (!object) return relist(std::move(object.error()), now);
  return object_event(event.type, std::move(*object), now);
}

Result<LivePtr> ReflectorMachine::read_object(const WatchEvent& event) const {
  const GroupVersionKind shown = shown_;
  Result<LivePtr> object =
      event.object.empty() ? read_live_object(event.object_json, shown) : take_in(event.object, shown, reader_);
  if (!object) return object;
  if ((*object)->key.group_kind() != shown.group_kind())
    return fail(ErrorKind::Protocol, "the watch holds a " + to_string((*object)->gvk));
  if (detail_ == Detail::MetadataOnly) return with_type(**object, resource_.gvk);
  return object;
}

ReflectorActions ReflectorMachine::object_event(WatchEventType event, LivePtr object, TimePoint now) {
  if (filling_) {  // A6: these are in no order, so no place to go on from
    const ObjectKey key = object->key;
    if (event == WatchEventType::Added) filling_->progressed_at = now;
    if (event == WatchEventType::Deleted)
      filling_->objects.erase(key);
    else
      filling_->objects[key] = std::move(object);
    return {};
  }
  advance(object->resource_version);
  ReflectorActions actions;
  actions.emplace_back(ApplyEvent{event, std::move(object)});
  return actions;
}

ReflectorActions ReflectorMachine::bookmark(std::string_view object_json, TimePoint now) {
  const Result<Bookmark> seen = read_bookmark(object_json);
  if (!seen) return relist(seen.error(), now);
  if (filling_) return seen->ends_initial_events ? filled(seen->resource_version, now) : ReflectorActions{};
  BookmarkRhythm& rhythm = knowledge_->bookmarks[type()];
  rhythm.seen();
  if (bookmarked_at_) rhythm.gap(now - *bookmarked_at_);
  bookmarked_at_ = now;
  advance(seen->resource_version);
  return {};
}

ReflectorActions ReflectorMachine::filled(const ResourceVersion& version, TimePoint now) {
  std::vector<LivePtr> items;
  items.reserve(filling_->objects.size());
  for (auto& [key, object] : filling_->objects) items.push_back(std::move(object));
  ReflectorActions actions = accept_list(std::move(items), version, now);
  if (must_list_) return actions;  // it was older than seen
  next_ = Step::Watch;
  if (!std::exchange(reported_watching_, true))
    actions.emplace_back(ReflectorStatus{ReflectorState::Watching, std::nullopt});
  return actions;
}

void ReflectorMachine::advance(const ResourceVersion& seen) {
  if (seen == last_ || older(seen, last_)) return;
  last_ = seen;
  mark_.raise(seen);
  advanced_in_stream_ = advanced_since_list_ = true;
  fell_silent_ = false;
  failing_since_.reset();
}

ReflectorActions ReflectorMachine::watch_broken(Error error, TimePoint now) { return relist(std::move(error), now); }

ReflectorActions ReflectorMachine::watch_ended(std::optional<Error> error, TimePoint now) {
  if (!filling_ && (advanced_in_stream_ || now - opened_at_ >= kHealthyStream)) {
    advanced_since_list_ = true;
    return resume_watch();
  }
  Error reason = error ? std::move(*error) : Error{ErrorKind::Protocol, "the watch ended as soon as it had begun"};
  if (filling_) return fill_cut(std::move(reason), now);
  return retry(Step::Watch, ReflectorState::Retrying, std::move(reason), nanoseconds(0), now);
}

std::optional<ReflectorMachine::TimePoint> ReflectorMachine::read_until() const {
  if (filling_) return filling_->progressed_at + kFillPatience;
  const auto rhythm = knowledge_->bookmarks.find(type());
  if (rhythm == knowledge_->bookmarks.end() || !rhythm->second.known()) return std::nullopt;
  return heard_at_ + std::chrono::duration_cast<TimePoint::duration>(rhythm->second.longest_silence());
}

ReflectorActions ReflectorMachine::watch_silent(TimePoint now) {
  if (filling_) {
    knowledge_->streaming.refuse(type());
    list_plainly();
    return send_list();
  }
  fell_silent_ = true;
  reported_watching_ = false;
  Error error{ErrorKind::Timeout, "nothing came on the watch for " +
                                      std::to_string(std::chrono::duration_cast<seconds>(now - heard_at_).count()) +
                                      " s, not even a bookmark; opening another one"};
  ReflectorActions actions{ReflectorStatus{ReflectorState::Retrying, located(std::move(error))}};
  append(actions, resume_watch());
  return actions;
}

}  // namespace holdfast
