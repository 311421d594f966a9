// The differences that are as they should be, or not worth it: the table in docs/fidelity.md.
#pragma once

#include <string>
#include <vector>

#include "holdfast/base/result.h"

namespace holdfast::fidelity {

struct KnownDifference {
  std::string name, path, reason;  // name and path: `*` stands for any characters
  int line = 0;
  std::size_t seen = 0;
};

class KnownDifferences {
 public:
  // Rows "| `case` | `path` | reason |". Errors: Invalid, where a row gives no reason or there is no table.
  static Result<KnownDifferences> read(const std::string& path);
  // Counts all rows that have it.
  bool contains(const std::string& name, const std::string& path);
  [[nodiscard]] std::vector<KnownDifference> unseen() const;
  [[nodiscard]] std::size_t size() const { return rows_.size(); }

 private:
  std::vector<KnownDifference> rows_;
};

}  // namespace holdfast::fidelity
