// The objects of an application with what their controllers made of them, by owner. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "health/health.h"
#include "holdfast/model/json.h"
#include "holdfast/model/object_key.h"

namespace holdfast {

struct TreeNode {
  ObjectKey key;
  Health health;  // Missing where there is none
  std::vector<TreeNode> below;
};

struct TreeRoot {
  ObjectKey key;
  json::value body;  // null: there is no such object
};

// `owned`: objects that may have owners. What owns itself, in a circle, is shown once.
std::vector<TreeNode> object_tree(const std::vector<TreeRoot>& roots, const std::vector<json::value>& owned,
                                  const HealthQuestion& question);

// As people read it, a line an object, with its health behind.
std::string tree_text(const std::vector<TreeNode>& nodes);
json::array tree_json(const std::vector<TreeNode>& nodes);

}  // namespace holdfast
