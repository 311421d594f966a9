#include "cluster/installed.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "cluster/live_watch.h"
#include "holdfast/base/timestamp.h"

namespace holdfast::cluster {

Installed::Installed() : Installed(std::make_unique<ControlPlane>(ControlPlane::own())) {}

Installed::Installed(std::unique_ptr<ControlPlane> own) : Installed(*own) { own_ = std::move(own); }

Installed::Installed(ControlPlane& plane)
    : plane_(plane),
      kubectl_(plane_.kubectl()),
      server_({.folder = std::filesystem::path(repository_.directory()).parent_path()}) {
  std::filesystem::create_directories(repository_.cache());
}

std::string Installed::install(std::vector<std::string> options) const {
  options.insert(options.begin(), "install");
  const Finished printed = HoldfastProcess::run(std::move(options));
  EXPECT_EQ(printed.exit_code, 0) << printed.err;
  apply(printed.out);
  return printed.out;
}

void Installed::wait_for_definitions() const {
  for (const char* plural : {"applications", "applicationsets", "overrides"})
    kubectl_.wait_until_established(std::string(plural) + ".holdfast.dev", kDeadline);
}

void Installed::wait_for_policy(const std::string& name) const {
  const auto is_old = [&] {
    const auto made = parse_timestamp(kubectl_.must(
        {"get", "validatingadmissionpolicybinding", name, "-o", "jsonpath={.metadata.creationTimestamp}"}));
    return made && std::chrono::system_clock::now() > *made + std::chrono::seconds(6);
  };
  EXPECT_TRUE(eventually(is_old, kDeadline));
}

void Installed::namespaces(const std::vector<std::string>& names) const {
  std::string text;
  for (const std::string& name : names)
    text += "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: " + name + "}\n";
  apply(text);
}

void Installed::account(const std::string& namespace_, const std::string& name, const std::string& verbs,
                        const std::string& resources) const {
  kubectl_.must({"-n", namespace_, "create", "serviceaccount", name});
  if (verbs.empty()) return;
  kubectl_.must({"-n", namespace_, "create", "role", name, "--verb=" + verbs, "--resource=" + resources});
  kubectl_.must({"-n", namespace_, "create", "rolebinding", name, "--role=" + name,
                 "--serviceaccount=" + namespace_ + ":" + name});
}

std::string Installed::kubeconfig_of(const std::string& namespace_, const std::string& name) const {
  const ClientConfig server = LiveWatch::config(plane_.kubeconfig());
  const std::string folder = repository_.cache() + "/" + namespace_ + "-" + name;
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/ca.crt") << server.ca_pem;
  std::ofstream(folder + "/token") << kubectl_.must({"-n", namespace_, "create", "token", name});
  std::ofstream(folder + "/kubeconfig") << "current-context: c\n"
                                           "contexts: [{name: c, context: {cluster: c, user: u, namespace: "
                                        << namespace_
                                        << "}}]\n"
                                           "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:"
                                        << server.port
                                        << "', certificate-authority: ca.crt}}]\n"
                                           "users: [{name: u, user: {tokenFile: token}}]\n";
  return folder + "/kubeconfig";
}

std::unique_ptr<HoldfastProcess> Installed::run(const std::string& kubeconfig, const std::vector<std::string>& options,
                                                const Environment& environment) const {
  std::vector<std::string> arguments{"run", "--kubeconfig", kubeconfig, "--cache-dir", repository_.cache() + "/git"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return std::make_unique<HoldfastProcess>(std::move(arguments), environment);
}

std::string Installed::config_map(const std::string& name, const std::string& color, const std::string& place) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + (place.empty() ? "" : ", namespace: " + place) +
         "}\ndata: {color: " + color + "}\n";
}

std::string Installed::application(const std::string& namespace_, const std::string& name, const std::string& more,
                                   const std::string& source) const {
  return "apiVersion: holdfast.dev/v1alpha1\nkind: Application\nmetadata: {name: " + name +
         ", namespace: " + namespace_ + "}\nspec:\n  source: {repoURL: " + server_.url() +
         "/work, ref: {branch: main}, path: " + name + ", interval: 1s" + source + "}\n" + more;
}

std::vector<std::string> Installed::names(const std::string& kind, const std::string& namespace_) const {
  std::istringstream words(kubectl_.run({"-n", namespace_, "get", kind, "-o", "name"}).out);
  std::vector<std::string> all;
  for (std::string word; words >> word;) all.push_back(word.substr(word.find('/') + 1));
  return all;
}

void Installed::forget(const std::string& kind, const std::string& namespace_) const {
  for (const std::string& name : names(kind, namespace_))
    std::ignore = kubectl_.run(
        {"-n", namespace_, "patch", kind, name, "--type=merge", "-p", R"({"metadata":{"finalizers":[]}})"});
  std::ignore = kubectl_.run({"-n", namespace_, "delete", kind, "--all", "--wait=false"});
}

std::string Installed::condition(const std::string& namespace_, const std::string& name, const std::string& type,
                                 const std::string& part) const {
  return kubectl_.field(namespace_, "hfapp", name, "{.status.conditions[?(@.type==\"" + type + "\")]." + part + "}");
}

std::string Installed::color(const std::string& namespace_, const std::string& name) const {
  return kubectl_.field(namespace_, "configmap", name, "{.data.color}");
}

testing::AssertionResult Installed::eventually_says(const std::function<std::string()>& what, const std::string& part) {
  if (eventually([&] { return what().contains(part); }, kDeadline)) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "\"" << what() << "\" does not say \"" << part << "\"\n";
}

testing::AssertionResult Installed::eventually_is(const std::function<std::string()>& what, const std::string& expected,
                                                  std::chrono::milliseconds deadline) const {
  if (eventually([&] { return what() == expected; }, deadline)) return testing::AssertionSuccess();
  return testing::AssertionFailure() << what() << " is not " << expected << "\n"
                                     << (daemon_ ? daemon_->output() : "no daemon runs\n");
}

testing::AssertionResult Installed::becomes_ready(const std::string& namespace_, const std::string& name) const {
  if (eventually([&] { return condition(namespace_, name, "Ready", "status") == "True"; }, kDeadline))
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << name << " is not ready: " << condition(namespace_, name, "Ready") << "\n";
}

}  // namespace holdfast::cluster
