// The port through which the engine has custom health rules applied: a script may take a second, and the thread that
// decides has none to spare. Values in, values out.
#pragma once

#include <cstdint>
#include <string>

#include "health/health.h"
#include "holdfast/model/gvk.h"
#include "holdfast/model/object_key.h"
#include "holdfast/model/resource_version.h"

namespace holdfast {

// One state of an object, to be judged.
struct HealthTask {
  Uid uid;
  ResourceVersion resource_version;
  GroupVersionKind gvk;  // the items of a list do not name it
  std::string body;      // JSON, all of it: a rule may look anywhere
  WallTime now;
  std::int64_t written_generation = 0;  // see HealthQuestion
};

// Who wants to know. Called on the thread that decides.
class HealthAsker {
 public:
  virtual ~HealthAsker() = default;
  // The state had this uid and version; a newer one may have been asked about since.
  virtual void judged(const ObjectKey& key, const Uid& uid, const ResourceVersion& version, const Health& health) = 0;
  // Too much was waiting, so that a question about the object was let go of: ask again, about what it is like now.
  virtual void ask_again(const ObjectKey& key) = 0;
};

class HealthJudge {
 public:
  virtual ~HealthJudge() = default;
  // Whether there is a rule for that kind; asked with every event, so it has to be cheap.
  [[nodiscard]] virtual bool has_rule(const GroupKind& kind) = 0;
  // The answer comes as judged(), later. A question about the same object that has not been begun is replaced.
  virtual void ask(HealthAsker& asker, const ObjectKey& key, HealthTask task) = 0;
  // Nothing is said to it any more.
  virtual void forget(HealthAsker& asker) = 0;
};

// What a performer of that port has done elsewhere. Pure, any thread. A rule that calls an object Healthy is not
// believed before the object's controller has seen what is desired (correctness E1, ask 35).
Health judge_by_rule(const HealthTask& task, const LuaRules& rules);

}  // namespace holdfast
