#include "watchers/list_page.h"

#include "watchers/live_intake.h"

namespace holdfast {
namespace {

void read_list_metadata(JsonCursor& cursor, ListPage& page) {
  if (cursor.peek() != '{') return cursor.fail();
  for (JsonMembers metadata(cursor); metadata.next();) {
    if (metadata.key() == "resourceVersion")
      page.resource_version.value = cursor.plain_string();
    else if (metadata.key() == "continue")
      page.continue_token = cursor.plain_string();
    else
      cursor.skip();
  }
}

Result<LivePtr> read_item(JsonCursor& cursor, const GroupVersionKind& gvk, LiveReader* reader) {
  const JsonCursor begin = cursor;
  if (begin.peek() != '{') return fail(ErrorKind::Protocol, "not a readable list: an item is no object");
  const std::string_view text = cursor.raw();
  if (!cursor.ok()) return fail(ErrorKind::Protocol, "not a readable list: an item is cut off");
  return take_in(JsonView(text, begin), gvk, reader);
}

}  // namespace

Result<ListPage> parse_list_page(const std::string& body, const GroupVersionKind& gvk, LiveReader* reader) {
  const std::string where = "list of " + to_string(gvk);
  JsonIndexer indexer;  // not kept: lists are large and rare
  const Result<JsonView> list = indexer.view(body);
  if (!list) return fail(ErrorKind::Protocol, "not a readable list: " + list.error().message, where);
  ListPage page;
  bool has_items = false;
  JsonCursor cursor = list->cursor();
  for (JsonMembers root(cursor); root.next();) {
    if (root.key() == "metadata") {
      read_list_metadata(cursor, page);
    } else if (root.key() == "items") {
      has_items = true;
      if (cursor.peek() != '[') {  // null is how Go writes an empty list that was never made
        if (cursor.scalar() != "null") cursor.fail();
        continue;
      }
      for (JsonItems items(cursor); items.next();) {
        Result<LivePtr> item = read_item(cursor, gvk, reader);
        if (!item) return std::unexpected(item.error());
        if ((*item)->key.group != gvk.group || (*item)->key.kind != gvk.kind)
          return fail(ErrorKind::Protocol, "the list holds a " + to_string((*item)->gvk), where);
        page.items.push_back(std::move(*item));
      }
    } else {
      cursor.skip();
    }
  }
  if (!cursor.ok()) return fail(ErrorKind::Protocol, "not a readable list", where);
  if (!has_items) return fail(ErrorKind::Protocol, "an answer without items", where);
  if (page.resource_version.empty()) return fail(ErrorKind::Protocol, "a list without resourceVersion", where);
  return page;
}

}  // namespace holdfast
