// What can come back by itself is waited for, without a restart and without harm meanwhile.
#include <gtest/gtest.h>

#include "cluster/application.h"
#include "cluster/eventually.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> with(std::vector<std::string> arguments, std::initializer_list<std::string> more) {
  arguments.insert(arguments.end(), more);
  return arguments;
}

TEST(Recovery, a_ref_that_is_pushed_later_is_applied_when_it_is_there) {
  ControlPlane plane = ControlPlane::shared();
  Application app(plane, name_of_test("recovery"));
  app.repository.write("apps/namespace.yaml", app.namespace_manifest());
  app.repository.commit("Start");
  app.daemon = std::make_unique<HoldfastProcess>(with(app.arguments("run"), {"--ref", "release"}));
  app.daemon->wait_for_line("release", 20s);
  app.repository.git({"branch", "release"});
  app.daemon->wait_for_line("the cluster is at release@sha1:", 30s);
  EXPECT_EQ(app.daemon->stop(10s), 0) << app.daemon->output();
}

TEST(Recovery, a_branch_that_disappears_deletes_nothing_and_healing_goes_on) {
  ControlPlane plane = ControlPlane::shared();
  Application app(plane, name_of_test("recovery"));
  app.repository.write("apps/namespace.yaml", app.namespace_manifest());
  app.repository.write("apps/settings.yaml", app.config_map("settings", "blue"));
  app.repository.commit("Start");
  app.repository.git({"branch", "release"});
  app.daemon = std::make_unique<HoldfastProcess>(with(app.arguments("run"), {"--ref", "release"}));
  app.daemon->wait_for_line("the cluster is at release@sha1:", 30s);
  const std::size_t from = app.daemon->line_count();
  app.repository.git({"branch", "-D", "release"});
  app.daemon->wait_for_line("still holding release@sha1:", 30s, from);
  app.kubectl.must({"-n", app.name, "delete", "configmap", "settings"});
  EXPECT_TRUE(eventually([&] { return app.field("settings", "{.data.color}") == "blue"; }, 10s))
      << app.daemon->output();
}

TEST(Recovery, an_api_server_that_comes_up_later_is_waited_for) {
  ControlPlane plane = ControlPlane::own();
  Application app(plane, name_of_test("recovery"));
  app.repository.write("apps/namespace.yaml", app.namespace_manifest());
  app.repository.commit("Start");
  plane.stop("apiserver");
  app.daemon = std::make_unique<HoldfastProcess>(app.arguments("run"));
  app.daemon->wait_for_line("connection refused", 20s);
  plane.restart("apiserver");
  app.wait_synced(app.repository.git({"rev-parse", "HEAD"}));
  EXPECT_EQ(app.daemon->stop(10s), 0) << app.daemon->output();
}

TEST(Recovery, a_repository_that_moves_away_and_back_is_followed_again) {
  ControlPlane plane = ControlPlane::shared();
  Application app(plane, name_of_test("recovery"));
  app.repository.write("apps/namespace.yaml", app.namespace_manifest());
  app.repository.write("apps/settings.yaml", app.config_map("settings", "blue"));
  app.repository.commit("Start");
  app.start();
  const std::filesystem::path here = app.repository.directory();
  std::filesystem::rename(here, here.string() + ".away");
  app.kubectl.must({"-n", app.name, "delete", "configmap", "settings"});
  EXPECT_TRUE(eventually([&] { return app.field("settings", "{.data.color}") == "blue"; }, 10s))
      << app.daemon->output();
  std::filesystem::rename(here.string() + ".away", here);
  app.repository.write("apps/settings.yaml", app.config_map("settings", "green"));
  app.repository.commit("Green");
  EXPECT_TRUE(eventually([&] { return app.field("settings", "{.data.color}") == "green"; }, 60s))
      << app.daemon->output();
}

}  // namespace
}  // namespace holdfast::cluster
