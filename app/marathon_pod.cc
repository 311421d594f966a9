#include "app/marathon_pod.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace holdfast {
namespace {

constexpr std::int64_t kFirstChosenPort = 8080;  // where Marathon would choose one on the agent

std::string upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

}  // namespace

std::int64_t marathon_virtual_port(ForeignFields& port) {
  std::int64_t found = 0;
  const json::value* labels = port.take("labels");
  if (labels == nullptr || !labels->is_object()) return found;
  for (const auto& [key, value] : labels->get_object()) {
    const json::string* text = value.if_string();
    const std::string_view address = text == nullptr ? std::string_view() : std::string_view(*text);
    const std::size_t colon = address.rfind(':');
    if (!std::string_view(key).starts_with("VIP_") || colon == std::string_view::npos) continue;
    found = std::atoll(std::string(address.substr(colon + 1)).c_str());
    port.note("labels", fmt::format("{} had it reached at {}", std::string_view(key), address),
              fmt::format("the Service is reached at its own name, port {}", found));
  }
  return found;
}

namespace {

MarathonPort port_of(ForeignFields& from, std::int64_t listens, std::int64_t service, std::size_t index) {
  MarathonPort port;
  port.chosen = listens == 0;
  port.container = listens == 0 ? kFirstChosenPort + static_cast<std::int64_t>(index) : listens;
  const std::int64_t virtual_one = marathon_virtual_port(from);
  port.service = virtual_one != 0 ? virtual_one : service != 0 ? service : port.container;
  port.name = from.text("name");
  const std::string protocol = from.text("protocol");
  if (protocol == "udp") port.protocol = "UDP";
  if (protocol.contains(',') || protocol == "udp,tcp")
    from.note("protocol", "was both TCP and UDP", "add a port of the Service for UDP");
  return port;
}

}  // namespace

void name_marathon_ports(std::vector<MarathonPort>& ports) {
  for (std::size_t i = 0; i < ports.size(); ++i) {
    std::string name = ports[i].name.empty() ? std::string() : application_label(ports[i].name).substr(0, 15);
    while (name.ends_with('-')) name.pop_back();
    const bool doubled = std::ranges::any_of(ports.begin(), ports.begin() + static_cast<std::ptrdiff_t>(i),
                                             [&](const MarathonPort& other) { return other.name == name; });
    const bool has_letter = std::ranges::any_of(name, [](char c) { return c >= 'a' && c <= 'z'; });
    ports[i].name = name.empty() || doubled || !has_letter ? fmt::format("port-{}", i) : name;
  }
}

namespace {

json::object probe_of(ForeignFields& check, const std::vector<MarathonPort>& ports, std::string protocol) {
  json::object probe;
  protocol = upper(std::move(protocol));
  const std::int64_t given = check.number("port").value_or(0);
  const auto index = static_cast<std::size_t>(check.number("portIndex").value_or(0));
  const json::value port = given != 0             ? json::value(given)
                           : index < ports.size() ? json::value(ports[index].name)
                                                  : json::value();
  std::string path = check.text("path");
  std::string command = check.below("command").text("value");
  if (protocol.empty()) protocol = "HTTP";
  if (protocol.ends_with("COMMAND") && !command.empty())
    probe["exec"] = json::object{{"command", json::array{"/bin/sh", "-c", command}}};
  else if (protocol.ends_with("TCP") && !port.is_null())
    probe["tcpSocket"] = json::object{{"port", port}};
  else if (protocol.contains("HTTP") && !port.is_null()) {
    json::object get{{"path", path.empty() ? "/" : path}, {"port", port}};
    if (protocol.contains("HTTPS")) get["scheme"] = "HTTPS";
    probe["httpGet"] = std::move(get);
  }
  return probe;
}

}  // namespace

bool set_marathon_probes(ForeignFields& check, json::object probe, json::object& container) {
  const std::int64_t interval_s = std::max<std::int64_t>(1, check.number("intervalSeconds").value_or(60)),
                     grace_s = check.number("gracePeriodSeconds").value_or(300),
                     delay_s = check.number("delaySeconds").value_or(0),
                     failures = check.number("maxConsecutiveFailures").value_or(3);
  const std::int64_t timeout_s = std::max<std::int64_t>(1, check.number("timeoutSeconds").value_or(20));
  check.settled({"ignoreHttp1xx", "ipProtocol"});
  if (probe.empty()) {
    check.note("protocol", "checked something that no port of it answers to", "write a probe by hand");
    return false;
  }
  probe["periodSeconds"] = interval_s;
  probe["timeoutSeconds"] = timeout_s;
  json::object starts = probe;
  probe["failureThreshold"] = std::max<std::int64_t>(1, failures);
  container["readinessProbe"] = probe;
  if (failures == 0) return true;  // it was never killed for it
  container["livenessProbe"] = probe;
  if (delay_s > 0) starts["initialDelaySeconds"] = delay_s;
  starts["failureThreshold"] = std::max<std::int64_t>(1, (grace_s + interval_s - 1) / interval_s);
  container["startupProbe"] = std::move(starts);
  return true;
}

namespace {

const char* topology(std::string_view field) {
  if (field == "hostname" || field == "@hostname") return "kubernetes.io/hostname";
  if (field == "@zone") return "topology.kubernetes.io/zone";
  if (field == "@region") return "topology.kubernetes.io/region";
  return nullptr;
}

}  // namespace

std::vector<MarathonPort> take_marathon_ports(ForeignFields& app, ForeignFields& container, ForeignFields& docker) {
  std::vector<MarathonPort> ports;
  const json::value* const newer = container.take("portMappings");
  const bool in_container = newer != nullptr && newer->is_array() && !newer->get_array().empty();
  for (ForeignFields* holder : {&container, &docker})
    for (ForeignFields& mapping : holder->each("portMappings")) {
      if (holder == &docker && in_container) continue;  // the newer place of the two decides
      const std::int64_t listens = mapping.number("containerPort").value_or(0);
      mapping.settled({"hostPort", "networkNames"});
      ports.push_back(port_of(mapping, listens, mapping.number("servicePort").value_or(0), ports.size()));
    }
  const bool mapped = !ports.empty();
  for (ForeignFields& definition : app.each("portDefinitions")) {
    const std::int64_t port = definition.number("port").value_or(0);
    MarathonPort made = port_of(definition, port, 0, ports.size());
    if (!mapped) ports.push_back(std::move(made));
  }
  if (const json::value* list = app.take("ports"); list != nullptr && list->is_array() && ports.empty())
    for (const json::value& item : list->get_array()) {
      MarathonPort port;
      const std::int64_t number = item.is_int64() ? item.get_int64() : 0;
      port.chosen = number == 0;
      port.container = number != 0 ? number : kFirstChosenPort + static_cast<std::int64_t>(ports.size());
      port.service = port.container;
      ports.push_back(port);
    }
  app.settled({"requirePorts"});
  name_marathon_ports(ports);
  return ports;
}

MarathonVolumes take_marathon_volumes(ForeignFields& container, const std::string& app_name) {
  MarathonVolumes made;
  for (ForeignFields& volume : container.each("volumes")) {
    const std::string name = fmt::format("volume-{}", made.volumes.size());
    std::string path = volume.text("containerPath"), host = volume.text("hostPath");
    if (!path.starts_with('/')) path = "/mnt/mesos/sandbox/" + path;
    json::object mount{{"name", name}, {"mountPath", path}};
    if (volume.text("mode") == "RO") mount["readOnly"] = true;
    ForeignFields persistent = volume.below("persistent");
    const NoEquivalent rest[] = {
        {"external", "came from a driver of the agents", "write a claim with a storage class that has it", true},
        {"secret", "mounted a secret", "mount a Secret of Kubernetes there", true}};
    const bool elsewhere = volume.take("external") != nullptr || volume.take("secret") != nullptr;
    volume.without(rest);
    if (persistent.present()) {
      const std::string claim = fmt::format("{}-{}", app_name, made.claims.size());
      const std::int64_t size_mib = persistent.number("size").value_or(1);
      persistent.settled({"type", "constraints", "profileName", "maxSize"});
      made.claims.push_back({claim,
                             name,
                             {{"accessModes", json::array{"ReadWriteOnce"}},
                              {"resources", {{"requests", {{"storage", fmt::format("{}Mi", size_mib)}}}}}}});
      made.volumes.push_back({{"name", name}, {"persistentVolumeClaim", {{"claimName", claim}}}});
      volume.note("persistent", "kept its data on one agent", "the claim is new and empty: bring the data over");
    } else if (!host.empty() && host.starts_with('/')) {
      made.volumes.push_back({{"name", name}, {"hostPath", {{"path", host}}}});
      volume.note("hostPath", fmt::format("{} is a folder of whichever node it runs on", host),
                  "namespaces with Pod Security refuse it: take a claim, a ConfigMap or a Secret instead");
    } else if (!elsewhere) {
      made.volumes.push_back({{"name", name}, {"emptyDir", json::object()}});
    }
    if (!elsewhere) made.mounts.push_back(std::move(mount));
  }
  return made;
}

void take_marathon_checks(ForeignFields& app, const std::vector<MarathonPort>& ports, json::object& pod_container) {
  bool taken = false;
  for (ForeignFields& check : app.each("healthChecks")) {
    json::object spare;
    json::object probe = probe_of(check, ports, check.text("protocol"));
    const bool works = set_marathon_probes(check, std::move(probe), taken ? spare : pod_container);
    if (works && taken) check.note("protocol", "was a further check", "a container has one probe of a kind: join them");
    taken = taken || works;
  }
  for (ForeignFields& check : app.each("readinessChecks")) {
    const std::string wanted = check.text("portName"), path = check.text("path"), protocol = check.text("protocol");
    json::object get{{"path", path.empty() ? "/" : path}};
    for (const MarathonPort& port : ports)
      if (port.name == wanted || get.size() == 1) get["port"] = port.name;
    if (protocol == "HTTPS") get["scheme"] = "HTTPS";
    json::object probe{{"httpGet", get},
                       {"periodSeconds", std::max<std::int64_t>(1, check.number("intervalSeconds").value_or(30))},
                       {"timeoutSeconds", std::max<std::int64_t>(1, check.number("timeoutSeconds").value_or(10))}};
    check.settled({"name", "preserveLastResponse"});
    const NoEquivalent codes[] = {{"httpStatusCodesForReady", "said which answers count", "200 to 399 count"}};
    check.without(codes);
    if (get.contains("port")) pod_container["readinessProbe"] = std::move(probe);
  }
}

void take_marathon_constraints(ForeignFields& app, const json::object& selector, json::object& pod) {
  json::array spread, apart;
  json::object nodes;
  const json::value* list = app.take("constraints");
  if (list == nullptr || !list->is_array()) return;
  for (const json::value& each : list->get_array()) {
    std::vector<std::string> words;
    if (each.is_array())
      for (const json::value& word : each.get_array())
        if (word.is_string()) words.emplace_back(word.get_string());
    if (each.is_object())  // as pods have them
      for (const char* part : {"fieldName", "operator", "value"}) words.emplace_back(string_at(each, {part}));
    const std::string field = !words.empty() ? words[0] : "", operation = words.size() > 1 ? upper(words[1]) : "",
                      value = words.size() > 2 ? words[2] : "";
    const char* const key = topology(field);
    const json::object pods{{"matchLabels", selector}};
    if (operation == "UNIQUE" && key != nullptr) {
      apart.push_back({{"labelSelector", pods}, {"topologyKey", key}});
    } else if ((operation == "GROUP_BY" || operation == "MAX_PER") && key != nullptr) {
      spread.push_back(
          {{"maxSkew", 1}, {"topologyKey", key}, {"whenUnsatisfiable", "ScheduleAnyway"}, {"labelSelector", pods}});
      if (operation == "MAX_PER")
        app.note("constraints", "at most " + value + " of " + field, "they are spread evenly");
    } else if ((operation == "IS" || operation == "CLUSTER") && !value.empty()) {
      nodes[key != nullptr ? std::string(key) : application_label(field)] = value;
      if (key == nullptr) app.note("constraints", field + " was an attribute of agents", "label the nodes so");
    } else {
      app.note("constraints", to_json(each) + " chose agents", "write it as nodeAffinity", true);
    }
  }
  if (!spread.empty()) pod["topologySpreadConstraints"] = std::move(spread);
  if (!nodes.empty()) pod["nodeSelector"] = std::move(nodes);
  if (!apart.empty())
    pod["affinity"] =
        json::object{{"podAntiAffinity", {{"requiredDuringSchedulingIgnoredDuringExecution", std::move(apart)}}}};
}

}  // namespace holdfast
