// Custom health rules whose answers the test gives, when it likes: Widgets have one.
#pragma once

#include <utility>
#include <vector>

#include "engine/health_judge.h"

namespace holdfast::fake {

class Judge final : public HealthJudge {
 public:
  [[nodiscard]] bool has_rule(const GroupKind& kind) override { return kind.kind == "Widget"; }
  void ask(HealthAsker& asker, const ObjectKey& key, HealthTask task) override {
    who = &asker;
    asked.emplace_back(key, std::move(task));
  }
  void forget(HealthAsker& /*asker*/) override { who = nullptr; }

  HealthAsker* who = nullptr;
  std::vector<std::pair<ObjectKey, HealthTask>> asked;
};

}  // namespace holdfast::fake
