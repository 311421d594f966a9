// SIGKILL at seeded moments of applying, healing and pruning: a restart converges unaided and prunes nothing wrong.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>
#include <thread>

#include "cluster/application.h"
#include "cluster/eventually.h"
#include "cluster/holding_proxy.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;

// 200 in all: one of four is killed between a request sent and its answer read.
int kills() {
  const char* wanted = std::getenv("HOLDFAST_KILLS");
  return wanted == nullptr ? 200 : std::atoi(wanted);
}

unsigned seed() {
  const char* wanted = std::getenv("HOLDFAST_SEED");
  return wanted == nullptr ? 3 : static_cast<unsigned>(std::atoi(wanted));
}

class KillTest : public testing::Test {
 protected:
  static constexpr int kObjects = 8;
  KillTest()
      : plane(ControlPlane::shared()),
        app(plane, name_of_test("kill")),
        proxy(server_port()),
        proxied(proxied_kubeconfig()) {
    app.repository.write("apps/namespace.yaml", app.namespace_manifest());
    write_objects("blue", kObjects);
    app.repository.commit("Start");
    start_daemon();
    app.kubectl.must({"-n", app.name, "create", "configmap", "bystander", "--from-literal=color=mine"});
  }

  [[nodiscard]] std::string kubeconfig_text() const {
    std::ifstream in(plane.kubeconfig());
    return {std::istreambuf_iterator<char>(in), {}};
  }

  [[nodiscard]] std::uint16_t server_port() const {
    const std::string text = kubeconfig_text();
    const std::string before = "https://127.0.0.1:";
    return static_cast<std::uint16_t>(std::stoi(text.substr(text.find(before) + before.size(), 5)));
  }

  [[nodiscard]] std::string proxied_kubeconfig() const {
    std::string text = kubeconfig_text();
    const std::string direct = ":" + std::to_string(server_port());
    text.replace(text.find(direct), direct.size(), ":" + std::to_string(proxy.port()));
    const std::string path = app.repository.cache() + ".proxied.kubeconfig";
    std::ofstream(path) << text;
    return path;
  }

  void start_daemon() { app.start({"--kubeconfig", proxied}); }

  // SIGKILL at a moment drawn from the seed, or, where `between`, while an answer to the daemon is on its way.
  void kill_daemon(std::mt19937& random, bool between) {
    if (between) {
      EXPECT_TRUE(eventually([&] { return proxy.holding(); }, 10s)) << app.daemon->output();
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
    }
    app.daemon->signal(SIGKILL);
    app.daemon->wait_exit(5s);
    proxy.release();
  }

  void write_objects(const std::string& color, int count) const {
    for (int i = 0; i < kObjects; ++i) {
      const std::string file = "apps/" + std::to_string(i) + ".yaml";
      if (i < count)
        app.repository.write(file, app.config_map("object" + std::to_string(i), color));
      else
        app.repository.remove(file);
    }
  }

  // What is being done at the moment of the kill.
  void disturb(int round) {
    if (round % 3 == 0) {  // applying and pruning: a new colour, and one object fewer or more
      write_objects(round % 2 == 0 ? "green" : "blue", kObjects - round % 4);
      app.repository.commit("Round " + std::to_string(round));
    } else {  // healing
      (void)app.kubectl.run(
          {"-n", app.name, "patch", "configmap", "object0", "--type=merge", "-p", R"({"data":{"color":"red"}})"});
      (void)app.kubectl.run({"-n", app.name, "delete", "configmap", "object1", "--wait=false"});
    }
  }

  [[nodiscard]] std::string live() const {
    return app.kubectl.must({"-n", app.name, "get", "configmap", "-o",
                             R"(jsonpath={range .items[*]}{.metadata.name}={.data.color}{"\n"}{end})"});
  }

  [[nodiscard]] std::string expected(const std::string& color, int count) const {
    std::string text = "bystander=mine\n";
    for (int i = 0; i < count; ++i) text += "object" + std::to_string(i) + "=" + color + "\n";
    return text;
  }

  ControlPlane plane;
  Application app;
  HoldingProxy proxy;
  std::string proxied;
};

TEST_F(KillTest, converges_after_each_of_200_kills_and_prunes_nothing_wrong) {
  std::mt19937 random(seed());
  std::string color = "blue";
  int count = kObjects;
  for (int round = 0; round < kills(); ++round) {
    SCOPED_TRACE("seed " + std::to_string(seed()) + ", round " + std::to_string(round));
    const bool between = round % 4 == 1;
    if (between) proxy.arm(static_cast<unsigned>(random() % 2));
    disturb(round);
    if (round % 3 == 0) {
      color = round % 2 == 0 ? "green" : "blue";
      count = kObjects - round % 4;
    }
    kill_daemon(random, between);
    start_daemon();
    const std::string wanted = expected(color, count);
    ASSERT_TRUE(eventually([&] { return live() == wanted; }, 20s)) << live() << app.daemon->output();
  }
}

}  // namespace
}  // namespace holdfast::cluster
