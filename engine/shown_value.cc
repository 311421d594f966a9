#include "engine/shown_value.h"

#include <spdlog/fmt/fmt.h>

namespace holdfast {

std::string shown_value(const json::value* value) {
  if (value == nullptr) return "(absent)";
  std::string text = value->is_double() ? fmt::format("{}", value->get_double()) : to_json(*value);
  if (text.size() <= kMaxShownBytes) return text;
  std::size_t end = kMaxShownBytes - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  return text + "...";
}

bool holds_secret(const FieldPath& path) {
  if (path.empty()) return true;
  if (path[0].text() == "data" || path[0].text() == "stringData") return true;
  if (path[0].text() != "metadata") return false;
  if (path.size() == 1 || (path.size() == 2 && path[1].text() == "annotations")) return true;  // a whole subtree
  return path.size() > 2 && path[2].text() == "kubectl.kubernetes.io/last-applied-configuration";
}

bool is_secret(const json::value& body) {
  return string_at(body, {"kind"}) == "Secret" && string_at(body, {"apiVersion"}) == "v1";
}

}  // namespace holdfast
