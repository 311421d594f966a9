// What our YAML reader takes stands in some line of the file, and means the same when it is written as JSON.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>

#include "fuzz/flow_text.h"
#include "fuzz/target.h"
#include "sources/manifests.h"
#include "sources/written_object.h"
#include "sources/yaml_document.h"

namespace holdfast::fuzz {
namespace {

constexpr std::string_view kPath = "apps/web.yaml";

int lines_in(std::string_view text) {
  // All that libyaml takes for the end of a line; "\r\n" as two is no harm.
  int lines = 1;
  for (std::size_t at = 0; at < text.size(); ++at)
    if (text[at] == '\n' || text[at] == '\r' || text.substr(at).starts_with("\xC2\x85") ||
        text.substr(at).starts_with("\xE2\x80\xA8") || text.substr(at).starts_with("\xE2\x80\xA9"))
      ++lines;
  return lines;
}

void hold_place(const Error& error, int lines) {
  hold(!error.message.empty(), "an error without a message");
  hold(!error.message.contains('\n'), "a message of several lines: " + error.message);
  if (error.where == kPath) return;
  hold(error.where.starts_with(kPath) && error.where.substr(kPath.size()).starts_with(":"),
       "an error of another place: " + error.where);
  const std::string number = error.where.substr(kPath.size() + 1);
  int line = 0;
  const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), line);
  hold(code == std::errc() && end == number.data() + number.size() && line >= 1 && line <= lines,
       "an error of a line that is not there: " + error.where);
}

void hold_documents(const std::vector<YamlDocument>& documents, int lines) {
  int line = 1;
  for (const YamlDocument& document : documents) {
    hold(!document.value.is_null(), "a document that is nothing");
    hold(document.line >= line && document.line <= lines, "a document of a line that is not there");
    line = document.line;
    const json::value* items = find(document.value, {"items"});
    if (items != nullptr && items->is_array())
      hold(document.item_lines.size() == items->get_array().size(), "items and their lines differ in number");
    for (const int at : document.item_lines) hold(at >= 1 && at <= lines, "an item of a line that is not there");

    const std::string text = flow_text(document.value);
    const auto again = parse_yaml(text, kPath);
    hold(again.has_value(), again ? "" : "its own JSON is refused: " + describe(again.error()) + "\n" + text);
    hold(again->size() == 1 && canonical_json(again->front().value) == canonical_json(document.value),
         "its own JSON is read as another value: " + text);
  }
}

void hold_manifests(std::string_view text, int lines) {
  const auto set = parse_manifests({"r", {{std::string(kPath), std::string(text)}}});
  if (!set) {
    hold(!set.error().empty() && set.error().size() <= kManifestErrorLimit + 1, "no errors, or too many");
    for (const Error& error : set.error())
      if (error.where.starts_with(kPath)) hold_place(error, lines);
    return;
  }
  for (const Manifest& manifest : (*set)->manifests) {
    const std::size_t colon = manifest.origin.rfind(':');
    const int line = std::stoi(manifest.origin.substr(colon + 1));
    const auto written = WrittenObject::find(text, std::string(kPath), line, manifest.gvk.kind, manifest.name);
    hold(written.has_value(), "a manifest is not where its origin says: " + manifest.origin);
    const FieldPath name = {PathElement::field("metadata"), PathElement::field("name")};
    const WrittenObject::Place place = written->place_of(name);
    hold(place.written && place.lines.first >= 1 && place.lines.first <= place.lines.last && place.lines.last <= lines,
         "its name stands nowhere: " + manifest.origin);
  }
}

}  // namespace

void run_yaml(std::string_view bytes) {
  const int lines = lines_in(bytes);
  const auto documents = parse_yaml(bytes, kPath);
  if (documents)
    hold_documents(*documents, lines);
  else
    hold_place(documents.error(), lines);
  hold_manifests(bytes, lines);
}

}  // namespace holdfast::fuzz
