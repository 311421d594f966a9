#include "engine/lease_term.h"

#include <utility>

namespace holdfast {

LeaseTerm::LeaseTerm(std::string identity, std::function<double()> chance, std::function<std::string()> wall_time)
    : identity_(std::move(identity)), chance_(std::move(chance)), wall_time_(std::move(wall_time)) {}

// As it is to be while we hold it.
LeaseRecord LeaseTerm::mine() const {
  LeaseRecord record = seen_;
  record.duration = kDuration;
  record.renewed_at = wall_time_();
  if (std::exchange(record.holder, identity_) == identity_) return record;
  record.acquired_at = record.renewed_at;
  if (!seen_.version.value.empty()) ++record.transitions;
  return record;
}

std::optional<LeaseTerm::Request> LeaseTerm::next(Time now) const {
  if (standing_ == Standing::Lost || now < due_) return std::nullopt;
  if (outdated_) return Request{Request::Kind::Read, {}};
  if (absent_) {
    LeaseRecord record = mine();
    record.version = {};
    record.uid = {};
    return Request{Request::Kind::Create, std::move(record)};
  }
  // Nobody's word about the time counts: it has run out when it was seen to stay the same for as long as it says.
  const bool ours = seen_.holder == identity_;
  const bool free = seen_.holder.empty() || now - seen_at_ >= seen_.duration;
  if (ours || free) return Request{Request::Kind::Update, mine()};
  return Request{Request::Kind::Read, {}};
}

void LeaseTerm::wait(Time from) {
  const double jitter = standing_ == Standing::Holding ? 0 : 0.2 * chance_();
  due_ = from + std::chrono::duration_cast<Time::duration>(kRetry * (1 + jitter));
}

void LeaseTerm::see(const LeaseRecord& record, Time now) {
  if (record != seen_) seen_at_ = now;
  seen_ = record;
  absent_ = false;
  outdated_ = false;
  if (standing_ != Standing::Holding) return;
  if (record.holder != identity_ || record.transitions != transitions_) standing_ = Standing::Lost;
}

void LeaseTerm::won(const LeaseRecord& record, Time sent) {
  seen_ = record;
  seen_at_ = sent;
  absent_ = false;
  outdated_ = false;
  if (record.holder != identity_) return;  // it was released
  transitions_ = record.transitions;
  standing_ = Standing::Holding;
  ends_ = sent + kTerm;
}

void LeaseTerm::answered(const Request& request, const Answer& answer, Time sent, Time now) {
  if (standing_ == Standing::Lost) return;
  const bool read = request.kind == Request::Kind::Read;
  switch (answer.kind) {
    case Answer::Kind::Record:
      if (!read) {
        won(answer.record, sent);
        return wait(sent);
      }
      see(answer.record, now);
      // What may be taken or renewed is, at once.
      due_ = now;
      if (const auto further = next(now); further && further->kind == Request::Kind::Read) wait(now);
      return;
    case Answer::Kind::Absent:
      // Somebody deleted it while it was ours: another may have made it anew and let it go again.
      if (standing_ == Standing::Holding) standing_ = Standing::Lost;
      seen_ = {};
      absent_ = read;
      outdated_ = !read;
      due_ = now;
      return;
    case Answer::Kind::Conflict:
    case Answer::Kind::Failed:
      outdated_ = true;
      if (answer.kind == Answer::Kind::Conflict && !read) due_ = now;
      if (answer.kind == Answer::Kind::Failed) wait(now);
      return;
  }
}

std::optional<LeaseTerm::Request> LeaseTerm::release() {
  const bool ours = standing_ == Standing::Holding && !outdated_;
  standing_ = Standing::Lost;
  if (!ours) return std::nullopt;
  LeaseRecord record = seen_;
  record.holder.clear();
  record.duration = std::chrono::seconds(1);
  return Request{Request::Kind::Update, std::move(record)};
}

}  // namespace holdfast
