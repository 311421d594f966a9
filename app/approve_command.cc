// `holdfast approve`: writes down, in a ConfigMap beside the inventory, that a drift may be put back whose policy is
// Approve, or that objects may go which the guard of pruning holds back. The daemon sees it by its watch. Without
// --name it approves a plan (approve_plan.h).
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <cstdio>
#include <random>

#include "app/application_object.h"
#include "app/approve_plan.h"
#include "app/cluster_session.h"
#include "app/commands.h"
#include "engine/approvals.h"
#include "engine/inventory_record.h"
#include "holdfast/base/duration.h"
#include "holdfast/base/timestamp.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kLongest = 24h;

asio::awaitable<Result<json::value>> ask(ApiServer& api, Method method, std::string target, json::value body,
                                         std::string content_type) {
  ApiRequest request;
  request.method = method;
  request.target = std::move(target);
  if (!body.is_null()) request.body = to_json(body);
  request.content_type = std::move(content_type);
  co_return co_await ask_json(api, std::move(request));
}

asio::awaitable<Result<json::value>> get(ApiServer& api, std::string target) {
  co_return co_await ask(api, Method::Get, std::move(target), {}, {});
}

bool same_kind(const ObjectKey& key, std::string_view kind) {
  const std::string with_group = key.group.empty() ? key.kind : key.kind + "." + key.group;
  const auto same = [&](std::string_view text) {
    return std::ranges::equal(text, kind,
                              [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
  };
  return same(key.kind) || same(with_group);
}

// Of the inventory: what is not in it is none of the application's business.
Result<ObjectKey> find_object(const Inventory& inventory, const std::string& text, const ApproveOptions& options) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == text.size())
    return fail(ErrorKind::Invalid, "\"" + text + "\" is not KIND/NAME", {}, "as in Deployment/web");
  std::vector<ObjectKey> found;
  for (const auto& [key, uid] : inventory.entries) {
    const bool here =
        options.cluster.namespace_.empty() || key.namespace_.empty() || key.namespace_ == options.cluster.namespace_;
    if (here && key.name == text.substr(slash + 1) && same_kind(key, text.substr(0, slash))) found.push_back(key);
  }
  if (found.empty())
    return fail(ErrorKind::NotFound, text + " is not among what " + options.name + " manages", {},
                "`holdfast get --name " + options.name + "` lists it");
  if (found.size() > 1)
    return fail(ErrorKind::Invalid, text + " could be " + to_string(found[0]) + " or " + to_string(found[1]), {},
                "say which with --namespace, or KIND.GROUP/NAME");
  return found.front();
}

Result<std::vector<Approval>> approvals_of(const ApproveOptions& options, const Inventory& inventory,
                                           const std::string& by) {
  const auto period = parse_duration(options.period);
  if (!period || *period < 1s || *period > kLongest)
    return fail(ErrorKind::Invalid, "--for " + options.period + " is not a time of 1s to 24h", {}, "as in 30m");
  const WallTime until = std::chrono::ceil<std::chrono::seconds>(std::chrono::system_clock::now() + *period);
  std::vector<Approval> approvals;
  if (!options.plan.empty())
    approvals.push_back({ApprovedAction::Plan, {}, {}, {}, 0, until, by, options.reason, options.plan});
  for (const std::string& text : options.objects) {
    Approval approval;
    approval.action = options.prune ? ApprovedAction::Prune : ApprovedAction::Repair;
    approval.fields = {options.fields.begin(), options.fields.end()};
    approval.until = until;
    approval.by = by;
    approval.reason = options.reason;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), approval.objects);
    if (!options.prune || wrong != std::errc() || end != text.data() + text.size()) {
      approval.objects = 0;
      const Result<ObjectKey> key = find_object(inventory, text, options);
      if (!key) return std::unexpected(key.error());
      approval.object = *key;
      approval.uid = inventory.entries.at(*key);
    } else if (approval.objects == 0) {
      return fail(ErrorKind::Invalid, "--prune 0 approves nothing");
    }
    approvals.push_back(std::move(approval));
  }
  return approvals;
}

std::string new_name() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

// The new ones beside those that hold still; null takes out what does not.
json::object changes(const json::value& config_map, const std::vector<Approval>& approvals) {
  json::object data;
  const json::value* const before = find(config_map, {"data"});
  if (before != nullptr && before->is_object())
    for (const auto& [name, text] : before->get_object()) {
      const Result<Approval> one = text.is_string() ? read_approval(text.get_string()) : std::unexpected(Error{});
      if (!one || one->until <= std::chrono::system_clock::now()) data[name] = nullptr;
    }
  for (const Approval& one : approvals) data[new_name()] = to_text(one);
  return data;
}

asio::awaitable<Result<void>> write(ApiServer& api, const ApproveOptions* options, std::string folder,
                                    const std::vector<Approval>* approvals) {
  const std::string name = approvals_name(inventory_name(options->name));
  const Result<json::value> before = co_await get(api, folder + "/" + name);
  if (!before && before.error().kind != ErrorKind::NotFound) co_return std::unexpected(before.error());
  json::object data = changes(before ? *before : json::value(json::object{}), *approvals);
  json::object body{{"data", std::move(data)}};
  const bool exists = before.has_value();
  if (!exists) {
    body["apiVersion"] = "v1";
    body["kind"] = "ConfigMap";
    body["metadata"] = {{"name", name}, {"labels", {{"holdfast.dev/installation", options->cluster.installation}}}};
  }
  std::string target = exists ? folder + "/" + name : std::move(folder);
  const Result<json::value> written =
      co_await ask(api, exists ? Method::Patch : Method::Post, std::move(target), std::move(body),
                   exists ? "application/merge-patch+json" : "application/json");
  if (!written) co_return std::unexpected(written.error());
  co_return Result<void>();
}

void print(const Approval& approval) {
  const std::string what =
      approval.object.kind.empty() ? fmt::format("{} objects at once", approval.objects) : to_string(approval.object);
  if (approval.action == ApprovedAction::Plan) {
    std::printf("approved until %s: the plan %s\n",
                to_timestamp(std::chrono::floor<std::chrono::seconds>(approval.until)).c_str(), approval.plan.c_str());
    return;
  }
  std::string fields;
  for (const std::string& field : approval.fields) fields += " " + field;
  std::printf("approved until %s: %s %s%s\n",
              to_timestamp(std::chrono::floor<std::chrono::seconds>(approval.until)).c_str(),
              approval.action == ApprovedAction::Prune ? "to prune" : "to put back", what.c_str(), fields.c_str());
}

asio::awaitable<Result<void>> approve(ApiServer& api, const ApproveOptions* options, std::string namespace_) {
  std::string folder = "/api/v1/namespaces/" + namespace_ + "/configmaps";
  const Result<json::value> record = co_await get(api, folder + "/" + inventory_name(options->name));
  const bool nothing_yet = !record && record.error().kind == ErrorKind::NotFound && !options->plan.empty();
  if (!nothing_yet && !record && record.error().kind == ErrorKind::NotFound)
    co_return fail(ErrorKind::NotFound, "there is no application " + options->name + " in the namespace " + namespace_,
                   {}, "check --name and --inventory-namespace; `holdfast get` lists what there is");
  if (!nothing_yet && !record) co_return std::unexpected(record.error());
  const Result<Inventory> inventory =
      nothing_yet ? Inventory{} : from_config_map(*record, options->cluster.installation);
  if (!inventory) co_return std::unexpected(inventory.error());
  const std::string by = co_await who_we_are(api);
  const auto approvals = approvals_of(*options, *inventory, by);
  if (!approvals) co_return std::unexpected(approvals.error());
  if (Result<void> written = co_await write(api, options, std::move(folder), &*approvals); !written) co_return written;
  for (const Approval& one : *approvals) print(one);
  co_return Result<void>();
}

}  // namespace

int approve_command(const ApproveOptions& options) {
  return run_in_session(
      options.cluster, 1, [&](asio::any_io_executor executor, ClusterSession& session) -> asio::awaitable<Result<int>> {
        if (options.name.empty()) co_return co_await approve_plan(executor, session, options);
        std::string namespace_ = options.inventory_namespace.empty() ? session.namespace_ : options.inventory_namespace;
        const Result<void> approved = co_await approve(*session.client, &options, std::move(namespace_));
        if (!approved) co_return std::unexpected(approved.error());
        co_return 0;
      });
}

}  // namespace holdfast
