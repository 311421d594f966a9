// A Git repository in a temporary folder, as the author of manifests has it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace holdfast::cluster {

class Repository {
 public:
  Repository();
  ~Repository();  // removes the folder
  Repository(const Repository&) = delete;
  Repository& operator=(const Repository&) = delete;

  void write(const std::string& path, const std::string& content) const;
  void remove(const std::string& path) const;
  // Commits everything as it stands; returns the commit's 40 hex digits.
  std::string commit(const std::string& message) const;
  std::string git(const std::vector<std::string>& arguments) const;  // output without the last newline; throws
  [[nodiscard]] std::string directory() const { return (folder_ / "work").string(); }
  [[nodiscard]] std::string cache() const { return (folder_ / "cache").string(); }

 private:
  std::filesystem::path folder_;
};

}  // namespace holdfast::cluster
