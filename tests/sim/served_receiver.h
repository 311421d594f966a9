// A simulator, a Git repository behind http, and `holdfast receiver` with a receiver for every sender and a relay, each
// in a process of its own; and what a daemon needs to hear of pushes.
#pragma once

#include <gtest/gtest.h>

#include <charconv>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cluster/eventually.h"
#include "cluster/git_server.h"
#include "cluster/repository.h"
#include "sim/hook_client.h"
#include "sim/served_simulator.h"
#include "unit/sources/push_deliveries.h"

namespace holdfast::cluster {

inline constexpr const char* kHookSecret = "the secret of all receivers here";

class ServedReceiver : public ServedSimulator {
 protected:
  ServedReceiver() {
    const auto place = std::filesystem::path(repository_.directory()).parent_path();
    std::filesystem::create_directories(place / "team");
    std::filesystem::create_symlink(place / "work", place / "team" / "web");
    git_ = std::make_unique<GitServer>(GitServerOptions{place, {}, {}, {}, {}});
    commit("first");
    const std::string pem = (folder_ / "tls.pem").string();
    const Finished made = run({"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                               "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=receiver", "-addext",
                               "subjectAltName=IP:127.0.0.1", "-days", "2", "-keyout", pem, "-out", pem});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    write("secret", std::string(kHookSecret) + "\n");
    write("relay-token", "the-token-of-a-subscriber\n");
    std::string config =
        "tls: {certFile: tls.pem, keyFile: tls.pem}\nrelay: {tokenFile: relay-token}\n"
        "rate: {perSecond: 10000, burst: 100000}\nreceivers:\n";
    for (const ForgeWords& words : all_forges())
      config += "- {name: " + std::string(words.type) + ", type: " + std::string(words.type) +
                ", secretFile: secret, hosts: [127.0.0.1], repositories: [\"" + url() + "\"]}\n";
    write("receivers.yaml", config);
  }

  void start_receiver() {
    receiver_.reset();
    receiver_ = std::make_unique<HoldfastProcess>(std::vector<std::string>{
        "receiver", "--config", file("receivers.yaml"), "--listen", "127.0.0.1:" + std::to_string(receiver_port_)});
    receiver_port_ = port_of(receiver_->wait_for_line("receiving pushes at ", std::chrono::seconds{20}));
  }

  // That looks by itself after a day alone.
  [[nodiscard]] std::vector<std::string> daemon(const std::vector<std::string>& more) const {
    auto words = here({"run", "--repo", url(), "--ref", "main", "--path", "apps", "--name", "apps", "--interval",
                       "86400", "--cache-dir", file("holdfast")});
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  [[nodiscard]] std::vector<std::string> of_relay() const {
    return {"--relay",
            "https://127.0.0.1:" + std::to_string(receiver_port_),
            "--relay-ca-file",
            file("tls.pem"),
            "--relay-token-file",
            file("relay-token")};
  }

  std::string commit(const std::string& value) {
    repository_.write(
        "apps/settings.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: default}\ndata: {value: \"" + value +
            "\"}\n");
    return repository_.commit(value);
  }
  bool becomes(const std::string& value, std::chrono::milliseconds deadline) {
    return eventually(
        [&] { return kubectl_->run({"get", "configmap", "settings", "-o", "jsonpath={.data.value}"}).out == value; },
        deadline);
  }

  [[nodiscard]] std::string url() const { return git_->url() + "/team/web"; }
  [[nodiscard]] std::string file(const std::string& name) const { return (folder_ / name).string(); }
  // What is pushed is the repository behind our Git server.
  static PushedRef pushed(std::string after) {
    return {.host = "127.0.0.1", .path = "team/web", .after = std::move(after)};
  }
  static ReceivedRequest delivery_of(Forge forge, const PushedRef& ref, std::string_view secret = kHookSecret,
                                     const std::string& id = {}) {
    return delivery(forge, std::string(words_of(forge).type), secret, push_body(forge, ref), {}, id);
  }

  static unsigned port_of(const std::string& line) {
    const std::size_t at = line.find("127.0.0.1:") + 10;
    unsigned port = 0;
    std::from_chars(line.data() + at, line.data() + line.size(), port);
    return port;
  }

  Repository repository_;
  std::unique_ptr<GitServer> git_;
  std::unique_ptr<HoldfastProcess> receiver_;
  unsigned receiver_port_ = 0;
};

}  // namespace holdfast::cluster
