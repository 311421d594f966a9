// An Override of holdfast.dev/v1alpha1: what somebody tries on a running application for a while, without a merge
// (docs/overrides.md). Checked when it is read (sources/override_reader.h).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "holdfast/model/json.h"

namespace holdfast {

// One object of the application's source. Empty parts match everything; more than one match is an error.
struct OverrideTarget {
  std::string group, kind, namespace_, name;
  bool operator==(const OverrideTarget&) const = default;
};
std::string to_string(const OverrideTarget& target);  // "Deployment web", "Deployment.apps shop/web"

// One field of one object: `path` as sources/field_address.h reads it.
struct OverridePatch {
  OverrideTarget target;
  std::string path;
  json::value value;
  bool operator==(const OverridePatch&) const = default;
};

// Exactly one of them is set.
struct OverrideRef {
  std::string branch, tag, commit;
  [[nodiscard]] const std::string& name() const { return !branch.empty() ? branch : !tag.empty() ? tag : commit; }
  bool operator==(const OverrideRef&) const = default;
};

struct Override {
  std::string namespace_, name;
  std::string application;  // in the same namespace
  std::optional<OverrideRef> ref;
  std::vector<OverridePatch> patches;  // empty where there is a ref
  std::string reason, requested_by;
  std::chrono::seconds expires_after{3600};
  std::chrono::sys_seconds created;  // by the API server
  bool operator==(const Override&) const = default;

  [[nodiscard]] std::chrono::sys_seconds ends_at() const { return created + expires_after; }
};

bool is_older(const Override& one, const Override& other);  // of those of one moment, by name

// What it asks for, in a few words: "branch feature/x", "Deployment web spec.replicas = 3".
std::string what_is_tried(const Override& one);

// "main@sha1:…+try.0123456789ab" is that of a set with something tried on "main@sha1:…".
std::string with_trial(const std::string& revision, const std::string& digest);
std::string without_trial(const std::string& revision);

}  // namespace holdfast
