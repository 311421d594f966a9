// Writes tar archives, good and bad ones, and opens them.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "holdfast/base/file_descriptor.h"

namespace holdfast {

class ArchiveMaker {
 public:
  explicit ArchiveMaker(const std::string& path, bool packed = true) : path_(path), archive_(::archive_write_new()) {
    ::archive_write_set_format_pax_restricted(archive_);
    if (packed) ::archive_write_add_filter_gzip(archive_);
    EXPECT_EQ(::archive_write_open_filename(archive_, path.c_str()), ARCHIVE_OK);
  }
  ArchiveMaker(const ArchiveMaker&) = delete;
  ArchiveMaker& operator=(const ArchiveMaker&) = delete;
  ~ArchiveMaker() { ::archive_write_free(archive_); }

  ArchiveMaker& file(const std::string& name, const std::string& content) {
    return add(name, AE_IFREG, content, nullptr, nullptr);
  }
  ArchiveMaker& folder(const std::string& name) { return add(name, AE_IFDIR, {}, nullptr, nullptr); }
  ArchiveMaker& link(const std::string& name, const std::string& target) {
    return add(name, AE_IFLNK, {}, target.c_str(), nullptr);
  }
  ArchiveMaker& hard_link(const std::string& name, const std::string& same_as) {
    return add(name, AE_IFREG, {}, nullptr, same_as.c_str());
  }
  ArchiveMaker& device(const std::string& name) { return add(name, AE_IFCHR, {}, nullptr, nullptr); }

  // Ends the archive. Read from its beginning.
  FileDescriptor done() {
    ::archive_write_close(archive_);
    return FileDescriptor(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  }

 private:
  ArchiveMaker& add(const std::string& name, mode_t type, const std::string& content, const char* link,
                    const char* same_as) {
    struct archive_entry* entry = ::archive_entry_new();
    ::archive_entry_set_pathname(entry, name.c_str());
    ::archive_entry_set_filetype(entry, type);
    ::archive_entry_set_perm(entry, 0644);
    ::archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    if (link != nullptr) ::archive_entry_set_symlink(entry, link);
    if (same_as != nullptr) ::archive_entry_set_hardlink(entry, same_as);
    EXPECT_GE(::archive_write_header(archive_, entry), ARCHIVE_WARN) << ::archive_error_string(archive_);
    if (!content.empty()) ::archive_write_data(archive_, content.data(), content.size());
    ::archive_entry_free(entry);
    return *this;
  }

  std::string path_;
  struct archive* archive_;
};

}  // namespace holdfast
