#include "app/import_input.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <utility>

#include "app/argo_import.h"
#include "app/cluster_session.h"
#include "app/flux_import.h"
#include "app/input_file.h"
#include "app/marathon_import.h"
#include "app/takeover_plan.h"
#include "net/url.h"
#include "sources/source_tree.h"
#include "sources/yaml_document.h"
#include "watchers/discovery.h"

namespace holdfast {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 10'000;
constexpr int kPage = 500;

Result<std::vector<std::string>> files_of(const std::string& named) {
  std::error_code failed;
  if (named == "-" || !fs::is_directory(named, failed)) return std::vector{named};
  std::vector<std::string> files;
  for (fs::recursive_directory_iterator at(named, failed), end; !failed && at != end; at.increment(failed)) {
    const std::string name = at->path().filename().string();
    std::error_code unknown;
    if (at->is_directory(unknown) && name.starts_with('.')) at.disable_recursion_pending();
    if (at->is_regular_file(unknown) && may_hold_manifests(name)) files.push_back(at->path().string());
    if (files.size() > kMostFiles) return fail(ErrorKind::TooLarge, "holds more than 10,000 files", named);
  }
  if (failed) return fail(ErrorKind::Invalid, failed.message(), named);
  std::ranges::sort(files);
  return files;
}

Result<std::vector<json::value>> values_in(const std::string& text, const std::string& name) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  std::vector<json::value> values;
  if (first != std::string::npos && (text[first] == '{' || text[first] == '[')) {
    if (Result<json::value> value = parse_json(text)) {
      values.push_back(*std::move(value));
      return values;
    }
  }
  Result<std::vector<YamlDocument>> documents = parse_yaml(text, name);
  if (!documents) return std::unexpected(documents.error());
  for (YamlDocument& document : *documents) values.push_back(std::move(document.value));
  return values;
}

void keep_objects(json::value value, ImportInput& input) {
  if (string_at(value, {"apiVersion"}).empty() || string_at(value, {"kind"}).empty()) return;
  const json::value* items = find(value, {"items"});
  if (items == nullptr || !items->is_array() || !string_at(value, {"kind"}).ends_with("List")) {
    input.objects.push_back(std::move(value));
    return;
  }
  for (const json::value& item : items->get_array()) keep_objects(item, input);
}

bool is_of(const GroupVersionKind& type, ImportFrom from) {
  if (from == ImportFrom::ArgoCd)
    return type.group == "argoproj.io" &&
           (type.kind == "Application" || type.kind == "AppProject" || type.kind == "ApplicationSet");
  return type.group.ends_with(".fluxcd.io");
}

boost::asio::awaitable<Result<void>> list_all(ApiServer& api, ApiResource resource, std::string namespace_,
                                              ImportInput& input) {
  const std::string collection = resource_path(resource, namespace_, {});
  std::string next;
  do {
    ApiRequest request;
    request.target = fmt::format("{}?limit={}", collection, kPage);
    if (!next.empty()) request.target += "&continue=" + encode_query_value(next);
    Result<json::value> page = co_await ask_json(api, std::move(request));
    if (!page) co_return std::unexpected(page.error());
    const json::value* items = find(*page, {"items"});
    if (items == nullptr || !items->is_array()) co_return fail(ErrorKind::Protocol, "a list without items", collection);
    for (const json::value& item : items->get_array()) {
      json::value object = item;
      object.as_object()["apiVersion"] = resource.gvk.api_version();
      object.as_object()["kind"] = resource.gvk.kind;
      input.objects.push_back(std::move(object));
    }
    next = string_at(*page, {"metadata", "continue"});
  } while (!next.empty());
  co_return Result<void>{};
}

}  // namespace

Result<ImportInput> read_import_files(const ImportOptions& options) {
  ImportInput input;
  for (const std::string& named : options.files) {
    const auto files = files_of(named);
    if (!files) return std::unexpected(files.error());
    for (const std::string& file : *files) {
      const Result<std::string> text = read_input(file);
      if (!text) return std::unexpected(text.error());
      Result<std::vector<json::value>> values = values_in(*text, input_name(file));
      if (!values && file == named) return std::unexpected(values.error());
      if (!values) {
        input.passed_over.push_back(describe(values.error()));
        continue;
      }
      for (json::value& value : *values) {
        if (options.from == ImportFrom::Marathon)
          input.objects.push_back(std::move(value));
        else
          keep_objects(std::move(value), input);
      }
    }
  }
  return input;
}

boost::asio::awaitable<Result<ImportInput>> read_import_cluster(ApiServer& api, ImportOptions options) {
  ImportInput input;
  Result<ApiCatalog> catalog = co_await discover(api);
  if (!catalog) co_return std::unexpected(catalog.error());
  input.catalog = *std::move(catalog);
  bool served = false;
  const std::map<GroupKind, std::string> preferred = input.catalog.preferred;
  for (const auto& [type, version] : preferred) {
    const ApiResource* const resource = input.catalog.find(type);
    if (resource == nullptr || !is_of(resource->gvk, options.from) || !resource->can("list")) continue;
    served = true;
    ApiResource named = *resource;
    std::string namespace_ = named.namespaced ? options.cluster.namespace_ : std::string();
    const Result<void> listed = co_await list_all(api, std::move(named), std::move(namespace_), input);
    if (!listed) co_return std::unexpected(listed.error());
  }
  if (!served)
    co_return fail(ErrorKind::NotFound,
                   options.from == ImportFrom::Flux ? "the cluster serves no kinds of Flux"
                                                    : "the cluster serves no kinds of Argo CD",
                   {}, "name the cluster with --kubeconfig or --context, or files with -f");
  co_return input;
}

Imported import_objects(const std::vector<json::value>& live, const ImportOptions& options) {
  std::vector<json::value> objects;
  objects.reserve(live.size());
  for (const json::value& object : live) objects.push_back(before_takeover(object));
  switch (options.from) {
    case ImportFrom::Flux:
      return import_flux(objects);
    case ImportFrom::ArgoCd: {
      const ArgoImportOptions argo{options.destination};
      return import_argo(objects, argo);
    }
    case ImportFrom::Marathon: {
      const MarathonImportOptions marathon{options.cluster.namespace_};
      return import_marathon(objects, marathon);
    }
  }
  return {};
}

}  // namespace holdfast
