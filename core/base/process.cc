#include "holdfast/base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <spdlog/fmt/fmt.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "core/base/confined_child.h"
#include "holdfast/base/file_descriptor.h"

namespace holdfast {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  FileDescriptor read, write;
};

std::unexpected<Error> system_failure(std::string what, int error) {
  return fail(ErrorKind::Internal, fmt::format("{}: {}", what, std::strerror(error)));
}

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_failure("cannot make a pipe", errno);
  Pipe made{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
  ::fcntl(made.read.get(), F_SETFL, O_NONBLOCK);
  return made;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  list.reserve(texts.size() + 1);
  for (const auto& text : texts) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

struct SpawnAttributes {
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
  SpawnAttributes() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  ~SpawnAttributes() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
};

// A file in memory rather than a pipe: nobody has to be there to feed it.
Result<FileDescriptor> input_of(const ProcessSpec& spec) {
  if (spec.input.size() > kInputLimitBytes)
    return fail(ErrorKind::TooLarge, fmt::format("more than {} bytes for {}", kInputLimitBytes, spec.argv[0]));
  FileDescriptor file(spec.input.empty() ? ::open("/dev/null", O_RDONLY | O_CLOEXEC)
                                         : ::memfd_create("input", MFD_CLOEXEC));
  if (!file.valid()) return system_failure("cannot make an input for a program", errno);
  std::string_view rest = spec.input;
  while (!rest.empty()) {
    const ssize_t written = ::write(file.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return system_failure("cannot write the input of a program", errno);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (!spec.input.empty()) ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

Result<pid_t> spawn(const ProcessSpec& spec, int in, int out, int err) {
  SpawnAttributes spawning;
  posix_spawn_file_actions_adddup2(&spawning.actions, in, 0);
  posix_spawn_file_actions_adddup2(&spawning.actions, out, 1);
  posix_spawn_file_actions_adddup2(&spawning.actions, err, 2);
  const bool holds = spec.held_descriptor >= 0;
  if (holds) posix_spawn_file_actions_adddup2(&spawning.actions, spec.held_descriptor, 3);
  posix_spawn_file_actions_addclosefrom_np(&spawning.actions, holds ? 4 : 3);
  posix_spawn_file_actions_addchdir_np(&spawning.actions, spec.directory.c_str());
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&spawning.attributes, &none);
  posix_spawnattr_setsigdefault(&spawning.attributes, &all);
  posix_spawnattr_setpgroup(&spawning.attributes, 0);
  posix_spawnattr_setflags(&spawning.attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const auto argv = pointers(spec.argv), environment = pointers(spec.environment);
  pid_t pid = 0;
  const int error =
      posix_spawn(&pid, argv[0], &spawning.actions, &spawning.attributes, argv.data(), environment.data());
  if (error == ENOENT || error == EACCES)
    return fail(ErrorKind::NotFound, fmt::format("cannot run {}: {}", spec.argv[0], std::strerror(error)));
  if (error != 0) return system_failure(fmt::format("cannot run {}", spec.argv[0]), error);
  return pid;
}

// A started program and what it has said so far. Its process group does not outlive this object.
class Child {
 public:
  Child(pid_t pid, Pipe out, Pipe err, const ProcessSpec& spec)
      : pid_(pid),
        out_(std::move(out.read)),
        err_(std::move(err.read)),
        spec_(spec),
        ended_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { reap(); }

  // Until the leader has ended and everything that it wrote is read.
  Result<ProcessOutput> finish(int stop_fd) {
    if (!ended_.valid()) return system_failure("cannot watch the program that was started", errno);
    const auto deadline = Clock::now() + spec_.deadline;
    while (true) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (left <= 0)
        return fail(ErrorKind::Timeout,
                    fmt::format("{} took longer than {} s", spec_.argv[0], spec_.deadline.count() / 1000));
      std::array<pollfd, 4> wanted{
          {{out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}, {ended_.get(), POLLIN, 0}, {stop_fd, POLLIN, 0}}};
      if (::poll(wanted.data(), wanted.size(), static_cast<int>(left) + 1) < 0 && errno != EINTR)
        return system_failure("poll failed", errno);
      if (wanted[3].revents != 0) return fail(ErrorKind::Cancelled, fmt::format("{} was stopped", spec_.argv[0]));
      if (auto bounded = drain(); !bounded) return std::unexpected(bounded.error());
      if (wanted[2].revents != 0) break;
    }
    // Whatever it left behind in its group could still hold the pipes; the leader's pid is ours until it is reaped.
    const int status = reap();
    if (auto bounded = drain(); !bounded) return std::unexpected(bounded.error());
    output_.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return std::move(output_);
  }

 private:
  Result<void> drain() {
    read_into(output_.err, err_, spec_.stderr_limit_bytes);
    if (!read_into(output_.out, out_, spec_.stdout_limit_bytes))
      return fail(ErrorKind::TooLarge,
                  fmt::format("{} wrote more than {} bytes", spec_.argv[0], spec_.stdout_limit_bytes));
    return {};
  }

  // What is there now. False where there was more than the limit, of which the rest is dropped.
  static bool read_into(std::string& text, FileDescriptor& from, std::size_t limit_bytes) {
    bool within = true;
    std::array<char, 65536> buffer;
    while (from.valid()) {
      const ssize_t got = ::read(from.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) break;
      if (got <= 0) {
        from.reset();  // poll ignores a negative descriptor
        break;
      }
      const std::size_t size = static_cast<std::size_t>(got), room = limit_bytes - text.size();
      text.append(buffer.data(), std::min(size, room));
      within = within && size <= room;
      if (!within) break;
    }
    return within;
  }

  int reap() {
    if (pid_ == 0) return 0;
    ::kill(-pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return status;
  }

  pid_t pid_;
  FileDescriptor out_, err_;
  const ProcessSpec& spec_;
  FileDescriptor ended_;
  ProcessOutput output_;
};

}  // namespace

Result<ProcessOutput> run_program(const ProcessSpec& spec) {
  auto out = make_pipe(), err = make_pipe();
  if (!out) return std::unexpected(out.error());
  if (!err) return std::unexpected(err.error());
  FileDescriptor stop_event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop_event.valid()) return system_failure("cannot make an event descriptor", errno);
  const std::stop_callback on_stop(spec.stop, [fd = stop_event.get()] { ::eventfd_write(fd, 1); });
  const auto in = input_of(spec);
  if (!in) return std::unexpected(in.error());
  const auto start = spec.confinement ? spawn_confined : spawn;
  auto pid = start(spec, in->get(), out->write.get(), err->write.get());
  if (!pid) return std::unexpected(pid.error());
  out->write.reset();
  err->write.reset();
  Child child(*pid, std::move(*out), std::move(*err), spec);
  return child.finish(stop_event.get());
}

Result<std::string> find_program(const std::string& name) {
  std::string_view folders = kProgramPath;
  while (!folders.empty()) {
    const std::size_t end = std::min(folders.find(':'), folders.size());
    std::string path = fmt::format("{}/{}", folders.substr(0, end), name);
    if (::access(path.c_str(), X_OK) == 0) return path;
    folders.remove_prefix(std::min(end + 1, folders.size()));
  }
  return fail(ErrorKind::NotFound, fmt::format("the program {} is not in {}", name, kProgramPath), {},
              fmt::format("install it, on Debian with apt-get install {}", name));
}

}  // namespace holdfast
