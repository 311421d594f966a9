#include "cluster/live_watch.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "cluster/eventually.h"

namespace holdfast::cluster {

namespace asio = boost::asio;

ClientConfig LiveWatch::config(const std::string& kubeconfig, std::uint16_t port) {
  KubeconfigOptions options;
  options.path = kubeconfig;
  Result<KubeContext> context = load_kubeconfig(options);
  if (!context) throw std::runtime_error(describe(context.error()));
  context->client.user_agent = "holdfast-test";
  if (port != 0) context->client.port = std::to_string(port);
  return std::move(context->client);
}

LiveWatch::LiveWatch(const std::string& kubeconfig, std::uint16_t port) : LiveWatch(config(kubeconfig, port)) {}

LiveWatch::LiveWatch(ClientConfig config) {
  Result<std::unique_ptr<HttpClient>> client = HttpClient::create(io_.get_executor(), std::move(config));
  if (!client) throw std::runtime_error(describe(client.error()));
  client_ = std::move(*client);
}

LiveWatch::~LiveWatch() {
  if (reflector_) reflector_->stop();
  client_->close_all();
  until([this] { return ended_; });
}

void LiveWatch::watch(const ApiResource& resource) {
  resource_ = resource;
  ended_ = false;
  reflector_ = std::make_unique<Reflector>(
      *client_, *client_, resource, "", writer_, *this, [] { return 0.5; }, ReflectorOptions{knowledge_});
  asio::co_spawn(io_, reflector_->run(), [this](std::exception_ptr) { ended_ = true; });
}

void LiveWatch::run_a_little() {
  io_.restart();
  io_.poll();
}

bool LiveWatch::until(const std::function<bool()>& predicate, std::chrono::seconds deadline) {
  return eventually(
      [&] {
        run_a_little();
        return predicate();
      },
      deadline);
}

void LiveWatch::pass(std::chrono::seconds time) {
  time_.advance_to(time_.now() + time);
  run_a_little();
}

Result<ApiResponse> LiveWatch::send(ApiRequest request) {
  std::optional<Result<ApiResponse>> answer;
  asio::co_spawn(io_, client_->send(std::move(request)),
                 [&answer](std::exception_ptr, Result<ApiResponse> got) { answer = std::move(got); });
  // Until it is there: the handler must not outlive this frame. The request has a deadline of its own.
  while (!until([&] { return answer.has_value(); })) {
  }
  return *std::move(answer);
}

Result<ApiResponse> LiveWatch::get(const std::string& target) {
  ApiRequest request;
  request.target = target;
  return send(std::move(request));
}

LivePtr LiveWatch::find(const std::string& namespace_name, const std::string& name) const {
  return store_.find({resource_.gvk.group, resource_.gvk.kind, namespace_name, name});
}

std::size_t LiveWatch::count(const std::string& line) const {
  return static_cast<std::size_t>(std::ranges::count(lines_, line));
}

std::string LiveWatch::lines() const {
  std::string all;
  for (const std::string& line : lines_) all += line + "\n";
  return all;
}

void LiveWatch::changed(std::span<const StoreEvent> events, Clock::time_point) {
  for (const StoreEvent& event : events)
    if (event.kind == StoreEventKind::Deleted) lines_.push_back("deleted " + event.key.name);
}

void LiveWatch::status_changed(const ApiResource&, const ReflectorStatus& status) {
  lines_.push_back(std::string(to_string(status.state)) +
                   (status.error ? std::string(" ") + to_string(status.error->kind) : ""));
}

}  // namespace holdfast::cluster
