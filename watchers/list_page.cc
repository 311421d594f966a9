#include "watchers/list_page.h"

#include <simdjson.h>

#include <string_view>

namespace holdfast {
namespace {

namespace ondemand = simdjson::ondemand;

simdjson::error_code read_list_metadata(ondemand::object metadata, ListPage& page) {
  for (auto entry : metadata) {
    std::string_view key;
    if (const auto error = entry.unescaped_key().get(key)) return error;
    std::string* target = nullptr;
    if (key == "resourceVersion") target = &page.resource_version.value;
    if (key == "continue") target = &page.continue_token;
    if (target == nullptr) continue;
    std::string_view text;
    if (const auto error = entry.value().get_string().get(text)) return error;
    *target = text;
  }
  return simdjson::SUCCESS;
}

simdjson::error_code split_items(ondemand::array items, std::vector<std::string_view>& out) {
  for (auto item : items) {
    ondemand::object object;
    if (const auto error = item.get_object().get(object)) return error;
    std::string_view text;
    if (const auto error = object.raw_json().get(text)) return error;
    out.push_back(text.substr(0, text.find_last_not_of(" \t\r\n") + 1));
  }
  return simdjson::SUCCESS;
}

simdjson::error_code read_list(ondemand::document& document, ListPage& page, std::vector<std::string_view>& items,
                               bool& has_items) {
  ondemand::object root;
  if (const auto error = document.get_object().get(root)) return error;
  for (auto entry : root) {
    std::string_view key;
    ondemand::value value;
    if (const auto error = entry.unescaped_key().get(key)) return error;
    if (const auto error = entry.value().get(value)) return error;
    if (key == "metadata") {
      ondemand::object metadata;
      if (const auto error = value.get_object().get(metadata)) return error;
      if (const auto error = read_list_metadata(metadata, page)) return error;
    } else if (key == "items") {
      has_items = true;
      bool null = false;  // how Go writes an empty list that was never made
      if (const auto error = value.is_null().get(null)) return error;
      if (null) continue;
      ondemand::array array;
      if (const auto error = value.get_array().get(array)) return error;
      if (const auto error = split_items(array, items)) return error;
    }
  }
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS ? simdjson::SUCCESS
                                                                        : simdjson::TRAILING_CONTENT;
}

}  // namespace

Result<ListPage> parse_list_page(std::string body, const GroupVersionKind& gvk) {
  const std::string where = "list of " + to_string(gvk);
  body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  ondemand::parser parser;  // not kept: lists are large and rare
  ondemand::document document;
  ListPage page;
  std::vector<std::string_view> items;
  bool has_items = false;
  const simdjson::padded_string_view padded(body.data(), body.size(), body.capacity());
  auto error = parser.iterate(padded).get(document);
  if (!error) error = read_list(document, page, items, has_items);
  if (error)
    return fail(ErrorKind::Protocol, std::string("not a readable list: ") + simdjson::error_message(error), where);
  if (!has_items) return fail(ErrorKind::Protocol, "an answer without items", where);
  if (page.resource_version.empty()) return fail(ErrorKind::Protocol, "a list without resourceVersion", where);
  page.items.reserve(items.size());
  for (const std::string_view text : items) {
    Result<LivePtr> item = read_live_object(text, gvk);
    if (!item) return std::unexpected(item.error());
    if ((*item)->key.group != gvk.group || (*item)->key.kind != gvk.kind)
      return fail(ErrorKind::Protocol, "the list holds a " + to_string((*item)->gvk), where);
    page.items.push_back(std::move(*item));
  }
  return page;
}

}  // namespace holdfast
