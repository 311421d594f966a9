// `holdfast previews`: what an ApplicationSet comes to right now, without making any of it.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <optional>

#include "app/application_setup.h"
#include "app/cluster_session.h"
#include "app/commands.h"
#include "app/input_file.h"
#include "app/own_definitions.h"
#include "app/set_preview.h"
#include "app/table.h"
#include "app/wall_time.h"
#include "holdfast/base/clock.h"
#include "sources/application_set_reader.h"
#include "sources/generator_source.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr int kNothing = 0, kSomething = 1, kTrouble = 2;
constexpr std::chrono::seconds kPatience{60};  // with all generators

bool names_secret(const ApplicationSet& set) {
  for (const Generator& generator : set.generators) {
    if (const auto* branches = std::get_if<BranchGenerator>(&generator);
        branches != nullptr && !branches->secret.empty())
      return true;
    const auto* directories = std::get_if<DirectoryGenerator>(&generator);
    if (directories != nullptr && !directories->secret.empty()) return true;
  }
  return false;
}

// One reading of each.
asio::awaitable<std::vector<GeneratorReading>> read_generators(asio::any_io_executor executor, ApplicationSet set,
                                                               GeneratorAccess access) {
  auto hub = std::make_shared<RepositoryHub>(executor);
  std::vector<GeneratorReading> readings(set.generators.size(),
                                         std::unexpected(Error{ErrorKind::Timeout, "it did not answer in time"}));
  std::vector<std::unique_ptr<GeneratorSource>> sources;
  std::vector<bool> heard(readings.size());
  Timer signal(executor);
  for (std::size_t i = 0; i < readings.size(); ++i) {
    auto source = make_generator_source(executor, hub, set.generators[i], access,
                                        [&, i](Clock::time_point, const GeneratorReading& reading) {
                                          readings[i] = reading;
                                          heard[i] = true;
                                          signal.cancel();
                                        });
    if (source) {
      sources.push_back(std::move(*source));
      continue;
    }
    readings[i] = std::unexpected(source.error());
    heard[i] = true;
  }
  const auto until = Clock::now() + kPatience;
  while (std::ranges::find(heard, false) != heard.end() && Clock::now() < until) {
    signal.expires_at(until);
    co_await signal.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_return readings;
}

int print(const ApplicationSet& set, const std::vector<GeneratorReading>& readings,
          const std::map<std::string, json::value>& live, OutputFormat output) {
  PresentApplications present;
  for (const auto& [name, body] : live)
    present[name] = std::string(string_at(body, {"metadata", "annotations", kElementAnnotation}));
  const auto now = wall_seconds();
  const std::vector<SetPreviewRow> rows = set_preview(set, expand(set, readings, present, now), live);
  int code = kNothing;
  for (const GeneratorReading& reading : readings) {
    if (reading) continue;
    std::fprintf(stderr, "holdfast: %s; nothing would be made, changed or deleted because of it\n",
                 describe(reading.error()).c_str());
    code = kTrouble;
  }
  Table table({"APPLICATION", "NAMESPACE", "ELEMENT", "WHAT"});
  json::array list;
  for (const SetPreviewRow& row : rows) {
    table.add({row.application, row.namespace_, row.element, row.what});
    list.push_back({{"application", row.application},
                    {"namespace", row.namespace_},
                    {"element", row.element},
                    {"what", row.what},
                    {"changes", row.changes}});
    if (row.changes && code == kNothing) code = kSomething;
  }
  if (output == OutputFormat::Json)
    std::puts(to_json(list).c_str());
  else if (rows.empty() && code != kTrouble)
    std::fputs("the set has no elements\n", stderr);
  else
    std::fputs(table.text().c_str(), stdout);
  return code;
}

asio::awaitable<Result<ApplicationSet>> read_from_cluster(ApiServer& api, std::string namespace_, std::string name) {
  ApiRequest request;
  request.target = resource_path(application_set_resource(), namespace_, name);
  const Result<json::value> body = co_await ask_json(api, std::move(request));
  if (!body) co_return std::unexpected(body.error());
  co_return read_application_set(body->get_object());
}

asio::awaitable<Result<std::map<std::string, json::value>>> applications_of(ApiServer& api, std::string namespace_) {
  ApiRequest request;
  request.target = resource_path(application_resource(), namespace_, {});
  const Result<json::value> list = co_await ask_json(api, std::move(request));
  if (!list) co_return std::unexpected(list.error());
  std::map<std::string, json::value> all;
  if (const json::value* items = find(*list, {"items"}); items != nullptr && items->is_array())
    for (const json::value& item : items->get_array()) all[std::string(string_at(item, {"metadata", "name"}))] = item;
  co_return all;
}

std::string cache_folder(const PreviewsOptions& options) {
  SetupContext context;
  context.cache_dir = options.cache_dir;
  return cache_folder_of(context);
}

Result<ApplicationSet> read_file(const PreviewsOptions& options) {
  Result<std::string> content = read_input(options.file);
  if (!content) return std::unexpected(std::move(content.error()));
  const std::string& own = options.cluster.namespace_;
  return read_application_set_file({input_name(options.file), std::move(*content)}, own.empty() ? "default" : own);
}

// A file whose generators need no Secret needs no cluster either; then nothing is known to be there.
int print_without_cluster(const PreviewsOptions& options, const ApplicationSet& set) {
  asio::io_context io(1);
  int code = kTrouble;
  auto work = [&]() -> asio::awaitable<void> {
    ApplicationSet read = set;
    GeneratorAccess access{set.namespace_, cache_folder(options), nullptr};
    const auto readings = co_await read_generators(io.get_executor(), std::move(read), std::move(access));
    code = print(set, readings, {}, options.output);
  };
  asio::co_spawn(io, work(), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  io.run();
  return code;
}

// Of a file: as it would be once it is applied, to the set of its name or to none.
asio::awaitable<Result<int>> print_beside_cluster(asio::any_io_executor executor, ClusterSession& session,
                                                  const PreviewsOptions& options, std::optional<ApplicationSet> file) {
  std::string namespace_ = file ? file->namespace_ : session.namespace_;
  std::string name = file ? file->name : options.name;
  Result<ApplicationSet> set = co_await read_from_cluster(*session.client, namespace_, std::move(name));
  if (!set && (!file || set.error().kind != ErrorKind::NotFound)) co_return std::unexpected(set.error());
  if (file) {
    file->uid = set ? set->uid : std::string();
    set = std::move(*file);
  }
  const auto live = co_await applications_of(*session.client, std::move(namespace_));
  if (!live && live.error().kind != ErrorKind::NotFound) co_return std::unexpected(live.error());
  ApplicationSet read = *set;
  GeneratorAccess access{set->namespace_, cache_folder(options), session.values.get()};
  const auto readings = co_await read_generators(executor, std::move(read), std::move(access));
  co_return print(*set, readings, live ? *live : std::map<std::string, json::value>(), options.output);
}

}  // namespace

int previews_command(const PreviewsOptions& options) {
  std::optional<ApplicationSet> file;
  if (!options.file.empty()) {
    Result<ApplicationSet> read = read_file(options);
    if (!read) {
      std::fprintf(stderr, "holdfast: %s\n", describe(read.error()).c_str());
      return kTrouble;
    }
    if (!names_secret(*read)) return print_without_cluster(options, *read);
    file = std::move(*read);
  }
  return run_in_session(options.cluster, kTrouble,
                        [&](asio::any_io_executor executor, ClusterSession& session) -> asio::awaitable<Result<int>> {
                          std::optional<ApplicationSet> set = file;
                          co_return co_await print_beside_cluster(executor, session, options, std::move(set));
                        });
}

}  // namespace holdfast
