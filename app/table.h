// Columns for people: left-aligned, two spaces between, empty cells as "-".
#pragma once

#include <string>
#include <vector>

namespace holdfast {

class Table {
 public:
  explicit Table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }  // as many cells as the header
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace holdfast
