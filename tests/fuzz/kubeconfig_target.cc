// Whatever a kubeconfig says: read twice it is the same, and without TLS there is no credential (correctness B3).
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/target.h"
#include "holdfast/base/file_descriptor.h"
#include "watchers/kubeconfig.h"

namespace holdfast::fuzz {
namespace {

// A file that is nowhere: what it names beside itself is not there.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : descriptor_(::memfd_create("kubeconfig", MFD_CLOEXEC)) {
    hold(descriptor_.get() >= 0 && ::write(descriptor_.get(), bytes.data(), bytes.size()) == std::ssize(bytes),
         "no file could be made");
  }
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_.get()); }

 private:
  FileDescriptor descriptor_;
};

void hold_context(const KubeContext& context) {
  const ClientConfig& client = context.client;
  hold(!client.host.empty() && !client.port.empty(), "a server without an address");
  hold(client.port.find_first_not_of("0123456789") == std::string::npos, "a port that is no number: " + client.port);
  hold(!context.namespace_.empty(), "a context without a namespace");
  hold(client.base_path.empty() || (client.base_path.starts_with('/') && !client.base_path.ends_with('/')),
       "an odd base path: " + client.base_path);
  if (!client.tls) hold(!client.token && !client.identity && !client.exec, "a credential for a server without TLS");
  if (client.exec) hold(!client.token && !client.identity, "a plugin beside another credential");
  const Impersonation& as = client.impersonation;
  hold(!as.user.empty() || (as.uid.empty() && as.groups.empty() && as.extra.empty()), "groups of nobody");
}

}  // namespace

void run_kubeconfig(std::string_view bytes) {
  const MemoryFile file(bytes);
  KubeconfigOptions options;
  options.path = file.path();
  const auto first = load_kubeconfig(options);
  const auto second = load_kubeconfig(options);
  hold(first.has_value() == second.has_value(), "it is not read the same way twice");
  if (!first) {
    hold(!first.error().message.empty() && !first.error().message.contains("\n"),
         "a message of no or several lines: " + first.error().message);
    hold(describe(first.error()) == describe(second.error()), "it is refused in two ways");
    return;
  }
  hold_context(*first);
}

}  // namespace holdfast::fuzz
