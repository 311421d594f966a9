// The paths are relative to the top of the tree, which is an include directory of every target; CMakeLists.txt names
// the files as dependencies of this one.
#include "app/demo_repository.h"

#include <cstddef>
#include <filesystem>
#include <fstream>

#include "holdfast/base/process.h"

__asm__(
    ".section .rodata\n"
    ".global holdfast_demo_boats_begin\n"
    "holdfast_demo_boats_begin:\n"
    ".incbin \"app/demo/apps/boats.yaml\"\n"
    ".global holdfast_demo_boats_end\n"
    "holdfast_demo_boats_end:\n"
    ".global holdfast_demo_config_begin\n"
    "holdfast_demo_config_begin:\n"
    ".incbin \"app/demo/apps/config.yaml\"\n"
    ".global holdfast_demo_config_end\n"
    "holdfast_demo_config_end:\n"
    ".global holdfast_demo_namespace_begin\n"
    "holdfast_demo_namespace_begin:\n"
    ".incbin \"app/demo/apps/namespace.yaml\"\n"
    ".global holdfast_demo_namespace_end\n"
    "holdfast_demo_namespace_end:\n"
    ".global holdfast_demo_web_begin\n"
    "holdfast_demo_web_begin:\n"
    ".incbin \"app/demo/apps/web.yaml\"\n"
    ".global holdfast_demo_web_end\n"
    "holdfast_demo_web_end:\n"
    ".text\n");

extern "C" {
extern const char holdfast_demo_boats_begin, holdfast_demo_boats_end;
extern const char holdfast_demo_config_begin, holdfast_demo_config_end;
extern const char holdfast_demo_namespace_begin, holdfast_demo_namespace_end;
extern const char holdfast_demo_web_begin, holdfast_demo_web_end;
}

namespace holdfast {
namespace {

std::string_view between(const char& begin, const char& end) {
  return {&begin, static_cast<std::size_t>(&end - &begin)};
}

}  // namespace

std::vector<SourceFile> demo_files() {
  const auto file = [](const char* name, const char& begin, const char& end) {
    return SourceFile{std::string("apps/") + name + ".yaml", std::string(between(begin, end))};
  };
  return {
      file("boats", holdfast_demo_boats_begin, holdfast_demo_boats_end),
      file("config", holdfast_demo_config_begin, holdfast_demo_config_end),
      file("namespace", holdfast_demo_namespace_begin, holdfast_demo_namespace_end),
      file("web", holdfast_demo_web_begin, holdfast_demo_web_end),
  };
}

Result<DemoRepository> DemoRepository::create(std::string folder) {
  Result<std::string> git = find_program("git");
  if (!git) return std::unexpected(git.error());
  DemoRepository repository(std::move(folder), std::move(*git));
  for (const SourceFile& file : demo_files())
    if (Result<void> written = repository.write(file.path, file.content); !written)
      return std::unexpected(written.error());
  if (Result<void> made = repository.run({"init", "--quiet", "--initial-branch=main"}); !made)
    return std::unexpected(made.error());
  if (Result<void> committed = repository.commit("Open the shop"); !committed)
    return std::unexpected(committed.error());
  return repository;
}

Result<void> DemoRepository::write(const std::string& path, const std::string& content) const {
  const std::filesystem::path file = std::filesystem::path(folder_) / path;
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << content << std::flush;
  if (!out || error) return fail(ErrorKind::Invalid, "cannot be written", file.string());
  return {};
}

Result<void> DemoRepository::commit(const std::string& message) const {
  if (Result<void> added = run({"add", "--all"}); !added) return added;
  return run({"-c", "user.name=Demo", "-c", "user.email=demo@holdfast.example", "-c", "commit.gpgsign=false", "commit",
              "--quiet", "--message", message});
}

Result<void> DemoRepository::run(std::vector<std::string> arguments) const {
  ProcessSpec spec;
  spec.argv = {git_};
  spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
  spec.environment = {"PATH=" + std::string(kProgramPath), "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C"};
  spec.directory = folder_;
  const Result<ProcessOutput> output = run_program(spec);
  if (!output) return std::unexpected(output.error());
  if (output->exit_status != 0) return fail(ErrorKind::Internal, "git failed: " + output->err, folder_);
  return {};
}

}  // namespace holdfast
