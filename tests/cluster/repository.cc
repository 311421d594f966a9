#include "cluster/repository.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "cluster/child_process.h"

namespace holdfast::cluster {

Repository::Repository() {
  std::string pattern = (std::filesystem::temp_directory_path() / "holdfast-repository.XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder like " + pattern);
  folder_ = pattern;
  std::filesystem::create_directories(folder_ / "work");
  git({"init", "--quiet", "--initial-branch=main"});
}

Repository::~Repository() {
  std::error_code ignored;  // a leftover folder in the temporary directory is no failure of the test
  std::filesystem::remove_all(folder_, ignored);
}

void Repository::write(const std::string& path, const std::string& content) const {
  const std::filesystem::path file = folder_ / "work" / path;
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << content;
}

void Repository::remove(const std::string& path) const { std::filesystem::remove(folder_ / "work" / path); }

std::string Repository::commit(const std::string& message) const {
  git({"add", "--all"});
  git({"-c", "user.name=Author", "-c", "user.email=author@example.com", "commit", "--quiet", "--message", message});
  return git({"rev-parse", "HEAD"});
}

std::string Repository::git(const std::vector<std::string>& arguments) const {
  std::vector<std::string> command{"/usr/bin/git", "-C", directory()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const Finished finished = run(command, {}, {{"GIT_CONFIG_GLOBAL", "/dev/null"}, {"GIT_CONFIG_NOSYSTEM", "1"}});
  if (finished.exit_code != 0) throw std::runtime_error("git failed: " + finished.err);
  std::string out = finished.out;
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

}  // namespace holdfast::cluster
