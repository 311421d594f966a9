// `holdfast get applications`: Application objects as tables, JSON, YAML or names.
#include <spdlog/fmt/fmt.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <exception>
#include <utility>

#include "app/application_lookup.h"
#include "app/application_verbs.h"
#include "app/cluster_session.h"
#include "app/table.h"
#include "app/yaml_text.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr int kTrouble = 2;

std::string number(const json::value& object, std::initializer_list<std::string_view> path) {
  const json::value* value = find(object, path);
  return value == nullptr ? std::string() : to_json(*value);
}

void print_table(const std::vector<json::value>& objects, bool wide) {
  std::vector<std::string> header{"NAMESPACE", "NAME", "READY", "HEALTHY", "REVISION", "DRIFT", "STATUS"};
  if (wide) header.insert(header.end(), {"OBJECTS", "SOURCE", "PATH"});
  Table table(header);
  for (const json::value& object : objects) {
    const ShownCondition ready = application_condition(object, "Ready");
    std::vector<std::string> row{std::string(string_at(object, {"metadata", "namespace"})),
                                 std::string(string_at(object, {"metadata", "name"})),
                                 ready.status,
                                 application_condition(object, "Healthy").status,
                                 std::string(string_at(object, {"status", "lastAppliedRevision"})),
                                 number(object, {"status", "drift", "objects"}),
                                 ready.message};
    if (wide)
      row.insert(row.end(), {number(object, {"status", "inventory", "objects"}),
                             std::string(string_at(object, {"spec", "source", "repoURL"})),
                             std::string(string_at(object, {"spec", "source", "path"}))});
    table.add(std::move(row));
  }
  std::fputs(table.text().c_str(), stdout);
}

json::value as_list(const std::vector<json::value>& objects) {
  return json::object{{"apiVersion", "v1"}, {"kind", "List"}, {"items", json::array(objects.begin(), objects.end())}};
}

void print(const std::vector<json::value>& objects, const ApplicationVerbOptions& options) {
  const json::value whole = objects.size() == 1 && !options.name.empty() ? objects.front() : as_list(objects);
  switch (options.output) {
    case OutputFormat::Table:
    case OutputFormat::Wide:
      if (objects.empty())
        std::fputs("there are no Applications; holdfast import makes some of what Flux and Argo CD have\n", stderr);
      else
        print_table(objects, options.output == OutputFormat::Wide);
      return;
    case OutputFormat::Json:
      std::puts(to_json(whole).c_str());
      return;
    case OutputFormat::Yaml:
      std::fputs(yaml_text(whole).c_str(), stdout);
      return;
    case OutputFormat::Name:
      for (const json::value& object : objects)
        std::printf("application.holdfast.dev/%s\n", std::string(string_at(object, {"metadata", "name"})).c_str());
      return;
  }
}

}  // namespace

int get_applications_command(const ApplicationVerbOptions& options) {
  return run_in_session(
      options.cluster, kTrouble, [&](asio::any_io_executor, ClusterSession& session) -> asio::awaitable<Result<int>> {
        std::string name = options.name, namespace_ = options.cluster.namespace_;
        std::vector<json::value> objects;
        if (name.empty()) {
          Result<std::vector<json::value>> all = co_await list_applications(*session.client, std::move(namespace_));
          if (!all) co_return std::unexpected(all.error());
          objects = *std::move(all);
        } else {
          Result<json::value> one = co_await find_application(*session.client, std::move(name), std::move(namespace_));
          if (!one) co_return std::unexpected(one.error());
          objects.push_back(*std::move(one));
        }
        print(objects, options);
        co_return 0;
      });
}

std::vector<std::string> application_names(std::chrono::milliseconds within) {
  std::vector<std::string> names;
  boost::asio::io_context io(1);
  const ClusterOptions options;
  const Result<ClusterSession> session = open_session(io.get_executor(), options);
  if (!session) return names;
  auto ask = [&]() -> asio::awaitable<void> {
    std::string everywhere;
    const Result<std::vector<json::value>> all = co_await list_applications(*session->client, std::move(everywhere));
    if (!all) co_return;
    for (const json::value& object : *all) names.emplace_back(string_at(object, {"metadata", "name"}));
  };
  asio::co_spawn(io, ask(), [&](const std::exception_ptr&) { io.stop(); });
  io.run_for(within);
  session->close();  // whatever is still under way ends before what it refers to
  io.restart();
  io.run_for(within);
  return names;
}

}  // namespace holdfast
