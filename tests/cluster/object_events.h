// How many events an API server sends of each object of one type in a namespace: its own count of the writes that
// changed something.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "cluster/child_process.h"

namespace holdfast::cluster {

class ObjectEvents {
 public:
  // `kubectl` with its options, up to the words; `list_path` as in /api/v1/namespaces/x/configmaps. What happened
  // before is not counted. `file` is overwritten.
  ObjectEvents(const std::vector<std::string>& kubectl, const std::string& list_path,
               const std::string& resource_version, std::filesystem::path file);

  // As far as the events have come by now.
  [[nodiscard]] int of(const std::string& name);

 private:
  std::filesystem::path file_;
  std::streamoff read_ = 0;
  std::map<std::string, int> counts_;
  std::unique_ptr<ChildProcess> watch_;
};

}  // namespace holdfast::cluster
