// The sample repository of `holdfast demo`: the files of app/demo, which are part of the program, in a Git repository.
#pragma once

#include <string>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/manifest_set.h"

namespace holdfast {

std::vector<SourceFile> demo_files();

class DemoRepository {
 public:
  // Makes the repository with one commit on main. The folder has to exist.
  static Result<DemoRepository> create(std::string folder);

  [[nodiscard]] Result<void> write(const std::string& path, const std::string& content) const;
  [[nodiscard]] Result<void> commit(const std::string& message) const;  // everything as it stands
  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  DemoRepository(std::string folder, std::string git) : folder_(std::move(folder)), git_(std::move(git)) {}
  [[nodiscard]] Result<void> run(std::vector<std::string> arguments) const;
  std::string folder_, git_;
};

}  // namespace holdfast
