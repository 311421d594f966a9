#include "cluster/control_plane.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <utility>

#include "cluster/child_process.h"
#include "cluster/eventually.h"

namespace holdfast::cluster {
namespace {

// The first build of kube-controller-manager takes minutes; everything else is done in seconds.
constexpr std::chrono::minutes script_deadline{15};
constexpr std::chrono::seconds settle_deadline{10};

}  // namespace

std::string required_environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') {
    throw std::runtime_error(std::string(name) + " is not set; cluster tests are run by ./dev test cluster");
  }
  return value;
}

ControlPlane::ControlPlane(std::filesystem::path directory, bool is_own)
    : directory_(std::move(directory)), is_own_(is_own) {}

ControlPlane ControlPlane::shared() { return {required_environment("HOLDFAST_CONTROLPLANE_DIR"), false}; }

ControlPlane ControlPlane::own() {
  std::string pattern = (std::filesystem::temp_directory_path() / "holdfast-cluster.XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder like " + pattern);
  ControlPlane started(pattern, true);
  started.script({"start", pattern});
  return started;
}

ControlPlane::ControlPlane(ControlPlane&& other) noexcept
    : directory_(std::move(other.directory_)), is_own_(std::exchange(other.is_own_, false)) {}

ControlPlane::~ControlPlane() {
  if (!is_own_) return;
  try {
    script({"stop", directory_.string()});
    std::filesystem::remove_all(directory_);
  } catch (const std::exception& error) {
    // A destructor may not throw, and a test that has its answer need not fail for this.
    std::cerr << "a control plane was left in " << directory_ << ": " << error.what() << '\n';
  }
}

void ControlPlane::script(const std::vector<std::string>& arguments) const {
  std::vector<std::string> command{required_environment("HOLDFAST_CONTROLPLANE")};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const Finished finished = run(command, {}, {}, script_deadline);
  if (finished.exit_code != 0) throw std::runtime_error("controlplane " + arguments.front() + ": " + finished.err);
}

std::string ControlPlane::kubeconfig(const std::string& server) const {
  return (directory_ / (server == "apiserver" ? "kubeconfig" : server + ".kubeconfig")).string();
}

std::string ControlPlane::admin_kubeconfig(const std::string& server) const {
  return (directory_ / (server == "apiserver" ? "admin.kubeconfig" : server + ".admin.kubeconfig")).string();
}

Kubectl ControlPlane::kubectl(const std::string& server) const {
  return {required_environment("HOLDFAST_KUBECTL"), admin_kubeconfig(server), (directory_ / "kubectl-cache").string()};
}

void ControlPlane::add_apiserver(const std::string& name) { script({"apiserver", directory_.string(), name}); }
void ControlPlane::stop(const std::string& process) const { script({"stop", directory_.string(), process}); }
void ControlPlane::kill(const std::string& process) const { script({"kill", directory_.string(), process}); }
void ControlPlane::restart(const std::string& process) const { script({"restart", directory_.string(), process}); }
// Over etcd's HTTP gateway.
void ControlPlane::compact() const {
  std::ifstream state(directory_ / "state.env");
  std::string line;
  std::string port;
  while (std::getline(state, line))
    if (line.starts_with("port_etcd=")) port = line.substr(10);
  const std::string gateway = "http://127.0.0.1:" + port + "/v3/kv/";
  const std::string range =
      run({"curl", "-sS", "-X", "POST", gateway + "range", "-d", R"({"key":"AA==","count_only":true})"}).out;
  const std::size_t at = range.find("\"revision\":\"") + 12;
  const std::string revision = range.substr(at, range.find('"', at) - at);
  const Finished done =
      run({"curl", "-sS", "-X", "POST", gateway + "compaction", "-d", R"({"revision":")" + revision + "\"}"});
  if (!done.out.contains("header")) throw std::runtime_error("etcd did not compact: " + range + done.out + done.err);
}

void ControlPlane::start_controllers() const { script({"controllers", directory_.string()}); }

std::vector<AuditedRequest> ControlPlane::requests(std::string_view user, std::chrono::system_clock::time_point since,
                                                   const RequestPredicate& predicate) const {
  std::vector<AuditedRequest> all = audited_requests(directory_, user, since);
  if (predicate) std::erase_if(all, [&](const AuditedRequest& request) { return !predicate(request); });
  return all;
}

std::size_t ControlPlane::count_requests(std::string_view user, std::chrono::system_clock::time_point since,
                                         const RequestPredicate& predicate) const {
  return requests(user, since, predicate).size();
}

void ControlPlane::settle_audit() const {
  // A marker of our own, sent after everything that it is to follow. The path need not exist: it is audited all the
  // same.
  const auto began = std::chrono::system_clock::now();
  const std::string path = "/holdfast-settle-" + std::to_string(began.time_since_epoch().count());
  if (kubectl().run({"get", "--raw", path}).err.contains("refused")) {
    throw std::runtime_error("settle_audit needs the first API server to be up");
  }
  const auto is_marker = [&](const AuditedRequest& request) { return request.uri == path; };
  if (!eventually([&] { return count_requests(admin_user, began, is_marker) > 0; }, settle_deadline)) {
    throw std::runtime_error("the audit log in " + directory_.string() + " does not get new lines");
  }
}

}  // namespace holdfast::cluster
