// What the tests of waves, hooks and dependencies start from: objects with annotations, custom resources that become
// healthy when the test says so, Jobs that end when it says so, and a process that dies.
#pragma once

#include "unit/engine/reconciler_fixture.h"

namespace holdfast::fake {

class StagedTest : public ReconcilerTest {
 protected:
  using Annotations = std::vector<std::pair<std::string, std::string>>;

  StagedTest() {
    adjust = [this](ReconcilerOptions& options) { options.wait_for_health = wait_for_health; };
    make();
  }

  static std::shared_ptr<ApiCatalog> staged_catalog() {
    auto made = catalog_with_widgets();
    const GroupVersionKind gvk{"batch", "v1", "Job"};
    made->preferred[gvk.group_kind()] = gvk.version;
    made->resources[gvk] = {gvk, "jobs", true, {"patch"}};
    return made;
  }
  void start_staged() {
    start();
    reconciler->set_catalog(staged_catalog());
    settle();
  }

  // "Widget/a=1" with spec.k, "ConfigMap/a=1" with data.k, "Job/a".
  static Manifest object(const std::string& text, const Annotations& annotations = {}) {
    Manifest made;
    const std::size_t slash = text.find('/');
    const std::size_t equals = text.find('=');
    const std::string kind = text.substr(0, slash);
    made.name = text.substr(slash + 1, equals == std::string::npos ? equals : equals - slash - 1);
    made.gvk = kind == "Widget" ? GroupVersionKind{"acme.dev", "v1", kind}
               : kind == "Job"  ? GroupVersionKind{"batch", "v1", kind}
                                : GroupVersionKind{"", "v1", kind};
    made.body = {{"apiVersion", made.gvk.api_version()}, {"kind", kind}, {"metadata", {{"name", made.name}}}};
    if (equals != std::string::npos)
      made.body[kind == "ConfigMap" ? "data" : "spec"] = json::object{{"k", text.substr(equals + 1)}};
    for (const auto& [name, value] : annotations)
      made.body["metadata"].as_object()["annotations"].is_object()
          ? made.body["metadata"].as_object()["annotations"].as_object()[name] = value
          : made.body["metadata"].as_object()["annotations"] = json::object{{name, value}};
    made.origin = "all.yaml:1";
    return made;
  }
  static Manifest in_wave(const std::string& text, int wave) {
    return object(text, {{"holdfast.dev/wave", std::to_string(wave)}});
  }
  static Manifest hook(const std::string& name, const std::string& when) {
    return object("Job/" + name, {{"holdfast.dev/hook", when}});
  }

  void commit(const std::string& revision, std::vector<Manifest> manifests) {
    auto set = std::make_shared<ManifestSet>();
    set->revision = revision;
    set->manifests = std::move(manifests);
    reconciler->set_desired(std::move(set));
    settle();
  }

  // "Widget/a": the only object whose name begins so; hooks have more behind it.
  [[nodiscard]] std::string path_of(const std::string& object) const {
    const std::vector<std::string> all = paths_of(object);
    return all.size() == 1 ? all[0] : std::string();
  }
  [[nodiscard]] std::vector<std::string> paths_of(const std::string& object) const {
    std::vector<std::string> all;
    for (const auto& [path, body] : api.objects)
      if (path != kInventory &&
          (std::string(string_at(body, {"kind"})) + "/" + std::string(string_at(body, {"metadata", "name"})))
              .starts_with(object))
        all.push_back(path);
    return all;
  }
  [[nodiscard]] bool exists(const std::string& object) const { return !paths_of(object).empty(); }
  [[nodiscard]] std::string value_of(const std::string& object) const {
    const json::value& body = api.objects.at(path_of(object));
    const std::string part = string_at(body, {"kind"}) == "ConfigMap" ? "data" : "spec";
    return std::string(string_at(body, {part, "k"}));
  }
  static ObjectKey key_at(const std::string& path, const json::value& body) {
    const GroupVersionKind gvk = make_gvk(string_at(body, {"apiVersion"}), string_at(body, {"kind"}));
    return {gvk.group, gvk.kind, "web", path.substr(path.rfind('/') + 1)};
  }

  // The watch shows what the server holds of everything, and what it holds no longer.
  void show_all() {
    std::set<ObjectKey> held;
    for (const auto& [path, body] : std::map(api.objects)) {
      if (path == kInventory) continue;
      const ObjectKey key = key_at(path, body);
      held.insert(key);
      const auto shown = live.objects.find(key);
      if (shown != live.objects.end() &&
          shown->second->resource_version.value == string_at(body, {"metadata", "resourceVersion"}))
        continue;
      live.objects[key] = take_in(to_json(body));
      reconciler->live_changed(key, now);
    }
    std::vector<ObjectKey> gone;
    for (const auto& [key, object] : live.objects)
      if (!held.contains(key)) gone.push_back(key);
    for (const ObjectKey& key : gone) {
      live.objects.erase(key);
      reconciler->live_changed(key, now);
    }
    settle();
  }
  void status(const std::string& object, const std::string& type, const std::string& value) {
    const json::object condition{{"type", type}, {"status", value}, {"message", "so it is"}, {"reason", "Because"}};
    api.edit(path_of(object), "/status", json::object{{"conditions", json::array{condition}}});
    show_all();
  }
  void sick(const std::string& widget) { status(widget, "Ready", "False"); }
  void well(const std::string& widget) { status(widget, "Ready", "True"); }
  void finish_job(const std::string& job, bool well = true) { status(job, well ? "Complete" : "Failed", "True"); }

  [[nodiscard]] bool said(const std::string& part) const {
    return std::ranges::any_of(observer.said, [&](const std::string& line) { return line.contains(part); });
  }
  // The process dies, whatever it was about; the next one finds the same cluster, and its watch shows what is there.
  void die_and_start_anew() {
    api.hold = [](const ApiRequest&) { return true; };  // nothing that it still asks for comes to anything
    reconciler->stop();
    settle();
    for (int i = 0; i < 10 && !ended; ++i) {
      for (fake::ApiServer::Call& call : api.held) {
        if (!call.answer) call.answer = fail(ErrorKind::Cancelled, "the process is dead");
        call.signal.cancel();
      }
      settle();
    }
    ASSERT_TRUE(ended);
    api.hold = nullptr;
    live.objects.clear();
    make();
    start_staged();
  }

  bool wait_for_health = true;
};

}  // namespace holdfast::fake
