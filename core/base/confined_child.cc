#include "core/base/confined_child.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <spdlog/fmt/fmt.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <set>

#include "core/base/landlock.h"
#include "core/base/seccomp_filter.h"
#include "holdfast/base/file_descriptor.h"

namespace holdfast {
namespace {

namespace fs = std::filesystem;

constexpr int kNamespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
constexpr int kInnerUser = 1000;  // no privileges are left once a program of a user other than 0 begins

enum class Step { Signals, Streams, User, Mounts, Folder, Limits, Privileges, Landlock, Filter, Program };

const char* to_string(Step step) {
  switch (step) {
    case Step::Signals:
      return "signals";
    case Step::Streams:
      return "standard streams";
    case Step::User:
      return "a user namespace";
    case Step::Mounts:
      return "a file system of its own";
    case Step::Folder:
      return "its folder";
    case Step::Limits:
      return "limits";
    case Step::Privileges:
      return "no new privileges";
    case Step::Landlock:
      return "Landlock";
    case Step::Filter:
      return "a filter of system calls";
    case Step::Program:
      return "the program";
  }
  return "?";
}

struct Failure {
  Step step = Step::Program;
  int error = 0;
};

struct Shown {
  std::string path;    // as it is, and as the child sees it
  std::string target;  // "." and the path
  bool folder = false;
};

// All that the child needs, made before it begins: between clone and exec it may call the kernel and nothing else, for
// other threads may have held any lock.
struct ChildPlan {
  int in = 0, out = 1, err = 2, report = -1;
  std::vector<char*> argv, environment;
  std::string directory, folder, folder_target;
  bool namespaces = false;
  std::string user_map, group_map;
  std::vector<std::string> made_folders;  // parents before what is in them
  std::vector<Shown> shown;
  FileDescriptor landlock;
  SeccompFilter filter;
  std::array<std::pair<int, rlimit>, 4> limits{};
};

bool write_text(const char* path, const char* text, std::size_t size) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool written = ::write(fd, text, size) == static_cast<ssize_t>(size);
  const int error = errno;
  ::close(fd);
  errno = error;
  return written;
}

bool enter_user(const ChildPlan& plan) {
  return write_text("/proc/self/setgroups", "deny", 4) &&
         write_text("/proc/self/uid_map", plan.user_map.data(), plan.user_map.size()) &&
         write_text("/proc/self/gid_map", plan.group_map.data(), plan.group_map.size());
}

bool show(const Shown& one) {
  if (one.folder) {
    if (::mkdir(one.target.c_str(), 0755) != 0 && errno != EEXIST) return false;
  } else {
    const int fd = ::open(one.target.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return false;
    ::close(fd);
  }
  return ::mount(one.path.c_str(), one.target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0;
}

// A root of nothing but what may be read, mounted over the program's own folder, which is shown in it at its path.
bool enter_mounts(const ChildPlan& plan) {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  constexpr unsigned kCloneAll = 1 | 0x8000 | O_CLOEXEC;  // OPEN_TREE_CLONE, AT_RECURSIVE
  const long folder = ::syscall(SYS_open_tree, AT_FDCWD, plan.folder.c_str(), kCloneAll);
  if (folder < 0) return false;
  if (::mount("none", plan.folder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,nr_inodes=4096,mode=0755") != 0)
    return false;
  if (::chdir(plan.folder.c_str()) != 0) return false;
  for (const std::string& made : plan.made_folders)
    if (::mkdir(made.c_str(), 0755) != 0 && errno != EEXIST) return false;
  for (const Shown& one : plan.shown)
    if (!show(one)) return false;
  constexpr unsigned kByDescriptor = 4;
  if (::syscall(SYS_move_mount, folder, "", AT_FDCWD, plan.folder_target.c_str(), kByDescriptor) != 0) return false;
  if (::syscall(SYS_pivot_root, ".", ".") != 0 || ::umount2(".", MNT_DETACH) != 0) return false;
  if (::chdir("/") != 0) return false;
  // Linux 5.12; before it, the other layers have to do.
  struct {
    std::uint64_t set, clear, propagation, user;
  } attributes{MS_RDONLY | MS_NOSUID, 0, 0, 0};
  constexpr unsigned kRecursive = 0x8000;
  return ::syscall(SYS_mount_setattr, AT_FDCWD, "/", kRecursive, &attributes, sizeof attributes) == 0 ||
         errno == ENOSYS;
}

bool reset_signals() {
  std::array<std::uint64_t, 4> by_default{};  // the kernel's own form of a sigaction
  for (int signal = 1; signal <= 64; ++signal) ::syscall(SYS_rt_sigaction, signal, by_default.data(), nullptr, 8);
  const std::uint64_t none = 0;
  if (::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, sizeof none) != 0) return false;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  return true;
}

bool take_streams(const ChildPlan& plan) {
  if (::dup2(plan.in, 0) < 0 || ::dup2(plan.out, 1) < 0 || ::dup2(plan.err, 2) < 0) return false;
  constexpr unsigned kCloseOnExec = 4;
  ::syscall(SYS_close_range, 3, ~0U, kCloseOnExec);  // all of ours say so already
  return true;
}

bool take_limits(const ChildPlan& plan) {
  return std::ranges::all_of(plan.limits, [](const auto& limit) {
    return ::syscall(SYS_prlimit64, 0, limit.first, &limit.second, nullptr) == 0;
  });
}

bool take_filter(ChildPlan& plan) {
  const auto pid = static_cast<std::uint32_t>(::syscall(SYS_getpid));
  for (const std::size_t at : plan.filter.own_pid) plan.filter.code[at].k = pid;
  const sock_fprog program{static_cast<unsigned short>(plan.filter.code.size()), plan.filter.code.data()};
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

// Everything up to the program itself. Which step failed, with errno; Program where none did.
Step confine(ChildPlan& plan) {
  ::setpgid(0, 0);
  if (!reset_signals()) return Step::Signals;
  if (!take_streams(plan)) return Step::Streams;
  if (plan.namespaces && !enter_user(plan)) return Step::User;
  if (plan.namespaces && !enter_mounts(plan)) return Step::Mounts;
  if (::chdir(plan.directory.c_str()) != 0) return Step::Folder;
  if (!take_limits(plan)) return Step::Limits;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Step::Privileges;
  if (plan.landlock.valid() && landlock_restrict(plan.landlock.get()) != 0) return Step::Landlock;
  if (!plan.filter.code.empty() && !take_filter(plan)) return Step::Filter;
  return Step::Program;
}

[[noreturn]] void be_the_child(ChildPlan& plan) {
  Failure failure{confine(plan), errno};
  if (failure.step == Step::Program) {
    ::execve(plan.argv.front(), plan.argv.data(), plan.environment.data());
    failure.error = errno;
  }
  (void)!::write(plan.report, &failure, sizeof failure);
  ::_exit(127);
}

void add_shown(ChildPlan& plan, const std::string& path) {
  std::error_code failed;
  if (!path.starts_with('/') || !fs::exists(path, failed)) return;
  if (std::ranges::find(plan.shown, path, &Shown::path) != plan.shown.end()) return;
  plan.shown.push_back({path, "." + path, fs::is_directory(path, failed)});
}

// The folders above what is shown, each once.
void plan_folders(ChildPlan& plan) {
  std::set<std::string> above;
  const auto add_above = [&](const std::string& target) {
    for (std::size_t slash = target.find('/', 2); slash != std::string::npos; slash = target.find('/', slash + 1))
      above.insert(target.substr(0, slash));
  };
  for (const Shown& one : plan.shown) add_above(one.target);
  add_above(plan.folder_target + "/");
  plan.made_folders.assign(above.begin(), above.end());
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  list.reserve(texts.size() + 1);
  for (const std::string& text : texts) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

Result<ChildPlan> plan_of(const ProcessSpec& spec, int in, int out, int err) {
  const Confinement& confinement = *spec.confinement;
  ChildPlan plan;
  plan.in = in;
  plan.out = out;
  plan.err = err;
  plan.argv = pointers(spec.argv);
  plan.environment = pointers(spec.environment);
  plan.directory = spec.directory;
  plan.folder = confinement.folder;
  plan.folder_target = "." + confinement.folder;
  plan.namespaces = confinement.layers.namespaces;
  plan.user_map = fmt::format("{} {} 1\n", kInnerUser, ::geteuid());
  plan.group_map = fmt::format("{} {} 1\n", kInnerUser, ::getegid());
  add_shown(plan, spec.argv.front());
  add_shown(plan, "/dev/null");
  for (const auto* paths : {&confinement.readable, &confinement.loadable})
    for (const std::string& path : *paths) add_shown(plan, path);
  plan_folders(plan);
  if (confinement.layers.landlock > 0) {
    auto rules = landlock_rules(confinement, spec.argv.front());
    if (!rules) return std::unexpected(rules.error());
    plan.landlock = std::move(*rules);
  }
  if (confinement.layers.filter) plan.filter = make_seccomp_filter();
  const auto both = [](rlim_t value) { return rlimit{value, value}; };
  plan.limits = {{{RLIMIT_DATA, both(confinement.memory_bytes)},
                  {RLIMIT_NOFILE, both(confinement.open_files)},
                  {RLIMIT_FSIZE, both(0)},
                  {RLIMIT_CORE, both(0)}}};
  return plan;
}

Error failure_of(const Failure& failure, const std::string& program) {
  if (failure.step == Step::Program && (failure.error == ENOENT || failure.error == EACCES))
    return {ErrorKind::NotFound, fmt::format("cannot run {}: {}", program, std::strerror(failure.error)), {}, {}};
  return {ErrorKind::Internal,
          fmt::format("cannot run {} confined, for {} failed: {}", program, to_string(failure.step),
                      std::strerror(failure.error)),
          {},
          {}};
}

pid_t clone_process(int flags) {
  return static_cast<pid_t>(::syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

}  // namespace

Result<void> try_confinement(const Confinement& confinement) {
  ProcessSpec spec;
  spec.argv = {"/dev/null"};  // it is there everywhere
  spec.confinement = confinement;
  auto plan = plan_of(spec, 0, 1, 2);
  if (!plan) return std::unexpected(plan.error());
  std::array<int, 2> report{};
  if (::pipe2(report.data(), O_CLOEXEC | O_NONBLOCK) != 0) return fail(ErrorKind::Internal, std::strerror(errno));
  const FileDescriptor read(report[0]), write(report[1]);
  const pid_t pid = clone_process(plan->namespaces ? kNamespaces : 0);
  if (pid == 0) {
    const Failure reached{confine(*plan), errno};
    (void)!::write(write.get(), &reached, sizeof reached);
    ::_exit(0);
  }
  if (pid < 0) return fail(ErrorKind::Internal, fmt::format("clone: {}", std::strerror(errno)));
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  Failure reached;
  if (::read(read.get(), &reached, sizeof reached) != static_cast<ssize_t>(sizeof reached))
    return fail(ErrorKind::Internal, "it was killed");
  if (reached.step == Step::Program) return {};
  return fail(ErrorKind::Internal, fmt::format("{}: {}", to_string(reached.step), std::strerror(reached.error)));
}

Result<pid_t> spawn_confined(const ProcessSpec& spec, int in, int out, int err) {
  if (!spec.confinement->layers.namespaces && !spec.confinement->layers.filter)
    return fail(ErrorKind::Internal,
                fmt::format("{} is not run, for nothing here could keep it off the network: {}", spec.argv[0],
                            spec.confinement->layers.missing),
                {}, "allow Holdfast seccomp filters, or user namespaces");
  auto plan = plan_of(spec, in, out, err);
  if (!plan) return std::unexpected(plan.error());
  std::array<int, 2> report{};
  if (::pipe2(report.data(), O_CLOEXEC) != 0)
    return fail(ErrorKind::Internal, fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  const FileDescriptor told(report[0]);
  FileDescriptor tell(report[1]);
  plan->report = tell.get();
  const pid_t pid = clone_process(plan->namespaces ? kNamespaces : 0);
  if (pid == 0) be_the_child(*plan);
  if (pid < 0) return fail(ErrorKind::Internal, fmt::format("cannot start {}: {}", spec.argv[0], std::strerror(errno)));
  tell.reset();
  Failure failure;
  ssize_t got = 0;
  while ((got = ::read(told.get(), &failure, sizeof failure)) < 0 && errno == EINTR) {
  }
  if (got == 0) return pid;
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return std::unexpected(failure_of(failure, spec.argv[0]));
}

}  // namespace holdfast
