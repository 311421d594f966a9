// One walk of an OwnedMask along a live object; keeps its buffers from one to the next. Private to owned_mask.cc.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/owned_mask.h"

namespace holdfast {

class OwnedMaskWalk {
 public:
  // Appends the encoding of what is owned, and notes the tags of the empties. False: given up.
  bool owned(const OwnedMask& mask, const JsonView& live, std::string& out);
  [[nodiscard]] char tag(std::size_t slot) const { return tags_[slot]; }

 private:
  using Node = OwnedMask::Node;
  struct Piece {  // of the text; what is not there has none
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
    std::size_t begin = kNone, end = 0;
  };

  // Each takes the cursor over the value at which it stands. A walk that gives up makes the cursor fail.
  void value(const Node& node, JsonCursor& cursor);
  bool note_tag(const Node& node, JsonCursor cursor);
  void leaf(const Node& node, JsonCursor& cursor);
  void fields(const Node& node, JsonCursor& cursor);
  void items(const Node& node, JsonCursor& cursor);
  void absent_fields(const Node& node, JsonCursor& cursor);
  void write_in_order(OwnedMask::Span nodes, std::size_t first_piece, std::size_t begin);
  std::uint32_t item_at(const Node& list, JsonCursor cursor);
  bool item_key(const std::vector<std::string>& names, JsonCursor cursor);

  const OwnedMask* mask_ = nullptr;
  std::string* out_ = nullptr;
  std::string tags_;
  std::vector<Piece> pieces_;  // of the objects and lists that the walk is in
  std::string reordered_, key_, order_;
};

}  // namespace holdfast
