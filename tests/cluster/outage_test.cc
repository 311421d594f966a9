// The API server goes away, and the world changes meanwhile.
#include <gtest/gtest.h>

#include <thread>

#include "cluster/application.h"
#include "cluster/eventually.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;

TEST(Outage, edits_and_deletes_made_through_another_server_during_five_seconds_are_all_repaired) {
  ControlPlane plane = ControlPlane::own();
  plane.add_apiserver("second");
  Application app(plane, "outage");
  app.repository.write("apps/namespace.yaml", app.namespace_manifest());
  for (int i = 0; i < 10; ++i)
    app.repository.write("apps/" + std::to_string(i) + ".yaml", app.config_map("object" + std::to_string(i), "blue"));
  app.repository.commit("Start");
  app.start();

  plane.stop("apiserver");
  const auto stopped = std::chrono::steady_clock::now();
  const Kubectl second = plane.kubectl("second");
  for (int i = 0; i < 5; ++i)
    second.must({"-n", app.name, "patch", "configmap", "object" + std::to_string(i), "--type=merge", "-p",
                 R"({"data":{"color":"red"}})"});
  for (int i = 5; i < 8; ++i) second.must({"-n", app.name, "delete", "configmap", "object" + std::to_string(i)});
  std::this_thread::sleep_until(stopped + 5s);  // the length of the outage is what is tested
  plane.restart("apiserver");

  EXPECT_TRUE(eventually(
      [&] {
        for (int i = 0; i < 10; ++i)
          if (second.field(app.name, "configmap", "object" + std::to_string(i), "{.data.color}") != "blue")
            return false;
        return true;
      },
      60s))
      << app.daemon->output();
  EXPECT_EQ(app.daemon->stop(10s), 0) << app.daemon->output();
}

}  // namespace
}  // namespace holdfast::cluster
