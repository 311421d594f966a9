#include "app/marathon_import.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>
#include <utility>

#include "app/marathon_dependencies.h"
#include "app/marathon_pod.h"
#include "app/marathon_pods.h"
#include "app/marathon_values.h"

namespace holdfast {
namespace {

constexpr NoEquivalent kOfApp[] = {
    {"fetch", "fetched files before it began", "build them into the image, or fetch them in an init container", true},
    {"uris", "fetched files before it began", "build them into the image, or fetch them in an init container", true},
    {"storeUrls", "fetched files before it began", "build them into the image", true},
    {"acceptedResourceRoles", "chose agents by role", "write a nodeSelector and tolerations"},
    {"role", "named a role", "give the namespace a ResourceQuota"},
    {"ipAddress", "gave each instance an address of its own", "every pod has one"},
    {"unreachableStrategy", "said when a lost agent's instances are replaced",
     "write tolerations for node.kubernetes.io/unreachable"},
    {"killSelection", "said which instances go first", "the newest go first when it is scaled down"},
    {"executor", "chose an executor", "remove it"},
    {"check", "was a check that told, and did nothing", "write a readiness probe where it is to count"},
    {"taskStats", "counted tasks", "remove it"},
};
constexpr NoEquivalent kOfDocker[] = {
    {"parameters", "gave options to docker", "write what they mean into the pod's spec", true},
    {"credential", "named credentials of a registry", "name a Secret in imagePullSecrets"},
    {"pullConfig", "named credentials of a registry", "name a Secret in imagePullSecrets"},
};

class MarathonApp {
 public:
  MarathonApp(ForeignFields& app, std::string id, const MarathonIds& ids, const MarathonImportOptions& options)
      : app_(app), id_(std::move(id)), name_(marathon_label(id_)), ids_(ids), options_(options) {}

  // The notes are of the first document, the Deployment or StatefulSet.
  std::vector<ImportedDocument> make() {
    ForeignFields container = app_.below("container");
    ForeignFields docker = container.below("docker");
    ports_ = take_marathon_ports(app_, container, docker);
    storage_ = take_marathon_volumes(container, name_);
    json::object made = pod_container(container, docker);
    json::object pod = pod_spec(std::move(made));
    describe();
    workload(std::move(pod));
    if (!ports_.empty()) service();
    app_.without(kOfApp);
    app_.settled({"backoffSeconds", "backoffFactor", "maxLaunchDelaySeconds", "version", "versionInfo", "tasks",
                  "tasksRunning", "tasksStaged", "tasksHealthy", "tasksUnhealthy", "deployments", "lastTaskFailure",
                  "readinessCheckResults", "residency", "networks", "tty", "env", "secrets"});
    return std::move(documents_);
  }

 private:
  [[nodiscard]] json::object selector() const { return {{"app.kubernetes.io/name", name_}}; }

  [[nodiscard]] json::object metadata(std::string_view name) const {
    json::object made{{"name", name}};
    if (!options_.namespace_.empty()) made["namespace"] = options_.namespace_;
    made["labels"] = selector();
    return made;
  }

  void add(json::object object) { documents_.push_back({std::move(object), "the Marathon app " + id_, {}, complete_}); }

  json::object pod_container(ForeignFields& container, ForeignFields& docker) {
    json::object made{{"name", name_}};
    made["image"] = marathon_image(docker.text("image"), app_, "container.docker.image", complete_);
    if (docker.flag("forcePullImage").value_or(false)) made["imagePullPolicy"] = "Always";
    if (docker.flag("privileged").value_or(false)) {
      made["securityContext"] = json::object{{"privileged", true}};
      docker.note("privileged", "had all rights on its agent",
                  "namespaces with Pod Security refuse it: take it away where it is not needed");
    }
    docker.settled({"network"});
    docker.without(kOfDocker);
    container.settled({"type", "linuxInfo"});
    command(made);
    environment(made);
    if (!ports_.empty()) {
      json::array list;
      for (const MarathonPort& port : ports_)
        list.push_back({{"name", port.name}, {"containerPort", port.container}, {"protocol", port.protocol}});
      made["ports"] = std::move(list);
    }
    resources(made);
    take_marathon_checks(app_, ports_, made);
    if (!storage_.mounts.empty()) made["volumeMounts"] = storage_.mounts;
    return made;
  }

  void command(json::object& made) {
    if (std::string text = app_.text("cmd"); !text.empty()) made["command"] = json::array{"/bin/sh", "-c", text};
    json::array arguments;
    for (const std::string& word : app_.texts("args")) arguments.emplace_back(word);
    if (!arguments.empty()) made["args"] = std::move(arguments);
    const std::string user = app_.text("user");
    const bool is_number = !user.empty() && user.find_first_not_of("0123456789") == std::string::npos;
    if (user == "root" || is_number) {
      if (!made.contains("securityContext")) made["securityContext"] = json::object();
      made["securityContext"].as_object()["runAsUser"] = is_number ? std::atoll(user.c_str()) : 0;
    } else if (!user.empty()) {
      app_.note("user", fmt::format("ran as {} of the agent", user), "write its number into securityContext.runAsUser");
    }
  }

  // The name and the key in which a secret of DC/OS is expected here.
  json::object secret_reference(std::string_view secret) {
    const json::value* all = app_.take("secrets");
    std::string source(all == nullptr ? std::string_view() : string_at(*all, {secret, "source"}));
    if (source.empty()) source = secret;
    const std::string name = marathon_label(source);
    app_.note("secrets", fmt::format("{} is a secret of DC/OS, and is not copied", source),
              fmt::format("have a Secret {} with its value under the key `value`", name));
    return {{"secretKeyRef", {{"name", name}, {"key", "value"}}}};
  }

  void environment(json::object& made) {
    json::array list;
    std::set<std::string> named;
    const json::value* given = app_.take("env");
    if (given != nullptr && given->is_object())
      for (const auto& [key, value] : given->get_object()) {
        named.insert(std::string(key));
        const std::string_view secret = string_at(value, {"secret"});
        if (!secret.empty())
          list.push_back({{"name", key}, {"valueFrom", secret_reference(secret)}});
        else
          list.push_back({{"name", key}, {"value", value.is_string() ? value : json::value(to_json(value))}});
      }
    for (std::size_t i = 0; i < ports_.size(); ++i) {
      if (!ports_[i].chosen) continue;
      for (const std::string& name : {i == 0 ? std::string("PORT") : std::string(), fmt::format("PORT{}", i)})
        if (!name.empty() && named.insert(name).second)
          list.push_back({{"name", name}, {"value", std::to_string(ports_[i].container)}});
    }
    if (!list.empty()) made["env"] = std::move(list);
  }

  void resources(json::object& made) {
    ForeignFields most = app_.below("resourceLimits");
    if (json::object all = take_marathon_resources(app_, most); !all.empty()) made["resources"] = std::move(all);
  }

  json::object pod_spec(json::object container) {
    json::object pod;
    take_marathon_constraints(app_, selector(), pod);
    if (const auto grace_s = app_.number("taskKillGracePeriodSeconds")) pod["terminationGracePeriodSeconds"] = *grace_s;
    pod["containers"] = json::array{std::move(container)};
    if (!storage_.volumes.empty()) pod["volumes"] = storage_.volumes;
    return pod;
  }

  void describe() {
    const json::value* labels = app_.take("labels");
    if (labels != nullptr && labels->is_object())
      for (const auto& [key, value] : labels->get_object()) {
        const std::string name(key),
            text(value.is_string() ? std::string_view(value.get_string()) : std::string_view());
        if (name.starts_with("HAPROXY_"))
          app_.note("labels." + name, fmt::format("{} had marathon-lb publish it", text),
                    "write an Ingress or an HTTPRoute");
        else if (name.starts_with("DCOS_"))
          app_.note("labels." + name, "was for DC/OS itself", "remove it");
        else if (is_kubernetes_label(name) && is_kubernetes_label(text))
          labels_[name] = text;
        else
          app_.note("labels." + name, "cannot be a label of Kubernetes", "write it as an annotation");
      }
    for (const std::string& id : app_.texts("dependencies")) depend_on(id);
  }

  void depend_on(const std::string& id) {
    const std::vector<std::string> others = ids_.named(id_, id);
    if (others.empty()) {
      app_.note("dependencies", fmt::format("it began after {}, which was not read", id),
                "import both at once, or write holdfast.dev/depends-on");
    } else if (options_.namespace_.empty()) {
      app_.note("dependencies", fmt::format("it began after {}", id), "give --namespace, and it is said to Holdfast");
    } else {
      for (const std::string& other : others)
        depends_ += (depends_.empty() ? "" : ",") + fmt::format("apps/namespaces/{}/{}", options_.namespace_, other);
    }
  }

  json::object strategy() {
    ForeignFields upgrade = app_.below("upgradeStrategy");
    const json::value *least = upgrade.take("minimumHealthCapacity"), *more = upgrade.take("maximumOverCapacity");
    if (!upgrade.present()) return {};
    const std::int64_t healthy = least == nullptr ? 100 : std::atoll(whole_amount(least, 100).c_str()),
                       over = more == nullptr ? 100 : std::atoll(whole_amount(more, 100).c_str());
    json::value surge(fmt::format("{}%", over));
    if (healthy >= 100 && over == 0) surge = 1;  // something has to give
    return {{"type", "RollingUpdate"},
            {"rollingUpdate",
             {{"maxUnavailable", fmt::format("{}%", std::max<std::int64_t>(0, 100 - healthy))}, {"maxSurge", surge}}}};
  }

  // Each instance has claims of its own: a volume of the pod is then a template of them.
  void own_claims(json::object& spec, json::object& pod) {
    json::array templates, others;
    for (const MarathonClaim& claim : storage_.claims)
      templates.push_back({{"metadata", {{"name", claim.volume}}}, {"spec", claim.spec}});
    for (const json::value& volume : storage_.volumes)
      if (find(volume, {"persistentVolumeClaim"}) == nullptr) others.push_back(volume);
    pod.erase("volumes");
    if (!others.empty()) pod["volumes"] = std::move(others);
    spec["serviceName"] = name_;
    spec["volumeClaimTemplates"] = std::move(templates);
  }

  void workload(json::object pod) {
    const std::int64_t instances = app_.number("instances").value_or(1);
    const bool stateful = !storage_.claims.empty() && instances > 1;
    json::object spec{{"replicas", instances}, {"selector", {{"matchLabels", selector()}}}};
    json::object rolls = strategy();
    if (stateful)
      own_claims(spec, pod);
    else if (!storage_.claims.empty())
      spec["strategy"] = json::object{{"type", "Recreate"}};
    else if (!rolls.empty())
      spec["strategy"] = std::move(rolls);
    spec["template"] = json::object{{"metadata", {{"labels", selector()}}}, {"spec", std::move(pod)}};
    json::object about = metadata(name_);
    for (auto& [key, value] : labels_) about["labels"].as_object()[key] = value;
    if (!depends_.empty()) about["annotations"] = json::object{{"holdfast.dev/depends-on", depends_}};
    add({{"apiVersion", "apps/v1"},
         {"kind", stateful ? "StatefulSet" : "Deployment"},
         {"metadata", std::move(about)},
         {"spec", std::move(spec)}});
    if (stateful) return;
    for (const MarathonClaim& claim : storage_.claims)
      add({{"apiVersion", "v1"},
           {"kind", "PersistentVolumeClaim"},
           {"metadata", metadata(claim.name)},
           {"spec", claim.spec}});
  }

  void service() {
    json::array list;
    std::set<std::pair<std::int64_t, std::string>> used;
    for (const MarathonPort& port : ports_)
      if (used.insert({port.service, port.protocol}).second)
        list.push_back(
            {{"name", port.name}, {"port", port.service}, {"targetPort", port.name}, {"protocol", port.protocol}});
    add({{"apiVersion", "v1"},
         {"kind", "Service"},
         {"metadata", metadata(name_)},
         {"spec", {{"selector", selector()}, {"ports", std::move(list)}}}});
  }

  ForeignFields& app_;
  std::string id_, name_;
  const MarathonIds& ids_;
  const MarathonImportOptions& options_;
  std::vector<MarathonPort> ports_;
  MarathonVolumes storage_;
  json::object labels_;
  std::string depends_;
  bool complete_ = true;
  std::vector<ImportedDocument> documents_;
};

class MarathonImport {
 public:
  MarathonImport(const std::vector<json::value>& definitions, const MarathonImportOptions& options)
      : options_(options) {
    for (const json::value& definition : definitions) ids_.add(definition, {});
  }

  void take(const json::value& definition, const std::string& around) {
    if (const json::array* list = definition.if_array()) {
      for (const json::value& each : *list) take(each, around);
      return;
    }
    if (!definition.is_object()) {
      imported_.notes.push_back({around, "holds something that is no app, and was passed over", "correct it", true});
      return;
    }
    const std::string id = MarathonIds::full_id(around, string_at(definition, {"id"}));
    bool is_group = false;
    for (const char* part : {"apps", "groups", "pods"}) is_group = is_group || find(definition, {part}) != nullptr;
    const bool is_pod = find(definition, {"containers"}) != nullptr;
    if (is_group)
      group(definition, id);
    else if (string_at(definition, {"id"}).empty())
      imported_.notes.push_back(
          {around, "holds something without an id, which is no app", "name app definitions", true});
    else if (find(definition, {"run"}) != nullptr)
      imported_.notes.push_back(
          {id, "is a job of Metronome, which is no app of Marathon", "write a Job or a CronJob", true});
    else
      make(definition, id, is_pod);
  }

  Imported result() { return std::move(imported_); }

 private:
  void group(const json::value& definition, const std::string& id) {
    for (const char* part : {"groups", "apps", "pods"})
      if (const json::value* list = find(definition, {part})) take(*list, id);
    std::vector<ImportNote> notes;
    {
      ForeignFields rest(&definition, "the Marathon group " + id, notes);
      rest.settled({"id", "apps", "groups", "pods", "version", "enforceRole"});
      const NoEquivalent others[] = {{"dependencies", "said what begins first", "write holdfast.dev/depends-on"}};
      rest.without(others);
    }
    imported_.notes.insert(imported_.notes.end(), notes.begin(), notes.end());
  }

  void make(const json::value& definition, const std::string& id, bool is_pod) {
    std::vector<ImportNote> notes;
    std::vector<ImportedDocument> made;
    {
      ForeignFields fields(&definition, {}, notes);
      fields.settled({"id"});
      made = is_pod ? import_marathon_pod(fields, id, options_.namespace_)
                    : MarathonApp(fields, id, ids_, options_).make();
    }
    made.front().notes = std::move(notes);
    for (ImportedDocument& document : made) imported_.documents.push_back(std::move(document));
  }

  const MarathonImportOptions& options_;
  MarathonIds ids_;
  Imported imported_;
};

}  // namespace

Imported import_marathon(const std::vector<json::value>& definitions, const MarathonImportOptions& options) {
  MarathonImport import(definitions, options);
  for (const json::value& definition : definitions) import.take(definition, {});
  return import.result();
}

}  // namespace holdfast
