#include "simulator/watch_stream.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "simulator/api_failure.h"
#include "simulator/object_writer.h"

namespace holdfast {
namespace {

constexpr std::chrono::milliseconds kLastBookmarkBefore{2'000};
constexpr std::chrono::seconds kShortestWithBookmarks{31};  // none at all on a watch of 30 s (V40)

void append_event(std::string_view kind, std::string_view object, std::string& out) {
  out += fmt::format("{{\"type\":\"{}\",\"object\":{}}}\n", kind, object);
}

// The last state that matched, with the revision of the write by which it left the selection (V42).
StoredPtr at_revision(const StoredPtr& object, Revision revision) {
  auto copy = std::make_shared<StoredObject>(*object);
  copy->revision = revision;
  copy->body["metadata"].as_object()["resourceVersion"] = std::to_string(revision);
  copy->text = to_json(copy->body);
  return copy;
}

}  // namespace

WatchStream::WatchStream(const ObjectStore& store, const TypeRegistry& types, WatchOptions options, SimulatedTime now)
    : store_(store),
      types_(types),
      options_(std::move(options)),
      key_(options_.type->store_key()),
      position_(options_.from),
      deadline_(now + options_.timeout),
      next_bookmark_(now + kBookmarkInterval) {}

SimulatedTime WatchStream::next_due() const {
  if (!options_.bookmarks) return deadline_;
  if (!last_bookmark_sent_ && options_.timeout >= kShortestWithBookmarks)
    return std::min({deadline_, next_bookmark_, deadline_ - kLastBookmarkBefore});
  return std::min(deadline_, next_bookmark_);
}

std::string WatchStream::take(SimulatedTime now) {
  std::string out;
  if (ended_) return out;
  if (options_.refusal) {
    append_event("ERROR", to_json(status_object(*options_.refusal)), out);
    ended_ = true;
    return out;
  }
  const bool served =
      types_.find(options_.type->gvk.group, options_.type->gvk.version, options_.type->plural) != nullptr;
  if (!started_) {
    started_ = true;
    if (options_.initial_events) take_initial(out, now);
  }
  take_changes(out, now);
  if (ended_) return out;
  if (!served) {  // the objects' DELETED came first; EOF alone tells nothing (V45)
    ended_ = true;
    return out;
  }
  take_bookmark(out, now);
  if (now >= deadline_) ended_ = true;
  return out;
}

bool WatchStream::selects(const StoredPtr& object) const {
  return object != nullptr && (options_.namespace_.empty() || object->namespace_ == options_.namespace_) &&
         options_.labels.matches(object->body) && options_.fields.matches(object->body);
}

std::string WatchStream::show(const StoredPtr& object, SimulatedTime now) {
  std::string text = show_object(options_.representation, *options_.type, object, now);
  options_.representation.columns = false;
  return text;
}

void WatchStream::take_initial(std::string& out, SimulatedTime now) {
  for (const StoredPtr& object : store_.list(key_, options_.namespace_))
    if (selects(object)) append_event("ADDED", show(object, now), out);
  position_ = store_.revision();
  if (options_.bookmarks) append_bookmark(true, out, now);
}

void WatchStream::take_changes(std::string& out, SimulatedTime now) {
  if (position_ < store_.compacted()) return append_expired(out);
  for (const StoreChange* change : store_.changes_since(key_, position_)) append_change(*change, out, now);
  position_ = std::max(position_, store_.revision());
}

void WatchStream::append_change(const StoreChange& change, std::string& out, SimulatedTime now) {
  const bool before = selects(change.before), after = selects(change.after);
  const auto shown = [&](const StoredPtr& object) { return show(object, now); };
  if (before && after)
    append_event("MODIFIED", shown(change.after), out);
  else if (after)
    append_event("ADDED", shown(change.after), out);
  else if (before)
    append_event("DELETED", shown(change.last != nullptr ? change.last : at_revision(change.before, change.revision)),
                 out);
}

void WatchStream::append_bookmark(bool end_of_initial, std::string& out, SimulatedTime now) {
  json::object metadata{{"resourceVersion", std::to_string(position_)}};
  if (end_of_initial) metadata["annotations"] = {{"k8s.io/initial-events-end", "true"}};
  json::object object{{"kind", options_.type->gvk.kind},
                      {"apiVersion", options_.type->gvk.api_version()},
                      {"metadata", std::move(metadata)}};
  if (options_.representation.shape == Shape::PartialMetadata) {
    object["kind"] = "PartialObjectMetadata";
    object["apiVersion"] = "meta.k8s.io/v1";
  }
  std::string text = to_json(object);
  if (options_.representation.shape == Shape::Table) {
    auto blank = std::make_shared<StoredObject>();
    blank->body = std::move(object);
    blank->revision = position_;
    text = show(blank, now);
  }
  append_event("BOOKMARK", text, out);
}

void WatchStream::take_bookmark(std::string& out, SimulatedTime now) {
  if (!options_.bookmarks) return;
  // A watch from the future is silent until the store has caught up (V37).
  const bool silent = position_ > store_.revision();
  if (now >= next_bookmark_) {
    while (next_bookmark_ <= now) next_bookmark_ += kBookmarkInterval;
    if (!silent) append_bookmark(false, out, now);
  }
  if (!last_bookmark_sent_ && options_.timeout >= kShortestWithBookmarks && now >= deadline_ - kLastBookmarkBefore) {
    last_bookmark_sent_ = true;
    if (!silent) append_bookmark(false, out, now);
  }
}

void WatchStream::append_expired(std::string& out) {
  append_event("ERROR",
               to_json(status_object(
                   expired(fmt::format("too old resource version: {} ({})", position_, store_.compacted() + 1)))),
               out);
  ended_ = true;
}

}  // namespace holdfast
