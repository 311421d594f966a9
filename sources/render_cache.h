// What kustomize and helm made of the same inputs before, on disk. An entry is found by a digest over everything that
// it was made from, and used only where its own digest is right; whatever else is there counts as nothing. It holds
// what the repository holds, and never anything that was decrypted or filled in.
//
// Blocks; any thread. Several processes may share the folder: entries are moved into place whole.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>

#include "holdfast/base/digest.h"

namespace holdfast {

class RenderCache {
 public:
  // An empty folder: nothing is kept. Beyond the limit, what was not used for longest goes.
  explicit RenderCache(std::string folder, std::size_t limit_bytes = std::size_t{256} << 20);

  std::optional<std::string> find(const Sha256& key) const;
  // A cache that cannot be written is none, and nothing is said: the next look renders again.
  void keep(const Sha256& key, const std::string& text);

 private:
  [[nodiscard]] std::string path_of(const Sha256& key) const;
  void sweep() const;

  std::string folder_;
  std::size_t limit_bytes_;
  std::mutex mutex_;
  std::size_t kept_bytes_ = 0;  // since the last sweep
  bool swept_ = false;
};

}  // namespace holdfast
