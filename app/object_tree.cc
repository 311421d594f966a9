#include "app/object_tree.h"

#include <algorithm>
#include <utility>

#include "holdfast/model/gvk.h"

namespace holdfast {
namespace {

using Owned = std::multimap<std::string, const json::value*, std::less<>>;  // by the uid of an owner

ObjectKey key_of(const json::value& body) {
  const GroupVersionKind gvk = make_gvk(string_at(body, {"apiVersion"}), string_at(body, {"kind"}));
  return {gvk.group, gvk.kind, std::string(string_at(body, {"metadata", "namespace"})),
          std::string(string_at(body, {"metadata", "name"}))};
}

void add_below(TreeNode& node, std::string_view uid, const Owned& owned, const HealthQuestion& question,
               std::set<std::string, std::less<>>& seen) {
  if (uid.empty() || !seen.emplace(uid).second) return;
  const auto [first, last] = owned.equal_range(uid);
  for (auto at = first; at != last; ++at) {
    TreeNode child{key_of(*at->second), judge_health(*at->second, question), {}};
    add_below(child, string_at(*at->second, {"metadata", "uid"}), owned, question, seen);
    node.below.push_back(std::move(child));
  }
  std::ranges::sort(node.below, {}, &TreeNode::key);
}

struct Line {
  std::string object, health;
};

void add_lines(const std::vector<TreeNode>& nodes, const std::string& margin, std::vector<Line>& lines) {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const bool last = i + 1 == nodes.size();
    const TreeNode& node = nodes[i];
    std::string health = to_string(node.health.status);
    if (!node.health.message.empty() && node.health.status != HealthStatus::Healthy)
      health += ": " + node.health.message;
    lines.push_back({margin + (last ? "└─ " : "├─ ") + to_string(node.key), std::move(health)});
    add_lines(node.below, margin + (last ? "   " : "│  "), lines);
  }
}

// Characters, not bytes.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

std::vector<TreeNode> object_tree(const std::vector<TreeRoot>& roots, const std::vector<json::value>& owned,
                                  const HealthQuestion& question) {
  Owned by_owner;
  for (const json::value& body : owned) {
    const json::value* owners = find(body, {"metadata", "ownerReferences"});
    if (owners == nullptr || !owners->is_array()) continue;
    for (const json::value& owner : owners->get_array())
      by_owner.emplace(std::string(string_at(owner, {"uid"})), &body);
  }
  std::set<std::string, std::less<>> seen;
  std::vector<TreeNode> nodes;
  for (const TreeRoot& root : roots) {
    TreeNode node{root.key, {HealthStatus::Missing, Kstatus::NotFound, {}}, {}};
    if (!root.body.is_null()) {
      node.health = judge_health(root.body, question);
      add_below(node, string_at(root.body, {"metadata", "uid"}), by_owner, question, seen);
    }
    nodes.push_back(std::move(node));
  }
  return nodes;
}

std::string tree_text(const std::vector<TreeNode>& nodes) {
  std::vector<Line> lines;
  add_lines(nodes, {}, lines);
  std::size_t widest = 0;
  for (const Line& line : lines) widest = std::max(widest, width(line.object));
  std::string text;
  for (const Line& line : lines)
    text += line.object + std::string(widest - width(line.object) + 2, ' ') + line.health + "\n";
  return text;
}

json::array tree_json(const std::vector<TreeNode>& nodes) {
  json::array list;
  for (const TreeNode& node : nodes)
    list.push_back({{"group", node.key.group},
                    {"kind", node.key.kind},
                    {"namespace", node.key.namespace_},
                    {"name", node.key.name},
                    {"health", to_string(node.health.status)},
                    {"message", node.health.message},
                    {"owned", tree_json(node.below)}});
  return list;
}

}  // namespace holdfast
