#include "cluster/nginx_server.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "cluster/eventually.h"
#include "holdfast/base/digest.h"

namespace holdfast::cluster {
namespace {

using tcp = boost::asio::ip::tcp;
namespace fs = std::filesystem;

constexpr const char* kNginx = "/usr/sbin/nginx";
constexpr const char* kFcgiwrap = "/usr/sbin/fcgiwrap";

int free_port() {
  boost::asio::io_context io;
  const tcp::acceptor acceptor(io, {boost::asio::ip::address_v4::loopback(), 0});
  return acceptor.local_endpoint().port();
}

std::string read(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::unique_ptr<ChildProcess> start(const std::vector<std::string>& command, const fs::path& log_file) {
  const int log = ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) throw std::runtime_error("cannot write " + log_file.string());
  auto child =
      std::make_unique<ChildProcess>(command, Environment{}, ChildProcess::Streams{.in = -1, .out = log, .err = log});
  ::close(log);
  return child;
}

}  // namespace

NginxServer::NginxServer(fs::path folder, fs::path repositories)
    : folder_(std::move(folder)), repositories_(std::move(repositories)), port_(free_port()) {
  for (const char* program : {kNginx, kFcgiwrap})
    if (!fs::exists(program))
      throw std::runtime_error(std::string(program) + " is not installed; ./dev setup does that");
  fs::create_directories(folder_);
  const Finished made =
      run({"/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=git", "-addext",
           "subjectAltName=IP:127.0.0.1", "-days", "2", "-keyout", folder_ / "tls.key", "-out", folder_ / "tls.crt"});
  if (made.exit_code != 0) throw std::runtime_error("openssl failed: " + made.err);
  backend_ = start({kFcgiwrap, "-f", "-s", "unix:" + (folder_ / "backend").string()}, folder_ / "backend.log");
  write_configuration();
  nginx_ = start({kNginx, "-p", folder_.string(), "-c", (folder_ / "nginx.conf").string()}, folder_ / "nginx.log");
  if (!eventually([this] { return status_for("") == 401 || !nginx_->running(); }, std::chrono::seconds(20)) ||
      !nginx_->running())
    throw std::runtime_error("nginx does not serve: " + log());
}

// Its workers end with it.
NginxServer::~NginxServer() {
  nginx_->signal(SIGTERM);
  nginx_->wait(std::chrono::seconds(5));
}

void NginxServer::write_configuration() const {
  std::string tokens;
  for (const std::string& header : headers_) tokens += "    \"" + header + "\" 1;\n";
  const std::string backend = run({"/usr/bin/git", "--exec-path"}).out;
  std::ofstream(folder_ / "nginx.conf.new")
      << "daemon off;\nworker_processes 1;\npid nginx.pid;\nerror_log error.log;\n"
      << (::geteuid() == 0 ? "user root;\n" : "") << "events {}\nhttp {\n  access_log access.log;\n"
      << "  client_body_temp_path body;\n  fastcgi_temp_path fastcgi;\n  proxy_temp_path proxy;\n"
      << "  uwsgi_temp_path uwsgi;\n  scgi_temp_path scgi;\n"
      << "  map $http_authorization $let_in {\n    default 0;\n"
      << tokens << "  }\n"
      << "  map $http_authorization $signed {\n    default 0;\n    \"~^Bearer [^.]+[.][^.]+[.][^.]+$\" 1;\n  }\n"
      << "  server {\n    listen 127.0.0.1:" << port_ << " ssl;\n    ssl_certificate tls.crt;\n"
      << "    ssl_certificate_key tls.key;\n    client_max_body_size 0;\n"
      << "    location = /generation { return 200 \"" << generation_ << "\"; }\n"
      << "    location = /api/app/installations/34/access_tokens {\n      default_type application/json;\n"
      << "      if ($signed = 0) { return 401; }\n"
      << "      return 201 '{\"token\":\"" << app_token_ << "\",\"expires_at\":\"2100-01-01T00:00:00Z\"}';\n    }\n"
      << "    location / {\n      if ($let_in = 0) { add_header WWW-Authenticate 'Basic realm=\"git\"' always; return "
         "401; }\n"
      << "      fastcgi_pass unix:" << (folder_ / "backend").string() << ";\n      fastcgi_param SCRIPT_FILENAME "
      << backend.substr(0, backend.find('\n')) << "/git-http-backend;\n"
      << "      fastcgi_param GIT_PROJECT_ROOT " << repositories_.string() << ";\n"
      << "      fastcgi_param GIT_HTTP_EXPORT_ALL 1;\n      fastcgi_param GIT_PROTOCOL $http_git_protocol;\n"
      << "      fastcgi_param GIT_CONFIG_COUNT 1;\n      fastcgi_param GIT_CONFIG_KEY_0 safe.directory;\n"
      << "      fastcgi_param GIT_CONFIG_VALUE_0 *;\n      fastcgi_param PATH_INFO $uri;\n"
      << "      fastcgi_param QUERY_STRING $query_string;\n      fastcgi_param REQUEST_METHOD $request_method;\n"
      << "      fastcgi_param CONTENT_TYPE $content_type;\n      fastcgi_param CONTENT_LENGTH $content_length;\n"
      << "      fastcgi_param HTTP_CONTENT_ENCODING $http_content_encoding;\n    }\n  }\n}\n";
  fs::rename(folder_ / "nginx.conf.new", folder_ / "nginx.conf");
}

// A worker of the old configuration finishes what it has begun; a new one says its number.
void NginxServer::reload() {
  ++generation_;
  write_configuration();
  nginx_->signal(SIGHUP);
  const auto served = [this] {
    return run({"curl", "-sk", "https://127.0.0.1:" + std::to_string(port_) + "/generation"}).out ==
           std::to_string(generation_);
  };
  if (!eventually(served, std::chrono::seconds(20))) throw std::runtime_error("nginx did not take it: " + log());
}

void NginxServer::let_in(const std::vector<std::string>& headers) {
  headers_ = headers;
  reload();
}

void NginxServer::give_app_token(const std::string& token) {
  app_token_ = token;
  reload();
}

std::string NginxServer::basic(const std::string& user, const std::string& password) {
  return "Basic " + base64_encode(user + ":" + password);
}

std::string NginxServer::bearer(const std::string& token) { return "Bearer " + token; }

std::string NginxServer::url(const std::string& path, int port) const {
  return "https://127.0.0.1:" + std::to_string(port == 0 ? port_ : port) + path;
}

std::string NginxServer::ca() const { return read(folder_ / "tls.crt"); }

std::string NginxServer::log() const {
  return read(folder_ / "nginx.log") + read(folder_ / "error.log") + read(folder_ / "access.log") +
         read(folder_ / "backend.log");
}

int NginxServer::status_for(const std::string& header) const {
  const std::string said = run({"curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", "-H",
                                "Authorization: " + header, "https://127.0.0.1:" + std::to_string(port_) + "/"})
                               .out;
  return said.empty() ? 0 : std::stoi(said);
}

}  // namespace holdfast::cluster
