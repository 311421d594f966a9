// Whether all that a revision brought about is healthy, told by events, and what of that is news. Pure; an event costs
// the same however many objects there are.
#pragma once

#include <unordered_set>

#include "holdfast/model/object_key.h"

namespace holdfast {

class Readiness {
 public:
  enum class News { None, Ready, Degraded };
  struct Change {
    bool flipped = false;  // ready() is another than before
    News news = News::None;
  };

  // All objects are brought about anew. Of the same revision what was known stands until that is done.
  void begin(bool same_revision);
  void note(const ObjectKey& key, bool healthy);
  // After note() or begin(). `applied`: all of the revision is; `ill`: what was noted last is worse than on its way.
  // That something is on its way for a while is no news, and neither is its arrival.
  Change settle(bool applied, bool ill);

  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] const std::unordered_set<ObjectKey, ObjectKeyHash>& unhealthy() const { return unhealthy_; }

 private:
  std::unordered_set<ObjectKey, ObjectKeyHash> unhealthy_;  // of those that were noted
  bool ready_ = false;
  News said_ = News::None;
};

}  // namespace holdfast
