#include "engine/health_view.h"

#include <string>

namespace holdfast {
namespace {

// The members of the object at the cursor but for one.
void copy_without(JsonCursor& cursor, std::string_view left_out, std::string& out) {
  if (cursor.peek() != '{') {
    out += cursor.raw();
    return;
  }
  out += '{';
  bool first = true;
  for (JsonMembers members(cursor); members.next();) {
    if (members.key() == left_out) {
      cursor.skip();
      continue;
    }
    if (!std::exchange(first, false)) out += ',';
    out += '"';
    out += members.key();
    out += "\":";
    out += cursor.raw();
  }
  out += '}';
}

}  // namespace

json::value health_view(const JsonView& body, const GroupVersionKind& gvk) {
  JsonCursor cursor = body.cursor();
  std::string out = "{";
  for (JsonMembers members(cursor); members.next();) {
    const std::string_view key = members.key();
    if (key == "data" || key == "binaryData") {
      cursor.skip();
      continue;
    }
    if (out.size() > 1) out += ',';
    out += '"';
    out += key;
    out += "\":";
    if (key == "metadata")
      copy_without(cursor, "managedFields", out);
    else if (key == "spec")
      copy_without(cursor, "template", out);
    else
      out += cursor.raw();
  }
  out += '}';
  Result<json::value> value = cursor.ok() ? parse_json(out) : std::unexpected(Error{});
  if (!value || !value->is_object()) return {};
  json::object& object = value->get_object();
  if (!object.contains("apiVersion")) object["apiVersion"] = gvk.api_version();
  if (!object.contains("kind")) object["kind"] = gvk.kind;
  return std::move(*value);
}

}  // namespace holdfast
