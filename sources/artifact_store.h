// What was fetched from registries and chart repositories, on disk by its SHA-256, and short notes of what led to it.
//
// Every read proves the bytes by their digest again; what does not hold is removed and is then NotFound, so that it is
// fetched anew. Bounded: what was used longest ago goes first. Any number of daemons may share a folder: what is there
// is complete, because it is moved into place, and whoever has it open keeps it.
//
// Blocks; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "holdfast/base/digest.h"
#include "holdfast/base/file_descriptor.h"
#include "holdfast/base/result.h"

namespace holdfast {

struct ArtifactStoreOptions {
  std::string folder;  // made where it is missing, its parents as well
  std::uint64_t limit_bytes = std::uint64_t{1} << 30;
};

// "sha256:<64 hex>". Errors: Invalid.
Result<std::string> digest_hex(std::string_view digest);

class ArtifactStore {
 public:
  // Errors: Invalid, where the folder cannot be made.
  static Result<ArtifactStore> open(ArtifactStoreOptions options);

  // Proven, at its beginning. NotFound; Internal, where it cannot be read.
  [[nodiscard]] Result<FileDescriptor> find(const std::string& digest) const;

  // Bytes on their way in. Left behind where finish() was not called or failed.
  class Incoming {
   public:
    Incoming(Incoming&&) noexcept = default;
    Incoming& operator=(Incoming&&) = delete;
    ~Incoming();
    Result<void> write(std::string_view bytes);
    [[nodiscard]] std::uint64_t size_bytes() const { return size_bytes_; }
    // Moved into place under its digest, which has to be `digest` unless that is empty. The file, at its beginning.
    // Errors: Protocol (other bytes than were promised), Internal.
    struct Stored {
      FileDescriptor file;
      std::string digest;
    };
    Result<Stored> finish(const std::string& digest);

   private:
    friend class ArtifactStore;
    Incoming(const ArtifactStore& store, FileDescriptor file, std::string path);

    const ArtifactStore* store_;
    FileDescriptor file_;
    std::string path_;  // empty once it is in place
    Sha256Hasher hasher_;
    std::uint64_t size_bytes_ = 0;
  };
  // The store outlives it. Errors: Internal.
  [[nodiscard]] Result<Incoming> begin() const;

  // Notes of some bytes each, 64 KiB at most: what a name led to. Nothing where there is none, or one that was damaged.
  [[nodiscard]] std::optional<std::string> note(std::string_view name) const;
  Result<void> keep_note(std::string_view name, const std::string& text) const;

 private:
  explicit ArtifactStore(ArtifactStoreOptions options) : options_(std::move(options)) {}
  [[nodiscard]] std::string path_of(std::string_view hex) const;
  [[nodiscard]] std::string note_path(std::string_view name) const;
  void make_room(const std::string& newest) const;

  ArtifactStoreOptions options_;
};

}  // namespace holdfast
