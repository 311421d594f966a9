#include "app/marathon_pods.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "app/marathon_pod.h"
#include "app/marathon_values.h"

namespace holdfast {
namespace {

constexpr std::int64_t kFirstChosenPort = 8080;  // where Marathon would choose one on the agent

constexpr NoEquivalent kOfScheduling[] = {
    {"killSelection", "said which instances go first", "the newest go first when it is scaled down"},
    {"unreachableStrategy", "said when a lost agent's instances are replaced",
     "write tolerations for node.kubernetes.io/unreachable"},
};
constexpr NoEquivalent kOfContainer[] = {
    {"artifacts", "fetched files before it began", "build them into the image, or fetch them in an init container",
     true},
};

class MarathonPod {
 public:
  MarathonPod(ForeignFields& pod, const std::string& id, const std::string& namespace_)
      : pod_(pod), id_(id), name_(marathon_label(id)), namespace_(namespace_) {}

  std::vector<ImportedDocument> make() {
    ForeignFields scaling = pod_.below("scaling");
    instances_ = scaling.number("instances").value_or(1);
    scaling.settled({"kind", "maxInstances"});
    secrets_ = pod_.take("secrets");
    user_ = pod_.text("user");
    json::object spec = scheduling();
    volumes();
    json::array list;
    for (ForeignFields& each : pod_.each("containers")) list.push_back(container(each));
    spec["containers"] = std::move(list);
    if (grace_s_ > 0) spec["terminationGracePeriodSeconds"] = grace_s_;
    if (!volumes_.empty()) spec["volumes"] = volumes_;
    workload(std::move(spec));
    service();
    claims();
    const NoEquivalent of_pod[] = {
        {"role", "named a role", "give the namespace a ResourceQuota"},
        {"linuxInfo", "gave options to the kernel", "write what they mean into the pod's securityContext", true},
    };
    pod_.without(of_pod);
    pod_.settled({"networks", "environment", "version", "legacySharedCgroups", "executorResources"});
    return std::move(documents_);
  }

 private:
  [[nodiscard]] json::object selector() const { return {{"app.kubernetes.io/name", name_}}; }
  [[nodiscard]] json::object metadata(std::string_view name) const {
    json::object made{{"name", name}};
    if (!namespace_.empty()) made["namespace"] = namespace_;
    made["labels"] = selector();
    return made;
  }
  void add(json::object object) { documents_.push_back({std::move(object), "the Marathon pod " + id_, {}, complete_}); }

  json::object scheduling() {
    json::object spec;
    ForeignFields all = pod_.below("scheduling");
    ForeignFields placement = all.below("placement");
    take_marathon_constraints(placement, selector(), spec);
    const NoEquivalent roles[] = {
        {"acceptedResourceRoles", "chose agents by role", "write a nodeSelector and tolerations"}};
    placement.without(roles);
    ForeignFields upgrade = all.below("upgrade");
    const json::value *least = upgrade.take("minimumHealthCapacity"), *more = upgrade.take("maximumOverCapacity");
    healthy_percent_ = least == nullptr ? 100 : std::atoll(whole_amount(least, 100).c_str());
    over_percent_ = more == nullptr ? 100 : std::atoll(whole_amount(more, 100).c_str());
    rolls_ = upgrade.present();
    all.settled({"backoff"});
    all.without(kOfScheduling);
    return spec;
  }

  void volumes() {
    for (ForeignFields& volume : pod_.each("volumes")) {
      const std::string written = volume.text("name"), name = marathon_label(written);
      const std::string host = volume.text("host"), secret = volume.text("secret");
      ForeignFields persistent = volume.below("persistent");
      json::object made{{"name", name}};
      if (persistent.present()) {
        const std::string claim = fmt::format("{}-{}", name_, claims_.size());
        const std::int64_t size_mib = persistent.number("size").value_or(1);
        persistent.settled({"type", "constraints", "profileName", "maxSize"});
        claims_.push_back({claim,
                           name,
                           {{"accessModes", json::array{"ReadWriteOnce"}},
                            {"resources", {{"requests", {{"storage", fmt::format("{}Mi", size_mib)}}}}}}});
        made["persistentVolumeClaim"] = json::object{{"claimName", claim}};
        volume.note("persistent", "kept its data on one agent", "the claim is new and empty: bring the data over",
                    instances_ > 1);
      } else if (!secret.empty()) {
        const std::string source = source_of(secret);
        volume.note("secret", fmt::format("{} is a secret of DC/OS, and is not copied", source),
                    fmt::format("have a Secret {} with its value", marathon_label(source)));
        made["secret"] = json::object{{"secretName", marathon_label(source)}};
      } else if (host.starts_with('/')) {
        made["hostPath"] = json::object{{"path", host}};
        volume.note("host", fmt::format("{} is a folder of whichever node it runs on", host),
                    "namespaces with Pod Security refuse it: take a claim, a ConfigMap or a Secret instead");
      } else {
        made["emptyDir"] = json::object();
      }
      volumes_.push_back(std::move(made));
    }
  }

  [[nodiscard]] std::string source_of(std::string_view secret) const {
    const std::string source(secrets_ == nullptr ? std::string_view() : string_at(*secrets_, {secret, "source"}));
    return source.empty() ? std::string(secret) : source;
  }

  json::object container(ForeignFields& from) {
    const std::string written = from.text("name");
    std::string name = marathon_label(written.empty() ? "main" : written);
    if (!names_.insert(name).second) name = fmt::format("{}-{}", name, names_.size());
    names_.insert(name);
    json::object made{{"name", name}};
    image(from, made);
    command(from, made);
    const std::vector<MarathonPort> own = endpoints(from, made);
    environment(from, made, own);
    resources(from, made);
    check(from, made, own);
    mounts(from, made);
    from.without(kOfContainer);
    if (const auto grace = from.below("lifecycle").number("killGracePeriodSeconds"))
      grace_s_ = std::max(grace_s_, *grace);
    from.settled({"labels", "tty", "linuxInfo"});
    return made;
  }

  void image(ForeignFields& from, json::object& made) {
    ForeignFields image = from.below("image");
    made["image"] = marathon_image(image.text("id"), from, "image", complete_);
    if (image.flag("forcePull").value_or(false)) made["imagePullPolicy"] = "Always";
    const NoEquivalent credentials[] = {
        {"pullConfig", "named credentials of a registry", "name a Secret in imagePullSecrets"}};
    image.without(credentials);
    image.settled({"kind", "labels"});
  }

  void command(ForeignFields& from, json::object& made) {
    ForeignFields exec = from.below("exec");
    ForeignFields given = exec.below("command");
    const bool replaces = exec.flag("overrideEntrypoint").value_or(false);
    if (const std::string shell = given.text("shell"); !shell.empty())
      made["command"] = json::array{"/bin/sh", "-c", shell};
    json::array words;
    for (const std::string& word : given.texts("argv")) words.emplace_back(word);
    if (!words.empty()) made[replaces ? "command" : "args"] = std::move(words);
    std::string user = from.text("user");
    if (user.empty()) user = user_;
    const bool is_number = !user.empty() && user.find_first_not_of("0123456789") == std::string::npos;
    if (user == "root" || is_number)
      made["securityContext"] = json::object{{"runAsUser", is_number ? std::atoll(user.c_str()) : 0}};
    else if (!user.empty())
      from.note("user", fmt::format("ran as {} of the agent", user), "write its number into securityContext.runAsUser");
  }

  // What listens in a pod has one port each: those of its containers have an address in common.
  std::vector<MarathonPort> endpoints(ForeignFields& from, json::object& made) {
    std::vector<MarathonPort> own;
    for (ForeignFields& endpoint : from.each("endpoints")) {
      MarathonPort port;
      port.name = endpoint.text("name");
      const std::int64_t given = endpoint.number("containerPort").value_or(0),
                         on_host = endpoint.number("hostPort").value_or(0);
      port.container = given != 0 ? given : on_host;
      port.chosen = port.container == 0;
      if (port.chosen) port.container = kFirstChosenPort + static_cast<std::int64_t>(ports_.size());
      const std::int64_t virtual_one = marathon_virtual_port(endpoint);
      port.service = virtual_one != 0 ? virtual_one : port.container;
      const std::vector<std::string> protocols = endpoint.texts("protocol");
      const bool udp = std::ranges::find(protocols, "udp") != protocols.end();
      if (udp) port.protocol = "UDP";
      if (udp && protocols.size() > 1)
        endpoint.note("protocol", "was both TCP and UDP", "add a port of the Service for TCP");
      ports_.push_back(port);
      name_marathon_ports(ports_);
      own.push_back(ports_.back());
      given_names_[own.back().name] = port.name;
    }
    json::array list;
    for (const MarathonPort& port : own)
      list.push_back({{"name", port.name}, {"containerPort", port.container}, {"protocol", port.protocol}});
    if (!list.empty()) made["ports"] = std::move(list);
    return own;
  }

  // Those of all containers are told of every port; each container's own come before those of the pod.
  void environment(ForeignFields& from, json::object& made, const std::vector<MarathonPort>& own) {
    json::array list;
    std::set<std::string> named;
    const json::value* const common = pod_.take("environment");
    for (const json::value* given : {from.take("environment"), common}) {
      if (given == nullptr || !given->is_object()) continue;
      for (const auto& [key, value] : given->get_object()) {
        if (!named.insert(std::string(key)).second) continue;
        const std::string_view secret = string_at(value, {"secret"});
        if (!secret.empty()) {
          const std::string source = source_of(secret);
          from.note("environment", fmt::format("{} is a secret of DC/OS, and is not copied", source),
                    fmt::format("have a Secret {} with its value under the key `value`", marathon_label(source)));
          list.push_back(
              {{"name", key}, {"valueFrom", {{"secretKeyRef", {{"name", marathon_label(source)}, {"key", "value"}}}}}});
        } else {
          list.push_back({{"name", key}, {"value", value.is_string() ? value : json::value(to_json(value))}});
        }
      }
    }
    for (const MarathonPort& port : own) {
      std::string suffix = given_names_[port.name];
      for (char& c : suffix) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c == '-' ? '_' : c;
      for (const char* const start : {"ENDPOINT_", "EP_HOST_", "EP_CONTAINER_"})
        if (!suffix.empty() && named.insert(start + suffix).second)
          list.push_back({{"name", start + suffix}, {"value", std::to_string(port.container)}});
    }
    if (!list.empty()) made["env"] = std::move(list);
  }

  static void resources(ForeignFields& from, json::object& made) {
    ForeignFields given = from.below("resources"), most = from.below("resourceLimits");
    if (json::object all = take_marathon_resources(given, most); !all.empty()) made["resources"] = std::move(all);
  }

  void check(ForeignFields& from, json::object& made, const std::vector<MarathonPort>& own) {
    ForeignFields check = from.below("healthCheck");
    if (!check.present()) return;
    ForeignFields http = check.below("http"), tcp = check.below("tcp"), exec = check.below("exec");
    const auto port_named = [&](const std::string& name) {
      const auto found =
          std::ranges::find_if(own, [&](const MarathonPort& port) { return given_names_[port.name] == name; });
      return found == own.end() ? json::value() : json::value(found->name);
    };
    json::object probe;
    if (http.present()) {
      const std::string path = http.text("path"), scheme = http.text("scheme");
      const json::value port = port_named(http.text("endpoint"));
      json::object get{{"path", path.empty() ? "/" : path}, {"port", port}};
      if (scheme == "HTTPS" || scheme == "https") get["scheme"] = "HTTPS";
      if (!port.is_null()) probe["httpGet"] = std::move(get);
    } else if (tcp.present()) {
      const json::value port = port_named(tcp.text("endpoint"));
      if (!port.is_null()) probe["tcpSocket"] = json::object{{"port", port}};
    } else if (exec.present()) {
      ForeignFields command = exec.below("command");
      json::array words;
      if (const std::string shell = command.text("shell"); !shell.empty()) words = {"/bin/sh", "-c", shell};
      for (const std::string& word : command.texts("argv")) words.emplace_back(word);
      if (!words.empty()) probe["exec"] = json::object{{"command", std::move(words)}};
    }
    set_marathon_probes(check, std::move(probe), made);
  }

  void mounts(ForeignFields& from, json::object& made) {
    json::array list;
    for (ForeignFields& mount : from.each("volumeMounts")) {
      const std::string name = marathon_label(mount.text("name"));
      std::string path = mount.text("mountPath");
      if (!path.starts_with('/')) path = "/mnt/mesos/sandbox/" + path;
      const bool known =
          std::ranges::any_of(volumes_, [&](const json::value& volume) { return string_at(volume, {"name"}) == name; });
      if (!known) {
        mount.note("name", fmt::format("{} is no volume of the pod", name), "correct it", true);
        continue;
      }
      json::object one{{"name", name}, {"mountPath", path}};
      if (mount.flag("readOnly").value_or(false)) one["readOnly"] = true;
      list.push_back(std::move(one));
    }
    if (!list.empty()) made["volumeMounts"] = std::move(list);
  }

  json::object strategy() const {
    json::value surge(fmt::format("{}%", over_percent_));
    if (healthy_percent_ >= 100 && over_percent_ == 0) surge = 1;  // something has to give
    return {{"type", "RollingUpdate"},
            {"rollingUpdate",
             {{"maxUnavailable", fmt::format("{}%", std::max<std::int64_t>(0, 100 - healthy_percent_))},
              {"maxSurge", surge}}}};
  }

  void workload(json::object pod) {
    json::object about = metadata(name_);
    if (const json::value* labels = pod_.take("labels"); labels != nullptr && labels->is_object())
      for (const auto& [key, value] : labels->get_object()) {
        const std::string_view text = value.is_string() ? std::string_view(value.get_string()) : std::string_view();
        if (is_kubernetes_label(key) && is_kubernetes_label(text))
          about["labels"].as_object()[key] = text;
        else
          pod_.note("labels." + std::string(key), "cannot be a label of Kubernetes", "write it as an annotation");
      }
    json::object spec{{"replicas", instances_}, {"selector", {{"matchLabels", selector()}}}};
    if (!claims_.empty())
      spec["strategy"] = json::object{{"type", "Recreate"}};
    else if (rolls_)
      spec["strategy"] = strategy();
    spec["template"] = json::object{{"metadata", {{"labels", selector()}}}, {"spec", std::move(pod)}};
    add({{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"metadata", std::move(about)}, {"spec", std::move(spec)}});
  }

  void service() {
    json::array list;
    std::set<std::pair<std::int64_t, std::string>> used;
    for (const MarathonPort& port : ports_)
      if (used.insert({port.service, port.protocol}).second)
        list.push_back(
            {{"name", port.name}, {"port", port.service}, {"targetPort", port.name}, {"protocol", port.protocol}});
    if (list.empty()) return;
    add({{"apiVersion", "v1"},
         {"kind", "Service"},
         {"metadata", metadata(name_)},
         {"spec", {{"selector", selector()}, {"ports", std::move(list)}}}});
  }

  void claims() {
    for (const MarathonClaim& claim : claims_)
      add({{"apiVersion", "v1"},
           {"kind", "PersistentVolumeClaim"},
           {"metadata", metadata(claim.name)},
           {"spec", claim.spec}});
  }

  ForeignFields& pod_;
  const std::string& id_;
  const std::string name_;
  const std::string& namespace_;
  std::int64_t instances_ = 1, grace_s_ = 0, healthy_percent_ = 100, over_percent_ = 100;
  bool rolls_ = false, complete_ = true;
  const json::value* secrets_ = nullptr;
  std::string user_;
  json::array volumes_;
  std::vector<MarathonClaim> claims_;
  std::vector<MarathonPort> ports_;
  std::set<std::string> names_;                     // of its containers
  std::map<std::string, std::string> given_names_;  // of ports: as they were written
  std::vector<ImportedDocument> documents_;
};

}  // namespace

std::vector<ImportedDocument> import_marathon_pod(ForeignFields& pod, const std::string& id,
                                                  const std::string& namespace_) {
  return MarathonPod(pod, id, namespace_).make();
}

}  // namespace holdfast
