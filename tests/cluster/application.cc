#include "cluster/application.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

namespace holdfast::cluster {
namespace {

constexpr std::chrono::seconds kSyncDeadline{30};

}  // namespace

std::string name_of_test(const std::string& prefix) {
  constexpr std::size_t kLongest = 30;  // with the process id still a label
  std::string name = prefix + "-" + testing::UnitTest::GetInstance()->current_test_info()->name();
  for (char& c : name) c = c == '_' ? '-' : static_cast<char>(std::tolower(c));
  name.resize(std::min(name.size(), kLongest));
  while (name.back() == '-') name.pop_back();
  return name + "-" + std::to_string(getpid());
}

Application::Application(ControlPlane& control_plane, std::string application)
    : plane(control_plane), name(std::move(application)), kubectl(plane.kubectl()) {}

std::string Application::config_map(const std::string& object, const std::string& color) const {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + object + "\n  namespace: " + name +
         "\ndata:\n  color: " + color + "\n  size: large\n";
}

std::string Application::namespace_manifest() const {
  return "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: " + name + "\n";
}

std::vector<std::string> Application::arguments(const std::string& verb) const {
  return {verb,     "--repo", repository.directory(), "--path", "apps",        "--kubeconfig",    plane.kubeconfig(),
          "--name", name,     "--installation",       name,     "--cache-dir", repository.cache()};
}

void Application::start(const std::vector<std::string>& more) {
  std::vector<std::string> command = arguments("run");
  for (std::size_t i = 0; i < more.size(); ++i) {
    // An option given twice replaces the first.
    const auto given = std::ranges::find(command, more[i]);
    if (more[i].starts_with("--") && given != command.end() && i + 1 < more.size())
      *(given + 1) = more[++i];
    else
      command.push_back(more[i]);
  }
  daemon = std::make_unique<HoldfastProcess>(command);
  wait_synced(repository.git({"rev-parse", "HEAD"}));
}

void Application::wait_synced(const std::string& commit, std::size_t from) {
  daemon->wait_for_line("the cluster is at main@sha1:" + commit, kSyncDeadline, from);
}

std::vector<AuditedRequest> Application::requests_for(const std::string& object,
                                                      std::chrono::system_clock::time_point since) const {
  plane.settle_audit();
  return plane.requests(holdfast_user, since, [&](const AuditedRequest& request) {
    return request.namespace_ == name && request.name == object;
  });
}

std::string Application::field(const std::string& object, const std::string& json_path) const {
  return kubectl.field(name, "configmap", object, json_path);
}

}  // namespace holdfast::cluster
