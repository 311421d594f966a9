// The port through which the engine learns under which admission configurations the server works (correctness C10).
// Thread: the one that decides.
#pragma once

#include <optional>
#include <vector>

#include "holdfast/base/digest.h"
#include "holdfast/model/api_resource.h"

namespace holdfast {

class AdmissionView {
 public:
  virtual ~AdmissionView() = default;
  // A digest of all configurations that may touch one of these types, never zero; nothing where they are not known yet,
  // or may not be read.
  [[nodiscard]] virtual std::optional<Digest128> state_for(const std::vector<ApiResource>& types) const = 0;
};

}  // namespace holdfast
