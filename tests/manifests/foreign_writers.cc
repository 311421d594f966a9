#include "manifests/foreign_writers.h"

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <memory>
#include <stdexcept>

#include "cluster/live_watch.h"
#include "net/http_client.h"

namespace holdfast::cluster {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kConnections = 8;
constexpr std::size_t kRarely = 8;  // rounds in which a CustomResourceDefinition is written once
constexpr std::array kWithConditions{"/deployments/", "/daemonsets/", "/statefulsets/", "/services/"};

bool is_definition(const std::string& object) { return object.contains("/customresourcedefinitions/"); }

bool has_conditions(const std::string& object) {
  return std::ranges::any_of(kWithConditions, [&](const char* part) { return object.contains(part); });
}

class Writers {
 public:
  Writers(const std::string& kubeconfig, const std::set<std::string>& objects, std::size_t count)
      : client_(make_client(kubeconfig)) {
    for (std::size_t round = 0; order_.size() < count; ++round)
      for (const std::string& object : objects)
        if (order_.size() < count && (!is_definition(object) || round % kRarely == 0)) order_.push_back(&object);
  }

  ForeignWrites run() {
    std::size_t ended = 0;
    std::exception_ptr failure;
    for (std::size_t i = 0; i < kConnections; ++i)
      asio::co_spawn(io_, write(), [&](std::exception_ptr thrown) {
        if (thrown) failure = thrown;
        if (++ended == kConnections) client_->close_all();
      });
    io_.run();
    if (failure) std::rethrow_exception(failure);
    return writes_;
  }

 private:
  std::unique_ptr<HttpClient> make_client(const std::string& kubeconfig) {
    auto client = HttpClient::create(io_.get_executor(), LiveWatch::config(kubeconfig));
    if (!client) throw std::runtime_error(describe(client.error()));
    return std::move(*client);
  }

  ApiRequest request_for(std::size_t number) {
    const std::string& object = *order_[number];
    const std::string text = std::to_string(number);
    ApiRequest request;
    request.method = Method::Patch;
    request.content_type = "application/merge-patch+json";
    if (number % 3 == 0 && has_conditions(object)) {
      ++writes_.statuses;
      request.target = object + "/status?fieldManager=foreign-prober";
      request.content_type = "application/strategic-merge-patch+json";
      request.body = R"({"status":{"conditions":[{"type":"example.com/Probed","status":"True","reason":"Seen)" + text +
                     R"(","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]}})";
    } else if (number % 3 == 1) {
      ++writes_.labels;
      request.target = object + "?fieldManager=foreign-labeller";
      request.body = R"({"metadata":{"labels":{"example.com/batch":")" + text + "\"}}}";
    } else {
      ++writes_.annotations;
      request.target = object + "?fieldManager=foreign-annotator";
      request.body = R"({"metadata":{"annotations":{"example.com/seen":")" + text + "\"}}}";
    }
    return request;
  }

  asio::awaitable<void> write() {
    while (next_ < order_.size()) {
      ApiRequest request = request_for(next_++);
      const std::string target = request.target;
      const Result<ApiResponse> response = co_await client_->send(std::move(request));
      if (response && response->status == 200)
        ++writes_.succeeded;
      else
        writes_.failures.push_back(target + ": " + (response ? response->body : describe(response.error())));
    }
  }

  asio::io_context io_;
  std::unique_ptr<HttpClient> client_;
  std::vector<const std::string*> order_;
  std::size_t next_ = 0;
  ForeignWrites writes_;
};

}  // namespace

ForeignWrites write_as_others(const std::string& kubeconfig, const std::set<std::string>& objects, std::size_t count) {
  return Writers(kubeconfig, objects, count).run();
}

}  // namespace holdfast::cluster
