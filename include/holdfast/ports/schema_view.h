// The port through which the engine reads the types of objects, as the API server describes them (correctness C11).
// Thread: the one that decides.
#pragma once

#include <memory>
#include <string>

#include "holdfast/merge/schema.h"
#include "holdfast/model/gvk.h"

namespace holdfast {

struct TypeSchema {
  std::shared_ptr<const TypeNode> type;  // keeps all that it refers to; null: unknown, and then nothing can be proven
  std::string hash;                      // of all that is said of it, S in the rules; empty where it is unknown
  bool coming = false;                   // unknown as yet: it is asked for, and an answer or a failure is near
};

class SchemaView {
 public:
  virtual ~SchemaView() = default;
  // What was known before a type may have changed is unknown from then on, until the server has confirmed it.
  [[nodiscard]] virtual TypeSchema type_of(const GroupVersionKind& gvk) const = 0;
  // Asks for the types of this group and version, from now on; a no-op where that was done before.
  virtual void want(const GroupVersionKind& gvk) = 0;
};

}  // namespace holdfast
