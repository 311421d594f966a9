#include "bench/observed_server.h"

#include <boost/asio/co_spawn.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "watchers/kubeconfig.h"

namespace holdfast::bench {
namespace {

constexpr std::chrono::seconds kStart{10};

std::string in_folder(const std::string& folder, const char* name) {
  std::filesystem::create_directories(folder);
  return folder + "/" + name;
}

template <class Value>
Value must(Result<Value> value) {
  if (!value) throw std::runtime_error(describe(value.error()));
  return *std::move(value);
}

std::unique_ptr<cluster::HoldfastProcess> simulator(const std::string& kubeconfig) {
  auto started = std::make_unique<cluster::HoldfastProcess>(
      std::vector<std::string>{"simulate", "--without-controllers", "--kubeconfig", kubeconfig});
  started->wait_for_line("an API server is ready", kStart);
  return started;
}

ClusterSession session_with(boost::asio::io_context& io, const std::string& kubeconfig) {
  ClusterOptions options;
  options.kubeconfig = kubeconfig;
  return must(open_session(io.get_executor(), options));
}

ClientConfig server_of(const std::string& kubeconfig) {
  KubeconfigOptions options;
  options.path = kubeconfig;
  return must(load_kubeconfig(options)).client;
}

}  // namespace

ObservedServer::ObservedServer(const std::string& folder, std::vector<std::string> counted,
                               const std::string& kubeconfig)
    : direct_(kubeconfig.empty() ? in_folder(folder, "kubeconfig") : kubeconfig),
      through_(in_folder(folder, "tunnel")),
      simulator_(kubeconfig.empty() ? simulator(direct_) : nullptr),
      session_(session_with(io_, direct_)),
      eyes_(io_.get_executor(), std::move(counted)),
      tunnel_(io_.get_executor(), server_of(direct_), eyes_) {
  std::ofstream(through_) << tunnel_.kubeconfig_text();
}

void ObservedServer::run(boost::asio::awaitable<void> measurement, const std::function<std::string()>& said) {
  boost::asio::co_spawn(io_, tunnel_.run(), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  boost::asio::co_spawn(io_, std::move(measurement), [&](std::exception_ptr failure) {
    io_.stop();
    if (!failure) return;
    std::fputs(said().c_str(), stderr);
    std::rethrow_exception(failure);
  });
  io_.run();
}

}  // namespace holdfast::bench
