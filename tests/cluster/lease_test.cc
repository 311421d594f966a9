// Two daemons of one installation on a real API server: one writes, the other stands by and takes over, and whoever
// lost its Lease writes nothing any more. And the probes, which say which is which.
#include <gmock/gmock.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <csignal>

#include "cluster/installed.h"

namespace holdfast::cluster {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

// The whole answer to a GET; empty where nobody answers.
std::string ask(const std::string& port, const std::string& path) {
  boost::asio::io_context io;
  boost::asio::ip::tcp::socket socket(io);
  boost::system::error_code failed;
  socket.connect({boost::asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(std::stoi(port))}, failed);
  if (failed) return {};
  boost::asio::write(socket, boost::asio::buffer("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
                     failed);
  std::string answer;
  boost::asio::read(socket, boost::asio::dynamic_buffer(answer), failed);
  return answer;
}

class LeaseTest : public Installed {
 protected:
  static std::string port_of(HoldfastProcess& daemon) {
    const std::string line = daemon.wait_for_line("answering /healthz and /readyz at port ", kDeadline);
    const std::string mark = "at port ";
    return line.substr(line.find(mark) + mark.size(), 5);
  }
  // The second one is another user, so that the audit log tells the two apart.
  void install_two() {
    namespaces({"shop"});
    install();
    wait_for_definitions();
    repository_.write("shop/page.yaml", config_map("page", "blue"));
    repository_.commit("Start");
    first_ = run(daemons_kubeconfig(), options());
    first_->wait_for_line("holding the Lease holdfast-system/holdfast", kDeadline);
    apply(application("shop", "shop"));
    ASSERT_TRUE(becomes_ready("shop", "shop")) << first_->output();
    second_ = run(plane_.kubeconfig(), options());
    second_->wait_for_line("standing by: ", kDeadline);
  }
  static std::vector<std::string> options() {
    return {"--lease", "--lease-namespace", "holdfast-system", "--probes", "127.0.0.1:0"};
  }
  void recolor(const std::string& color) const {
    kubectl_.must(
        {"-n", "shop", "patch", "configmap", "page", "--type=merge", "-p", R"({"data":{"color":")" + color + R"("}})"});
  }

  std::unique_ptr<HoldfastProcess> first_, second_;
};

constexpr const char* kFirstUser = "system:serviceaccount:holdfast-system:holdfast";

TEST_F(LeaseTest, the_second_stands_by_and_takes_over_when_the_first_ends) {
  const auto since = std::chrono::system_clock::now();
  install_two();
  recolor("red");
  EXPECT_TRUE(eventually([&] { return color("shop", "page") == "blue"; }, kDeadline));
  plane_.settle_audit();
  EXPECT_EQ(
      plane_.count_requests(holdfast_user, since, [](const AuditedRequest& request) { return request.is_write(); }),
      0U);
  const std::string port = port_of(*second_);
  EXPECT_TRUE(eventually_says([&] { return ask(port, "/readyz"); }, "200 OK"));
  EXPECT_THAT(ask(port, "/readyz"), HasSubstr("standing by: "));
  EXPECT_TRUE(eventually_says([&] { return ask(port_of(*first_), "/readyz"); }, "\r\n\r\nok"));

  const auto stopped = std::chrono::steady_clock::now();
  ASSERT_EQ(first_->stop(kDeadline), 0);
  second_->wait_for_line("holding the Lease", kDeadline);
  EXPECT_LT(std::chrono::steady_clock::now() - stopped, 8s) << "it was released, so that nobody need wait for its end";
  recolor("red");
  EXPECT_TRUE(eventually([&] { return color("shop", "page") == "blue"; }, kDeadline)) << second_->output();
}

TEST_F(LeaseTest, who_stands_by_ends_when_it_is_told_to) {
  install_two();
  EXPECT_EQ(second_->stop(10s), 0) << second_->output();
}

// What hung past its term wakes up with a repair to make, and a Lease that is another's by now.
TEST_F(LeaseTest, who_was_stopped_past_its_term_writes_nothing_when_it_goes_on) {
  install_two();
  const std::size_t lines = first_->line_count();
  first_->signal(SIGSTOP);
  second_->wait_for_line("holding the Lease", 40s);
  second_->wait_for_line("the cluster is at", kDeadline);
  second_->signal(SIGSTOP);
  recolor("red");  // which the first one sees as soon as it goes on, with all that it would have put back
  const auto since = std::chrono::system_clock::now();
  first_->signal(SIGCONT);
  first_->wait_for_line("nothing more is written, and all of it begins anew", kDeadline, lines);
  first_->wait_for_line("standing by: ", kDeadline, lines);
  EXPECT_EQ(color("shop", "page"), "red");
  second_->signal(SIGCONT);
  EXPECT_TRUE(eventually([&] { return color("shop", "page") == "blue"; }, kDeadline)) << second_->output();
  plane_.settle_audit();
  for (const AuditedRequest& request : plane_.requests(kFirstUser, since))
    EXPECT_FALSE(request.is_write() && request.resource != "leases") << request.verb << " " << request.uri << "\n"
                                                                     << first_->output();
}

// Nobody answers for longer than a term, and nobody else is there: it goes on where it was.
TEST_F(LeaseTest, an_outage_ends_the_term_and_not_the_work) {
  namespaces({"shop"});
  install();
  wait_for_definitions();
  repository_.write("shop/page.yaml", config_map("page", "blue"));
  repository_.commit("Start");
  first_ = run(daemons_kubeconfig(), options());
  apply(application("shop", "shop"));
  ASSERT_TRUE(becomes_ready("shop", "shop")) << first_->output();
  const std::string port = port_of(*first_);
  plane_.stop("apiserver");
  EXPECT_TRUE(
      eventually_says([&] { return ask(port, "/readyz"); }, "the term of the Lease holdfast-system/holdfast is over"));
  EXPECT_THAT(ask(port, "/healthz"), HasSubstr("200 OK"));
  plane_.restart("apiserver");
  EXPECT_TRUE(eventually_says([&] { return ask(port, "/readyz"); }, "200 OK")) << first_->output();
  recolor("red");
  EXPECT_TRUE(eventually([&] { return color("shop", "page") == "blue"; }, kDeadline)) << first_->output();
  EXPECT_THAT(first_->output(), Not(HasSubstr("begins anew")));
}

TEST_F(LeaseTest, who_may_not_see_its_applications_is_alive_and_not_ready) {
  namespaces({"shop"});
  install();
  wait_for_definitions();
  first_ = run(daemons_kubeconfig(), options());
  const std::string port = port_of(*first_);
  EXPECT_TRUE(eventually_says([&] { return ask(port, "/healthz"); }, "200 OK"));
  EXPECT_TRUE(eventually_says([&] { return ask(port, "/readyz"); }, "200 OK")) << first_->output();
  EXPECT_THAT(ask(port, "/else"), HasSubstr("404"));
  // Its permission to see what it is there for is gone.
  kubectl_.must({"delete", "clusterrolebinding", "holdfast-controller", "holdfast-managed"});
  ASSERT_EQ(first_->stop(kDeadline), 0);
  first_ = run(daemons_kubeconfig(), options());
  const std::string other = port_of(*first_);
  EXPECT_TRUE(
      eventually_says([&] { return ask(other, "/readyz"); }, "the Applications of the cluster have not been seen"));
  EXPECT_THAT(ask(other, "/readyz"), HasSubstr("503"));
  EXPECT_THAT(ask(other, "/healthz"), HasSubstr("200 OK"));
}

}  // namespace
}  // namespace holdfast::cluster
