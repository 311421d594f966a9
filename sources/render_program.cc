#include "sources/render_program.h"

#include <elf.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>

#include "holdfast/base/log.h"
#include "sources/temporary_tree.h"

namespace holdfast {
namespace {

constexpr std::size_t kMessageLimit_bytes = 4096;

const char* name_of(RenderTool tool) { return tool == RenderTool::Helm ? "helm" : "kustomize"; }
const char* option_of(RenderTool tool) { return tool == RenderTool::Helm ? "--helm-program" : "--kustomize-program"; }

struct Oldest {
  int major = 0, minor = 0;
};
Oldest oldest_of(RenderTool tool) { return tool == RenderTool::Helm ? Oldest{3, 8} : Oldest{5, 0}; }

// The first "v1.2" or "v1.2.3" behind `after`.
std::optional<std::string> version_behind(std::string_view text, std::string_view after) {
  const std::size_t begin = text.find(after);
  if (begin == std::string_view::npos) return std::nullopt;
  text.remove_prefix(begin + after.size());
  while (!text.empty() && (text.front() == ' ' || text.front() == '"')) text.remove_prefix(1);
  if (!text.starts_with('v')) return std::nullopt;
  const std::size_t end = text.find_first_of(" \n\r\t\",}");
  return std::string(text.substr(0, end));
}

std::optional<Oldest> numbers_of(std::string_view version) {
  Oldest found;
  const char* const end = version.data() + version.size();
  const auto major = std::from_chars(version.data() + 1, end, found.major);
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return std::nullopt;
  if (std::from_chars(major.ptr + 1, end, found.minor).ec != std::errc()) return std::nullopt;
  return found;
}

// A program that is linked against libraries needs them, and what loads them.
bool needs_loader(const std::string& path) {
  std::array<char, 4096> head{};
  std::ifstream(path, std::ios::binary).read(head.data(), head.size());
  Elf64_Ehdr header;
  std::copy_n(head.data(), sizeof header, reinterpret_cast<char*>(&header));
  if (!std::equal(&ELFMAG[0], &ELFMAG[SELFMAG], header.e_ident) || header.e_ident[EI_CLASS] != ELFCLASS64) return true;
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    const std::size_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
    if (at + sizeof(Elf64_Phdr) > head.size()) return true;
    Elf64_Phdr segment;
    std::copy_n(head.data() + at, sizeof segment, reinterpret_cast<char*>(&segment));
    if (segment.p_type == PT_INTERP) return true;
  }
  return false;
}

ProcessSpec confined(const std::string& program, std::vector<std::string> arguments, const std::string& folder,
                     const std::string& directory, const RenderLimits& limits) {
  ProcessSpec spec;
  spec.argv = std::move(arguments);
  spec.argv.insert(spec.argv.begin(), program);
  // Go's garbage collector works harder before memory is refused. What helm looks for at home is not there.
  spec.environment = {"HOME=" + folder, "KUBECONFIG=/dev/null", "LC_ALL=C.UTF-8",
                      fmt::format("GOMEMLIMIT={}", limits.memory_bytes / 10 * 8)};
  spec.directory = directory;
  spec.deadline = limits.time;
  spec.stdout_limit_bytes = limits.output_bytes;
  spec.confinement.emplace(Confinement{.folder = folder, .memory_bytes = limits.memory_bytes});
  if (needs_loader(program))
    spec.confinement->loadable = {"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"};
  return spec;
}

Result<RenderProgram> ask_version(RenderProgram program, const std::string& scratch_folder) {
  const auto scratch = TemporaryTree::make(scratch_folder);
  if (!scratch) return std::unexpected(scratch.error());
  const std::string& folder = scratch->folder();
  std::vector<std::string> arguments{"version"};
  if (program.kubectl) arguments.emplace_back("--client");
  const auto told = run_program(confined(program.path, std::move(arguments), folder, folder, {}));
  if (!told) return std::unexpected(told.error());
  if (told->exit_status != 0)
    return fail(ErrorKind::Invalid, fmt::format("cannot say its version: {}", renderer_message(told->err, folder)),
                program.path, fmt::format("name another program with {}", option_of(program.tool)));
  auto version = checked_version(program.tool, program.kubectl, told->out);
  if (!version) {
    version.error().where = program.path;
    return std::unexpected(version.error());
  }
  program.version = fmt::format("{} {}", name_of(program.tool), *version);
  return program;
}

Result<RenderProgram> program_at(RenderTool tool, const std::string& said) {
  RenderProgram program{.tool = tool, .path = said, .kubectl = false, .version = {}};
  if (!said.empty()) {
    std::error_code failed;
    program.path = std::filesystem::absolute(said, failed).string();
    program.kubectl = std::filesystem::path(said).filename().string().starts_with("kubectl");
    return program;
  }
  auto found = find_program(name_of(tool));
  if (!found && tool == RenderTool::Kustomize) {
    found = find_program("kubectl");
    program.kubectl = found.has_value();
  }
  if (!found)
    return fail(ErrorKind::NotFound,
                fmt::format("the program {} is needed, and is not in {}", name_of(tool), kProgramPath), {},
                tool == RenderTool::Helm ? "install helm, or say where it is with --helm-program"
                                         : "install kustomize or kubectl, or say where it is with --kustomize-program");
  program.path = std::move(*found);
  return program;
}

// Which layers keep it from doing anything else, said once for each program.
void tell(const RenderProgram& program) {
  const SandboxLayers& layers = sandbox_layers();
  const std::string missing = layers.missing.empty() ? "" : "; " + layers.missing;
  log(LogLevel::Info, "renderer-found",
      fmt::format("rendering with {}, confined by {}{}", program.version, describe(layers), missing),
      {{"program", program.path}});
}

}  // namespace

Result<std::string> checked_version(RenderTool tool, bool kubectl, std::string_view told) {
  std::optional<std::string> version;
  if (kubectl)
    version = version_behind(told, "Kustomize Version:");
  else if (tool == RenderTool::Helm)
    version = version_behind(told, "Version:");
  else
    version = version_behind(told, "Version:").or_else([&] { return version_behind(told, ""); });
  const auto numbers = version ? numbers_of(*version) : std::nullopt;
  if (!numbers)
    return fail(ErrorKind::Invalid, fmt::format("this program does not say its version as {} does", name_of(tool)), {},
                fmt::format("name another program with {}", option_of(tool)));
  const Oldest oldest = oldest_of(tool);
  if (numbers->major < oldest.major || (numbers->major == oldest.major && numbers->minor < oldest.minor))
    return fail(
        ErrorKind::Invalid,
        fmt::format("{} {} is too old; v{}.{} or newer is needed", name_of(tool), *version, oldest.major, oldest.minor),
        {}, fmt::format("install a newer one, or say where one is with {}", option_of(tool)));
  return *version;
}

Result<RenderProgram> RenderPrograms::find(RenderTool tool) {
  auto program = program_at(tool, tool == RenderTool::Helm ? paths_.helm : paths_.kustomize);
  if (!program) return program;
  struct stat status{};
  if (::stat(program->path.c_str(), &status) != 0)
    return fail(ErrorKind::NotFound, "there is no such program", program->path,
                fmt::format("check {}", option_of(tool)));
  const std::string key = fmt::format("{} {} {} {}.{}", program->path, static_cast<int>(tool), status.st_size,
                                      status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  const std::lock_guard lock(mutex_);
  if (const auto known = known_.find(key); known != known_.end()) return known->second;
  auto asked = ask_version(std::move(*program), scratch_folder_);
  if (asked) {
    known_.emplace(key, *asked);
    tell(*asked);
  }
  return asked;
}

std::string renderer_message(std::string_view written, std::string_view folder) {
  if (const std::size_t begin = written.find("Error: "); begin != std::string_view::npos)
    written.remove_prefix(begin + 7);
  std::string text;
  while (!written.empty()) {
    const std::size_t end = std::min(written.find('\n'), written.size());
    const std::string_view line = written.substr(0, end);
    written.remove_prefix(std::min(end + 1, written.size()));
    if (line.empty() || line.starts_with("# Warning") || line.starts_with("Use --debug flag")) continue;
    if (!text.empty()) text += "; ";
    text += line;
  }
  for (const std::string& prefix : {std::string(folder) + "/", std::string(folder)})
    for (std::size_t at = text.find(prefix); !prefix.empty() && at != std::string::npos; at = text.find(prefix, at))
      text.erase(at, prefix.size());
  if (text.size() > kMessageLimit_bytes) text = text.substr(0, kMessageLimit_bytes) + "…";
  return text.empty() ? "it failed without a word" : text;
}

Result<std::string> run_renderer(const RenderProgram& program, const RenderRun& run) {
  auto spec = confined(program.path, run.arguments, run.folder, run.directory, run.limits);
  spec.stop = run.stop;
  auto output = run_program(spec);
  const char* const name = name_of(program.tool);
  if (!output) {
    Error& error = output.error();
    if (error.kind == ErrorKind::Timeout)
      error.message = fmt::format("{} took longer than {} s", name, run.limits.time.count() / 1000);
    if (error.kind == ErrorKind::TooLarge)
      error.message = fmt::format("{} makes more than {} MiB of it", name, run.limits.output_bytes >> 20);
    return std::unexpected(std::move(error));
  }
  if (output->exit_status == 0) return std::move(output->out);
  if (output->err.empty() && output->exit_status > 128)
    return fail(ErrorKind::Internal, fmt::format("{} was ended by signal {}", name, output->exit_status - 128));
  const std::string message = renderer_message(output->err, run.folder);
  if (message.find("out of memory") != std::string::npos || message.find("cannot allocate memory") != std::string::npos)
    return fail(ErrorKind::TooLarge,
                fmt::format("{} needs more than {} MiB for it", name, run.limits.memory_bytes >> 20));
  return fail(ErrorKind::Invalid, fmt::format("{}: {}", name, message));
}

}  // namespace holdfast
