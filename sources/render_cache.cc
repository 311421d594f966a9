#include "sources/render_cache.h"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

namespace holdfast {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHead = "holdfast rendering 1 ";
constexpr std::string_view kSuffix = ".rendered";

std::string head_of(std::string_view text) { return fmt::format("{}{}\n", kHead, to_hex(sha256(text))); }

struct Entry {
  fs::path path;
  std::size_t size_bytes = 0;
  fs::file_time_type used;
};

}  // namespace

RenderCache::RenderCache(std::string folder, std::size_t limit_bytes)
    : folder_(std::move(folder)), limit_bytes_(limit_bytes) {}

std::string RenderCache::path_of(const Sha256& key) const {
  return fmt::format("{}/{}{}", folder_, to_hex(key), kSuffix);
}

std::optional<std::string> RenderCache::find(const Sha256& key) const {
  if (folder_.empty()) return std::nullopt;
  const std::string path = path_of(key);
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::size_t head = kHead.size() + 65;
  if (text.size() >= head) {
    const std::string begin = text.substr(0, head);
    text.erase(0, head);
    if (begin == head_of(text)) {
      ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);  // used now
      return text;
    }
  }
  std::error_code ignored;
  fs::remove(path, ignored);
  return std::nullopt;
}

void RenderCache::keep(const Sha256& key, const std::string& text) {
  if (folder_.empty() || text.size() > limit_bytes_ / 4) return;
  std::error_code failed;
  fs::create_directories(folder_, failed);
  ::chmod(folder_.c_str(), 0700);
  std::string scratch = folder_ + "/new.XXXXXX";
  const int fd = ::mkstemp(scratch.data());
  if (fd < 0) return;
  ::close(fd);
  bool whole = false;
  {
    std::ofstream out(scratch, std::ios::binary | std::ios::trunc);
    out << head_of(text) << text;
    out.flush();
    whole = out.good();
  }
  if (whole) fs::rename(scratch, path_of(key), failed);
  if (!whole || failed) fs::remove(scratch, failed);
  const std::lock_guard lock(mutex_);
  kept_bytes_ += text.size();
  if (swept_ && kept_bytes_ < limit_bytes_ / 16) return;
  sweep();
  swept_ = true;
  kept_bytes_ = 0;
}

void RenderCache::sweep() const {
  std::vector<Entry> entries;
  std::size_t total_bytes = 0;
  std::error_code failed;
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for (fs::directory_iterator at(folder_, failed), end; !failed && at != end; at.increment(failed)) {
    std::error_code gone;
    Entry entry{at->path(), fs::file_size(at->path(), gone), fs::last_write_time(at->path(), gone)};
    if (gone) continue;
    const bool left_behind = entry.path.filename().string().starts_with("new.") && entry.used < long_ago;
    if (left_behind) fs::remove(entry.path, gone);
    if (!entry.path.string().ends_with(kSuffix)) continue;
    total_bytes += entry.size_bytes;
    entries.push_back(std::move(entry));
  }
  std::ranges::sort(entries, {}, &Entry::used);
  for (const Entry& entry : entries) {
    if (total_bytes <= limit_bytes_) break;
    fs::remove(entry.path, failed);
    total_bytes -= entry.size_bytes;
  }
}

}  // namespace holdfast
