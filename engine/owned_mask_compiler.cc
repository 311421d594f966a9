#include "engine/owned_mask_compiler.h"

#include <algorithm>

#include "engine/fingerprint_text.h"
#include "holdfast/merge/list_index.h"

namespace holdfast {

using Kind = PathElement::Kind;

void OwnedMaskCompiler::compile(const FieldSet& fields, const EmptyPaths& empties) {
  std::vector<std::string_view> path;
  Tree root = grow(fields.root(), path);
  attach(empties, root, &fields.root());
  mask_.usable_ = mask_.usable_ && root.node.owned == OwnedMask::Owned::Interior;
  note_laborious_absence(root);
  mask_.nodes_.resize(1);
  mask_.marks_.resize(1);
  pack(root, 0);
}

OwnedMaskCompiler::Tree OwnedMaskCompiler::grow(const FieldSet::Node& fields, std::vector<std::string_view>& path) {
  Tree tree;
  tree.absent_text = "-";
  if (fields.children.empty()) {
    const bool granular =
        path.size() == 2 && path[0] == "metadata" && (path[1] == "labels" || path[1] == "annotations");
    tree.node.owned = granular ? OwnedMask::Owned::GranularLeaf : OwnedMask::Owned::Leaf;
    return tree;
  }
  tree.node.owned = OwnedMask::Owned::Interior;
  for (const auto& [element, below] : fields.children) {
    path.push_back(element.text());
    Tree child = grow(below, path);
    path.pop_back();
    child.name = element.text();
    if (element.kind() == Kind::Field) {
      tree.absent_text += child.absent_text;
      tree.fields.push_back(std::move(child));
    } else {
      append_number(tree.absent_text, 0);
      grow_item(element, std::move(child), tree);
    }
  }
  tree.node.owned_fields = static_cast<std::uint32_t>(tree.fields.size());
  return tree;
}

// Lists whose items are named in more than one way, or by position, do not occur in what the API server tracks.
void OwnedMaskCompiler::grow_item(const PathElement& element, Tree item, Tree& into) {
  std::vector<std::string> names;
  if (element.kind() == Kind::Key)
    for (const auto& field : element.key_fields()) names.emplace_back(field.key());
  std::ranges::sort(names);
  if (into.items.empty()) into.item_names = names;
  mask_.usable_ = mask_.usable_ && element.kind() != Kind::Index && names == into.item_names;
  // What others own in an item that is ours as a whole may matter, and only fingerprint() sees that.
  if (element.kind() == Kind::Key && item.fields.empty() && item.items.empty()) mask_.usable_ = false;
  into.items.push_back(std::move(item));
}

std::string& OwnedMaskCompiler::tail_text() {
  if (mask_.tails_.empty() || mask_.tails_.back().slot != OwnedMask::kNone) mask_.tails_.emplace_back();
  return mask_.tails_.back().text;
}

void OwnedMaskCompiler::want_tag(const EmptyPaths& empties, Tree& tree) {
  mask_.usable_ = mask_.usable_ && tree.node.slot == OwnedMask::kNone;  // two desired items for one live one
  tree.node.holds = empties.holds;
  tree.node.slot = mask_.slots_++;
  tail_text();
  mask_.tails_.back().slot = tree.node.slot;
}

// In the order in which fingerprint() writes them.
void OwnedMaskCompiler::attach(const EmptyPaths& empties, Tree& tree, const FieldSet::Node* fields) {
  if (empties.holds != EmptyPaths::Holds::Something) {
    want_tag(empties, tree);
    return;
  }
  for (const auto& [name, below] : empties.fields) {
    append_text(tail_text(), name);
    auto child = std::ranges::find(tree.fields, name, &Tree::name);
    if (child == tree.fields.end()) {
      child = tree.fields.emplace(child);
      child->name = name;
    }
    const FieldSet::Node* fields_below = nullptr;
    if (fields != nullptr)
      if (const auto found = fields->children.find(PathElement::field(name)); found != fields->children.end())
        fields_below = &found->second;
    attach(below, *child, fields_below);
  }
  if (!empties.items.empty()) attach_items(empties, tree, fields);
}

void OwnedMaskCompiler::attach_items(const EmptyPaths& empties, Tree& tree, const FieldSet::Node* fields) {
  if (fields == nullptr) {
    tail_text().push_back('?');
    return;
  }
  tree.node.needs_list = true;
  ListIndex desired(empties.item_scalars);
  std::size_t item = 0;
  for (const auto& [element, below] : fields->children) {
    if (element.kind() == Kind::Field) continue;
    Tree& live_item = tree.items[item++];
    if (element.kind() != Kind::Key) continue;
    for (const std::size_t position : desired.find(element)) {
      append_text(tail_text(), element.text());
      append_number(tail_text(), 1);
      attach(empties.items[position], live_item, &below);
    }
  }
}

bool OwnedMaskCompiler::note_laborious_absence(Tree& tree) {
  bool laborious = tree.node.needs_list;
  for (Tree& field : tree.fields)
    if (note_laborious_absence(field)) laborious = true;
  for (Tree& item : tree.items) note_laborious_absence(item);
  tree.node.absence_is_laborious = laborious;
  return laborious;
}

OwnedMask::Span OwnedMaskCompiler::keep(std::string_view text) {
  const OwnedMask::Span span{static_cast<std::uint32_t>(mask_.texts_.size()), static_cast<std::uint32_t>(text.size())};
  mask_.texts_ += text;
  return span;
}

OwnedMask::Span OwnedMaskCompiler::reserve(const std::vector<Tree>& children) {
  const OwnedMask::Span span{static_cast<std::uint32_t>(mask_.nodes_.size()),
                             static_cast<std::uint32_t>(children.size())};
  mask_.nodes_.resize(span.first + span.count);
  mask_.marks_.resize(span.first + span.count);
  return span;
}

void OwnedMaskCompiler::pack(const Tree& tree, std::uint32_t at) {
  OwnedMask::Node node = tree.node;
  node.name = keep(tree.name);
  node.absent_text = keep(tree.absent_text);
  node.fields = reserve(tree.fields);
  node.items = reserve(tree.items);
  if (!tree.item_names.empty()) {
    node.item_names = static_cast<std::uint32_t>(mask_.item_names_.size());
    mask_.item_names_.push_back(tree.item_names);
  }
  mask_.nodes_[at] = node;
  mask_.marks_[at] = OwnedMask::mark_of(tree.name);
  for (std::uint32_t i = 0; i < node.fields.count; ++i) pack(tree.fields[i], node.fields.first + i);
  for (std::uint32_t i = 0; i < node.items.count; ++i) pack(tree.items[i], node.items.first + i);
}

}  // namespace holdfast
