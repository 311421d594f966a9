// kustomize and helm, the real programs: where they are, which version they are, and how they are run.
//
// They are run without a shell, without network and credentials, in an empty environment, may write nothing, and are
// bounded in time, memory and output (holdfast/base/sandbox.h).
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "holdfast/base/process.h"
#include "holdfast/base/result.h"

namespace holdfast {

enum class RenderTool { Kustomize, Helm };

struct RenderProgram {
  RenderTool tool = RenderTool::Kustomize;
  std::string path;      // absolute
  bool kubectl = false;  // kustomize inside kubectl
  std::string version;   // "kustomize v5.7.1", part of what a rendering is made from
};

struct RenderLimits {
  std::chrono::milliseconds time{60'000};
  std::size_t memory_bytes = std::size_t{1} << 30;
  std::size_t output_bytes = std::size_t{64} << 20;
};

// Where they are said to be; empty: in the fixed search path (kProgramPath), and instead of kustomize also kubectl.
struct RenderProgramPaths {
  std::string kustomize, helm;
  bool operator==(const RenderProgramPaths&) const = default;
};

// Any thread. Blocks while a program is asked for its version, once for each file that it is.
class RenderPrograms {
 public:
  // `scratch_folder`: where they may be asked; made where it is missing.
  RenderPrograms(RenderProgramPaths paths, std::string scratch_folder)
      : paths_(std::move(paths)), scratch_folder_(std::move(scratch_folder)) {}

  // NotFound (with what to install), Invalid (too old, or no such program).
  Result<RenderProgram> find(RenderTool tool);

 private:
  RenderProgramPaths paths_;
  std::string scratch_folder_;
  std::mutex mutex_;
  std::map<std::string, RenderProgram> known_;  // by path, size and time
};

// "v5.7.1" of what the program says; Invalid where that is older than we can work with, or nothing of the kind. Pure.
Result<std::string> checked_version(RenderTool tool, bool kubectl, std::string_view told);

struct RenderRun {
  std::vector<std::string> arguments;
  std::string folder;     // absolute: all that it may read
  std::string directory;  // in it: where it starts
  RenderLimits limits = {};
  std::stop_token stop = {};
};

// What it wrote. Invalid where it failed, in its own words without paths of this machine; TooLarge, Timeout, Cancelled.
Result<std::string> run_renderer(const RenderProgram& program, const RenderRun& run);

// Of what a failed program wrote to standard error: its message. Pure.
std::string renderer_message(std::string_view written, std::string_view folder);

}  // namespace holdfast
