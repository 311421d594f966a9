// The files of a tar archive, packed with gzip or not, as a RevisionTree. All of it is read when it is opened, into
// memory; nothing is ever written to disk by the names that it holds.
//
// Refused as a whole: names and links that lead out of the archive, devices, what is a file and a folder at once, and
// what unpacks beyond the bounds. A file beyond file_bytes is there with its id, and cannot be read.
//
// Blocks; one thread at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "holdfast/base/file_descriptor.h"
#include "holdfast/base/result.h"
#include "sources/revision_tree.h"

namespace holdfast {

struct ArchiveLimits {
  std::size_t entry_count = 100'000;
  std::size_t file_bytes = std::size_t{16} << 20;
  std::size_t total_bytes = std::size_t{256} << 20;  // unpacked, with the archive's own headers
  std::size_t packed_at_least = 200;  // unpacked bytes for each packed one, once there are more than ratio_from_bytes
  std::size_t ratio_from_bytes = std::size_t{16} << 20;
  std::size_t folder_depth = 64;
};

struct ArchiveRequest {
  FileDescriptor file;         // read from its present place on
  std::string revision;        // what the tree says
  std::int64_t committed_s;    // what the tree says
  std::string where;           // for messages: the artifact
  bool inside_folder = false;  // a chart's archive has all in one folder, which is left out of the names
  ArchiveLimits limits = {};
};

// Errors: Invalid (no archive, or refused), TooLarge.
Result<std::unique_ptr<RevisionTree>> open_archive(ArchiveRequest request);

}  // namespace holdfast
