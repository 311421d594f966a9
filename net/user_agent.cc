#include "net/user_agent.h"

#include <cassert>

namespace holdfast {
namespace {

#if defined(__x86_64__)
constexpr std::string_view kArchitecture = "amd64";
#elif defined(__aarch64__)
constexpr std::string_view kArchitecture = "arm64";
#else
#error "name this architecture as Go does"
#endif

}  // namespace

std::string user_agent(std::string_view name, std::string_view version) {
  assert(name != "kube-apiserver");  // servers treat that one as one of theirs
  return std::string(name) + "/" + std::string(version) + " (linux/" + std::string(kArchitecture) + ")";
}

}  // namespace holdfast
