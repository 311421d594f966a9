#include "sources/application_status_fields.h"

#include "sources/field_makers.h"

namespace holdfast {
namespace {

using namespace field_makers;

constexpr std::int64_t kMostObjects = 1'000'000'000;

constexpr std::string_view kStatuses[] = {"True", "False", "Unknown"};

constexpr Field kCondition[] = {
    required_text("type", "`Ready`, `Reconciling`, `Stalled`, `Healthy`, or `Contested`"),
    required_choice("status", "whether it is so", kStatuses),
    required_text("reason", "one word for programs, in the words of kstatus and Flux"),
    text("message", "a sentence for people"),
    required_text("lastTransitionTime", "since when the status is as it is"),
    number("observedGeneration", "the generation of the object that it is about", kMostGenerations),
};

constexpr Field kDrift[] = {
    number("objects", "how many objects differ from what Git says, and are left so by policy", kMostObjects),
    number("corrected", "how many drifts were put back since the daemon began", kMostObjects),
    text("last", "the last drift, and who caused it"),
};

constexpr Field kInventory[] = {
    number("objects", "how many objects it holds", kMostObjects),
};

constexpr Field kHistoryEntry[] = {
    required_text("action",
                  "what was done: `Apply`, `Approve`, `Rollback`, `Return` where a roll-out had failed, `Try` or "
                  "`TryEnded` (docs/overrides.md)"),
    text("revision", "what was brought about by it"),
    required_text("at", "when it began"),
    text("outcome", "what became of it: `Progressing`, `Applied`, `Healthy`, `Failed` or `Superseded`"),
    number("objects", "how many objects it had", kMostObjects),
    text("who", "who asked for it, as the API server knows them"),
    text("why", "why, in their words; of a roll-out that failed: why it did"),
};

constexpr Field kPlanCounts[] = {
    number("create", "objects that it would make", kMostObjects),
    number("change", "objects that it would change", kMostObjects),
    number("replace", "objects that it would delete and make anew", kMostObjects),
    number("prune", "objects that it would delete", kMostObjects),
    number("holdBack", "objects that differ, and would be left so", kMostObjects),
    number("refuse", "objects that cannot be applied", kMostObjects),
    number("unknown", "objects of which nobody could tell", kMostObjects),
};

constexpr Field kPlan[] = {
    required_text("hash", "its name, for `holdfast approve`: a digest of what is desired and of what would change"),
    required_text("revision", "what it would bring about"),
    text("summary", "the same as `changes`, in words"),
    object("changes", "how many objects it concerns", kPlanCounts),
    texts("lines", "the first changes, as `holdfast plan` prints them"),
    required_text("plannedAt", "when it was made"),
    required_text("expiresAt", "until when it can be approved; then a new one is made"),
};

constexpr Field kApproved[] = {
    required_text("revision", "what may be brought about, and is held"),
    required_text("content", "a digest of what it says, and of where that goes"),
    text("plan", "the hash of the plan that was approved; none: it was in force before approval was asked for"),
    required_text("at", "when it was approved"),
    text("who", "who approved it, as the API server knows them"),
    text("why", "why, in their words"),
};

constexpr Field kPinned[] = {
    required_text("revision", "what is held"),
    text("content", "a digest of what it says, and of where that goes"),
    required_text("instead", "the revision that was rolled back from; a newer one ends this"),
    text("insteadContent", "a digest of what that says"),
    required_text("at", "since when"),
    text("who", "who asked for it, as the API server knows them; none: the daemon, for the roll-out had failed"),
    text("why", "why"),
};

constexpr Field kStatus[] = {
    number("observedGeneration", "the newest generation that the daemon has taken up", kMostGenerations),
    objects("conditions", "`Ready`, `Reconciling`, `Stalled` and `Healthy`, as kstatus and Flux have them", kCondition),
    text("lastAttemptedRevision", "the newest revision that was begun, as in `main@sha1:…`"),
    text("lastAppliedRevision", "the newest revision that was applied completely"),
    text("lastHandledReconcileAt", "the value of the annotation `reconcile.fluxcd.io/requestedAt` that was met last"),
    text("observedAt", "when this was written"),
    object("drift", "what differs, and what was put back", kDrift),
    object("inventory", "what it holds", kInventory),
    Field{.name = "overrides",
          .type = FieldKind::TextList,
          .meaning = "what is tried on it now, each with who asked and until when (docs/overrides.md)"},
    text("lastHealthyRevision", "the newest revision of which all was healthy"),
    object("plan", "the plan that waits for approval", kPlan),
    object("approved", "with `spec.policy: Approve`: what was approved last", kApproved),
    object("pinned", "the revision that is held instead of a newer one", kPinned),
    text("refused", "what somebody asked for last and was not done, and why"),
    text("lastHandledApproval", "the request for approval that was met last"),
    text("lastHandledRollback", "the request for a rollback that was met last"),
    text("requestsCheckedBy",
         "the admission policy and its binding, each as UID.GENERATION, that hold to who asks what is asked for from "
         "here on"),
    objects("history", "what was done, newest first", kHistoryEntry),
};

constexpr Field kRoot = object("status", "what the daemon says of it", kStatus);

}  // namespace

const ApplicationField& application_status() { return kRoot; }

}  // namespace holdfast
