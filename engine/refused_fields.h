// What an API server's refusal says about fields, in the author's terms: which field of the object it is, what is wrong
// with it, and what was probably meant (correctness D4; V7, V9). Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/outcome.h"
#include "engine/prepare.h"
#include "holdfast/merge/field_set.h"
#include "holdfast/merge/schema.h"
#include "holdfast/model/json.h"
#include "holdfast/model/object_key.h"

namespace holdfast {

struct RefusedField {
  FieldPath path;       // as far as the object has it, items of lists by their position
  std::string problem;  // a clause that begins with its name, as in ".spec.replicsa is no field of a Deployment"
  std::string hint;     // "did you mean .spec.replicas?"; may be empty
  bool operator==(const RefusedField&) const = default;
};

// Of one object, for whoever finds out where in Git that is.
struct ObjectRefusal {
  ObjectKey key;
  std::string origin;    // of its manifest
  std::string revision;  // that it is of
  std::vector<RefusedField> fields;
};

// `body`: the object that was sent. `type`: its own, of which all misspelt fields are told, where the server names one;
// null where it is not known. At most 20; none where the refusal is about something else. Never the value of a Secret.
std::vector<RefusedField> refused_fields(const ClassifiedApply& answer, const json::object& body, const TypeNode* type);

// The place that such a text names: ".spec.containers[name=\"web\"].image", "spec.ports[0].port", "data[a.b]". Ends
// where the object does not go on; the first step that it lacks is the last of the path.
FieldPath field_path_in(const json::object& body, std::string_view text);

// Of a manifest that cannot be applied whatever the server says: of its kind, where that is not served.
ObjectRefusal refusal_of(const UnpreparedManifest& manifest, const std::string& revision);

// The error with them for words: the first few, and a hint beside each but where it is the only one.
Error in_words(Error error, const std::vector<RefusedField>& fields);

}  // namespace holdfast
