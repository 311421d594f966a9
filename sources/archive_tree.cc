#include "sources/archive_tree.h"

#include <archive.h>
#include <archive_entry.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <clocale>
#include <string_view>
#include <utility>

#include "holdfast/base/digest.h"
#include "sources/memory_tree.h"
#include "sources/source_tree.h"
#include "sources/utf8.h"

namespace holdfast {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{64} << 10;

// The library reads names in the locale of the thread; ours are UTF-8 wherever we run.
class Utf8Locale {
 public:
  Utf8Locale() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (locale_ != nullptr) before_ = ::uselocale(locale_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;
  ~Utf8Locale() {
    if (locale_ == nullptr) return;
    ::uselocale(before_);
    ::freelocale(locale_);
  }

 private:
  locale_t locale_, before_ = nullptr;
};

struct ArchiveCloser {
  void operator()(struct archive* one) const { ::archive_read_free(one); }
};
using ArchivePtr = std::unique_ptr<struct archive, ArchiveCloser>;

// Whether a link at `path` leads to somewhere within the archive, by its text alone.
bool stays_inside(const std::string& path, std::string_view target) {
  if (target.empty() || target.starts_with('/')) return false;
  auto depth = std::ranges::count(path, '/');
  while (!target.empty()) {
    const std::size_t end = std::min(target.find('/'), target.size());
    const std::string_view part = target.substr(0, end);
    target.remove_prefix(std::min(end + 1, target.size()));
    if (part.empty() || part == ".") continue;
    depth += part == ".." ? -1 : 1;
    if (depth < 0) return false;
  }
  return true;
}

class ArchiveReader {
 public:
  explicit ArchiveReader(ArchiveRequest request)
      : request_(std::move(request)), tree_(std::make_unique<MemoryTree>(request_.revision, request_.committed_s)) {}

  Result<std::unique_ptr<RevisionTree>> read() {
    const Utf8Locale locale;
    if (auto opened = open(); !opened) return std::unexpected(opened.error());
    while (true) {
      struct archive_entry* entry = nullptr;
      const int outcome = ::archive_read_next_header(archive_.get(), &entry);
      if (outcome == ARCHIVE_EOF) break;
      if (outcome != ARCHIVE_OK) return std::unexpected(unreadable());
      if (auto taken = take(entry); !taken) return std::unexpected(located(std::move(taken.error())));
    }
    if (request_.inside_folder)
      if (auto entered = tree_->enter_only_folder(); !entered) return std::unexpected(located(entered.error()));
    tree_->finish();
    return std::move(tree_);
  }

 private:
  Result<void> open() {
    struct stat status{};
    if (::fstat(request_.file.get(), &status) != 0) return std::unexpected(unreadable());
    packed_bytes_ = static_cast<std::size_t>(status.st_size);
    archive_.reset(::archive_read_new());
    struct archive* one = archive_.get();
    if (one == nullptr || ::archive_read_support_filter_gzip(one) != ARCHIVE_OK ||
        ::archive_read_support_format_tar(one) != ARCHIVE_OK ||
        ::archive_read_open_fd(one, request_.file.get(), kPieceBytes) != ARCHIVE_OK)
      return std::unexpected(unreadable());
    return {};
  }

  [[nodiscard]] Error unreadable() const {
    const char* why = archive_ ? ::archive_error_string(archive_.get()) : nullptr;
    return {ErrorKind::Invalid,
            fmt::format("is no tar archive that can be read: {}", why == nullptr ? "it cannot be opened" : why),
            request_.where, "push it again"};
  }

  // "artifact: file: what is wrong".
  [[nodiscard]] Error located(Error error) const {
    if (error.where == request_.where) return error;
    if (!error.where.empty()) error.message = fmt::format("{}: {}", error.where, error.message);
    error.where = request_.where;
    return error;
  }

  Result<void> take(struct archive_entry* entry) {
    if (++entries_ > request_.limits.entry_count)
      return fail(ErrorKind::TooLarge, fmt::format("holds more than {} files", request_.limits.entry_count));
    auto path = path_of(entry);
    if (!path) return std::unexpected(path.error());
    const auto type = ::archive_entry_filetype(entry);
    if (path->empty() && type != AE_IFDIR) return fail(ErrorKind::Invalid, "has a file without a name");
    if (const char* same_as = ::archive_entry_hardlink(entry)) return take_hard_link(*path, same_as);
    if (type == AE_IFDIR) return path->empty() ? Result<void>() : tree_->add_folder(*path);
    if (type == AE_IFREG) return take_file(*path);
    if (type == AE_IFLNK) return take_link(*path, ::archive_entry_symlink(entry));
    return fail(ErrorKind::Invalid, "is a device, a pipe or a socket", *path, "leave it out of the archive");
  }

  Result<std::string> path_of(struct archive_entry* entry) const {
    const char* written = ::archive_entry_pathname(entry);
    if (written == nullptr || !is_utf8(written))
      return fail(ErrorKind::Invalid, "the name of a file is not UTF-8", {}, "rename it");
    if (*written == '/') return fail(ErrorKind::Invalid, "has an absolute name", written, "pack it by relative names");
    auto path = normal_subpath(written);
    if (!path)
      return fail(ErrorKind::Invalid, "has a name that leads out of the archive", std::string(written).substr(0, 200),
                  "pack it by names without ..");
    if (static_cast<std::size_t>(std::ranges::count(*path, '/')) > request_.limits.folder_depth)
      return fail(ErrorKind::TooLarge, fmt::format("folders nest deeper than {}", request_.limits.folder_depth), *path);
    return path;
  }

  Result<void> take_file(const std::string& path) {
    std::array<char, kPieceBytes> piece{};
    std::string content;
    std::size_t size = 0;
    Sha256Hasher hasher;
    while (true) {
      const auto got = ::archive_read_data(archive_.get(), piece.data(), piece.size());
      if (got < 0) return std::unexpected(unreadable());
      if (got == 0) break;
      const std::string_view bytes(piece.data(), static_cast<std::size_t>(got));
      hasher.update(bytes);
      size += bytes.size();
      if (auto checked = count(bytes.size()); !checked) return checked;
      if (size <= request_.limits.file_bytes)
        content += bytes;
      else
        content = {};
    }
    const std::string hex = to_hex(hasher.finish());
    if (size > request_.limits.file_bytes) return tree_->add_large_file(path, hex);
    return tree_->add_file(path, std::move(content), hex);
  }

  // What a sparse file leaves out counts as well.
  Result<void> count(std::size_t bytes) {
    const ArchiveLimits& limits = request_.limits;
    content_bytes_ += bytes;
    const auto unpacked = static_cast<std::size_t>(std::max<la_int64_t>(::archive_filter_bytes(archive_.get(), 0), 0));
    const std::size_t most = std::max(content_bytes_, unpacked);
    if (most > limits.total_bytes)
      return fail(ErrorKind::TooLarge, fmt::format("unpacks to more than {} bytes", limits.total_bytes), {},
                  "push only what is to be applied");
    if (most > limits.ratio_from_bytes && most / std::max<std::size_t>(packed_bytes_, 1) > limits.packed_at_least)
      return fail(ErrorKind::TooLarge, fmt::format("unpacks to more than {} times its size, as no files of any use do",
                                                   limits.packed_at_least));
    return {};
  }

  Result<void> take_link(const std::string& path, const char* target) {
    if (target == nullptr || !is_utf8(target) || !stays_inside(path, target))
      return fail(ErrorKind::Invalid, "is a link that leads out of the archive", path, "pack the file itself");
    return tree_->add_link(path, target);
  }

  // Another name for a file that came before; the same bytes.
  Result<void> take_hard_link(const std::string& path, const char* same_as) {
    const auto other = normal_subpath(same_as);
    if (!other || *same_as == '/')
      return fail(ErrorKind::Invalid, "is a link that leads out of the archive", path, "pack the file itself");
    auto content = tree_->read(*other);
    if (!content)
      return fail(ErrorKind::Invalid, fmt::format("is the same as {}, which is not there", *other), path,
                  "pack the file itself");
    if (auto checked = count(content->size()); !checked) return checked;
    const std::string hex = to_hex(sha256(*content));
    return tree_->add_file(path, std::move(*content), hex);
  }

  ArchiveRequest request_;
  std::unique_ptr<MemoryTree> tree_;
  ArchivePtr archive_;
  std::size_t packed_bytes_ = 0, content_bytes_ = 0, entries_ = 0;
};

}  // namespace

Result<std::unique_ptr<RevisionTree>> open_archive(ArchiveRequest request) {
  return ArchiveReader(std::move(request)).read();
}

}  // namespace holdfast
