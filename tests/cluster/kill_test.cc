// SIGKILL at seeded moments of applying, healing and pruning: a restart converges unaided and prunes nothing wrong.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <random>
#include <thread>

#include "cluster/application.h"
#include "cluster/eventually.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;

int kills() {
  const char* wanted = std::getenv("HOLDFAST_KILLS");
  return wanted == nullptr ? 25 : std::atoi(wanted);
}

unsigned seed() {
  const char* wanted = std::getenv("HOLDFAST_SEED");
  return wanted == nullptr ? 3 : static_cast<unsigned>(std::atoi(wanted));
}

class KillTest : public testing::Test {
 protected:
  static constexpr int kObjects = 8;
  KillTest() : plane(ControlPlane::shared()), app(plane, "kill") {
    app.repository.write("apps/namespace.yaml", app.namespace_manifest());
    write_objects("blue", kObjects);
    app.repository.commit("Start");
    app.start();
    app.kubectl.must({"-n", app.name, "create", "configmap", "bystander", "--from-literal=color=mine"});
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
};

TEST_F(KillTest, converges_after_each_kill) {
  std::mt19937 random(seed());
  std::string color = "blue";
  int count = kObjects;
  for (int round = 0; round < kills(); ++round) {
    SCOPED_TRACE("seed " + std::to_string(seed()) + ", round " + std::to_string(round));
    disturb(round);
    if (round % 3 == 0) {
      color = round % 2 == 0 ? "green" : "blue";
      count = kObjects - round % 4;
    }
    // The moment of the kill is the input of this test, drawn from the seed.
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
    app.daemon->signal(SIGKILL);
    app.daemon->wait_exit(5s);
    app.start();
    const std::string wanted = expected(color, count);
    ASSERT_TRUE(eventually([&] { return live() == wanted; }, 20s)) << live() << app.daemon->output();
  }
}

}  // namespace
}  // namespace holdfast::cluster
