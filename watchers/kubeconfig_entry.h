// One cluster, user or context of a kubeconfig, and how its values are read: what they may be, and where they come
// from.
#pragma once

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <string>
#include <vector>

#include "holdfast/base/result.h"

namespace holdfast {

// A named cluster, user or context, and the file that it came from.
struct KubeconfigEntry {
  YAML::Node body;
  std::string file;
  std::string what;  // "user \"admin\""

  [[nodiscard]] std::string where() const { return file + ", " + what; }
};

// At most 1 MiB. `where` names the place that names the file.
Result<std::string> read_kubeconfig_file(const std::filesystem::path& path, const std::string& where);

// "" where the key is not there.
Result<std::string> text(const KubeconfigEntry& entry, const std::string& key);
Result<bool> flag(const KubeconfigEntry& entry, const std::string& key);
bool has(const KubeconfigEntry& entry, const std::string& key);
// The strings of a list; empty where the key is not there.
Result<std::vector<std::string>> texts(const YAML::Node& list, const std::string& key, const std::string& where);

// Relative paths are meant against the folder of the file that holds them.
std::filesystem::path beside(const KubeconfigEntry& entry, const std::string& path);
// `KEY-data` beats the file that `KEY` names; "" where there is neither.
Result<std::string> data_or_file(const KubeconfigEntry& entry, const std::string& key);
// Where the bytes of `KEY` are read again from; "" where they are in the kubeconfig itself.
std::string renewed_file(const KubeconfigEntry& entry, const std::string& key);

}  // namespace holdfast
