// spec.source of an Application: its values, and what is wrong with them although each has the type that check_fields()
// wants. Internal to sources/. Pure.
#pragma once

#include "holdfast/model/application.h"
#include "sources/value_complaints.h"
#include "sources/written_fields.h"

namespace holdfast {

// `fields` are those of spec.source.
SourceSpec source_values(const WrittenFields& fields, ValueComplaints& complaints);

}  // namespace holdfast
