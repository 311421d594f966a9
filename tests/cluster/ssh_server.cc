#include "cluster/ssh_server.h"

#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "cluster/eventually.h"

namespace holdfast::cluster {
namespace {

using tcp = boost::asio::ip::tcp;

constexpr const char* kServer = "/usr/sbin/sshd";

int free_port() {
  boost::asio::io_context io;
  const tcp::acceptor acceptor(io, {boost::asio::ip::address_v4::loopback(), 0});
  return acceptor.local_endpoint().port();
}

void make_key(const std::filesystem::path& file) {
  const Finished made =
      run({"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", file.string()});
  if (made.exit_code != 0) throw std::runtime_error("ssh-keygen failed: " + made.err);
}

std::string public_key(const std::filesystem::path& key) {
  std::ifstream in(key.string() + ".pub");
  std::string line;
  std::getline(in, line);
  return line;
}

}  // namespace

SshServer::SshServer(std::filesystem::path folder, GitProtocol protocol)
    : folder_(std::move(folder)), port_(free_port()) {
  std::filesystem::create_directories(folder_);
  for (const char* name : {"host", "other_host", "user", "stranger"}) make_key(folder_ / name);
  write_configuration(protocol);
  // Where sshd of root locks up those who have not logged in yet; made by the service, which need not run here.
  if (geteuid() == 0) std::filesystem::create_directories("/run/sshd");
  if (!std::filesystem::exists(kServer))
    throw std::runtime_error(std::string(kServer) + " is not installed; ./dev setup does that");
  const int log = ::open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (log < 0) throw std::runtime_error("cannot write into " + folder_.string());
  child_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{kServer, "-D", "-e", "-f", (folder_ / "sshd_config").string()}, Environment{},
      ChildProcess::Streams{.in = -1, .out = log, .err = log});
  ::close(log);
  eventually([this] { return listens() || !child_->running(); }, std::chrono::seconds(20));
  if (!listens()) throw std::runtime_error("sshd does not listen: " + this->log());
}

void SshServer::write_configuration(GitProtocol protocol) const {
  std::ofstream(folder_ / "sshd_config")
      << "ListenAddress 127.0.0.1:" << port_ << "\nHostKey " << folder_ / "host" << "\nAuthorizedKeysFile "
      << folder_ / "authorized_keys"
      << "\nPidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin prohibit-password"
         "\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
      << (protocol == GitProtocol::Second ? "AcceptEnv GIT_PROTOCOL\n" : "");
  std::ofstream(folder_ / "authorized_keys") << public_key(folder_ / "user") << '\n';
  const std::string host = "[127.0.0.1]:" + std::to_string(port_) + " ";
  std::ofstream(known_hosts()) << host << public_key(folder_ / "host") << '\n';
  std::ofstream(wrong_known_hosts()) << host << public_key(folder_ / "other_host") << '\n';
}

bool SshServer::listens() const {
  boost::asio::io_context io;
  tcp::socket socket(io);
  boost::system::error_code failed;
  socket.connect({boost::asio::ip::address_v4::loopback(), static_cast<unsigned short>(port_)}, failed);
  return !failed;
}

std::string SshServer::url(const std::string& path) const {
  const passwd* user = getpwuid(geteuid());
  if (user == nullptr) throw std::runtime_error("the user who runs this has no name");
  return "ssh://" + std::string(user->pw_name) + "@127.0.0.1:" + std::to_string(port_) + path;
}

std::string SshServer::log() const {
  std::ifstream in(folder_ / "log");
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace holdfast::cluster
