// Every field of the status of an Application, for the schema and the documentation; see application_fields.h. The
// program writes it (app/application_status.h) and never reads it as an instruction.
#pragma once

#include "sources/application_fields.h"

namespace holdfast {

const ApplicationField& application_status();

}  // namespace holdfast
