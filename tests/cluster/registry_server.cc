#include "cluster/registry_server.h"

#include <fcntl.h>
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

constexpr const char* kServer = "/usr/bin/docker-registry";
// bcrypt of kPassword, as `htpasswd -B` makes it.
constexpr const char* kHashed = "$2y$05$XHgL5zYQ3BDCcPZA.ZWJgu2QQ9ja37Kv27pHa7P9NZ15rnCZ2Uq9a";

int free_port() {
  boost::asio::io_context io;
  const tcp::acceptor acceptor(io, {boost::asio::ip::address_v4::loopback(), 0});
  return acceptor.local_endpoint().port();
}

// The value of a header among those that curl prints.
std::string header(const std::string& printed, const std::string& name) {
  const std::size_t at = printed.find(name + ": ");
  if (at == std::string::npos) throw std::runtime_error("the registry gave no " + name + ": " + printed);
  const std::size_t begin = at + name.size() + 2;
  return printed.substr(begin, printed.find('\r', begin) - begin);
}

}  // namespace

RegistryServer::RegistryServer(std::filesystem::path folder) : folder_(std::move(folder)), port_(free_port()) {
  if (!std::filesystem::exists(kServer))
    throw std::runtime_error(std::string(kServer) + " is not installed; ./dev setup does that");
  std::filesystem::create_directories(folder_);
  const std::string pem = certificate();
  const Finished made =
      run({"/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=registry", "-addext",
           "subjectAltName=IP:127.0.0.1", "-days", "2", "-keyout", pem, "-out", pem});
  if (made.exit_code != 0) throw std::runtime_error("openssl failed: " + made.err);
  std::ofstream(folder_ / "htpasswd") << kUser << ':' << kHashed << '\n';
  std::ofstream(folder_ / "config.yml") << "version: 0.1\nlog: {level: info}\nstorage:\n  delete: {enabled: true}\n"
                                        << "  filesystem: {rootdirectory: " << (folder_ / "data").string() << "}\n"
                                        << "http:\n  addr: " << authority() << "\n  secret: of-this-test\n"
                                        << "  tls: {certificate: " << pem << ", key: " << pem << "}\n"
                                        << "auth:\n  htpasswd: {realm: registry, path: "
                                        << (folder_ / "htpasswd").string() << "}\n";
  start();
}

void RegistryServer::start() {
  const int log = ::open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) throw std::runtime_error("cannot write into " + folder_.string());
  child_ = std::make_unique<ChildProcess>(std::vector<std::string>{kServer, "serve", (folder_ / "config.yml").string()},
                                          Environment{}, ChildProcess::Streams{.in = -1, .out = log, .err = log});
  ::close(log);
  eventually([this] { return listens() || !child_->running(); }, std::chrono::seconds(20));
  if (!listens()) throw std::runtime_error("docker-registry does not listen: " + this->log());
}

void RegistryServer::stop() {
  child_->signal(SIGTERM);
  if (!child_->wait(std::chrono::seconds(10))) child_.reset();
}

bool RegistryServer::listens() const {
  boost::asio::io_context io;
  tcp::socket socket(io);
  boost::system::error_code failed;
  socket.connect({boost::asio::ip::address_v4::loopback(), static_cast<unsigned short>(port_)}, failed);
  return !failed;
}

std::string RegistryServer::log() const {
  std::ifstream in(folder_ / "log");
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string RegistryServer::request(std::vector<std::string> arguments, const std::string& input) const {
  std::vector<std::string> command = {"/usr/bin/curl",
                                      "--http1.1",
                                      "--silent",
                                      "--show-error",
                                      "--fail-with-body",
                                      "--dump-header",
                                      "-",
                                      "--cacert",
                                      certificate(),
                                      "--user",
                                      std::string(kUser) + ":" + kPassword};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const Finished done = run(command, input);
  if (done.exit_code != 0) throw std::runtime_error("the registry refuses: " + done.err + done.out + log());
  return done.out;
}

void RegistryServer::push_blob(const std::string& repository, const std::string& bytes) const {
  const std::string place = "https://" + authority() + "/v2/" + repository;
  const std::string begun = request({"--request", "POST", place + "/blobs/uploads/"});
  const std::string to = header(begun, "Location");
  request({"--request", "PUT", "--header", "Content-Type: application/octet-stream", "--data-binary", "@-",
           to + (to.contains('?') ? "&" : "?") + "digest=" + digest_of(bytes)},
          bytes);
}

void RegistryServer::push(const std::string& repository, const std::string& tag, const PushedArtifact& artifact) const {
  for (const std::string& blob : artifact.blobs) push_blob(repository, blob);
  request({"--request", "PUT", "--header", "Content-Type: application/vnd.oci.image.manifest.v1+json", "--data-binary",
           "@-", "https://" + authority() + "/v2/" + repository + "/manifests/" + tag},
          artifact.manifest);
}

void RegistryServer::remove(const std::string& repository, const std::string& digest) const {
  request({"--request", "DELETE", "https://" + authority() + "/v2/" + repository + "/manifests/" + digest});
}

std::filesystem::path RegistryServer::file_of(const std::string& digest) const {
  const std::string hex = digest.substr(digest.find(':') + 1);
  return folder_ / "data/docker/registry/v2/blobs/sha256" / hex.substr(0, 2) / hex / "data";
}

}  // namespace holdfast::cluster
