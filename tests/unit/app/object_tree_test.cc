#include "app/object_tree.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

json::value object(const std::string& kind, const std::string& name, const std::string& uid, const std::string& owner) {
  json::object metadata{{"name", name}, {"namespace", "shop"}, {"uid", uid}};
  if (!owner.empty()) metadata["ownerReferences"] = json::array{{{"uid", owner}}};
  return json::object{{"apiVersion", "v1"}, {"kind", kind}, {"metadata", std::move(metadata)}};
}

TEST(ObjectTree, what_controllers_made_stands_below_and_what_is_missing_says_so) {
  const std::vector<TreeRoot> roots{{{"", "ConfigMap", "shop", "web"}, object("ConfigMap", "web", "1", "")},
                                    {{"", "Secret", "shop", "gone"}, {}}};
  const HealthQuestion question{};
  const auto nodes = object_tree(roots,
                                 {object("ConfigMap", "grandchild", "3", "2"), object("ConfigMap", "child", "2", "1"),
                                  object("ConfigMap", "stranger", "4", "9")},
                                 question);
  EXPECT_EQ(tree_text(nodes),
            "├─ ConfigMap shop/web               Healthy\n"
            "│  └─ ConfigMap shop/child          Healthy\n"
            "│     └─ ConfigMap shop/grandchild  Healthy\n"
            "└─ Secret shop/gone                 Missing\n");
  EXPECT_EQ(string_at(json::value(tree_json(nodes)[1]), {"health"}), "Missing");
}

TEST(ObjectTree, a_circle_of_owners_ends) {
  const HealthQuestion question{};
  const auto nodes = object_tree({{{"", "ConfigMap", "shop", "a"}, object("ConfigMap", "a", "1", "2")}},
                                 {object("ConfigMap", "b", "2", "1"), object("ConfigMap", "a", "1", "2")}, question);
  EXPECT_EQ(tree_text(nodes).size() < 400, true);
}

}  // namespace
}  // namespace holdfast
