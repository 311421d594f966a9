// A file set to manifests. Every document must be an object with apiVersion, kind and metadata.name; `List` kinds are
// flattened. The set is made only where nothing at all was wrong; otherwise all errors of all files come back, 20 at
// most, each with "path:line". Pure; any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "holdfast/model/manifest_set.h"

namespace holdfast {

inline constexpr std::size_t kManifestErrorLimit = 20;

std::expected<ManifestSetPtr, std::vector<Error>> parse_manifests(const FileSet& files);

// The same, file by file.
class ManifestReader {
 public:
  ManifestReader(std::string revision, std::int64_t committed_s);
  ~ManifestReader();

  void take(const SourceFile& file);
  void refuse(Error error);  // of a file whose text cannot be had
  // An object, or a List of them, that came from elsewhere than a file as it stands.
  void take(json::value object, std::string origin);
  // What a file of the same content came to before, under whichever path.
  void take_again(const std::string& path, std::span<const Manifest> manifests);
  [[nodiscard]] bool full() const;           // of errors: nothing more is gained
  [[nodiscard]] std::size_t size() const;    // manifests so far
  [[nodiscard]] std::size_t errors() const;  // so far
  std::expected<ManifestSetPtr, std::vector<Error>> finish();

 private:
  class State;
  std::unique_ptr<State> state_;
};

// Several errors as one of several lines. There is one at least.
Error joined(std::vector<Error> errors);

}  // namespace holdfast
