#include "tests/fidelity/known_differences.h"

#include <spdlog/fmt/fmt.h>

#include <fstream>
#include <string_view>

namespace holdfast::fidelity {
namespace {

bool matches(std::string_view pattern, std::string_view text) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  for (std::size_t skipped = star; skipped <= text.size(); ++skipped)
    if (matches(pattern.substr(star + 1), text.substr(skipped))) return true;
  return false;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string in_backticks(std::string_view text) {
  text = trimmed(text);
  if (text.size() < 3 || text.front() != '`' || text.back() != '`') return {};
  return std::string(text.substr(1, text.size() - 2));
}

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  line.remove_prefix(1);
  for (std::size_t end = line.find('|'); end != std::string_view::npos; end = line.find('|')) {
    cells.push_back(line.substr(0, end));
    line.remove_prefix(end + 1);
  }
  return cells;
}

}  // namespace

Result<KnownDifferences> KnownDifferences::read(const std::string& path) {
  std::ifstream file(path);
  if (!file) return fail(ErrorKind::Invalid, "cannot read it", path);
  KnownDifferences known;
  std::string line;
  bool in_table = false;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.starts_with("| case ")) in_table = true;
    if (line.empty()) in_table = false;
    if (!in_table || !line.starts_with("| `")) continue;
    const auto cells = cells_of(line);
    KnownDifference row;
    row.line = number;
    if (cells.size() == 3) {
      row.name = in_backticks(cells[0]);
      row.path = in_backticks(cells[1]);
      row.reason = trimmed(cells[2]);
    }
    if (row.name.empty() || row.path.empty() || row.reason.empty())
      return fail(ErrorKind::Invalid, "a row is: | `case` | `path` | reason |", fmt::format("{}:{}", path, number));
    known.rows_.push_back(std::move(row));
  }
  if (known.rows_.empty()) return fail(ErrorKind::Invalid, "there is no table of known differences", path);
  return known;
}

bool KnownDifferences::contains(const std::string& name, const std::string& path) {
  bool found = false;
  for (KnownDifference& row : rows_) {
    if (!matches(row.name, name) || !matches(row.path, path)) continue;
    ++row.seen;
    found = true;
  }
  return found;
}

std::vector<KnownDifference> KnownDifferences::unseen() const {
  std::vector<KnownDifference> rows;
  for (const KnownDifference& row : rows_)
    if (row.seen == 0) rows.push_back(row);
  return rows;
}

}  // namespace holdfast::fidelity
