// Bytes that a program which we start wants as a file, and that are to be on no disk.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "holdfast/base/file_descriptor.h"
#include "holdfast/base/result.h"

namespace holdfast {

// Gone with the object. Only our own user can open it.
class MemoryFile {
 public:
  static Result<std::shared_ptr<const MemoryFile>> make(std::string_view bytes);

  // Absolute; holds for other processes, too.
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit MemoryFile(FileDescriptor file);
  FileDescriptor file_;
  std::string path_;
};

}  // namespace holdfast
