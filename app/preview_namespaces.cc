#include "app/preview_namespaces.h"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <random>
#include <utility>

#include "app/cluster_session.h"
#include "app/installations.h"
#include "app/own_definitions.h"
#include "app/own_object.h"
#include "app/set_application.h"
#include "engine/confinement.h"
#include "holdfast/base/log.h"
#include "sources/set_expansion.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr std::string_view kEnforce = "pod-security.kubernetes.io/enforce", kWarn = "pod-security.kubernetes.io/warn";
constexpr std::string_view kPreviewLabel = "holdfast.dev/preview";  // the application's name

std::string namespace_path(std::string_view name) { return fmt::format("/api/v1/namespaces/{}", name); }

std::string random_token() {
  std::random_device chance;
  std::string token;
  for (int i = 0; i < 4; ++i) token += fmt::format("{:08x}", chance());
  return token;
}

ApiRequest request_of(Method method, std::string target, const json::object& body,
                      std::string content_type = "application/json") {
  ApiRequest request;
  request.method = method;
  request.target = std::move(target);
  request.content_type = std::move(content_type);
  request.body = to_json(body);
  return request;
}

json::object texts(const std::map<std::string, std::string>& values) {
  json::object made;
  for (const auto& [key, value] : values) made[key] = value;
  return made;
}

json::object core_object(const char* kind, std::string_view namespace_, json::object spec) {
  return {{"apiVersion", "v1"},
          {"kind", kind},
          {"metadata", {{"name", kPreviewLimitsName}, {"namespace", namespace_}}},
          {"spec", std::move(spec)}};
}

std::string limits_text(const PreviewNamespaces::Record& record, const PreviewSpec& spec) {
  std::string text = record.uid + spec.pod_security;
  for (const auto* values : {&spec.labels, &spec.quota, &spec.limits}) text += canonical_json(texts(*values));
  return text;
}

}  // namespace

PreviewNamespaces::PreviewNamespaces(ApiServer& api, ApplicationName set, Uid set_uid, const std::string& installation)
    : api_(api),
      set_(std::move(set)),
      set_uid_(std::move(set_uid)),
      manager_(manager_of("holdfast-previews", installation)) {}

bool PreviewNamespaces::is_made(const std::string& application, const PreviewSpec& spec, const std::string& name,
                                const LiveObject* seen) const {
  const auto known = records_.find(application);
  const auto limited = limited_.find(application);
  return known != records_.end() && limited != limited_.end() && seen != nullptr && !seen->terminating &&
         known->second.namespace_ == name && seen->uid.value == known->second.uid &&
         limited->second == limits_text(known->second, spec);
}

void PreviewNamespaces::recall(const json::object& status) {
  const json::value* list = find(status, {"previews"});
  if (list == nullptr || !list->is_array()) return;
  for (const json::value& one : list->get_array()) {
    Record record{std::string(string_at(one, {"namespace"})), std::string(string_at(one, {"uid"})),
                  std::string(string_at(one, {"token"}))};
    const std::string application(string_at(one, {"application"}));
    if (application.empty() || record.namespace_.empty() || record.token.empty()) continue;  // none that we wrote
    records_[application] = std::move(record);
  }
}

// What is written on a namespace as it is made says for whom. A record alone would let whoever can write a status have
// any namespace taken, labelled or deleted.
bool PreviewNamespaces::was_made_with(const Record& record, const json::value& live) const {
  return !record.token.empty() && string_at(live, {"metadata", "annotations", kPreviewToken}) == record.token &&
         string_at(live, {"metadata", "annotations", kPreviewSet}) == shown(set_);
}

bool PreviewNamespaces::is_of(const std::string& application, const Record& record, const json::value& live) const {
  return was_made_with(record, live) && string_at(live, {"metadata", "labels", kPreviewLabel}) == application;
}

asio::awaitable<Result<void>> PreviewNamespaces::make(std::string application, PreviewSpec spec, std::string name) {
  const auto known = records_.find(application);
  if (known != records_.end() && known->second.namespace_ != name)
    co_return fail(ErrorKind::Conflict,
                   fmt::format("its namespace is {}, and would be {} now", known->second.namespace_, name), {},
                   fmt::format("delete the Application {}: it is made anew, there", application));
  if (known == records_.end()) {
    records_[application] = {std::move(name), {}, random_token()};
    if (auto saved = co_await save(); !saved) {
      records_.erase(application);  // it is not made before it is on record
      co_return saved;
    }
  }
  Result<void> there =
      records_.at(application).uid.empty() ? co_await create(application) : co_await check(application);
  if (!there) co_return there;
  co_return co_await limit(std::move(application), std::move(spec));
}

asio::awaitable<Result<void>> PreviewNamespaces::create(std::string application) {
  const Record record = records_.at(application);
  json::object body{{"apiVersion", "v1"},
                    {"kind", "Namespace"},
                    {"metadata",
                     {{"name", record.namespace_},
                      {"labels", {{kSetLabel, set_.second}, {kPreviewLabel, application}}},
                      {"annotations", {{kPreviewToken, record.token}, {kPreviewSet, shown(set_)}}}}}};
  ApiRequest request = request_of(Method::Post, fmt::format("/api/v1/namespaces?fieldManager={}", kSetManager), body);
  Result<json::value> made = co_await ask_json(api_, std::move(request));
  const bool is_there = !made && made.error().kind == ErrorKind::Conflict;
  if (is_there || (!made && made.error().kind == ErrorKind::UnknownOutcome)) made = co_await read(record.namespace_);
  if (!made) co_return std::unexpected(std::move(made.error()));
  if (!is_of(application, record, *made)) {
    auto forgotten = co_await forget(std::move(application));
    if (!forgotten) co_return forgotten;
    co_return fail(
        ErrorKind::Conflict,
        fmt::format("the namespace {} was there before, so it is neither used nor deleted", record.namespace_), {},
        "delete it, or have spec.preview.namespace come to another name");
  }
  records_.at(application).uid = string_at(*made, {"metadata", "uid"});
  if (!is_there)
    log(LogLevel::Info, "namespace-made", "made the namespace " + record.namespace_ + " for " + application,
        {{"set", set_.first + "/" + set_.second}});
  co_return co_await save();
}

// Whatever has its name now.
asio::awaitable<Result<void>> PreviewNamespaces::check(std::string application) {
  const Record record = records_.at(application);
  const Result<json::value> live = co_await read(record.namespace_);
  if (!live && live.error().kind == ErrorKind::NotFound) {
    records_.at(application) = {record.namespace_, {}, random_token()};
    limited_.erase(application);
    if (auto saved = co_await save(); !saved) {
      records_[application] = record;
      co_return saved;
    }
    co_return co_await create(std::move(application));
  }
  if (!live) co_return std::unexpected(live.error());
  if (string_at(*live, {"metadata", "uid"}) != record.uid || !was_made_with(record, *live))
    co_return fail(
        ErrorKind::Conflict,
        fmt::format("the namespace {} is another one than was made for it (its uid is, or its annotation {}), so it is "
                    "neither used nor deleted",
                    record.namespace_, kPreviewToken),
        {}, "delete that one, or have spec.preview.namespace come to another name");
  if (find(*live, {"metadata", "deletionTimestamp"}) != nullptr)
    co_return fail(ErrorKind::Busy, fmt::format("the namespace {} is being deleted", record.namespace_));
  co_return Result<void>();
}

// Its labels, and what may run in it: once for each state of the set, and anew by each process.
asio::awaitable<Result<void>> PreviewNamespaces::limit(std::string application, PreviewSpec spec) {
  const Record record = records_.at(application);
  std::string state = limits_text(record, spec);
  if (limited_[application] == state) co_return Result<void>();
  if (spec.pod_security.empty()) {
    auto inherited = co_await pod_security();
    if (!inherited) co_return std::unexpected(std::move(inherited.error()));
    spec.pod_security = std::move(*inherited);
  }
  json::object labels = texts(spec.labels);
  labels[kEnforce] = spec.pod_security;
  labels[kWarn] = spec.pod_security;
  labels[kSetLabel] = set_.second;
  labels[kPreviewLabel] = application;
  json::object body{{"apiVersion", "v1"},
                    {"kind", "Namespace"},
                    {"metadata", {{"name", record.namespace_}, {"uid", record.uid}, {"labels", std::move(labels)}}}};
  std::string path = namespace_path(record.namespace_);
  if (auto applied = co_await apply(path, std::move(body)); !applied) co_return applied;
  std::string quota = fmt::format("{}/resourcequotas/{}", path, kPreviewLimitsName);
  json::object quota_body = core_object("ResourceQuota", record.namespace_, {{"hard", texts(spec.quota)}});
  auto limited =
      spec.quota.empty() ? co_await unapply(std::move(quota)) : co_await apply(std::move(quota), std::move(quota_body));
  if (!limited) co_return limited;
  std::string range = fmt::format("{}/limitranges/{}", path, kPreviewLimitsName);
  json::array of_containers{
      {{"type", "Container"}, {"default", texts(spec.limits)}, {"defaultRequest", texts(spec.limits)}}};
  json::object range_body = core_object("LimitRange", record.namespace_, {{"limits", std::move(of_containers)}});
  limited = spec.limits.empty() ? co_await unapply(std::move(range))
                                : co_await apply(std::move(range), std::move(range_body));
  if (limited) limited_[application] = std::move(state);
  co_return limited;
}

asio::awaitable<Result<void>> PreviewNamespaces::apply(std::string target, json::object body) {
  ApiRequest request = request_of(Method::Patch, fmt::format("{}?fieldManager={}&force=true", target, kSetManager),
                                  body, "application/apply-patch+yaml");
  const Result<json::value> answer = co_await ask_json(api_, std::move(request));
  if (!answer) co_return std::unexpected(answer.error());
  co_return Result<void>();
}

asio::awaitable<Result<void>> PreviewNamespaces::unapply(std::string target) {
  ApiRequest request;
  request.method = Method::Delete;
  request.target = std::move(target);
  const Result<json::value> answer = co_await ask_json(api_, std::move(request));
  if (!answer && answer.error().kind != ErrorKind::NotFound) co_return std::unexpected(answer.error());
  co_return Result<void>();
}

// What the set's own namespace enforces; where that says nothing, the strictest.
asio::awaitable<Result<std::string>> PreviewNamespaces::pod_security() {
  std::string name = set_.first;
  const Result<json::value> own = co_await read(std::move(name));
  if (!own) co_return std::unexpected(own.error());
  const std::string_view enforced = string_at(*own, {"metadata", "labels", kEnforce});
  co_return std::string(enforced.empty() ? "restricted" : enforced);
}

asio::awaitable<Result<bool>> PreviewNamespaces::remove(std::string application) {
  const auto known = records_.find(application);
  if (known == records_.end()) co_return true;
  const Record record = known->second;
  const Result<json::value> live = co_await read(record.namespace_);
  if (!live && live.error().kind != ErrorKind::NotFound) co_return std::unexpected(live.error());
  const bool ours = live && is_of(application, record, *live) &&
                    (record.uid.empty() || string_at(*live, {"metadata", "uid"}) == record.uid);
  if (!ours) {
    if (live)
      log(LogLevel::Warning, "namespace-left",
          "the namespace " + record.namespace_ + " is another one than was made for " + application +
              ", and is left as it is");
    auto forgotten = co_await forget(std::move(application));
    if (!forgotten) co_return std::unexpected(std::move(forgotten.error()));
    co_return true;
  }
  if (find(*live, {"metadata", "deletionTimestamp"}) != nullptr) co_return false;
  json::object body{{"apiVersion", "v1"},
                    {"kind", "DeleteOptions"},
                    {"propagationPolicy", "Background"},
                    {"preconditions",
                     {{"uid", string_at(*live, {"metadata", "uid"})},
                      {"resourceVersion", string_at(*live, {"metadata", "resourceVersion"})}}}};
  ApiRequest request = request_of(Method::Delete, namespace_path(record.namespace_), body);
  const Result<json::value> deleted = co_await ask_json(api_, std::move(request));
  if (!deleted && deleted.error().kind != ErrorKind::NotFound) co_return std::unexpected(deleted.error());
  log(LogLevel::Info, "namespace-deleted", "deleting the namespace " + record.namespace_ + ", made for " + application,
      {{"set", set_.first + "/" + set_.second}});
  co_return false;
}

asio::awaitable<Result<json::value>> PreviewNamespaces::read(std::string name) {
  ApiRequest request;
  request.target = namespace_path(name);
  co_return co_await ask_json(api_, std::move(request));
}

// By a field manager of its own: the rest of the status is written elsewhere, and later.
asio::awaitable<Result<void>> PreviewNamespaces::save() {
  json::array previews;
  for (const auto& [application, record] : records_) {
    json::object one{{"application", application}, {"namespace", record.namespace_}, {"token", record.token}};
    if (!record.uid.empty()) one["uid"] = record.uid;
    previews.push_back(std::move(one));
  }
  const ApiResource& resource = application_set_resource();
  json::object body{{"apiVersion", resource.gvk.api_version()},
                    {"kind", resource.gvk.kind},
                    {"metadata", {{"namespace", set_.first}, {"name", set_.second}, {"uid", set_uid_.value}}},
                    {"status", {{"previews", std::move(previews)}}}};
  ApiRequest request = request_of(
      Method::Patch,
      fmt::format("{}/status?fieldManager={}&force=true", resource_path(resource, set_.first, set_.second), manager_),
      body, "application/apply-patch+yaml");
  const Result<json::value> answer = co_await ask_json(api_, std::move(request));
  if (!answer) co_return std::unexpected(answer.error());
  co_return Result<void>();
}

// Where it cannot be written, it stays on record, and is forgotten another time.
asio::awaitable<Result<void>> PreviewNamespaces::forget(std::string application) {
  const Record record = records_.at(application);
  records_.erase(application);
  limited_.erase(application);
  auto saved = co_await save();
  if (!saved && saved.error().kind != ErrorKind::NotFound) {
    records_[application] = record;
    co_return saved;
  }
  co_return Result<void>();
}

}  // namespace holdfast
