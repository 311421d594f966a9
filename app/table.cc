#include "app/table.h"

#include <algorithm>

#include "holdfast/base/printable.h"

namespace holdfast {

std::string Table::text() const {
  std::vector<std::size_t> widths(rows_.front().size(), 1);
  std::vector<std::vector<std::string>> rows = rows_;
  for (auto& row : rows)
    for (std::string& cell : row) cell = printable_line(cell);
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string cell = row[i].empty() ? "-" : row[i];
      line += cell + std::string(i + 1 < row.size() ? widths[i] - cell.size() + 2 : 0, ' ');
    }
    out += line + "\n";
  }
  return out;
}

}  // namespace holdfast
