// The instruments of the cluster tests, before anything is measured with them.
#include "cluster/control_plane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "cluster/child_process.h"
#include "cluster/eventually.h"

namespace holdfast::cluster {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using namespace std::chrono_literals;

Kubectl as_holdfast(const ControlPlane& cluster) {
  return {required_environment("HOLDFAST_KUBECTL"), cluster.kubeconfig(), cluster.directory() / "kubectl-cache"};
}

TEST(ChildProcess, tells_exit_code_streams_and_signal) {
  const Finished finished = run({"sh", "-c", "cat; echo \"$WHO\" >&2; exit 3"}, "input", {{"WHO", "kelp"}});
  EXPECT_EQ(finished.exit_code, 3);
  EXPECT_EQ(finished.out, "input");
  EXPECT_EQ(finished.err, "kelp\n");
  ChildProcess sleeper({"sleep", "60"}, {}, {});
  EXPECT_TRUE(sleeper.running());
  sleeper.signal(SIGTERM);
  EXPECT_EQ(sleeper.wait(5s), 128 + SIGTERM);
  EXPECT_THROW(run({"sleep", "60"}, {}, {}, 10ms), std::runtime_error);
  EXPECT_THROW(run({"/no/such/program"}), std::runtime_error);
}

TEST(ControlPlane, requests_are_told_apart_by_user_and_counted_once) {
  const ControlPlane cluster = ControlPlane::shared();
  const auto began = std::chrono::system_clock::now();
  as_holdfast(cluster).must({"create", "namespace", "audited"});
  cluster.kubectl().must({"label", "namespace", "audited", "by=admin"});
  cluster.settle_audit();
  const auto about_it = [](const AuditedRequest& request) { return request.name == "audited"; };
  EXPECT_THAT(cluster.requests(holdfast_user, began, &AuditedRequest::is_write),
              ElementsAre(AllOf(Field(&AuditedRequest::verb, "create"), Field(&AuditedRequest::resource, "namespaces"),
                                Field(&AuditedRequest::code, 201))));
  EXPECT_EQ(cluster.count_requests(admin_user, began,
                                   [&](const auto& request) { return request.is_write() && about_it(request); }),
            1);
  EXPECT_EQ(cluster.count_requests(holdfast_user, std::chrono::system_clock::now()), 0);
  cluster.kubectl().must({"delete", "namespace", "audited", "--wait=false"});
}

TEST(ControlPlane, a_second_server_goes_on_while_the_first_is_down) {
  ControlPlane cluster = ControlPlane::own();
  cluster.add_apiserver("second");
  cluster.stop("apiserver");
  EXPECT_THAT(cluster.kubectl().run({"get", "--raw", "/readyz"}).err, HasSubstr("refused"));
  cluster.kubectl("second").must({"create", "configmap", "written", "--from-literal=a=b"});
  cluster.restart("apiserver");
  EXPECT_EQ(cluster.kubectl().field("default", "configmap", "written", "{.data.a}"), "b");
  cluster.kill("apiserver");
  cluster.restart("apiserver");
  EXPECT_TRUE(eventually([&] { return cluster.kubectl().run({"get", "--raw", "/readyz"}).out == "ok"; }, 10s));
}

}  // namespace
}  // namespace holdfast::cluster
