#include "engine/owned_mask_walk.h"

#include "engine/canonical_text.h"
#include "engine/fingerprint_text.h"

namespace holdfast {
namespace {

// Whether an empty container or a null may be in a container. One that is in a string counts too.
bool may_have_traceless(std::string_view text) {
  char before = '\0';
  for (const char c : text.substr(1)) {
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
    if ((c == ']' && before == '[') || (c == '}' && before == '{')) return true;
    before = c;
  }
  return text.find("null") != std::string_view::npos;
}

}  // namespace

bool OwnedMaskWalk::owned(const OwnedMask& mask, const JsonView& live, std::string& out) {
  out_ = &out;
  mask_ = &mask;
  tags_.assign(mask.slots_, '-');
  pieces_.clear();
  order_.clear();
  JsonCursor cursor = live.cursor();
  value(mask.nodes_.front(), cursor);
  return cursor.ok();
}

void OwnedMaskWalk::value(const Node& node, JsonCursor& cursor) {
  const char first = cursor.peek();
  if (node.slot != OwnedMask::kNone && !note_tag(node, cursor)) return cursor.fail();
  if (node.needs_list && first != '[') return cursor.fail();
  switch (node.owned) {
    case OwnedMask::Owned::Leaf:
    case OwnedMask::Owned::GranularLeaf: {
      JsonCursor copy = cursor;
      leaf(node, copy);
      if (node.fields.count == 0 || !copy.ok()) {
        cursor = copy;
        return;
      }
      break;
    }
    case OwnedMask::Owned::Interior:
      out_->push_back(first == '{' || first == '[' ? first : first == 'n' ? '0' : 's');
      break;
    case OwnedMask::Owned::Nothing:
      break;
  }
  if (first == '[') {
    items(node, cursor);
  } else if (node.items.count != 0) {
    cursor.fail();  // our items are gone
  } else if (first == '{') {
    fields(node, cursor);
  } else {
    absent_fields(node, cursor);
    cursor.skip();
  }
}

// False where what others own may matter: something in the map may be empty or null.
bool OwnedMaskWalk::note_tag(const Node& node, JsonCursor cursor) {
  const char first = cursor.peek();
  char& tag = tags_[node.slot];
  const bool container = first == '{' || first == '[';
  if (first == 'n') {
    tag = '0';
  } else if (node.holds == EmptyPaths::Holds::EmptyContainer) {
    tag = container ? first : 's';
    if (first == '{') return !may_have_traceless(JsonCursor(cursor).raw());
  } else if (!container) {
    tag = '+';
  } else {
    if (may_have_traceless(JsonCursor(cursor).raw())) return false;
    cursor.expect(first);
    tag = cursor.peek() == '}' || cursor.peek() == ']' ? 'e' : '+';
  }
  return true;
}

void OwnedMaskWalk::leaf(const Node& node, JsonCursor& cursor) {
  if (node.owned == OwnedMask::Owned::GranularLeaf && cursor.peek() == '{') {
    out_->push_back('+');
    cursor.skip();
    return;
  }
  out_->push_back('=');
  append_number(*out_, 0);
  const std::size_t begin = out_->size();
  append_canonical_text(cursor, *out_);
  put_number(*out_, out_->size() - begin, begin - 8);
}

// Where there is no object that could have them.
void OwnedMaskWalk::absent_fields(const Node& node, JsonCursor& cursor) {
  for (std::uint32_t at = node.fields.first; at < node.fields.first + node.fields.count; ++at) {
    const Node& field = mask_->nodes_[at];
    if (field.absence_is_laborious) cursor.fail();
    if (field.owned != OwnedMask::Owned::Nothing) *out_ += mask_->text(field.absent_text);
  }
}

void OwnedMaskWalk::fields(const Node& node, JsonCursor& cursor) {
  const std::size_t first_piece = pieces_.size();
  const std::size_t begin = out_->size();
  pieces_.resize(first_piece + node.fields.count);
  std::uint32_t found = 0;  // owned ones, and whether they come in our order
  bool in_order = true;
  for (JsonMembers members(cursor); members.next();) {
    const std::uint32_t at = mask_->find_field(node, members.key());
    if (at == OwnedMask::kNone) {
      if (members.escaped()) cursor.fail();
      cursor.skip();
      continue;
    }
    const std::uint32_t which = at - node.fields.first;
    if (pieces_[first_piece + which].begin != Piece::kNone) return cursor.fail();  // there twice
    const std::size_t piece_begin = out_->size();
    value(mask_->nodes_[at], cursor);
    pieces_[first_piece + which] = {piece_begin, out_->size()};
    if (which < node.owned_fields) in_order = in_order && which == found++;
  }
  for (std::uint32_t which = 0; which < node.fields.count; ++which)
    if (pieces_[first_piece + which].begin == Piece::kNone &&
        mask_->nodes_[node.fields.first + which].absence_is_laborious)
      cursor.fail();
  if (!in_order || found != node.owned_fields)
    write_in_order({node.fields.first, node.owned_fields}, first_piece, begin);
  pieces_.resize(first_piece);
}

void OwnedMaskWalk::write_in_order(OwnedMask::Span nodes, std::size_t first_piece, std::size_t begin) {
  reordered_.clear();
  for (std::uint32_t which = 0; which < nodes.count; ++which) {
    const Piece& piece = pieces_[first_piece + which];
    if (piece.begin == Piece::kNone)
      reordered_ += mask_->text(mask_->nodes_[nodes.first + which].absent_text);
    else
      reordered_.append(*out_, piece.begin, piece.end - piece.begin);
  }
  out_->resize(begin);
  *out_ += reordered_;
}

void OwnedMaskWalk::items(const Node& node, JsonCursor& cursor) {
  absent_fields(node, cursor);
  if (node.items.count == 0) return cursor.skip();
  const std::size_t first_piece = pieces_.size();
  const std::size_t begin = out_->size();
  const std::size_t first_order = order_.size();
  pieces_.resize(first_piece + node.items.count);
  bool in_order = true;
  std::uint32_t found = 0;
  for (JsonItems walk(cursor); walk.next();) {
    const std::uint32_t at = item_at(node, cursor);
    if (at == OwnedMask::kUnclear) return cursor.fail();
    if (at == OwnedMask::kNone) {
      cursor.skip();
      continue;
    }
    const std::uint32_t which = at - node.items.first;
    if (pieces_[first_piece + which].begin != Piece::kNone) return cursor.fail();  // there twice
    const std::size_t piece_begin = out_->size();
    append_number(*out_, 1);
    value(mask_->nodes_[at], cursor);
    pieces_[first_piece + which] = {piece_begin, out_->size()};
    in_order = in_order && which == found++;
    append_number(order_, node.owned_fields + which);
  }
  if (order_.size() != first_order + 8 * std::size_t{node.items.count}) return cursor.fail();  // one of ours is gone
  if (!in_order) write_in_order(node.items, first_piece, begin);
  out_->append(order_, first_order);
  order_.resize(first_order);
  pieces_.resize(first_piece);
}

std::uint32_t OwnedMaskWalk::item_at(const Node& list, JsonCursor cursor) {
  key_.clear();
  if (list.item_names == OwnedMask::kNone) {
    append_canonical_text(cursor, key_);
    if (!cursor.ok()) return OwnedMask::kNone;
  } else if (cursor.peek() == '{' && !item_key(mask_->item_names_[list.item_names], cursor)) {
    return OwnedMask::kUnclear;
  }
  return mask_->find_item(list, key_);
}

// The canonical text of the item's key fields. False where it lacks one of them, which may stand for a default.
bool OwnedMaskWalk::item_key(const std::vector<std::string>& names, JsonCursor cursor) {
  char separator = '{';
  for (const std::string& name : names) {
    JsonCursor walk = cursor;
    bool found = false;
    for (JsonMembers members(walk); !found && members.next();) {
      if (members.key() != name) {
        walk.skip();
        continue;
      }
      key_.push_back(separator);
      key_.push_back('"');
      key_ += name;
      key_ += "\":";
      append_canonical_text(walk, key_);
      found = walk.ok();
    }
    if (!found) return false;
    separator = ',';
  }
  key_.push_back('}');
  return true;
}

}  // namespace holdfast
