// Makes an OwnedMask. Private to owned_mask.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/owned_mask.h"

namespace holdfast {

class OwnedMaskCompiler {
 public:
  explicit OwnedMaskCompiler(OwnedMask& mask) : mask_(mask) {}
  void compile(const FieldSet& fields, const EmptyPaths& empties);

 private:
  struct Tree {
    std::string name, absent_text;
    OwnedMask::Node node;
    std::vector<Tree> fields, items;
    std::vector<std::string> item_names;
  };

  Tree grow(const FieldSet::Node& fields, std::vector<std::string_view>& path);
  void grow_item(const PathElement& element, Tree item, Tree& into);
  void attach(const EmptyPaths& empties, Tree& tree, const FieldSet::Node* fields);
  void attach_items(const EmptyPaths& empties, Tree& tree, const FieldSet::Node* fields);
  void want_tag(const EmptyPaths& empties, Tree& tree);
  static bool note_laborious_absence(Tree& tree);
  std::string& tail_text();
  void pack(const Tree& tree, std::uint32_t at);
  OwnedMask::Span reserve(const std::vector<Tree>& children);
  OwnedMask::Span keep(std::string_view text);

  OwnedMask& mask_;
};

}  // namespace holdfast
