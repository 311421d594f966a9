#include "core/base/seccomp_filter.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace holdfast {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "add the architecture here"
#endif

// The numbers are one for all architectures from 424 on; 462 is mseal, of Linux 6.10.
constexpr std::uint32_t kLastKnownCall = 462;

constexpr std::uint32_t kRefuse = SECCOMP_RET_ERRNO | EACCES;
constexpr std::uint32_t kUnknown = SECCOMP_RET_ERRNO | ENOSYS;

constexpr int kRefused[] = {
// Files, but for reading.
#if defined(__x86_64__)
    SYS_creat,
    SYS_mkdir,
    SYS_rmdir,
    SYS_rename,
    SYS_link,
    SYS_unlink,
    SYS_symlink,
    SYS_mknod,
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
    SYS_utime,
    SYS_utimes,
    SYS_futimesat,
#endif
    SYS_mkdirat,
    SYS_unlinkat,
    SYS_renameat2,
    SYS_linkat,
    SYS_symlinkat,
    SYS_mknodat,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_truncate,
    SYS_ftruncate,
    SYS_fallocate,
    SYS_utimensat,
    SYS_setxattr,
    SYS_lsetxattr,
    SYS_fsetxattr,
    SYS_removexattr,
    SYS_lremovexattr,
    SYS_fremovexattr,
    SYS_memfd_create,
    SYS_open_by_handle_at,
    SYS_renameat,
    452 /* fchmodat2 */,
    // The network, and what others of this machine listen to.
    SYS_socket,
    SYS_socketpair,
    SYS_bind,
    SYS_listen,
    SYS_connect,
    SYS_accept,
    SYS_accept4,
    SYS_shmget,
    SYS_shmat,
    SYS_semget,
    SYS_msgget,
    SYS_mq_open,
    SYS_mq_unlink,
// Other processes.
#if defined(__x86_64__)
    SYS_fork,
    SYS_vfork,
#endif
    SYS_execveat,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_process_madvise,
    SYS_kcmp,
    SYS_tkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_pidfd_open,
    SYS_pidfd_getfd,
    SYS_pidfd_send_signal,
    SYS_setpriority,
    SYS_ioprio_set,
    SYS_migrate_pages,
    SYS_move_pages,
    // Administration.
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_unshare,
    SYS_setns,
    SYS_open_tree,
    SYS_move_mount,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_mount_setattr,
    SYS_swapon,
    SYS_swapoff,
    SYS_quotactl,
    SYS_acct,
    SYS_reboot,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_clock_adjtime,
    SYS_adjtimex,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_syslog,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_personality,
    SYS_vhangup,
    SYS_lookup_dcookie,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_fanotify_init,
    SYS_seccomp,
};

class Program {
 public:
  void load(std::size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)); }
  void load_argument(std::size_t index) { load(offsetof(seccomp_data, args) + index * sizeof(std::uint64_t)); }
  void answer(std::uint32_t action) { add(BPF_RET | BPF_K, action); }
  // The next `skipped` instructions are for what compares so.
  void skip_unless_equal(std::uint32_t value, std::uint8_t skipped) {
    add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skipped);
  }
  void skip_if_equal(std::uint32_t value, std::uint8_t skipped) { add(BPF_JMP | BPF_JEQ | BPF_K, value, skipped, 0); }
  void skip_unless_above(std::uint32_t value, std::uint8_t skipped) {
    add(BPF_JMP | BPF_JGT | BPF_K, value, 0, skipped);
  }
  void skip_if_any_bit(std::uint32_t bits, std::uint8_t skipped) { add(BPF_JMP | BPF_JSET | BPF_K, bits, skipped, 0); }

  [[nodiscard]] SeccompFilter take() && { return std::move(made_); }
  void note_own_pid() { made_.own_pid.push_back(made_.code.size()); }

 private:
  void add(int code, std::uint32_t value, std::uint8_t if_true = 0, std::uint8_t if_false = 0) {
    made_.code.push_back({static_cast<std::uint16_t>(code), if_true, if_false, value});
  }
  SeccompFilter made_;
};

// Each block begins with the number of the call loaded, and leaves the filter or falls through with it still loaded.
void refuse(Program& program, int call, std::uint32_t with) {
  program.skip_unless_equal(static_cast<std::uint32_t>(call), 1);
  program.answer(with);
}

void refuse_writing(Program& program, int call, std::size_t flags_argument) {
  program.skip_unless_equal(static_cast<std::uint32_t>(call), 4);
  program.load_argument(flags_argument);
  program.skip_if_any_bit(O_WRONLY | O_RDWR | O_CREAT | O_TRUNC, 1);
  program.answer(SECCOMP_RET_ALLOW);
  program.answer(kRefuse);
}

void allow_threads_only(Program& program) {
  program.skip_unless_equal(SYS_clone, 4);
  program.load_argument(0);
  program.skip_if_any_bit(CLONE_THREAD, 1);
  program.answer(kRefuse);
  program.answer(SECCOMP_RET_ALLOW);
}

void allow_own_pid_only(Program& program, int call) {
  program.skip_unless_equal(static_cast<std::uint32_t>(call), 4);
  program.load_argument(0);
  program.note_own_pid();
  program.skip_if_equal(0, 1);
  program.answer(kRefuse);
  program.answer(SECCOMP_RET_ALLOW);
}

// prlimit64 of 0 is of oneself.
void allow_zero_only(Program& program, int call) {
  program.skip_unless_equal(static_cast<std::uint32_t>(call), 4);
  program.load_argument(0);
  program.skip_if_equal(0, 1);
  program.answer(kRefuse);
  program.answer(SECCOMP_RET_ALLOW);
}

}  // namespace

SeccompFilter make_seccomp_filter() {
  Program program;
  program.load(offsetof(seccomp_data, arch));
  program.skip_if_equal(kArchitecture, 1);
  program.answer(SECCOMP_RET_KILL_PROCESS);
  program.load(offsetof(seccomp_data, nr));
  program.skip_unless_above(kLastKnownCall, 1);  // those of x32 as well
  program.answer(kUnknown);
  refuse(program, SYS_clone3, kUnknown);
  refuse(program, SYS_openat2, kUnknown);
  refuse_writing(program, SYS_openat, 2);
#if defined(__x86_64__)
  refuse_writing(program, SYS_open, 1);
#endif
  allow_threads_only(program);
  allow_own_pid_only(program, SYS_kill);
  allow_own_pid_only(program, SYS_tgkill);
  allow_zero_only(program, SYS_prlimit64);
  for (const int call : kRefused) refuse(program, call, kRefuse);
  program.answer(SECCOMP_RET_ALLOW);
  return std::move(program).take();
}

}  // namespace holdfast
