// From an ApplicationSet and what its generators have to the Applications that are wanted. Pure.
//
// What could not be read is Unknown, never empty: a set of which a generator is unknown wants what is known of it, and
// says nothing of the rest (`complete`). Each element comes to one application or to a word on why it does not.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/application_set.h"
#include "holdfast/model/json.h"

namespace holdfast {

inline constexpr std::size_t kMostElements = 1'000;  // of a set

struct GeneratedElement {
  std::string name;  // "branch feature/x", "folder apps/web", "element 2": another one for each of a set
  TemplateParameters parameters;
  std::int64_t committed_s = 0;  // Unix time of its commit; 0: not known
};

// What a generator has; an Error: that is not known.
using GeneratorReading = Result<std::vector<GeneratedElement>>;

struct ExpandedApplication {
  std::string name;
  std::string element;
  json::object document;          // for an apply: apiVersion, kind, metadata and spec
  std::string preview_namespace;  // empty: none is made for it
};

struct LeftOut {
  std::string element, reason, message;
  bool operator==(const LeftOut&) const = default;
};

struct Expansion {
  std::map<std::string, ExpandedApplication> wanted;  // by name
  std::vector<LeftOut> left_out;
  // Applications of elements that there are, and that cannot be made as the template is now: they stay as they are.
  std::set<std::string> kept;
  std::size_t matched = 0;
  bool complete = true;  // what is neither wanted nor kept is not wanted; false: of that nothing is known
};

// The applications of the set that there are: the element of each by its name.
using PresentApplications = std::map<std::string, std::string>;

inline constexpr std::string_view kSetLabel = "holdfast.dev/application-set";     // on what it makes: its name
inline constexpr std::string_view kElementAnnotation = "holdfast.dev/element";    // of an application
inline constexpr std::string_view kTemplateAnnotation = "holdfast.dev/template";  // a digest of what was applied

// `readings`: one for each generator, in their order.
Expansion expand(const ApplicationSet& set, std::span<const GeneratorReading> readings,
                 const PresentApplications& present, std::chrono::sys_seconds now);

}  // namespace holdfast
