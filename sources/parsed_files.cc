#include "sources/parsed_files.h"

#include <algorithm>

namespace holdfast {
namespace {

std::string key_of(const std::string& id, const std::string& path) {
  return (path.ends_with(".json") ? "json:" : "yaml:") + id;
}

}  // namespace

std::optional<ParsedFiles::Found> ParsedFiles::find(const std::string& id, const std::string& path) {
  const std::scoped_lock lock(mutex_);
  const auto entry = entries_.find(key_of(id, path));
  if (entry == entries_.end()) return std::nullopt;
  ManifestSetPtr set = entry->second.set.lock();
  if (set == nullptr) {
    entries_.erase(entry);
    return std::nullopt;
  }
  ++hits_;
  return Found{std::move(set), entry->second.range};
}

void ParsedFiles::remember(const std::string& id, const std::string& path, const ManifestSetPtr& set, Range range) {
  const std::scoped_lock lock(mutex_);
  entries_.insert_or_assign(key_of(id, path), Entry{set, range});
  if (entries_.size() > sweep_at_) sweep();
}

// No more than twice as many as there are files in the sets that are held.
void ParsedFiles::sweep() {
  std::erase_if(entries_, [](const auto& entry) { return entry.second.set.expired(); });
  sweep_at_ = std::max(kSmallest, 2 * entries_.size());
}

std::uint64_t ParsedFiles::hits() const {
  const std::scoped_lock lock(mutex_);
  return hits_;
}

}  // namespace holdfast
