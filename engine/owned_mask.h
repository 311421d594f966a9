// What a fingerprint looks at, compiled: the paths that our managedFields entry owns and those where the desired state
// holds an empty container, as one tree that is walked along the text of a live object without making values of it.
//
// It writes the very text that fingerprint() writes from a parsed object, and gives up where that would be laborious
// (an item of ours that is missing or there twice, escapes in names): such objects are rare, and mostly have drifted.
// Immutable; shared by all objects with the same entry. Packed, because a walk touches all of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/fingerprint.h"
#include "holdfast/merge/field_set.h"
#include "holdfast/model/json_view.h"

namespace holdfast {

class OwnedMask {
 public:
  OwnedMask(const FieldSet& fields, const EmptyPaths& empties);

  // Appends to `out`. False: it gave up, and only fingerprint() can tell.
  bool append(const JsonView& live, std::string& out) const;

 private:
  friend class OwnedMaskCompiler;
  friend class OwnedMaskWalk;
  enum class Owned : std::uint8_t { Nothing, Leaf, GranularLeaf, Interior };
  static constexpr std::uint32_t kNone = UINT32_MAX;
  static constexpr std::uint32_t kUnclear = UINT32_MAX - 1;

  struct Span {
    std::uint32_t first = 0, count = 0;
  };
  struct Node {
    Span name;           // in texts_: of a field; of an item: its key or value as canonical JSON
    Span absent_text;    // in texts_: what it appends where there is no value
    Span fields, items;  // in nodes_, in the order of the field set; fields that are not owned come last
    std::uint32_t owned_fields = 0;
    std::uint32_t item_names = kNone;  // in item_names_; none: items by value
    std::uint32_t slot = kNone;        // where its tag goes, if `holds` says that one is wanted
    Owned owned = Owned::Nothing;
    EmptyPaths::Holds holds = EmptyPaths::Holds::Something;
    bool needs_list = false;  // empties are in its items: what is no list is encoded in another way
    bool absence_is_laborious = false;
  };
  struct Tail {  // of the encoding of the empties
    std::string text;
    std::uint32_t slot = kNone;  // the tag that follows
  };

  // Tells most names apart at a glance.
  static std::uint32_t mark_of(std::string_view name) {
    if (name.empty()) return 0;
    const auto byte = [&](std::size_t at) { return static_cast<std::uint32_t>(static_cast<unsigned char>(name[at])); };
    return static_cast<std::uint32_t>(name.size() & 0xFFFFU) | byte(0) << 16U | byte(name.size() / 2) << 24U;
  }
  [[nodiscard]] std::string_view text(Span span) const {
    return std::string_view(texts_).substr(span.first, span.count);
  }
  [[nodiscard]] std::uint32_t find_field(const Node& node, std::string_view name) const;
  [[nodiscard]] std::uint32_t find_item(const Node& node, std::string_view name) const;
  [[nodiscard]] std::uint32_t find_sorted(Span among, std::string_view name) const;

  std::vector<Node> nodes_;           // the first is the root
  std::vector<std::uint32_t> marks_;  // of the names of the nodes
  std::string texts_;
  std::vector<std::vector<std::string>> item_names_;  // sorted
  std::vector<Tail> tails_;
  std::uint32_t slots_ = 0;
  bool usable_ = true;
};

}  // namespace holdfast
