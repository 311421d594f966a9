// The way from another tool to ours, step by step, on objects as they would be live.
#include "app/takeover_plan.h"

#include <gtest/gtest.h>

#include "unit/app/import_text.h"

namespace holdfast {
namespace {

TakeoverSubject kustomization(const std::string& name = "apps", const std::string& metadata = "") {
  TakeoverSubject subject;
  subject.from = "Kustomization flux-system/" + name;
  subject.resource = {{"kustomize.toolkit.fluxcd.io", "v1", "Kustomization"}, "kustomizations", true, {}};
  subject.theirs =
      objects_of("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: " + name +
                 "\n  namespace: flux-system\n  uid: u1\n  resourceVersion: '7'\n"
                 "  finalizers: [finalizers.fluxcd.io, example.com/other]\n" +
                 metadata + "spec: {prune: true, path: ./a}\n")[0];
  subject.application = new_application(name, "flux-system");
  subject.application["spec"].as_object()["adopt"] = true;
  return subject;
}

TakeoverSubject argo() {
  TakeoverSubject subject;
  subject.from = "Application argocd/web";
  subject.resource = {{"argoproj.io", "v1alpha1", "Application"}, "applications", true, {}};
  subject.theirs = objects_of(
      "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web, namespace: argocd, uid: u2, "
      "resourceVersion: "
      "'9', finalizers: [resources-finalizer.argocd.argoproj.io]}\nspec: {syncPolicy: {automated: {prune: true}}}\n")
      [0];
  subject.application = new_application("web", "argocd");
  subject.application["spec"].as_object()["adopt"] = true;
  return subject;
}

std::vector<TakeoverAct> acts(const std::vector<TakeoverSubject>& subjects) {
  std::vector<TakeoverAct> made;
  for (const TakeoverStep& step : takeover_plan(subjects)) made.push_back(step.act);
  return made;
}

json::object& part_of(json::value& object, std::string_view name) { return object.as_object()[name].as_object(); }

// What the cluster has when a step was done.
void perform(TakeoverSubject& subject, TakeoverAct act) {
  const bool is_flux = subject.resource.gvk.group != "argoproj.io";
  switch (act) {
    case TakeoverAct::Suspend:
      if (is_flux)
        part_of(subject.theirs, "spec")["suspend"] = true;
      else
        part_of(subject.theirs, "spec")["syncPolicy"] = json::object();
      break;
    case TakeoverAct::AwaitStill:
      break;
    case TakeoverAct::StopPruning:
      part_of(subject.theirs, "spec")["prune"] = false;
      break;
    case TakeoverAct::Apply:
      subject.ours = json::value(subject.application);
      part_of(subject.ours, "metadata")["generation"] = 1;
      break;
    case TakeoverAct::AwaitReady:
      subject.ours.as_object()["status"] =
          json::object{{"observedGeneration", 1}, {"conditions", json::array{{{"type", "Ready"}, {"status", "True"}}}}};
      break;
    case TakeoverAct::RemoveFinalizer:
      part_of(subject.theirs, "metadata")["finalizers"] = json::array{"example.com/other"};
      break;
    case TakeoverAct::Delete:
      subject.theirs = nullptr;
      break;
  }
}

using enum TakeoverAct;

TEST(TakeoverPlan, the_order_is_suspend_prune_off_ours_finalizer_off_delete) {
  EXPECT_EQ(acts({kustomization()}), (std::vector{Suspend, StopPruning, Apply, AwaitReady, RemoveFinalizer, Delete}));
  EXPECT_EQ(acts({argo()}), (std::vector{Suspend, Apply, AwaitReady, RemoveFinalizer, Delete}));
}

TEST(TakeoverPlan, whoever_begins_again_gets_what_is_left) {
  for (TakeoverSubject subject : {kustomization(), argo()}) {
    std::vector<TakeoverAct> left = acts({subject});
    while (!left.empty()) {
      perform(subject, left.front());
      left.erase(left.begin());
      EXPECT_EQ(acts({subject}), left) << subject.from;
    }
  }
}

TEST(TakeoverPlan, nothing_is_deleted_before_ours_has_it_and_the_old_tool_is_still_and_prunes_no_more) {
  TakeoverSubject subject = kustomization();
  while (acts({subject}).front() != RemoveFinalizer) {
    const TakeoverStep step = takeover_plan({subject}).front();
    EXPECT_TRUE(!step.request || step.request->method != Method::Delete);
    perform(subject, step.act);
  }
  // Whatever changes back is met first.
  TakeoverSubject resumed = subject;
  part_of(resumed.theirs, "spec")["suspend"] = false;
  EXPECT_EQ(acts({resumed}).front(), Suspend);
  TakeoverSubject pruning = subject;
  part_of(pruning.theirs, "spec")["prune"] = true;
  EXPECT_EQ(acts({pruning}).front(), StopPruning);
  TakeoverSubject busy = subject;
  busy.theirs.as_object()["status"] =
      json::object{{"conditions", json::array{{{"type", "Reconciling"}, {"status", "True"}}}}};
  EXPECT_EQ(acts({busy}).front(), AwaitStill);
  TakeoverSubject failed = subject;
  failed.ours.as_object()["status"].as_object()["conditions"] = json::array{{{"type", "Ready"}, {"status", "False"}}};
  EXPECT_EQ(acts({failed}).front(), AwaitReady);
}

TEST(TakeoverPlan, requests_hold_to_the_version_that_was_looked_at_and_keep_other_finalizers) {
  TakeoverSubject subject = kustomization();
  const TakeoverStep first = takeover_plan({subject}).front();
  EXPECT_EQ(
      first.request->target,
      "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/apps?fieldManager=holdfast-import");
  for (const char* text : {R"("resourceVersion":"7")", R"("uid":"u1")", R"("suspend":true)", "before-takeover"})
    EXPECT_TRUE(first.request->body.contains(text)) << first.request->body;
  for (const TakeoverAct act : {Suspend, StopPruning, Apply, AwaitReady}) perform(subject, act);
  const TakeoverStep finalizer = takeover_plan({subject}).front();
  EXPECT_TRUE(finalizer.request->body.contains(R"("finalizers":["example.com/other"])")) << finalizer.request->body;
  perform(subject, RemoveFinalizer);
  const TakeoverStep last = takeover_plan({subject}).front();
  EXPECT_EQ(last.request->method, Method::Delete);
  EXPECT_TRUE(last.request->body.contains(R"("preconditions":{"uid":"u1","resourceVersion":"7"})"));
}

TEST(TakeoverPlan, what_it_was_before_is_kept_with_the_first_change_and_found_again) {
  for (const TakeoverSubject& subject : {kustomization(), argo()}) {
    const auto first = parse_json(takeover_plan({subject}).front().request->body);
    ASSERT_TRUE(first);
    json::value changed = subject.theirs;
    part_of(changed, "metadata")["annotations"] = *find(*first, {"metadata", "annotations"});
    for (const auto& [field, value] : find(*first, {"spec"})->as_object()) part_of(changed, "spec")[field] = value;
    part_of(changed, "spec")["prune"] = false;
    const json::value before = before_takeover(changed);
    json::value expected = subject.theirs;
    if (subject.from.starts_with("Application")) part_of(expected, "spec")["prune"] = false;  // no field of Argo CD
    EXPECT_EQ(canonical_json(before.at("spec")), canonical_json(expected.at("spec")));
    EXPECT_EQ(canonical_json(before_takeover(subject.theirs)), canonical_json(subject.theirs));
  }
}

TEST(TakeoverPlan, all_are_suspended_before_one_is_taken_over) {
  const std::vector<TakeoverSubject> both{kustomization("a"), kustomization("b")};
  EXPECT_EQ(acts(both), (std::vector{Suspend, Suspend, StopPruning, StopPruning, Apply, Apply, AwaitReady, AwaitReady,
                                     RemoveFinalizer, RemoveFinalizer, Delete, Delete}));
}

TEST(TakeoverPlan, who_applies_others_is_suspended_first_and_no_more) {
  std::vector<TakeoverSubject> subjects{
      kustomization("apps",
                    "  labels: {kustomize.toolkit.fluxcd.io/name: root, kustomize.toolkit.fluxcd.io/namespace: "
                    "flux-system}\n"),
      kustomization("root")};
  find_children(subjects);
  EXPECT_EQ(subjects[0].from, "Kustomization flux-system/root");
  EXPECT_EQ(subjects[0].children, (std::vector<std::string>{"Kustomization flux-system/apps"}));
  const std::vector<TakeoverStep> plan = takeover_plan(subjects);
  EXPECT_EQ(plan[0].what, "suspend Kustomization flux-system/root");
  for (std::size_t i = 1; i < plan.size(); ++i) EXPECT_EQ(plan[i].subject, 1U);
}

TEST(TakeoverPlan, what_would_be_made_again_is_an_obstacle) {
  TakeoverSubject subject = argo();
  EXPECT_FALSE(takeover_obstacle(subject));
  part_of(subject.theirs, "metadata")["ownerReferences"] =
      json::array{{{"kind", "ApplicationSet"}, {"name", "all"}, {"controller", true}}};
  EXPECT_TRUE(takeover_obstacle(subject)->contains("--cascade=orphan"));
}

TEST(TakeoverPlan, a_finalizer_that_a_living_controller_puts_back_is_not_fought_over) {
  TakeoverSubject subject = kustomization();
  for (const TakeoverAct act : {Suspend, StopPruning, Apply, AwaitReady}) perform(subject, act);
  subject.finalizer_removed = true;
  EXPECT_EQ(acts({subject}), (std::vector{Delete}));
}

}  // namespace
}  // namespace holdfast
