// Applies custom health rules on threads of their own, so that a script that takes long holds up no decision. What is
// applied to what next, and how much may wait, is the JudgementQueue's to say.
//
// One thread, besides the scripts, which `workers` runs. Bounds: LuaLimits for one run, JudgementQueue::Limits for all.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>

#include "engine/health_judge.h"
#include "engine/judgement_queue.h"
#include "health/lua_rules.h"
#include "holdfast/base/task_scope.h"

namespace holdfast {

class HealthScripts final : public HealthJudge {
 public:
  // `workers` may be `executor` itself; it should have as many threads as `limits.at_once`.
  HealthScripts(boost::asio::any_io_executor executor, boost::asio::any_io_executor workers,
                std::shared_ptr<const LuaRules> rules, JudgementQueue::Limits limits = {});

  // Nothing is begun or answered any more.
  void stop() { stopping_ = true; }
  boost::asio::awaitable<void> ended();  // after stop(): the scripts under way have ended, which their bound sees to

  [[nodiscard]] bool has_rule(const GroupKind& kind) override;
  void ask(HealthAsker& asker, const ObjectKey& key, HealthTask task) override;
  void forget(HealthAsker& asker) override { queue_.forget(&asker); }

 private:
  void begin_what_may();
  boost::asio::awaitable<void> judge(JudgementQueue::Job job);

  boost::asio::any_io_executor workers_;
  std::shared_ptr<const LuaRules> rules_;
  std::map<GroupKind, bool> has_rule_;  // of the kinds that were asked about
  JudgementQueue queue_;
  TaskScope tasks_;
  bool stopping_ = false;
};

}  // namespace holdfast
