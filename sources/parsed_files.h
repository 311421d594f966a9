// Which manifests a content came to, by its id, so that each is parsed once however many applications and revisions
// have it. It keeps no manifests itself: it finds them in the sets that were made of them, as long as somebody holds
// one. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

#include "holdfast/model/manifest_set.h"

namespace holdfast {

class ParsedFiles {
 public:
  struct Range {
    std::size_t begin = 0, count = 0, size_bytes = 0;  // manifests in the set; of the file
  };
  struct Found {
    ManifestSetPtr set;  // keeps it
    Range range;
    [[nodiscard]] std::span<const Manifest> manifests() const {
      return std::span(set->manifests).subspan(range.begin, range.count);
    }
  };

  // `path` matters by its ending alone: JSON may be read otherwise than YAML.
  std::optional<Found> find(const std::string& id, const std::string& path);
  void remember(const std::string& id, const std::string& path, const ManifestSetPtr& set, Range range);

  [[nodiscard]] std::uint64_t hits() const;

 private:
  struct Entry {
    std::weak_ptr<const ManifestSet> set;
    Range range;
  };
  void sweep();

  static constexpr std::size_t kSmallest = 1024;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  std::size_t sweep_at_ = kSmallest;
  std::uint64_t hits_ = 0;
};

}  // namespace holdfast
