// `holdfast get applications`, `sets` and `overrides`: our own objects as tables, JSON, YAML or names.
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
#include "app/own_definitions.h"
#include "app/table.h"
#include "app/yaml_text.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr int kTrouble = 2;

std::string text_of(const json::value& object, std::initializer_list<std::string_view> path) {
  const json::value* value = find(object, path);
  if (value == nullptr) return {};
  return value->is_string() ? std::string(value->get_string()) : to_json(*value);
}

using Row = std::vector<std::string>;

// How one of our kinds is shown: what all see, and what comes with -o wide.
struct Shown {
  const ApiResource& type;
  Row header, wide;
  Row (*row)(const json::value& object);
  Row (*wide_row)(const json::value& object);
  const char* none;
};

Row application_row(const json::value& object) {
  const ShownCondition ready = application_condition(object, "Ready");
  return {ready.status, application_condition(object, "Healthy").status,
          text_of(object, {"status", "lastAppliedRevision"}), text_of(object, {"status", "drift", "objects"}),
          ready.message};
}
Row wide_application_row(const json::value& object) {
  return {text_of(object, {"status", "inventory", "objects"}), text_of(object, {"spec", "source", "repoURL"}),
          text_of(object, {"spec", "source", "path"})};
}

Row set_row(const json::value& object) {
  const ShownCondition ready = application_condition(object, "Ready");
  return {text_of(object, {"status", "matched"}), text_of(object, {"status", "applied"}),
          text_of(object, {"status", "ready"}), ready.status, ready.message};
}
// What each generator has, and what is left out.
Row wide_set_row(const json::value& object) {
  std::string generators;
  if (const json::value* list = find(object, {"status", "generators"}); list != nullptr && list->is_array())
    for (const json::value& each : list->get_array())
      generators += (generators.empty() ? "" : ",") + text_of(each, {"type"}) + "=" + text_of(each, {"elements"});
  const json::value* left_out = find(object, {"status", "leftOut"});
  return {generators, left_out != nullptr && left_out->is_array() ? std::to_string(left_out->get_array().size()) : "0",
          text_of(object, {"spec", "suspend"})};
}

Row override_row(const json::value& object) {
  return {text_of(object, {"spec", "application"}), text_of(object, {"status", "phase"}),
          text_of(object, {"status", "tries"}), text_of(object, {"spec", "requestedBy"}),
          text_of(object, {"status", "endsAt"})};
}
Row wide_override_row(const json::value& object) {
  return {text_of(object, {"spec", "reason"}), text_of(object, {"status", "revision"}),
          application_condition(object, "Ready").message};
}

const Shown& shown_as(Listed what) {
  static const Shown kApplications{
      application_resource(),
      {"READY", "HEALTHY", "REVISION", "DRIFT", "STATUS"},
      {"OBJECTS", "SOURCE", "PATH"},
      application_row,
      wide_application_row,
      "there are no Applications; holdfast import makes some of what Flux and Argo CD have"};
  static const Shown kSets{application_set_resource(),
                           {"MATCHED", "APPLIED", "READY", "ALL", "STATUS"},
                           {"GENERATORS", "LEFT OUT", "SUSPENDED"},
                           set_row,
                           wide_set_row,
                           "there are no ApplicationSets; docs/previews.md says what they are for"};
  static const Shown kOverrides{override_resource(),
                                {"APPLICATION", "PHASE", "TRIES", "BY", "ENDS"},
                                {"REASON", "REVISION", "STATUS"},
                                override_row,
                                wide_override_row,
                                "there are no Overrides: nothing is tried; holdfast try makes one"};
  return what == Listed::Overrides ? kOverrides : what == Listed::ApplicationSets ? kSets : kApplications;
}

void print_table(const std::vector<json::value>& objects, const Shown& shown, bool wide) {
  Row header{"NAMESPACE", "NAME"};
  header.insert(header.end(), shown.header.begin(), shown.header.end());
  if (wide) header.insert(header.end(), shown.wide.begin(), shown.wide.end());
  Table table(header);
  for (const json::value& object : objects) {
    Row row{text_of(object, {"metadata", "namespace"}), text_of(object, {"metadata", "name"})};
    for (std::string& cell : shown.row(object)) row.push_back(std::move(cell));
    if (wide)
      for (std::string& cell : shown.wide_row(object)) row.push_back(std::move(cell));
    table.add(std::move(row));
  }
  std::fputs(table.text().c_str(), stdout);
}

json::value as_list(const std::vector<json::value>& objects) {
  return json::object{{"apiVersion", "v1"}, {"kind", "List"}, {"items", json::array(objects.begin(), objects.end())}};
}

// As `kubectl get -o name` has them.
void print_names(const std::vector<json::value>& objects, const ApiResource& type) {
  std::string kind = type.gvk.kind;
  for (char& c : kind) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (const json::value& object : objects)
    std::printf("%s.%s/%s\n", kind.c_str(), type.gvk.group.c_str(), text_of(object, {"metadata", "name"}).c_str());
}

void print(const std::vector<json::value>& objects, const Shown& shown, const ApplicationVerbOptions& options) {
  const json::value whole = objects.size() == 1 && !options.name.empty() ? objects.front() : as_list(objects);
  switch (options.output) {
    case OutputFormat::Table:
    case OutputFormat::Wide:
      if (objects.empty())
        std::fprintf(stderr, "%s\n", shown.none);
      else
        print_table(objects, shown, options.output == OutputFormat::Wide);
      return;
    case OutputFormat::Json:
      std::puts(to_json(whole).c_str());
      return;
    case OutputFormat::Yaml:
      std::fputs(yaml_text(whole).c_str(), stdout);
      return;
    case OutputFormat::Name:
      return print_names(objects, shown.type);
  }
}

}  // namespace

int get_own_objects_command(const ApplicationVerbOptions& options, Listed what) {
  return run_in_session(
      options.cluster, kTrouble, [&](asio::any_io_executor, ClusterSession& session) -> asio::awaitable<Result<int>> {
        ApiResource type = shown_as(what).type;
        std::string name = options.name, namespace_ = options.cluster.namespace_;
        std::vector<json::value> objects;
        if (name.empty()) {
          auto all = co_await list_own_objects(*session.client, std::move(type), std::move(namespace_));
          if (!all) co_return std::unexpected(all.error());
          objects = *std::move(all);
        } else {
          auto one = co_await find_own_object(*session.client, std::move(type), std::move(name), std::move(namespace_));
          if (!one) co_return std::unexpected(one.error());
          objects.push_back(*std::move(one));
        }
        print(objects, shown_as(what), options);
        co_return 0;
      });
}

std::vector<std::string> own_object_names(Listed what, std::chrono::milliseconds within) {
  std::vector<std::string> names;
  boost::asio::io_context io(1);
  const ClusterOptions options;
  const Result<ClusterSession> session = open_session(io.get_executor(), options);
  if (!session) return names;
  auto ask = [&]() -> asio::awaitable<void> {
    ApiResource type = shown_as(what).type;
    std::string everywhere;
    const auto all = co_await list_own_objects(*session->client, std::move(type), std::move(everywhere));
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
