#include "engine/object_options.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using Annotations = std::vector<std::pair<std::string_view, json::value>>;

Result<ObjectOptions> read(const Annotations& annotations) {
  json::object all;
  for (const auto& [name, value] : annotations) all[name] = value;
  return read_object_options(json::object{{"metadata", json::object{{"annotations", all}}}});
}

ObjectOptions options_of(const Annotations& annotations) {
  const Result<ObjectOptions> options = read(annotations);
  EXPECT_TRUE(options.has_value()) << describe(options.error());
  return options.value_or(ObjectOptions{});
}

std::string refusal_of(const Annotations& annotations) {
  const Result<ObjectOptions> options = read(annotations);
  return options ? "taken" : options.error().message + "; " + options.error().hint;
}

TEST(ObjectOptions, none_are_the_ordinary_ones) {
  EXPECT_EQ(options_of({}), ObjectOptions{});
  ObjectOptions odd;
  odd.wave = 3;
  EXPECT_EQ(read_object_options({}).value_or(odd), ObjectOptions{});
  EXPECT_EQ(read_object_options({{"metadata", json::object{{"annotations", nullptr}}}}).value_or(odd), ObjectOptions{});
}

TEST(ObjectOptions, waves_in_all_spellings) {
  EXPECT_EQ(options_of({{"holdfast.dev/wave", "-3"}}).wave, -3);
  EXPECT_EQ(options_of({{"argocd.argoproj.io/sync-wave", " 7 "}}).wave, 7);
  EXPECT_EQ(options_of({{"argocd.argoproj.io/sync-wave", "+7"}}).wave, 7);
  EXPECT_EQ(options_of({{"helm.sh/hook-weight", "-5"}}).wave, -5);
  EXPECT_EQ(options_of({{"argocd.argoproj.io/sync-wave", "7"}, {"holdfast.dev/wave", "2"}}).wave, 2);
  for (const char* wrong : {"first", "1.5", "99999999999", "1 2", "+-1", "0x1"})
    EXPECT_TRUE(refusal_of({{"holdfast.dev/wave", wrong}}).contains("holdfast.dev/wave")) << wrong;
}

TEST(ObjectOptions, hooks_in_all_spellings) {
  EXPECT_EQ(options_of({{"holdfast.dev/hook", "pre"}}).hook, HookPhase::Before);
  EXPECT_EQ(options_of({{"holdfast.dev/hook", "post"}}).hook, HookPhase::After);
  EXPECT_EQ(options_of({{"argocd.argoproj.io/hook", "PreSync"}}).hook, HookPhase::Before);
  EXPECT_EQ(options_of({{"argocd.argoproj.io/hook", "PostSync"}}).hook, HookPhase::After);
  EXPECT_EQ(options_of({{"argocd.argoproj.io/hook", "Sync"}}).hook, HookPhase::During);
  EXPECT_TRUE(options_of({{"argocd.argoproj.io/ignore-healthcheck", "true"}}).ignores_health);
  EXPECT_EQ(options_of({{"helm.sh/hook", "pre-install,pre-upgrade"}}).hook, HookPhase::Before);
  EXPECT_EQ(options_of({{"helm.sh/hook", "post-upgrade, test"}}).hook, HookPhase::After);
  EXPECT_EQ(options_of({{"helm.sh/hook", "test, post-upgrade"}}), options_of({{"helm.sh/hook", "post-upgrade"}}));
  EXPECT_TRUE(refusal_of({{"holdfast.dev/hook", "PreSync"}}).contains("pre or post"));
}

TEST(ObjectOptions, a_hook_of_both_moments_is_one_before_and_after) {
  for (const ObjectOptions& both : {options_of({{"argocd.argoproj.io/hook", "PostSync,PreSync"}}),
                                    options_of({{"helm.sh/hook", "post-install,pre-upgrade"}})}) {
    EXPECT_EQ(both.hook, HookPhase::Before);
    EXPECT_TRUE(both.again_after);
  }
  EXPECT_FALSE(options_of({{"helm.sh/hook", "pre-install,pre-upgrade"}}).again_after);
  EXPECT_FALSE(
      options_of({{"argocd.argoproj.io/hook", "PostSync,PreSync"}, {"holdfast.dev/hook", "post"}}).again_after);
}

TEST(ObjectOptions, policies_of_hooks_in_all_spellings_and_ours_decide) {
  const auto policy = [](const Annotations& more) {
    Annotations all{{"argocd.argoproj.io/hook", "PreSync"}};
    all.insert(all.end(), more.begin(), more.end());
    return options_of(all).hook_deletion;
  };
  constexpr const char *kArgoCd = "argocd.argoproj.io/hook-delete-policy", *kHelm = "helm.sh/hook-delete-policy";
  EXPECT_EQ(policy({}), (HookDeletion{true, false, false}));
  EXPECT_EQ(policy({{kArgoCd, "HookSucceeded"}}), (HookDeletion{false, true, false}));
  EXPECT_EQ(policy({{kArgoCd, "BeforeHookCreation, HookFailed,"}}), (HookDeletion{true, false, true, true}));
  EXPECT_EQ(policy({{kHelm, "before-hook-creation,hook-succeeded"}}), (HookDeletion{true, true, false, true}));
  EXPECT_EQ(policy({{kHelm, "hook-failed"}, {kArgoCd, "HookSucceeded"}}), (HookDeletion{false, true, true}));
  EXPECT_EQ(policy({{"holdfast.dev/hook-delete-policy", "hook-failed"}, {kArgoCd, "HookSucceeded"}}),
            (HookDeletion{false, false, true}));
  EXPECT_EQ(policy({{kArgoCd, "hook-succeeded"}}), (HookDeletion{})) << "each tool has its own words";
  EXPECT_EQ(options_of({{kArgoCd, "HookSucceeded"}}), ObjectOptions{}) << "of what is no hook it says nothing";
}

TEST(ObjectOptions, a_policy_that_nobody_knows_is_a_remark_and_an_error_where_it_is_ours) {
  const ObjectOptions odd =
      options_of({{"helm.sh/hook", "pre-install"}, {"helm.sh/hook-delete-policy", "hook-succeeded,hook-suceeded"}});
  EXPECT_TRUE(odd.hook_deletion.succeeded);
  EXPECT_TRUE(odd.remark.contains("\"hook-suceeded\"")) << odd.remark;
  EXPECT_TRUE(odd.remark.contains("known are before-hook-creation, hook-succeeded, hook-failed")) << odd.remark;
  EXPECT_TRUE(refusal_of({{"holdfast.dev/hook", "pre"}, {"holdfast.dev/hook-delete-policy", "HookFailed"}})
                  .contains("before-hook-creation, hook-succeeded, hook-failed"));
}

TEST(ObjectOptions, hooks_of_moments_that_we_do_not_have_are_left_alone) {
  for (const char* moment : {"test", "pre-delete", "post-rollback", "pre-rollback,test"})
    EXPECT_EQ(options_of({{"helm.sh/hook", moment}}).management, Management::None) << moment;
  for (const char* moment : {"SyncFail", "PreDelete", "PostDelete", "Skip"})
    EXPECT_EQ(options_of({{"argocd.argoproj.io/hook", moment}}).management, Management::None) << moment;
  EXPECT_EQ(options_of({{"helm.sh/hook", "crd-install"}}), ObjectOptions{});
}

TEST(ObjectOptions, management_in_all_spellings_and_ours_decides) {
  EXPECT_EQ(options_of({{"holdfast.dev/manage", "once"}}).management, Management::Once);
  EXPECT_EQ(options_of({{"kustomize.toolkit.fluxcd.io/reconcile", "disabled"}}).management, Management::None);
  EXPECT_EQ(options_of({{"kustomize.toolkit.fluxcd.io/ssa", "IfNotPresent"}}).management, Management::Once);
  EXPECT_EQ(options_of({{"kustomize.toolkit.fluxcd.io/ssa", "Ignore"}, {"holdfast.dev/manage", "full"}}).management,
            Management::Full);
  EXPECT_TRUE(refusal_of({{"holdfast.dev/manage", "never"}}).contains("full, once or none"));
}

TEST(ObjectOptions, the_marks_of_flux_count_as_labels_and_in_any_case) {
  const auto labelled = [](const char* name, const char* value) {
    const json::object body{{"metadata", {{"labels", {{name, value}}}}}};
    return read_object_options(body).value_or(ObjectOptions{});
  };
  EXPECT_EQ(labelled("kustomize.toolkit.fluxcd.io/reconcile", "Disabled").management, Management::None);
  EXPECT_EQ(labelled("kustomize.toolkit.fluxcd.io/ssa", "ifNotPresent").management, Management::Once);
  EXPECT_TRUE(labelled("kustomize.toolkit.fluxcd.io/force", "ENABLED").replace);
  EXPECT_EQ(labelled("kustomize.toolkit.fluxcd.io/ssa", "Merge"), ObjectOptions{});
  EXPECT_EQ(labelled("argocd.argoproj.io/hook", "PreSync"), ObjectOptions{});
}

TEST(ObjectOptions, replacement_in_all_spellings_and_ours_decides) {
  EXPECT_TRUE(options_of({{"argocd.argoproj.io/sync-options", "Prune=false, Replace=true"}}).replace);
  EXPECT_TRUE(options_of({{"kustomize.toolkit.fluxcd.io/force", "enabled"}}).replace);
  EXPECT_FALSE(
      options_of({{"argocd.argoproj.io/sync-options", "Force=true"}, {"holdfast.dev/replace", "disabled"}}).replace);
  EXPECT_FALSE(options_of({{"argocd.argoproj.io/sync-options", "Replace=false"}}).replace);
}

TEST(ObjectOptions, dependencies_are_read_in_the_spelling_of_cli_utils) {
  const std::vector<ObjectKey> wanted{{"apps", "Deployment", "web", "a"}, {"", "Namespace", "", "n"}};
  EXPECT_EQ(options_of({{"holdfast.dev/depends-on", "apps/namespaces/web/Deployment/a, /Namespace/n"}}).depends_on,
            wanted);
  for (const char* wrong : {"Deployment", "apps/Deployment/web/a", ",", "/ConfigMap/a,", "a/b/c/d/e"})
    EXPECT_TRUE(refusal_of({{"holdfast.dev/depends-on", wrong}}).contains("GROUP/KIND/NAME")) << wrong;
}

// The API server refuses them in its own words.
TEST(ObjectOptions, values_that_are_no_strings_are_left_to_the_server) {
  EXPECT_EQ(options_of({{"holdfast.dev/wave", 3}, {"holdfast.dev/hook", true}}), ObjectOptions{});
}

}  // namespace
}  // namespace holdfast
