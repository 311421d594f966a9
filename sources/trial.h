// What is tried on one application now, and what came of it when its source was read: the way between who decides which
// Overrides are in force and the source that brings them about (tried_source.h). A source has a book of its own. One
// thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "holdfast/base/clock.h"
#include "holdfast/base/result.h"
#include "holdfast/model/manifest_set.h"
#include "holdfast/model/override.h"

namespace holdfast {

struct TriedRef {
  std::string by;  // the Override's name
  OverrideRef ref;
  std::string in_force;  // the revision of it that an earlier process has brought about; empty: none
  bool operator==(const TriedRef&) const = default;
};
struct TriedPatches {
  std::string by;
  std::vector<OverridePatch> patches;
  bool operator==(const TriedPatches&) const = default;
};

struct Trial {
  std::optional<TriedRef> ref;
  std::vector<TriedPatches> patches;  // in this order; of one Override all or none
  [[nodiscard]] bool empty() const { return !ref && patches.empty(); }
  bool operator==(const Trial&) const = default;
};
using TrialPtr = std::shared_ptr<const Trial>;

struct TrialOutcome {
  struct Part {
    std::optional<Error> error;  // it is left out
    bool differs = false;        // it makes a difference
    std::string revision;        // of a ref, that was read
    std::string note;            // what is to be known besides, such as that the ref cannot be read any more
  };
  TrialPtr trial;
  std::map<std::string, Part> parts;  // by Override
  ManifestSetPtr base;                // what Git says without any of it
  ManifestSetPtr unpatched;           // with the ref alone
  ManifestSetPtr made;
};

class TrialBook {
 public:
  explicit TrialBook(boost::asio::any_io_executor executor) : signal_(std::move(executor)) {}

  // From the first call on it is known what is tried.
  void set(Trial trial);
  [[nodiscard]] bool known() const { return trial_ != nullptr; }
  [[nodiscard]] const TrialPtr& trial() const { return trial_; }  // null: not known
  // What came of the last reading that succeeded; called by the source.
  void tell(TrialOutcome outcome);
  [[nodiscard]] const std::optional<TrialOutcome>& outcome() const { return outcome_; }
  std::function<void()> on_outcome;

  // Completes when what is tried is another than this, or after close(). Cancellable; one call at a time.
  boost::asio::awaitable<void> changed(TrialPtr than);
  void close();

 private:
  TrialPtr trial_;
  std::optional<TrialOutcome> outcome_;
  Timer signal_;
  bool closed_ = false;
};

// Neither what is tried nor the values that were filled in (substituted_source.h): as the source itself calls it.
std::string bare_revision(const std::string& revision);

// Objects of `tried`, then those of `base` that it lacks: what Git of the application's own ref has is never pruned for
// a trial. Pure.
ManifestSetPtr with_ref(const ManifestSetPtr& base, const ManifestSetPtr& tried);

// Patches on a set. Each Override's are applied all or none. Pure.
struct PatchedSet {
  ManifestSetPtr set;  // the same pointer where nothing was changed
  std::map<std::string, TrialOutcome::Part> parts;
};
PatchedSet with_patches(const ManifestSetPtr& set, const std::vector<TriedPatches>& patches);

// The one object that it means. NotFound, with what is like it; Invalid where there are several.
Result<std::size_t> find_target(const ManifestSet& set, const OverrideTarget& target);

}  // namespace holdfast
