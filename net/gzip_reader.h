// Inflates a gzip body piece by piece (correctness A16). A server that compresses a watch ends a member at each flush,
// so a body is any number of members, one after another. Pure, and bounded by whoever gives the room for its output.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "holdfast/base/result.h"

namespace holdfast {

class GzipReader {
 public:
  struct Progress {
    std::size_t consumed_bytes = 0;  // of the input
    std::size_t produced_bytes = 0;  // of the output
  };

  GzipReader();
  ~GzipReader();
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  // As much as the input gives and the output takes; neither consumed nor produced: it needs further input. Errors:
  // Protocol, where the bytes are not gzip.
  Result<Progress> inflate(std::span<const char> input, std::span<char> output);
  // True between two members, the only place where a body may end.
  [[nodiscard]] bool at_end() const { return at_end_; }

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
  bool at_end_ = true;
};

}  // namespace holdfast
