#include "app/health_scripts.h"

#include <utility>

namespace holdfast {
namespace {

namespace asio = boost::asio;

asio::awaitable<Health> judge_there(HealthTask task, std::shared_ptr<const LuaRules> rules) {
  co_return judge_by_rule(task, *rules);
}

}  // namespace

HealthScripts::HealthScripts(asio::any_io_executor executor, asio::any_io_executor workers,
                             std::shared_ptr<const LuaRules> rules, JudgementQueue::Limits limits)
    : workers_(std::move(workers)), rules_(std::move(rules)), queue_(limits), tasks_(std::move(executor)) {}

asio::awaitable<void> HealthScripts::ended() { co_await tasks_.join(); }

bool HealthScripts::has_rule(const GroupKind& kind) {
  const auto [known, first] = has_rule_.try_emplace(kind, false);
  if (first) known->second = rules_->find(kind) != nullptr;
  return known->second;
}

void HealthScripts::ask(HealthAsker& asker, const ObjectKey& key, HealthTask task) {
  if (stopping_) return;
  queue_.add({&asker, key}, std::move(task));
  begin_what_may();
}

void HealthScripts::begin_what_may() {
  while (!stopping_) {
    auto job = queue_.next();
    if (!job) return;
    tasks_.spawn(judge(*std::move(job)));
  }
}

asio::awaitable<void> HealthScripts::judge(JudgementQueue::Job job) {
  const Uid uid = job.task.uid;
  const ResourceVersion version = job.task.resource_version;
  auto judging = judge_there(std::move(job.task), rules_);
  auto [failure, health] = co_await asio::co_spawn(workers_, std::move(judging), asio::as_tuple(asio::use_awaitable));
  if (failure) std::rethrow_exception(failure);  // our own bug
  const bool wanted = queue_.done(job.subject);
  if (stopping_) co_return;
  if (wanted) job.subject.asker->judged(job.subject.key, uid, version, health);
  begin_what_may();
  for (const JudgementQueue::Subject& missed : queue_.recall()) missed.asker->ask_again(missed.key);
}

}  // namespace holdfast
