#include "sources/application_status_fields.h"

namespace holdfast {
namespace {

using Field = ApplicationField;

constexpr std::int64_t kMostObjects = 1'000'000'000, kMostGenerations = 9'007'199'254'740'991;

constexpr Field text(std::string_view name, std::string_view meaning) {
  return Field{.name = name, .type = FieldKind::Text, .meaning = meaning};
}

constexpr Field required_text(std::string_view name, std::string_view meaning) {
  return Field{.name = name, .type = FieldKind::Text, .meaning = meaning, .required = true};
}

constexpr Field number(std::string_view name, std::string_view meaning, std::int64_t most) {
  return Field{.name = name, .type = FieldKind::Integer, .meaning = meaning, .most = most};
}

constexpr Field object(std::string_view name, std::string_view meaning, std::span<const Field> fields) {
  return Field{.name = name, .type = FieldKind::Object, .meaning = meaning, .fields = fields};
}

constexpr Field objects(std::string_view name, std::string_view meaning, std::span<const Field> fields) {
  return Field{.name = name, .type = FieldKind::ObjectList, .meaning = meaning, .fields = fields};
}

constexpr std::string_view kStatuses[] = {"True", "False", "Unknown"};

constexpr Field kCondition[] = {
    required_text("type", "`Ready`, `Reconciling`, `Stalled`, `Healthy`, or `Contested`"),
    Field{.name = "status",
          .type = FieldKind::Choice,
          .meaning = "whether it is so",
          .required = true,
          .choices = kStatuses},
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

constexpr Field kRevision[] = {
    required_text("revision", "what was applied"),
    required_text("appliedAt", "when all of it was"),
    number("objects", "how many objects it had", kMostObjects),
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
    objects("history", "the revisions that were applied, newest first", kRevision),
};

constexpr Field kRoot = object("status", "what the daemon says of it", kStatus);

}  // namespace

const ApplicationField& application_status() { return kRoot; }

}  // namespace holdfast
