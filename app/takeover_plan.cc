#include "app/takeover_plan.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "app/own_definitions.h"
#include "engine/adoption.h"
#include "holdfast/model/json.h"

namespace holdfast {
namespace {

constexpr std::string_view kBefore = "holdfast.dev/before-takeover";  // what was changed of the old object, as it was
constexpr std::string_view kManager = "holdfast-import";
constexpr std::array kActs{TakeoverAct::Suspend, TakeoverAct::AwaitStill, TakeoverAct::StopPruning,
                           TakeoverAct::Apply,   TakeoverAct::AwaitReady, TakeoverAct::RemoveFinalizer,
                           TakeoverAct::Delete};

bool is_argo(const TakeoverSubject& subject) { return subject.resource.gvk.group == "argoproj.io"; }

bool is_true(const json::value* value) { return value != nullptr && value->is_bool() && value->get_bool(); }

std::string_view condition(const json::value& object, std::string_view type) {
  const json::value* list = find(object, {"status", "conditions"});
  if (list == nullptr || !list->is_array()) return {};
  for (const json::value& each : list->get_array())
    if (string_at(each, {"type"}) == type) return string_at(each, {"status"});
  return {};
}

bool is_cleanup(std::string_view finalizer) {
  const std::string_view name = finalizer.substr(0, finalizer.find('/'));
  return name == "finalizers.fluxcd.io" || name.ends_with("-finalizer.argocd.argoproj.io");
}

// The finalizers that stay; nothing where all do.
std::optional<json::array> other_finalizers(const json::value& object) {
  const json::value* list = find(object, {"metadata", "finalizers"});
  if (list == nullptr || !list->is_array()) return std::nullopt;
  json::array others;
  for (const json::value& each : list->get_array())
    if (!each.is_string() || !is_cleanup(std::string_view(each.get_string()))) others.push_back(each);
  if (others.size() == list->get_array().size()) return std::nullopt;
  return others;
}

bool is_suspended(const TakeoverSubject& subject) {
  if (!is_argo(subject)) return is_true(find(subject.theirs, {"spec", "suspend"}));
  const json::value* automated = find(subject.theirs, {"spec", "syncPolicy", "automated"});
  return automated == nullptr || automated->is_null();
}

bool is_still(const TakeoverSubject& subject) {
  if (!is_argo(subject)) return condition(subject.theirs, "Reconciling") != "True";
  const json::value* operation = find(subject.theirs, {"operation"});
  return (operation == nullptr || operation->is_null()) &&
         string_at(subject.theirs, {"status", "operationState", "phase"}) != "Running";
}

bool prunes_no_more(const TakeoverSubject& subject) {
  if (is_argo(subject) || subject.resource.gvk.kind != "Kustomization") return true;
  const std::string_view policy = string_at(subject.theirs, {"spec", "deletionPolicy"});
  return !is_true(find(subject.theirs, {"spec", "prune"})) && (policy.empty() || policy == "Orphan");
}

std::int64_t number_at(const json::value& object, std::initializer_list<std::string_view> path) {
  const json::value* value = find(object, path);
  return value != nullptr && value->is_int64() ? value->get_int64() : -1;
}

bool is_ready(const TakeoverSubject& subject) {
  return condition(subject.ours, "Ready") == "True" && number_at(subject.ours, {"status", "observedGeneration"}) ==
                                                           number_at(subject.ours, {"metadata", "generation"});
}

// Switches over it have no default, so that a new act is thought about here.
bool is_done(const TakeoverSubject& subject, TakeoverAct act) {
  const bool gone = subject.theirs.is_null();
  switch (act) {
    case TakeoverAct::Suspend:
      return gone || is_suspended(subject);
    case TakeoverAct::AwaitStill:
      return gone || is_still(subject);
    case TakeoverAct::StopPruning:
      return gone || prunes_no_more(subject);
    case TakeoverAct::Apply:
      return is_true(find(subject.ours, {"spec", "adopt"})) || is_ready(subject);
    case TakeoverAct::AwaitReady:
      return gone || is_ready(subject);
    case TakeoverAct::RemoveFinalizer:
      return gone || subject.finalizer_removed || !other_finalizers(subject.theirs);
    case TakeoverAct::Delete:
      return gone;
  }
  return true;
}

std::string target_of(const TakeoverSubject& subject) {
  return resource_path(subject.resource, string_at(subject.theirs, {"metadata", "namespace"}),
                       string_at(subject.theirs, {"metadata", "name"}));
}

// On exactly the version that was looked at.
ApiRequest patch(const TakeoverSubject& subject, json::object change) {
  json::object& metadata =
      change["metadata"].is_object() ? change["metadata"].as_object() : change["metadata"].emplace_object();
  for (const char* field : {"uid", "resourceVersion"}) metadata[field] = string_at(subject.theirs, {"metadata", field});
  ApiRequest request;
  request.method = Method::Patch;
  request.target = target_of(subject) + "?fieldManager=" + std::string(kManager);
  request.content_type = "application/merge-patch+json";
  request.body = to_json(json::value(std::move(change)));
  return request;
}

// Of the spec, all that any step changes.
std::vector<std::string_view> changed_fields(const json::value& object) {
  if (string_at(object, {"apiVersion"}).starts_with("argoproj.io/")) return {"syncPolicy"};
  return {"suspend", "prune", "deletionPolicy"};
}

// The first change takes along what was there before it.
json::object with_memory(const TakeoverSubject& subject, json::object change) {
  if (!string_at(subject.theirs, {"metadata", "annotations", kBefore}).empty()) return change;
  json::object before;
  for (const std::string_view field : changed_fields(subject.theirs))
    if (const json::value* value = find(subject.theirs, {"spec", field})) before[field] = *value;
  change["metadata"] = json::object{{"annotations", {{kBefore, to_json(json::value(before))}}}};
  return change;
}

ApiRequest suspension(const TakeoverSubject& subject) {
  return patch(subject, with_memory(subject, is_argo(subject)
                                                 ? json::object{{"spec", {{"syncPolicy", {{"automated", nullptr}}}}}}
                                                 : json::object{{"spec", {{"suspend", true}}}}));
}

ApiRequest without_pruning(const TakeoverSubject& subject) {
  json::object spec{{"prune", false}};
  if (find(subject.theirs, {"spec", "deletionPolicy"}) != nullptr) spec["deletionPolicy"] = "Orphan";
  return patch(subject, with_memory(subject, {{"spec", std::move(spec)}}));
}

ApiRequest application(const TakeoverSubject& subject) {
  ApiRequest request;
  request.method = Method::Patch;
  request.target = resource_path(application_resource(), string_at(subject.application, {"metadata", "namespace"}),
                                 string_at(subject.application, {"metadata", "name"})) +
                   "?fieldManager=" + std::string(kManager) + "&fieldValidation=Strict";
  request.content_type = "application/apply-patch+yaml";
  request.body = to_json(json::value(subject.application));
  return request;
}

ApiRequest deletion(const TakeoverSubject& subject) {
  ApiRequest request;
  request.method = Method::Delete;
  request.target = target_of(subject);
  request.content_type = "application/json";
  request.body =
      to_json(json::object{{"apiVersion", "v1"},
                           {"kind", "DeleteOptions"},
                           {"propagationPolicy", "Background"},
                           {"preconditions",
                            {{"uid", string_at(subject.theirs, {"metadata", "uid"})},
                             {"resourceVersion", string_at(subject.theirs, {"metadata", "resourceVersion"})}}}});
  return request;
}

std::string back(const TakeoverSubject& subject) {
  return fmt::format("what it was is in its annotation {}; put that back into its spec", kBefore) +
         (subject.ours.is_null() ? "" : ", after the Application was suspended");
}

TakeoverStep step_of(std::size_t at, const TakeoverSubject& subject, TakeoverAct act) {
  TakeoverStep step{at, act, {}, {}, {}};
  const bool terminating = find(subject.theirs, {"metadata", "deletionTimestamp"}) != nullptr;
  switch (act) {
    case TakeoverAct::Suspend:
      step = {at, act, "suspend " + subject.from, back(subject), suspension(subject)};
      break;
    case TakeoverAct::AwaitStill:
      step.what = "wait until " + subject.from + " has ended what it has begun";
      break;
    case TakeoverAct::StopPruning:
      step = {at, act, "have " + subject.from + " prune no more", back(subject), without_pruning(subject)};
      break;
    case TakeoverAct::Apply:
      step = {at, act,
              fmt::format("apply the Application {}/{}", string_at(subject.application, {"metadata", "namespace"}),
                          string_at(subject.application, {"metadata", "name"})),
              "delete it: with deletionPolicy Orphan its objects stay", application(subject)};
      break;
    case TakeoverAct::AwaitReady:
      step.what = fmt::format("wait until the Application {}/{} is ready",
                              string_at(subject.application, {"metadata", "namespace"}),
                              string_at(subject.application, {"metadata", "name"}));
      break;
    case TakeoverAct::RemoveFinalizer:
      step = {at,
              act,
              "take its finalizer from " + subject.from,
              {},
              patch(subject, {{"metadata", {{"finalizers", *other_finalizers(subject.theirs)}}}})};
      break;
    case TakeoverAct::Delete:
      step.what = (terminating ? "wait until " + subject.from + " is gone" : "delete " + subject.from);
      if (!terminating) step.request = deletion(subject);
      break;
  }
  return step;
}

}  // namespace

std::optional<std::string> takeover_obstacle(const TakeoverSubject& subject) {
  if (subject.theirs.is_null()) return std::nullopt;
  const json::value* owners = find(subject.theirs, {"metadata", "ownerReferences"});
  if (owners != nullptr && owners->is_array())
    for (const json::value& owner : owners->get_array())
      if (is_true(find(owner, {"controller"})))
        return fmt::format(
            "{} belongs to the {} {}, which would make it again; take that one away first, and leave "
            "what it made (kubectl delete --cascade=orphan)",
            subject.from, string_at(owner, {"kind"}), string_at(owner, {"name"}));
  if (subject.ours.is_object() && find(subject.ours, {"metadata", "deletionTimestamp"}) != nullptr)
    return "the Application that stands in for " + subject.from + " is being deleted; wait until it is gone";
  return std::nullopt;
}

std::vector<TakeoverStep> takeover_plan(const std::vector<TakeoverSubject>& subjects) {
  std::vector<TakeoverStep> plan;
  for (const TakeoverAct act : kActs) {
    for (std::size_t i = 0; i < subjects.size(); ++i) {
      const TakeoverSubject& subject = subjects[i];
      if (!subject.children.empty() && act > TakeoverAct::AwaitStill) continue;
      if (!is_done(subject, act)) plan.push_back(step_of(i, subject, act));
    }
  }
  return plan;
}

json::value before_takeover(json::value object) {
  const Result<json::value> before = parse_json(string_at(object, {"metadata", "annotations", kBefore}));
  if (!before || !before->is_object() || find(object, {"spec"}) == nullptr || !object.at("spec").is_object())
    return object;
  json::object& spec = object.as_object()["spec"].as_object();
  for (const std::string_view field : changed_fields(object)) {
    if (const json::value* value = before->get_object().if_contains(field))
      spec[field] = *value;
    else
      spec.erase(field);
  }
  return object;
}

void find_children(std::vector<TakeoverSubject>& subjects) {
  constexpr std::size_t kDeepest = 16;
  std::map<std::string, std::size_t> depth;  // by `from`: how many of them apply it, one through the other
  for (std::size_t round = 0; round < std::min(subjects.size(), kDeepest); ++round)
    for (TakeoverSubject& parent : subjects) {
      const std::string name(string_at(parent.theirs, {"metadata", "name"}));
      if (name.empty()) continue;
      const std::string mark = is_argo(parent) ? "the Argo CD application " + name
                                               : fmt::format("the Flux {} {}/{}", parent.resource.gvk.kind,
                                                             string_at(parent.theirs, {"metadata", "namespace"}), name);
      for (const TakeoverSubject& child : subjects) {
        const auto tool = managing_tool(child.theirs);
        if (!tool || *tool != mark || child.from == parent.from) continue;
        if (round == 0) parent.children.push_back(child.from);
        depth[child.from] = std::max(depth[child.from], depth[parent.from] + 1);
      }
    }
  // Who applies others stops first: it would undo what is done to them.
  std::ranges::sort(subjects, [&](const TakeoverSubject& one, const TakeoverSubject& other) {
    return std::pair(depth[one.from], one.from) < std::pair(depth[other.from], other.from);
  });
}

}  // namespace holdfast
