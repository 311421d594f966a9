// A daemon that is told to stop while its API server answers nothing: a pod has 30 s for it.
#include <csignal>

#include "cluster/repository.h"
#include "sim/served_simulator.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;

class Stopping : public ServedSimulator {};

TEST_F(Stopping, does_not_wait_for_a_server_that_does_not_answer) {
  const Repository repository;
  const auto write = [&](const std::string& value) {
    repository.write(
        "app/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default}\ndata: {a: \"" + value + "\"}\n");
    repository.commit(value);
  };
  write("1");
  HoldfastProcess holding(here({"run", "--repo", repository.directory(), "--path", "app", "--name", "web", "-n",
                                "default", "--cache-dir", repository.cache()}));
  holding.wait_for_line("is healthy", 20s);
  server_->signal(SIGSTOP);
  const std::size_t before = holding.line_count();
  write("2");
  holding.wait_for_line("read main@sha1:", 20s, before);
  EXPECT_EQ(holding.stop(25s), 0) << holding.output();
  EXPECT_NE(holding.output().find("does not answer"), std::string::npos) << holding.output();
  server_->signal(SIGCONT);
}

}  // namespace
}  // namespace holdfast::cluster
