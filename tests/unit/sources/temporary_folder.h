// A folder that goes away with the test, and Git repositories in it.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "holdfast/base/process.h"

namespace holdfast {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "holdfast.XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] std::string path() const { return path_.string(); }

  void write(const std::string& name, const std::string& content) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::trunc) << content;
  }

 private:
  std::filesystem::path path_;
};

inline std::string config_map(const std::string& name, const std::string& value = "1") {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\ndata:\n  key: \"" + value + "\"\n";
}

// A repository with one commit on main: apps/web.yaml.
class TestRepository {
 public:
  TestRepository() {
    git({"init", "--quiet", "--initial-branch=main", "."});
    commit("apps/web.yaml", config_map("web"));
  }

  std::string git(std::vector<std::string> arguments) {
    ProcessSpec spec;
    spec.argv = std::move(arguments);
    spec.argv.insert(spec.argv.begin(),
                     {find_program("git").value(), "-c", "user.name=t", "-c", "user.email=t@example.org", "-c",
                      "commit.gpgsign=false", "-c", "safe.directory=*", "-c", "core.fsync=none"});
    spec.environment = {std::string("PATH=") + kProgramPath, "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C"};
    spec.directory = folder.path();
    auto output = run_program(spec);
    if (!output || output->exit_status != 0) {
      ADD_FAILURE() << "git " << spec.argv.back() << ": " << (output ? output->err : describe(output.error()));
      return {};
    }
    while (output->out.ends_with('\n')) output->out.pop_back();
    return output->out;
  }

  std::string commit(const std::string& name, const std::string& content) {
    folder.write(name, content);
    return commit_all();
  }
  std::string commit_all() {
    git({"add", "--all"});
    git({"commit", "--quiet", "--allow-empty", "--message=change"});
    return git({"rev-parse", "HEAD"});
  }
  [[nodiscard]] std::string url() const { return "file://" + folder.path(); }

  TemporaryFolder folder;
};

}  // namespace holdfast
