#include "app/imported.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>

#include "app/yaml_text.h"
#include "sources/application_fields.h"

namespace holdfast {
namespace {

std::string commented(const std::string& text) {
  std::string out;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    out += "# " + text.substr(begin, end - begin) + "\n";
    begin = end + 1;
  }
  return out;
}

// On one line, whatever a field of the other tool was called.
std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return text;
}

}  // namespace

std::string to_string(const ImportNote& note) {
  std::string text = note.field.empty() ? note.what : note.field + ": " + note.what;
  if (!note.instead.empty()) text += "; " + note.instead;
  return one_line(std::move(text));
}

std::string imported_yaml(const Imported& imported) {
  std::string out;
  std::set<std::string> said;
  for (const ImportNote& note : imported.notes)
    if (said.insert(to_string(note)).second) out += "# " + to_string(note) + "\n";
  for (const ImportedDocument& document : imported.documents) {
    out += "---\n# From " + one_line(document.from) + ".\n";
    for (const ImportNote& note : document.notes) out += (note.alters ? "# ! " : "# - ") + to_string(note) + "\n";
    const std::string yaml = yaml_text(json::value(document.object));
    if (!document.complete)
      out += "# It cannot be applied as it is; complete it, and take the marks of comments away.\n";
    out += document.complete ? yaml : commented(yaml);
  }
  return out;
}

std::vector<std::string> imported_remarks(const Imported& imported) {
  std::vector<std::string> remarks;
  std::set<std::string> said;
  const auto say = [&](std::string text) {
    if (said.insert(text).second) remarks.push_back(std::move(text));
  };
  for (const ImportNote& note : imported.notes) say(to_string(note));
  for (const ImportedDocument& document : imported.documents) {
    for (const ImportNote& note : document.notes) say(one_line(document.from) + ", " + to_string(note));
    if (!document.complete)
      say(one_line(document.from) + ": is written as a comment, for it cannot be applied as it is");
  }
  return remarks;
}

json::object new_application(std::string_view name, std::string_view namespace_) {
  json::object metadata{{"name", application_label(name)}};
  if (!namespace_.empty()) metadata["namespace"] = namespace_;
  return {{"apiVersion", kApplicationApiVersion},
          {"kind", kApplicationKind},
          {"metadata", std::move(metadata)},
          {"spec", {{"source", json::object()}}}};
}

}  // namespace holdfast
