#include "engine/owned_mask.h"

#include "engine/owned_mask_compiler.h"
#include "engine/owned_mask_walk.h"

namespace holdfast {
namespace {

constexpr std::uint32_t kFewNames = 24;

}  // namespace

OwnedMask::OwnedMask(const FieldSet& fields, const EmptyPaths& empties) {
  OwnedMaskCompiler(*this).compile(fields, empties);
}

bool OwnedMask::append(const JsonView& live, std::string& out) const {
  if (!usable_) return false;
  thread_local OwnedMaskWalk walk;
  if (!walk.owned(*this, live, out)) return false;
  for (const Tail& tail : tails_) {
    out += tail.text;
    if (tail.slot != kNone) out.push_back(walk.tag(tail.slot));
  }
  return true;
}

std::uint32_t OwnedMask::find_sorted(Span among, std::string_view name) const {
  std::uint32_t low = among.first;
  std::uint32_t high = among.first + among.count;
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    const int order = text(nodes_[middle].name).compare(name);
    if (order == 0) return middle;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return kNone;
}

std::uint32_t OwnedMask::find_field(const Node& node, std::string_view name) const {
  std::uint32_t first = node.fields.first;
  const std::uint32_t end = first + node.fields.count;
  if (node.owned_fields > kFewNames) {
    const std::uint32_t found = find_sorted({first, node.owned_fields}, name);
    if (found != kNone) return found;
    first += node.owned_fields;
  }
  const std::uint32_t mark = mark_of(name);
  for (std::uint32_t at = first; at < end; ++at)
    if (marks_[at] == mark && text(nodes_[at].name) == name) return at;
  return kNone;
}

std::uint32_t OwnedMask::find_item(const Node& node, std::string_view name) const {
  if (node.items.count > kFewNames) return find_sorted(node.items, name);
  const std::uint32_t mark = mark_of(name);
  for (std::uint32_t at = node.items.first; at < node.items.first + node.items.count; ++at)
    if (marks_[at] == mark && text(nodes_[at].name) == name) return at;
  return kNone;
}

}  // namespace holdfast
