#include "core/base/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace holdfast {
namespace {

// As of version 7; older kernels take the beginning of it.
struct RulesetAttributes {
  std::uint64_t files = 0, network = 0, scoped = 0;
};

constexpr std::uint64_t kFileRights[] = {
    0, (1U << 13) - 1, (1U << 14) - 1, (1U << 15) - 1, (1U << 15) - 1, (1U << 16) - 1};
constexpr std::uint64_t kNetworkRights = 3, kScopes = 3;  // bind and connect of TCP; abstract sockets and signals

constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kReadAndRun = kRead | LANDLOCK_ACCESS_FS_EXECUTE;
constexpr std::uint64_t kOfFiles =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE;

std::unexpected<Error> landlock_failure(const std::string& what) {
  return fail(ErrorKind::Internal, fmt::format("cannot confine a program: {}: {}", what, std::strerror(errno)));
}

Result<void> allow(int rules, const std::string& path, std::uint64_t rights) {
  const FileDescriptor there(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!there.valid()) return {};  // what cannot be opened cannot be read either
  struct stat status{};
  if (::fstat(there.get(), &status) != 0) return landlock_failure(path);
  if (!S_ISDIR(status.st_mode)) rights &= kOfFiles;
  const landlock_path_beneath_attr rule{rights, there.get()};
  if (::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) return landlock_failure(path);
  return {};
}

}  // namespace

int landlock_version() {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version > 0 ? static_cast<int>(version) : 0;
}

Result<FileDescriptor> landlock_rules(const Confinement& confinement, const std::string& program) {
  const int version = confinement.layers.landlock;
  RulesetAttributes attributes;
  attributes.files = kFileRights[std::min<std::size_t>(static_cast<std::size_t>(version), std::size(kFileRights) - 1)];
  std::size_t size = sizeof(std::uint64_t);
  if (version >= 4) {
    attributes.network = kNetworkRights;
    size += sizeof(std::uint64_t);
  }
  if (version >= 6) {
    attributes.scoped = kScopes;
    size += sizeof(std::uint64_t);
  }
  FileDescriptor rules(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size, 0)));
  if (!rules.valid()) return landlock_failure("no Landlock rules");
  ::fcntl(rules.get(), F_SETFD, FD_CLOEXEC);
  const auto add = [&](const std::string& path, std::uint64_t rights) { return allow(rules.get(), path, rights); };
  if (auto added = add(confinement.folder, kRead); !added) return std::unexpected(added.error());
  if (auto added = add(program, kReadAndRun); !added) return std::unexpected(added.error());
  if (auto added = add("/dev/null", kOfFiles & ~LANDLOCK_ACCESS_FS_EXECUTE); !added)
    return std::unexpected(added.error());
  for (const std::string& path : confinement.readable)
    if (auto added = add(path, kRead); !added) return std::unexpected(added.error());
  for (const std::string& path : confinement.loadable)
    if (auto added = add(path, kReadAndRun); !added) return std::unexpected(added.error());
  return rules;
}

long landlock_restrict(int rules) { return ::syscall(SYS_landlock_restrict_self, rules, 0); }

}  // namespace holdfast
