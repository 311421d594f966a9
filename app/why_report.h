// What `holdfast why` has found out, as text and as a document. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/field_account.h"
#include "holdfast/model/json.h"
#include "holdfast/model/object_key.h"
#include "sources/object_trace.h"

namespace holdfast {

struct WhyReport {
  ObjectKey key;
  std::string application;  // that declares it; empty: none
  bool in_cluster = false;
  std::string about_absence;           // what is done about that, where it is not
  std::string untouched;               // why run does not write to it; empty: it does
  bool terminating = false;            // it is being deleted
  std::string held_up_by;              // what keeps it from going; may be empty
  std::string no_git;                  // why nothing is known of Git; empty: it is
  std::optional<ObjectOrigin> origin;  // where it is declared; its empty path stands for the whole object
  std::string no_origin;               // why that is not known, where it is declared
  std::vector<FieldAccount> fields;
  bool one_field = false;  // is all that was asked for: its value is shown whole
};

std::string why_text(const WhyReport& report);
json::value why_document(const WhyReport& report);  // docs/why.md has its fields

}  // namespace holdfast
