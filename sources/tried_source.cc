#include "sources/tried_source.h"

#include <spdlog/fmt/fmt.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "holdfast/base/digest.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using asio::experimental::awaitable_operators::operator||;

bool is_of(const ManifestSet& set, const TraceRequest& request) {
  for (const Manifest& manifest : set.manifests)
    if (manifest.origin == request.origin && manifest.gvk.kind == request.kind && manifest.name == request.name)
      return true;
  return false;
}

// What the set was made of, so that another one of it has another name.
std::string digest_of(const Trial& trial, const ManifestSetPtr& ref) {
  std::string text = ref == nullptr ? "" : ref->revision;
  for (const TriedPatches& one : trial.patches)
    for (const OverridePatch& patch : one.patches)
      text += fmt::format("\n{} {} {}={}", one.by, to_string(patch.target), patch.path, canonical_json(patch.value));
  return to_hex(sha256(text)).substr(0, 12);
}

class TriedSource final : public Source {
 public:
  TriedSource(std::unique_ptr<Source> within, std::shared_ptr<TrialBook> book, TriedRefSource make_ref_source)
      : within_(std::move(within)), book_(std::move(book)), make_ref_source_(std::move(make_ref_source)) {}
  ~TriedSource() override { stop(); }

  asio::awaitable<Result<ManifestSetPtr>> load() override {
    while (!book_->known() && !stopped_) co_await book_->changed(nullptr);
    if (stopped_) co_return stopped();
    // Whoever asks again has a reason (RevisionGuard); only where what is tried has changed is it known to be the same.
    if (std::exchange(within_is_due_, true)) {
      Result<ManifestSetPtr> read = co_await within_->load();
      // What is tried ends, although it cannot be told what is new.
      if (!read && (base_ == nullptr || trial_ == book_->trial() || stopped_)) co_return read;
      failed_ = !read;
      if (read) base_ = std::move(*read);
    }
    trial_ = book_->trial();
    co_return co_await with_trial_on(base_);
  }

  asio::awaitable<Result<ManifestSetPtr>> read_recorded(Recorded recorded) override {
    while (!book_->known() && !stopped_) co_await book_->changed(nullptr);
    if (stopped_) co_return stopped();
    const std::string within = without_trial(recorded.revision);
    const Recorded wanted{within, within == recorded.revision ? recorded.content : ""};
    Result<ManifestSetPtr> read = co_await within_->read_recorded(wanted);
    if (!read) co_return read;
    base_ = *read;
    trial_ = book_->trial();
    co_return co_await with_trial_on(base_);
  }

  asio::awaitable<Result<ManifestSetPtr>> read_afresh() override {
    const TrialPtr trial = trial_;
    const std::shared_ptr<Source> ref = ref_source_;
    const bool with_the_ref = ref != nullptr && ref_ != nullptr;
    Result<ManifestSetPtr> read = co_await within_->read_afresh();
    if (!read || trial == nullptr || trial->empty()) co_return read;
    ManifestSetPtr set = *read;
    if (with_the_ref) {
      const Result<ManifestSetPtr> tried = co_await ref->read_afresh();
      if (!tried) co_return tried;
      set = with_ref(set, *tried);
    }
    co_return with_patches(set, trial->patches).set;
  }

  asio::awaitable<Result<void>> changed() override {
    if (std::exchange(failed_, false)) co_return fail(ErrorKind::Busy, "its own source could not be read; once more");
    const TrialPtr trial = trial_;
    if (ref_source_ == nullptr) {
      auto either = co_await (within_->changed() || book_->changed(trial));
      if (stopped_) co_return stopped();
      if (either.index() == 0) co_return std::get<0>(std::move(either));
      within_is_due_ = false;
      co_return Result<void>();
    }
    const std::shared_ptr<Source> ref = ref_source_;
    auto one = co_await (within_->changed() || ref->changed() || book_->changed(trial));
    if (stopped_) co_return stopped();
    if (one.index() == 0) co_return std::get<0>(std::move(one));
    within_is_due_ = false;
    if (one.index() == 1) ref_is_due_ = true;
    co_return Result<void>();  // that the tried ref cannot be followed is told by reading it
  }

  void nudge() override {
    within_->nudge();
    if (ref_source_) ref_source_->nudge();
  }
  void nudge_for(const std::string& revision) override { within_->nudge_for(bare_revision(revision)); }
  [[nodiscard]] BegunRevision last_read() const override {
    BegunRevision read = within_->last_read();
    if (read.revision.empty() && base_ != nullptr) return {base_->revision, base_->committed_s};
    return read;
  }
  asio::awaitable<Result<ObjectOrigin>> trace(TraceRequest request) override {
    const std::shared_ptr<Source> ref = ref_source_;
    if (ref != nullptr && ref_ != nullptr && is_of(*ref_, request)) co_return co_await ref->trace(std::move(request));
    co_return co_await within_->trace(std::move(request));
  }
  asio::awaitable<Result<LineCommit>> blame(OriginPlace place) override { return within_->blame(std::move(place)); }
  [[nodiscard]] const std::vector<std::string>& notes() const override { return within_->notes(); }
  void stop() override {
    if (std::exchange(stopped_, true)) return;
    book_->close();
    within_->stop();
    if (ref_source_) ref_source_->stop();
  }

 private:
  static std::unexpected<Error> stopped() { return fail(ErrorKind::Cancelled, "stopped"); }

  asio::awaitable<Result<ManifestSetPtr>> with_trial_on(ManifestSetPtr base) {
    const TrialPtr trial = trial_;
    TrialOutcome outcome{trial, {}, base, base, base};
    if (trial->ref) {
      TrialOutcome::Part part;
      const Result<void> read = co_await read_ref(*trial->ref, &part);
      if (stopped_) co_return stopped();
      if (!read) co_return std::unexpected(read.error());
      if (ref_ != nullptr) outcome.unpatched = with_ref_on(base);
      part.differs = ref_ != nullptr && !same_manifests(*outcome.unpatched, *base);
      outcome.parts.emplace(trial->ref->by, std::move(part));
    } else {
      forget_ref();
    }
    PatchedSet patched = with_patches(outcome.unpatched, trial->patches);
    for (auto& [by, part] : patched.parts) outcome.parts.emplace(by, std::move(part));
    outcome.made = named(base, patched.set, *trial);
    book_->tell(outcome);
    co_return outcome.made;
  }

  // The same pointer for the same two, so that what was made of it is not made again.
  ManifestSetPtr with_ref_on(const ManifestSetPtr& base) {
    if (joined_ == nullptr || joined_base_ != base || joined_ref_ != ref_) joined_ = with_ref(base, ref_);
    joined_base_ = base;
    joined_ref_ = ref_;
    return joined_;
  }

  ManifestSetPtr named(const ManifestSetPtr& base, const ManifestSetPtr& set, const Trial& trial) {
    if (set == base || same_manifests(*set, *base)) return base;
    std::string revision = with_trial(base->revision, digest_of(trial, trial.ref ? ref_ : nullptr));
    if (made_ != nullptr && made_->revision == revision && same_manifests(*made_, *set)) return made_;
    auto made = std::make_shared<ManifestSet>(*set);
    made->revision = std::move(revision);
    return made_ = std::move(made);
  }

  // An error where it is not known whether what is in force is still meant.
  asio::awaitable<Result<void>> read_ref(TriedRef wanted, TrialOutcome::Part* part) {
    if (ref_source_ == nullptr || of_ref_ != wanted.ref) {
      forget_ref();
      auto made = make_ref_source_(wanted.ref);
      if (!made) {
        part->error = made.error();
        co_return Result<void>();
      }
      ref_source_ = std::move(*made);
      of_ref_ = wanted.ref;
      ref_is_due_ = true;
    }
    const std::shared_ptr<Source> source = ref_source_;
    if (ref_is_due_) {
      const Result<ManifestSetPtr> read = co_await source->load();
      if (stopped_) co_return stopped();
      if (read) {
        ref_ = *read;
        ref_problem_.reset();
        ref_is_due_ = false;
      } else {
        ref_problem_ = read.error();
      }
    }
    if (ref_problem_ && ref_ == nullptr && !wanted.in_force.empty()) {
      const Recorded recorded{wanted.in_force, {}};
      const Result<ManifestSetPtr> read = co_await source->read_recorded(recorded);
      if (stopped_) co_return stopped();
      if (!read && ref_problem_->kind != ErrorKind::NotFound && ref_problem_->kind != ErrorKind::Invalid)
        co_return std::unexpected(*ref_problem_);
      if (read) ref_ = *read;
    }
    if (ref_ == nullptr) {
      part->error = ref_problem_;
    } else {
      part->revision = ref_->revision;
      if (ref_problem_)
        part->note = fmt::format("{}; {} stays, which was read last", describe(*ref_problem_), ref_->revision);
    }
    co_return Result<void>();
  }

  void forget_ref() {
    if (ref_source_) ref_source_->stop();
    ref_source_.reset();
    ref_.reset();
    ref_problem_.reset();
    joined_.reset();
  }

  std::unique_ptr<Source> within_;
  std::shared_ptr<TrialBook> book_;
  TriedRefSource make_ref_source_;
  TrialPtr trial_;  // as it was brought about last
  ManifestSetPtr base_;
  bool failed_ = false;  // its last reading did, and what was read before was given
  bool within_is_due_ = true;
  std::shared_ptr<Source> ref_source_;  // null: none is tried
  OverrideRef of_ref_;
  ManifestSetPtr ref_;  // as it was read last; null: not yet
  std::optional<Error> ref_problem_;
  bool ref_is_due_ = true;
  ManifestSetPtr joined_, joined_base_, joined_ref_, made_;
  bool stopped_ = false;
};

}  // namespace

TriedRefSource tried_ref_source(asio::any_io_executor executor, SourceOptions options) {
  return [executor = std::move(executor),
          options = std::move(options)](const OverrideRef& ref) -> Result<std::unique_ptr<Source>> {
    SourceOptions wanted = options;
    if (is_artifact(options.repo, options.artifact)) {
      if (ref.tag.empty())
        return fail(ErrorKind::Invalid,
                    "an artifact has no " + std::string(ref.branch.empty() ? "commits" : "branches"), {},
                    "try a tag of it");
      wanted.artifact.tag = ref.tag;
      wanted.artifact.semver.clear();
      wanted.artifact.digest.clear();
    } else {
      // Not what else a server may list, such as what strangers propose.
      wanted.ref = !ref.branch.empty() ? "refs/heads/" + ref.branch
                   : !ref.tag.empty()  ? "refs/tags/" + ref.tag
                                       : ref.commit;
      wanted.semver.clear();
    }
    return make_source(executor, std::move(wanted));
  };
}

std::unique_ptr<Source> make_tried_source(asio::any_io_executor /*executor*/, std::unique_ptr<Source> within,
                                          std::shared_ptr<TrialBook> book, TriedRefSource make_ref_source) {
  return std::make_unique<TriedSource>(std::move(within), std::move(book), std::move(make_ref_source));
}

}  // namespace holdfast
