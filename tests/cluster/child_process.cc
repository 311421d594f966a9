#include "cluster/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace holdfast::cluster {
namespace {

[[noreturn]] void throw_errno(const std::string& what, int number) {
  throw std::runtime_error(what + ": " + std::generic_category().message(number));
}

// The test's own environment with the changes applied, as NAME=VALUE.
std::vector<std::string> merged(const Environment& changes) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!changes.contains(text.substr(0, text.find('=')))) all.push_back(text);
  }
  for (const auto& [name, value] : changes) {
    if (!value.empty()) all.push_back(name + "=" + value);
  }
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (std::string& text : strings) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// What the child has as 0, 1 and 2; signals as a program of its own would have them.
class SpawnSettings {
 public:
  explicit SpawnSettings(ChildProcess::Streams streams) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    const std::array wanted{streams.in, streams.out, streams.err};
    for (int target = 0; target < 3; ++target) {
      const int source = wanted.at(static_cast<std::size_t>(target));
      if (source >= 0) {
        posix_spawn_file_actions_adddup2(&actions_, source, target);
      } else {
        posix_spawn_file_actions_addopen(&actions_, target, "/dev/null", O_RDWR, 0);
      }
    }
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  [[nodiscard]] const posix_spawn_file_actions_t* actions() const { return &actions_; }
  [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// A file in memory, for the streams of a short-lived program.
class MemoryFile {
 public:
  explicit MemoryFile(const std::string& content = {}) : descriptor_(memfd_create("holdfast-test", MFD_CLOEXEC)) {
    if (descriptor_ < 0) throw_errno("memfd_create", errno);
    if (pwrite(descriptor_, content.data(), content.size(), 0) != static_cast<ssize_t>(content.size())) {
      throw std::runtime_error("cannot keep a program's input in memory");
    }
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] std::string content() const {
    std::string all;
    std::array<char, 65536> buffer{};
    ssize_t size = 0;
    while ((size = pread(descriptor_, buffer.data(), buffer.size(), static_cast<off_t>(all.size()))) > 0) {
      all.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return all;
  }

 private:
  int descriptor_;
};

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& command, const Environment& environment, Streams streams) {
  std::vector<std::string> arguments = command;
  std::vector<std::string> variables = merged(environment);
  const SpawnSettings settings(streams);
  const int error = posix_spawnp(&pid_, arguments.at(0).c_str(), settings.actions(), settings.attributes(),
                                 pointers(arguments).data(), pointers(variables).data());
  if (error != 0) throw_errno("cannot start " + command.front(), error);
  // By number: glibc 2.36 declares the function without extern "C".
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (pidfd_ < 0) throw_errno("pidfd_open", errno);
}

ChildProcess::~ChildProcess() {
  signal(SIGKILL);
  if (!exit_code_) waitpid(pid_, nullptr, 0);
  if (pidfd_ >= 0) close(pidfd_);
}

void ChildProcess::signal(int number) const {
  if (!exit_code_) ::kill(pid_, number);
}

std::optional<int> ChildProcess::wait(std::chrono::milliseconds deadline) {
  if (exit_code_) return exit_code_;
  const auto end = std::chrono::steady_clock::now() + deadline;
  pollfd ended{.fd = pidfd_, .events = POLLIN, .revents = 0};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    const int ready = poll(&ended, 1, std::max(0, static_cast<int>(left.count())));
    if (ready > 0) break;
    if (ready == 0) return std::nullopt;
    if (errno != EINTR) throw_errno("poll", errno);
  }
  int status = 0;
  if (waitpid(pid_, &status, 0) != pid_) throw_errno("waitpid", errno);
  exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return exit_code_;
}

Finished run(const std::vector<std::string>& command, const std::string& input, const Environment& environment,
             std::chrono::milliseconds deadline) {
  const MemoryFile in(input);
  const MemoryFile out;
  const MemoryFile err;
  ChildProcess child(command, environment, {.in = in.descriptor(), .out = out.descriptor(), .err = err.descriptor()});
  const std::optional<int> exit_code = child.wait(deadline);
  if (!exit_code) throw std::runtime_error(command.front() + " did not end in time; it said: " + err.content());
  return {.exit_code = *exit_code, .out = out.content(), .err = err.content()};
}

}  // namespace holdfast::cluster
