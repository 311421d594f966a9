#include "app/plan_markdown.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace holdfast {
namespace {

ChangePlan plan_of(std::vector<PlannedChange> changes) {
  ChangePlan plan;
  for (const PlannedChange& change : changes) {
    ++plan.blast.verbs[change.verb];
    ++plan.blast.kinds[to_string(change.key.group_kind())][change.verb];
  }
  plan.applications.push_back({"shop", "gitops", "feature/x@sha1:1", std::move(changes), {}});
  plan.blast.in_sync = 7;
  return plan;
}

PlannedChange change(ChangeVerb verb, const std::string& name, std::vector<FieldChange> fields) {
  PlannedChange made;
  made.verb = verb;
  made.key = {"", "ConfigMap", "w", name};
  made.wave = Wave{0, 0};
  made.origin = "a.yaml:1";
  made.fields = std::move(fields);
  return made;
}

TEST(PlanMarkdown, has_a_table_and_the_fields_folded_away) {
  const std::string text =
      plan_markdown(plan_of({change(ChangeVerb::Change, "page", {{".data.color", "\"blue\"", "\"red\""}}),
                             change(ChangeVerb::Create, "new", {{".data", "(absent)", "{}"}})}));
  EXPECT_EQ(text, R"(### Plan

**shop** at `feature/x@sha1:1`

1 to create, 1 to change, 0 to replace, 0 to prune; 7 in sync.

| kind | changes |
|---|---|
| ConfigMap | 1 create, 1 change |

<details><summary><code>~</code> change <b>ConfigMap w/page</b> · a.yaml:1</summary>

```diff
- .data.color: "blue"
+ .data.color: "red"
```

</details>
<details><summary><code>+</code> create <b>ConfigMap w/new</b> · a.yaml:1</summary>

```diff
+ .data: {}
```

</details>
)");
}

TEST(PlanMarkdown, says_that_nothing_changes) {
  EXPECT_TRUE(plan_markdown(plan_of({})).ends_with("No changes: 7 objects are as Git says.\n"));
}

TEST(PlanMarkdown, what_could_not_be_read_is_not_taken_for_unchanged) {
  EXPECT_EQ(plan_markdown({}, 2), "### Plan\n\n> **Nothing is known: no application could be read.**\n\n");
  EXPECT_TRUE(
      plan_markdown(plan_of({}), 1).contains("> **1 application is not in this plan, for it could not be read.**\n"));
}

TEST(PlanMarkdown, what_objects_say_ends_no_block_and_is_no_markup) {
  PlannedChange odd = change(ChangeVerb::Change, "page", {{".data.x", "\"```\"", "\"````\""}});
  odd.origin = "<b>.yaml:1";
  const std::string text = plan_markdown(plan_of({odd}));
  EXPECT_TRUE(text.contains("`````diff\n")) << text;
  EXPECT_TRUE(text.contains("&lt;b&gt;.yaml:1")) << text;
}

TEST(PlanMarkdown, is_as_long_as_a_comment_may_be) {
  std::vector<PlannedChange> changes;
  for (int i = 0; i < 2'000; ++i)
    changes.push_back(
        change(ChangeVerb::Change, "page-" + std::to_string(i), {{".data.color", "\"blue\"", "\"red\""}}));
  const std::string text = plan_markdown(plan_of(changes));
  EXPECT_LE(text.size(), kLongestMarkdownBytes);
  EXPECT_TRUE(text.contains(" more changes, for which there is no room")) << text.substr(text.size() - 200);
  EXPECT_LE(plan_markdown(plan_of(changes), 0, 500).size(), 500u);
}

}  // namespace
}  // namespace holdfast
