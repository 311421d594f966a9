// How an application that is held meets new revisions: what its RollOutControl needs of it.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "app/failing_pods.h"
#include "app/held_application.h"
#include "app/revision_planner.h"
#include "holdfast/base/log.h"
#include "holdfast/base/timestamp.h"
#include "holdfast/model/override.h"
#include "net/backoff.h"

namespace holdfast {

namespace asio = boost::asio;

// What ends is to go, and what is brought about once was asked for by whoever runs that.
std::unique_ptr<RollOutControl> HeldApplication::make_roll_outs() {
  if (options_.once || setup_.ends) return nullptr;
  RollOutControl::Options options;
  options.application = setup_.name;
  options.approve_with = setup_.told_by_status ? "holdfast approve " + setup_.inventory.namespace_ + "/" + setup_.name
                                               : "holdfast approve -n " + setup_.inventory.namespace_ + " --name " +
                                                     setup_.name + " --plan";
  options.default_namespace = setup_.prepare.default_namespace;
  options.policy = setup_.revisions;
  options.on_failure = setup_.on_failure;
  options.timeout = setup_.wave_patience;
  options.record = setup_.roll_outs;
  options.waiting = setup_.waiting_plan;
  options.now = [] { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); };
  options.chance = options_.chance;
  RollOutControl::Ports ports;
  ports.read_earlier = [this](Source::Recorded recorded) { return read_earlier(std::move(recorded)); };
  ports.make_plan = [this](ManifestSetPtr set) {
    return plan_revision(executor_, planning_, acting_, setup_, std::move(set));
  };
  ports.look_at_pods = [this](std::vector<ObjectKey> objects) {
    return what_ails_pods_of(acting_, std::move(objects));
  };
  ports.changed = [this] { bring_about(); };
  const bool has_record = setup_.revisions == RevisionPolicy::Approve || setup_.on_failure == FailurePolicy::Rollback;
  if (!setup_.told_by_status)
    ports.keep = [this, has_record](const RollOutRecord& record) {
      if (has_record || !inventory_.inventory().roll_outs.empty()) keep_record(record);
    };
  return std::make_unique<RollOutControl>(executor_, *observer_, std::move(options), std::move(ports));
}

// Without an object that has it, the record is kept with the inventory, and approvals come by the ConfigMap beside it:
// who may write these is a matter of that namespace's RBAC.
void HeldApplication::keep_record(const RollOutRecord& record) {
  json::object document;
  write_roll_out_record(record, document);
  inventory_.keep_roll_outs(document.empty() ? std::string() : to_json(document));
  reconciler_.reconsider_pruning();  // wakes it, to save
}

void HeldApplication::recall_record() {
  if (roll_outs_ == nullptr || setup_.told_by_status) return;
  const Result<json::value> record = parse_json(inventory_.inventory().roll_outs);
  if (record && record->is_object()) roll_outs_->recall(read_roll_out_record(record->get_object()));
}

void HeldApplication::take_approvals(const std::vector<Approval>& approvals) {
  if (roll_outs_ == nullptr || setup_.told_by_status) return;
  const std::optional<WaitingPlan> waiting = roll_outs_->waiting();
  for (const Approval& one : approvals) {
    if (one.action != ApprovedAction::Plan || !waiting) continue;
    if (one.plan.size() < WaitingPlan::kLeastDigits || !waiting->hash.starts_with(one.plan)) continue;
    const auto until = std::chrono::floor<std::chrono::seconds>(one.until);
    roll_outs_->approve({one.plan + " " + to_timestamp(until), waiting->hash, std::nullopt, until, one.by, one.reason});
  }
}

// By a source of its own: the other one goes on following what there is now.
asio::awaitable<Result<ManifestSetPtr>> HeldApplication::read_earlier(Source::Recorded recorded) {
  if (stopping_) co_return fail(ErrorKind::Cancelled, "it is being let go of");
  if (earlier_source_ == nullptr) {
    Result<std::unique_ptr<Source>> made = make_source(executor_, setup_.source);
    if (!made) co_return std::unexpected(std::move(made.error()));
    earlier_source_ = std::move(*made);
  }
  recorded.revision = without_trial(recorded.revision);  // what was tried on it is over
  co_return co_await earlier_source_->read_recorded(std::move(recorded));
}

// As read_again(), where what is held is not what the source has.
asio::awaitable<void> HeldApplication::read_earlier_again() {
  Backoff backoff(Backoff::list_watch(), options_.chance);
  while (!stopping_ && has_to_prune() && holds_back()) {
    const ManifestSetPtr first = given_;
    Source::Recorded recorded{first->revision, {}};
    const Result<ManifestSetPtr> second = co_await read_earlier(std::move(recorded));
    if (stopping_ || first != given_) continue;
    if (second && same_manifests(*first, **second)) {
      sure_ = first;
      break;
    }
    log(LogLevel::Error, "pruning-waits",
        (second ? first->revision + " says something else when it is read again" : describe(second.error())) +
            "; nothing is pruned before two readings agree",
        {{"application", setup_.name}});
    reading_pause_.expires_at(Clock::now() + backoff.next(Clock::now()));
    co_await reading_pause_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  reading_again_ = false;
  reconciler_.reconsider_pruning();
}

}  // namespace holdfast
