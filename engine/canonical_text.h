// value_text() of a value that was not parsed.
#pragma once

#include <string>

#include "holdfast/model/json_view.h"

namespace holdfast {

// Appends, and takes the cursor over the value. The cursor fails where only parsing can tell: escapes in names, names
// that occur twice, more than 64 levels.
void append_canonical_text(JsonCursor& cursor, std::string& out);

}  // namespace holdfast
