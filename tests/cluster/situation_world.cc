#include "cluster/situation_world.h"

#include <csignal>
#include <fstream>
#include <stdexcept>
#include <string_view>

#include "cluster/eventually.h"
#include "holdfast/model/json.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;

constexpr auto kDeadline = 10s;
constexpr const char* kGroupVersion = "/apis/situations.holdfast.test/v1";
constexpr SituationKind kKinds[] = {SituationKind::ConfigMap, SituationKind::Secret, SituationKind::Service,
                                    SituationKind::Deployment, SituationKind::Gadget};

struct KindWords {
  std::string kind, resource, prefix, sentinel;  // the last: a manifest without its metadata
};

KindWords words_of(SituationKind kind) {
  switch (kind) {
    case SituationKind::ConfigMap:
      return {"ConfigMap", "configmaps", "/api/v1", "apiVersion: v1\nkind: ConfigMap\n"};
    case SituationKind::Secret:
      return {"Secret", "secrets", "/api/v1", "apiVersion: v1\nkind: Secret\n"};
    case SituationKind::Service:
      return {"Service", "services", "/api/v1", "apiVersion: v1\nkind: Service\nspec: {ports: [{port: 80}]}\n"};
    case SituationKind::Deployment:
      return {"Deployment", "deployments", "/apis/apps/v1",
              "apiVersion: apps/v1\nkind: Deployment\n"
              "spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: "
              "[{name: a, image: a}]}}}\n"};
    case SituationKind::Gadget:
      return {"Gadget", "gadgets", kGroupVersion, "apiVersion: situations.holdfast.test/v1\nkind: Gadget\n"};
  }
  return {};
}

// With defaults, and each kind of list and map that a schema can ask for.
constexpr const char* kType = R"(apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.situations.holdfast.test}
spec:
  group: situations.holdfast.test
  names: {kind: Gadget, plural: gadgets, singular: gadget, listKind: GadgetList}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
          spec:
            type: object
            properties:
              size: {type: integer, default: 3}
              mode: {type: string, default: auto}
              port: {x-kubernetes-int-or-string: true}
              cpu: {type: string}
              tags: {type: array, items: {type: string}, x-kubernetes-list-type: set}
              args: {type: array, items: {type: string}}
              free: {type: object, x-kubernetes-preserve-unknown-fields: true}
              limits: {type: object, additionalProperties: {type: string}}
              sealed: {type: object, additionalProperties: {type: string}, x-kubernetes-map-type: atomic}
              items:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items:
                  type: object
                  required: [name]
                  properties: {name: {type: string}, value: {type: string}, weight: {type: integer, default: 1}}
)";

std::string replaced(std::string text, std::string_view from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

std::string sentinel_of(const Situation& situation) { return SituationWorld::name_of(situation) + "-sentinel"; }

std::string path_of(const Situation& situation) {
  return situation.application + "/" + SituationWorld::name_of(situation) + ".yaml";
}

// "ConfigMap ns/a" followed by the end of the name.
bool mentions(std::string_view message, std::string_view object) {
  for (std::size_t at = message.find(object); at != std::string_view::npos; at = message.find(object, at + 1)) {
    const std::size_t end = at + object.size();
    if (end == message.size() || std::string_view(" :;,.\n").find(message[end]) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

std::string SituationWorld::name_of(const Situation& situation) { return replaced(situation.name, "_", "-"); }

std::string SituationWorld::filled(std::string text, const Situation& situation) const {
  return replaced(replaced(std::move(text), "$NAME", name_of(situation)), "$NS", app_.name);
}

SituationWorld::SituationWorld(const std::vector<Situation>& situations)
    : plane_(ControlPlane::own()),
      app_(plane_, "situations"),
      configuration_(app_.repository.cache() + "-config.yaml") {
  app_.kubectl.must({"create", "namespace", app_.name});
  install_type();
  make_what_is_there_before();
  app_.repository.write("tuned/anything.yaml", app_.config_map("anything", "blue"));
  app_.repository.write("broken/something.yaml", app_.config_map("something", "blue"));
  for (const Situation& situation : situations) {
    if (!situation.manifest.empty()) write(situation, situation.manifest);
    app_.repository.write("plain/" + sentinel_of(situation) + ".yaml",
                          words_of(situation.kind).sentinel + "metadata: {name: " + sentinel_of(situation) +
                              ", labels: {touched: \"no\"}}\n");
  }
  app_.repository.commit("Start");
  write_configuration();
  write_chart();
  start();
  begin_counting();
}

SituationWorld::~SituationWorld() {
  if (daemon_ && daemon_->running()) freeze(false);
}

void SituationWorld::install_type() {
  app_.kubectl.must({"apply", "-f", "-"}, kType);
  app_.kubectl.wait_until_established("gadgets.situations.holdfast.test", 20s);
}

// Of others: made by kubectl apply, and never seen by Holdfast.
void SituationWorld::make_what_is_there_before() const {
  const auto made = [&](const std::string& name) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + ", namespace: " + app_.name +
           "}\ndata: {color: blue, extra: old}\n";
  };
  app_.kubectl.must({"apply", "-f", "-"}, made("adopted-field-leaves-git"));
  app_.kubectl.must({"apply", "-f", "-"}, made("of-somebody-else"));
}

void SituationWorld::write_configuration() const {
  std::ofstream out(configuration_);
  for (const char* name : {"plain", "tuned", "broken"}) {
    out << "---\napiVersion: holdfast.dev/v1alpha1\nkind: Application\nmetadata: {name: " << name
        << "}\nspec:\n  source: {repoURL: " << app_.repository.directory() << ", path: " << name
        << "}\n  destination: {namespace: " << app_.name << "}\n";
    if (std::string_view(name) != "tuned") continue;
    out << R"(  adopt: true
  trustedManagers: [keda-operator]
  ignore:
  - {target: {kind: Deployment, name: ignored-replicas}, paths: [/spec/replicas]}
  - {target: {name: ignored-path-in-a-list}, paths: ['.spec.template.spec.containers[name=web].imagePullPolicy']}
  - managers: [certificate-injector]
  - {target: {name: ignored-path-of-a-manager}, paths: [/data/color], managers: [painter]}
  drift:
    rules:
    - {target: {kind: ConfigMap, labels: {tier: experiments}}, policy: Warn}
    - {target: {name: warned-field}, paths: [/data/size], policy: Warn}
    - {target: {name: graced}, grace: 1s}
    - {target: {name: long-graced}, grace: 1h}
    - {target: {name: approved}, policy: Approve}
)";
  }
}

void SituationWorld::write_chart() const {
  std::filesystem::create_directories(chart() / "templates");
  std::ofstream(chart() / "Chart.yaml") << "apiVersion: v2\nname: settings\nversion: 1.0.0\n";
  std::ofstream(chart() / "templates" / "settings.yaml") << "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ "
                                                            ".Release.Name }}'}\ndata: {{ .Values.data | toJson }}\n";
}

void SituationWorld::helm(const Situation& situation, std::vector<std::string> words) const {
  for (std::string& word : words) word = filled(std::move(word), situation);
  words.insert(words.begin(), {required_environment("HOLDFAST_HELM"), "--kubeconfig", plane_.admin_kubeconfig(),
                               "--namespace", app_.name, "--repository-cache", chart().string()});
  const Finished finished = run(words);
  if (finished.exit_code != 0) throw std::runtime_error("helm: " + finished.err);
}

std::string SituationWorld::kubectl(const Situation& situation, std::vector<std::string> words,
                                    const std::string& input) const {
  for (std::string& word : words) word = filled(std::move(word), situation);
  words.insert(words.begin(), {"--namespace", app_.name});
  return app_.kubectl.must(std::move(words), filled(input, situation));
}

std::string SituationWorld::field(const Situation& situation, const std::string& json_path) const {
  return app_.kubectl.field(app_.name, words_of(situation.kind).resource, name_of(situation), json_path);
}

void SituationWorld::write(const Situation& situation, const std::string& manifest) const {
  if (manifest.empty())
    app_.repository.remove(path_of(situation));
  else
    app_.repository.write(path_of(situation), filled(manifest, situation));
}

void SituationWorld::commit_and_wait(const Situation& situation) {
  const std::size_t from = line_count();
  wait_synced(situation.application, app_.repository.commit("A change"), from);
}

void SituationWorld::wait_synced(const std::string& application, const std::string& commit, std::size_t from) {
  const auto is_there = [&] {
    for (const std::string& line : daemon_->lines(from)) {
      const bool over = line.contains(R"("event":"synced")") || line.contains(R"("event":"not-synced")");
      if (over && line.contains(commit) && line.contains(R"("application":")" + application)) return true;
    }
    return false;
  };
  if (!eventually(is_there, kDeadline))
    throw std::runtime_error(application + " is not at " + commit + "\n" + daemon_->output());
}

void SituationWorld::start() {
  daemon_ = std::make_unique<HoldfastProcess>(std::vector<std::string>{
      "run", "--config", configuration_.string(), "--kubeconfig", plane_.kubeconfig(), "--namespace", app_.name,
      "--installation", app_.name, "--cache-dir", app_.repository.cache(), "--log-format", "json"});
  // At whichever commit: one that leaves an application as it is is none of its business.
  for (const char* application : {"plain", "tuned", "broken"}) wait_synced(application, "", 0);
}

void SituationWorld::stop() {
  if (daemon_->stop(10s) != 0) throw std::runtime_error("did not end well\n" + daemon_->output());
}

void SituationWorld::freeze(bool frozen) const { daemon_->signal(frozen ? SIGSTOP : SIGCONT); }

void SituationWorld::install_webhook() const { app_.kubectl.must({"apply", "-f", "-"}, webhook_.configuration()); }

void SituationWorld::begin_counting() {
  const std::vector<std::string> command{required_environment("HOLDFAST_KUBECTL"), "--kubeconfig",
                                         plane_.admin_kubeconfig()};
  for (const SituationKind kind : kKinds) {
    const KindWords words = words_of(kind);
    const std::string path = words.prefix + "/namespaces/" + app_.name + "/" + words.resource;
    const Result<json::value> list = parse_json(app_.kubectl.must({"get", "--raw", path + "?limit=1"}));
    if (!list) throw std::runtime_error(describe(list.error()));
    events_.try_emplace(kind, command, path, std::string(string_at(*list, {"metadata", "resourceVersion"})),
                        plane_.directory() / (words.resource + ".events"));
  }
}

std::vector<SituationWorld::Said> SituationWorld::said(const Situation& situation, std::size_t from) const {
  const std::string object = words_of(situation.kind).kind +
                             (situation.kind == SituationKind::Deployment ? ".apps "
                              : situation.kind == SituationKind::Gadget   ? ".situations.holdfast.test "
                                                                          : " ") +
                             app_.name + "/" + name_of(situation);
  std::vector<Said> all;
  for (const std::string& line : daemon_->lines(from)) {
    const Result<json::value> read = parse_json(line);
    if (!read) throw std::runtime_error("not a line of JSON: " + line);
    Said one{std::string(string_at(*read, {"event"})), std::string(string_at(*read, {"message"}))};
    if (mentions(one.message, object)) all.push_back(std::move(one));
  }
  return all;
}

bool SituationWorld::wait_for(const Situation& situation, const std::string& event, std::size_t count,
                              std::size_t from) {
  return eventually(
      [&] {
        std::size_t times = 0;
        for (const Said& one : said(situation, from)) times += one.event == event ? 1 : 0;
        return times >= count;
      },
      kDeadline);
}

void SituationWorld::settle(const Situation& situation) {
  const std::string sentinel = sentinel_of(situation);
  const int edits = ++sentinel_edits_[sentinel];
  app_.kubectl.must({"--namespace", app_.name, "label", "--overwrite", words_of(situation.kind).resource, sentinel,
                     "touched=" + std::to_string(edits)});
  // Each edit is two events: itself, and what put it back.
  if (!eventually([&] { return events_.at(situation.kind).of(sentinel) >= 2 * edits; }, kDeadline))
    throw std::runtime_error(sentinel + " was not put back\n" + daemon_->output());
  plane_.settle_audit();
}

std::vector<AuditedRequest> SituationWorld::requests(const Situation& situation, Time since) const {
  return plane_.requests(holdfast_user, since, [&](const AuditedRequest& request) {
    return request.namespace_ == app_.name && request.name == name_of(situation) && request.verb != "watch" &&
           request.verb != "list" && request.resource == words_of(situation.kind).resource;
  });
}

int SituationWorld::events(const Situation& situation) { return events_.at(situation.kind).of(name_of(situation)); }

}  // namespace holdfast::cluster
