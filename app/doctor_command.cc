// `holdfast doctor`: whether a daemon has, here and on this cluster, what it needs. Looks, and changes nothing.
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdio>
#include <set>
#include <utility>

#include "app/account_access.h"
#include "app/cluster_session.h"
#include "app/commands.h"
#include "app/doctor_findings.h"
#include "app/install_manifests.h"
#include "app/install_tenants.h"
#include "app/own_definitions.h"
#include "app/wall_time.h"
#include "holdfast/base/process.h"
#include "holdfast/model/api_resource.h"
#include "holdfast/model/api_status.h"
#include "net/user_agent.h"
#include "net/web_client.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using Level = DoctorFinding::Level;

constexpr std::chrono::seconds kPatience{10};

// A right that install grants, in a namespace or in all of them (empty).
struct Right {
  std::string verb, group, resource, namespace_, name;
};

std::string to_string(const Right& right) {
  const std::string resource = right.resource + (right.group.empty() ? "" : "." + right.group);
  return right.verb + " " + resource + (right.name.empty() ? "" : "/" + right.name) +
         (right.namespace_.empty() ? "" : " in " + right.namespace_);
}

std::vector<std::string> texts_at(const json::object& rule, std::string_view name) {
  std::vector<std::string> texts;
  if (const json::value* list = rule.if_contains(name); list != nullptr && list->is_array())
    for (const json::value& one : list->get_array())
      if (one.is_string()) texts.emplace_back(one.get_string());
  return texts;
}

void add_rights(const json::object& rule, const std::string& namespace_, std::vector<Right>& rights) {
  std::vector<std::string> names = texts_at(rule, "resourceNames");
  if (names.empty()) names.emplace_back();
  for (const std::string& group : texts_at(rule, "apiGroups"))
    for (const std::string& resource : texts_at(rule, "resources"))
      for (const std::string& verb : texts_at(rule, "verbs"))
        for (const std::string& name : names) rights.push_back({verb, group, resource, namespace_, name});
}

// Of the roles that the daemon's account is bound to; there are others, for people.
std::vector<Right> granted_rights(const std::vector<json::object>& manifests) {
  std::set<std::string, std::less<>> bound;
  for (const json::object& manifest : manifests)
    if (string_at(manifest, {"kind"}).ends_with("RoleBinding")) bound.emplace(string_at(manifest, {"roleRef", "name"}));
  std::vector<Right> rights;
  for (const json::object& manifest : manifests) {
    const std::string_view kind = string_at(manifest, {"kind"});
    if (kind != "Role" && kind != "ClusterRole") continue;
    const bool added = string_at(manifest, {"metadata", "labels", kManagedRoleLabel}) == "true";
    if (!added && !bound.contains(string_at(manifest, {"metadata", "name"}))) continue;
    const std::string namespace_(string_at(manifest, {"metadata", "namespace"}));
    if (const json::value* rules = find(manifest, {"rules"}); rules != nullptr && rules->is_array())
      for (const json::value& rule : rules->get_array()) add_rights(rule.get_object(), namespace_, rights);
  }
  return rights;
}

class Examination {
 public:
  Examination(const DoctorOptions& options, ApiServer& api, std::string server)
      : options_(options), api_(api), server_(std::move(server)), manifests_(install_manifests(options.install)) {}

  asio::awaitable<Result<DoctorFindings>> run() {
    programs();
    if (co_await access()) {
      co_await definitions();
      co_await policies();
      co_await rights();
      co_await lease();
    }
    web("receiver", options_.receiver);
    web("relay", options_.relay);
    co_return std::move(findings_);
  }

 private:
  void add(DoctorFinding finding) { findings_.push_back(std::move(finding)); }

  asio::awaitable<Result<ApiResponse>> get(std::string target) {
    ApiRequest request;
    request.target = std::move(target);
    request.deadline = kPatience;
    request.max_retries = 1;
    co_return co_await api_.send(std::move(request));
  }

  void programs() {
    const auto version = [](const char* name, std::vector<std::string> arguments) -> std::string {
      const auto path = find_program(name);
      if (!path) return {};
      arguments.insert(arguments.begin(), *path);
      const auto output = run_program({.argv = std::move(arguments),
                                       .environment = {std::string("PATH=") + kProgramPath, "HOME=/nonexistent"},
                                       .deadline = kPatience});
      return output && output->exit_status == 0 ? output->out + output->err : std::string();
    };
    add(judge_program("git", version("git", {"--version"}), true));
    add(judge_program("kustomize", version("kustomize", {"version"}), false));
    add(judge_program("helm", version("helm", {"version", "--short"}), false));
  }

  // False: it cannot be asked, and there is no more to find out.
  asio::awaitable<bool> access() {
    const Result<ApiResponse> answer = co_await get("/version");
    if (!answer) {
      add({Level::Fail, "access", describe(answer.error()),
           "check --kubeconfig and --context, and the way to " + server_});
      co_return false;
    }
    if (answer->status != 200) {
      const ApiStatus status = parse_api_status(answer->status, answer->content_type, answer->body);
      add({Level::Fail, "access", server_ + " answers " + std::to_string(answer->status) + ": " + status.message,
           "check the credentials of the kubeconfig"});
      co_return false;
    }
    add({Level::Ok, "access", server_ + " answers", {}});
    const Result<json::value> body = parse_json(answer->body);
    add(judge_server_version(body ? string_at(*body, {"gitVersion"}) : std::string_view()));
    const auto now = wall_seconds();
    server_now_ = parse_http_date(answer->date).value_or(now);
    add(judge_clock(answer->date, now));
    co_return true;
  }

  asio::awaitable<void> definitions() {
    for (const json::value& ours : own_definitions()) {
      const json::object& definition = ours.get_object();
      const std::string name(string_at(definition, {"metadata", "name"}));
      const auto answer = co_await get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/" + name);
      const Result<json::value> live =
          answer && answer->status == 200 ? parse_json(answer->body) : std::unexpected(Error{});
      if (live && live->is_object())
        add(judge_definition(live->get_object(), definition));
      else
        add(unseen("definition", name, answer, "holdfast install --definitions-only | kubectl apply -f -"));
    }
  }

  static DoctorFinding unseen(const std::string& check, const std::string& name, const Result<ApiResponse>& answer,
                              const std::string& next) {
    if (!answer) return {Level::Fail, check, name + ": " + describe(answer.error()), "try again"};
    if (answer->status == 404) return {Level::Fail, check, "there is no " + name, next};
    return {Level::Warn, check,
            name + " may not be seen: " + parse_api_status(answer->status, answer->content_type, answer->body).message,
            "ask as somebody who may get it"};
  }

  // What install prints for who may do what; without it, what it forbids is allowed.
  asio::awaitable<void> policies() {
    for (const json::object& manifest : manifests_) {
      const std::string_view kind = string_at(manifest, {"kind"});
      if (kind != "ValidatingAdmissionPolicy" && kind != "ValidatingAdmissionPolicyBinding") continue;
      const std::string name(string_at(manifest, {"metadata", "name"}));
      const std::string plural =
          kind.ends_with("Binding") ? "validatingadmissionpolicybindings" : "validatingadmissionpolicies";
      const auto answer = co_await get("/apis/admissionregistration.k8s.io/v1/" + plural + "/" + name);
      if (answer && answer->status == 200)
        add({Level::Ok, "admission", std::string(kind) + " " + name + " is there", {}});
      else
        add(unseen("admission", std::string(kind) + " " + name, answer, "holdfast install | kubectl apply -f -"));
    }
  }

  asio::awaitable<void> rights() {
    const std::vector<Right> rights = granted_rights(manifests_);
    std::vector<std::string> refused;
    for (const Right& right : rights) {
      json::object asked{{"verb", right.verb}, {"group", right.group}};
      const std::size_t slash = right.resource.find('/');
      asked["resource"] = right.resource.substr(0, slash);
      if (slash != std::string::npos) asked["subresource"] = right.resource.substr(slash + 1);
      if (!right.namespace_.empty()) asked["namespace"] = right.namespace_;
      if (!right.name.empty()) asked["name"] = right.name;
      ApiRequest request;
      request.method = Method::Post;
      request.target = kAccessReviews;
      request.content_type = "application/json";
      request.deadline = kPatience;
      request.body = to_json(json::object{{"apiVersion", "authorization.k8s.io/v1"},
                                          {"kind", "SelfSubjectAccessReview"},
                                          {"spec", {{"resourceAttributes", std::move(asked)}}}});
      if (account_) request.impersonate = account_;
      const Result<json::value> answer = co_await ask_json(api_, std::move(request));
      if (!answer) {
        add({Level::Fail, "permissions", describe(answer.error()), "ask as somebody who may ask that"});
        co_return;
      }
      const json::value* allowed = find(*answer, {"status", "allowed"});
      if (allowed == nullptr || !allowed->is_bool() || !allowed->get_bool()) refused.push_back(to_string(right));
    }
    add(judge_rights(account_ ? "the account " + to_string(*account_) : "who is asking", rights.size(), refused));
  }

  asio::awaitable<void> lease() {
    const std::string place = options_.install.namespace_ + "/" + options_.install.installation;
    const auto answer = co_await get("/apis/coordination.k8s.io/v1/namespaces/" + options_.install.namespace_ +
                                     "/leases/" + options_.install.installation);
    if (answer && answer->status == 404) co_return add(judge_lease(std::nullopt, place, server_now_));
    const auto record = answer && answer->status == 200 ? read_lease(answer->body) : std::unexpected(Error{});
    if (record)
      add(judge_lease(*record, place, server_now_));
    else
      add(unseen("lease", "the Lease " + place, answer, "start a daemon"));
  }

  // Both answer the question whether they are alive.
  void web(const std::string& check, const std::string& url) {
    if (url.empty()) return;
    WebClientOptions options;
    options.user_agent = user_agent("holdfast", HOLDFAST_VERSION);
    options.silence = kPatience;
    std::string alive = url;
    while (alive.ends_with('/')) alive.pop_back();
    WebRequest request;
    request.url = alive + "/healthz";
    request.deadline = kPatience;
    const auto answer = WebClient(std::move(options)).send(std::move(request));
    const std::string next = "see that `holdfast receiver` runs there, and that an ingress leads to it";
    if (!answer)
      add({Level::Fail, check, url + ": " + describe(answer.error()), next});
    else if (answer->status != 200)
      add({Level::Fail, check, url + " answers " + std::to_string(answer->status), next});
    else
      add({Level::Ok, check, url + " answers", {}});
  }

 public:
  void ask_as(ServiceAccount account) { account_ = std::move(account); }

 private:
  const DoctorOptions& options_;
  ApiServer& api_;
  std::string server_;
  std::vector<json::object> manifests_;
  std::optional<ServiceAccount> account_;  // whose rights are looked at; none: one's own
  std::chrono::sys_seconds server_now_{};
  DoctorFindings findings_;
};

}  // namespace

int doctor_command(const DoctorOptions& options) {
  constexpr int kTrouble = 2;
  std::vector<std::string> named = options.install.tenants;
  if (!options.account.empty()) named.push_back(options.account);
  const auto accounts = parse_tenants(named);
  if (!accounts) {
    std::fprintf(stderr, "holdfast: %s\n", describe(accounts.error()).c_str());
    return kTrouble;
  }
  return run_in_session(
      options.cluster, kTrouble, [&](asio::any_io_executor, ClusterSession& session) -> asio::awaitable<Result<int>> {
        Examination examination(options, *session.client, session.server);
        if (!options.account.empty()) examination.ask_as(accounts->back());
        const auto findings = co_await examination.run();
        if (!findings) co_return std::unexpected(findings.error());
        const std::string text =
            options.output == OutputFormat::Json ? to_json(doctor_document(*findings)) + "\n" : doctor_table(*findings);
        std::fputs(text.c_str(), stdout);
        co_return doctor_exit_code(*findings);
      });
}

}  // namespace holdfast
