#include "engine/readiness.h"

#include <utility>

namespace holdfast {

void Readiness::begin(bool same_revision) {
  unhealthy_.clear();
  if (same_revision) return;
  ready_ = false;
  said_ = News::None;
}

void Readiness::note(const ObjectKey& key, bool healthy) {
  if (!healthy)
    unhealthy_.insert(key);
  else if (!unhealthy_.empty())
    unhealthy_.erase(key);
}

Readiness::Change Readiness::settle(bool applied, bool ill) {
  if (!applied) return {};
  Change change;
  const bool ready = unhealthy_.empty();
  change.flipped = std::exchange(ready_, ready) != ready;
  if (ready && said_ != News::Ready) change.news = News::Ready;
  if (!ready && ill && said_ == News::Ready) change.news = News::Degraded;
  if (change.news != News::None) said_ = change.news;
  return change;
}

}  // namespace holdfast
