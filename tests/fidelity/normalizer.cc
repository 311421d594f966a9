#include "tests/fidelity/normalizer.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <regex>

namespace holdfast::fidelity {
namespace {

const std::regex kUid("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
const std::regex kTime(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z)");
const std::regex kAge(R"((<invalid>|\d+[smhd](\d+[smh])?)( ago)?)");
const std::regex kHash("hash=[0-9A-Fa-f]+");
const std::regex kServiceAddress(R"(10\.\d+\.\d+\.\d+)");
const std::regex kVersionInMessage(R"((version: |current: |record \(|precondition \()(\d+))");
const std::regex kVersionInBrackets(R"(( version: \S+ )\(\d+\))");

// What is written in one second has its entries in the order of the managers, otherwise in that of the times.
void sort_entries(json::array& entries) {
  std::ranges::sort(entries, [](const json::value& a, const json::value& b) {
    const auto key = [](const json::value& entry) {
      return std::array{string_at(entry, {"operation"}), string_at(entry, {"manager"}),
                        string_at(entry, {"apiVersion"}), string_at(entry, {"subresource"})};
    };
    return key(a) < key(b);
  });
}

// Conflicts come in the order of a Go map, which is another one each time.
void sort_conflicts(json::array& causes) {
  if (!causes.empty() && string_at(causes[0], {"reason"}) == "FieldManagerConflict")
    std::ranges::sort(causes, {}, [](const json::value& cause) { return canonical_json(cause); });
}

std::string decode_base64url(std::string_view text) {
  static constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char letter : text) {
    const std::size_t value = alphabet.find(letter);
    if (value == std::string_view::npos) break;
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>((bits >> count) & 0xffU));
  }
  return out;
}

// A continue token is compared by what it says, but for its revision; that of an inconsistent one is -1.
json::value token(std::string_view text) {
  auto decoded = parse_json(decode_base64url(text));
  if (!decoded || !decoded->is_object()) return json::value(text);
  json::value& version = decoded->get_object()["rv"];
  if (!version.is_int64() || version.get_int64() != -1) version = "<version>";
  return std::move(*decoded);
}

}  // namespace

json::value Normalizer::normalize(const std::string& case_name, const json::value& answer) {
  case_name_ = case_name;
  new_ones_ = 0;
  json::value normal = walk(answer, "");
  if (json::value* tag = normal.is_object() ? normal.get_object().if_contains("etag") : nullptr) *tag = "<etag>";
  return normal;
}

json::value Normalizer::walk(const json::value& value, std::string_view name) {
  if (value.is_object()) return walk_object(value.get_object(), name);
  if (value.is_array()) {
    json::array array;
    for (const json::value& item : value.get_array()) array.push_back(walk(item, name));
    if (name == "managedFields") sort_entries(array);
    if (name == "causes") sort_conflicts(array);
    return array;
  }
  if (value.is_string()) return json::value(text(value.get_string(), name));
  if (name == "nodePort") return "<port>";
  return value;
}

json::object Normalizer::walk_object(const json::object& object, std::string_view name) {
  json::object out;
  // By name, so that what is new has the same number whatever the order in which a server writes it.
  std::map<std::string_view, const json::value*> members;
  for (const auto& [member, value] : object) members[member] = &value;
  const std::string prefix(string_at(object, {"generateName"}));
  for (const auto& [member, place] : members) {
    const json::value& value = *place;
    if (member == "name" && !prefix.empty()) {
      out[member] = prefix + "<random>";
      continue;
    }
    if (name == "metadata" && member == "resourceVersion" && value.is_string())
      out[member] = metadata_version(object, value.get_string());
    else if (name == "metadata" && member == "continue" && value.is_string())
      out[member] = token(value.get_string());
    else
      out[member] = walk(value, member);
  }
  return out;
}

json::value Normalizer::metadata_version(const json::object& metadata, std::string_view version) {
  if (!metadata.contains("name")) return "<version>";
  return json::value(name_of(versions_, std::string(version), "version"));
}

std::string Normalizer::text(std::string_view given, std::string_view name) {
  std::string text(given);
  std::smatch found;
  while (std::regex_search(text, found, kUid)) {
    const std::string uid = found.str();
    text.replace(static_cast<std::size_t>(found.position()), uid.size(), name_of(uids_, uid, "uid"));
  }
  text = std::regex_replace(text, kTime, "<time>");
  text = std::regex_replace(text, kHash, "hash=<hash>");
  if (std::regex_match(text, kServiceAddress)) return name_of(addresses_, text, "address");
  if (name == "cells" && std::regex_match(text, kAge)) return "<age>";
  if (name == "message") {
    text = std::regex_replace(text, kVersionInMessage, "$1<version>");
    text = std::regex_replace(text, kVersionInBrackets, "$1(<version>)");
  }
  return text;
}

std::string Normalizer::name_of(std::map<std::string, std::string>& known, const std::string& value, const char* what) {
  if (const auto found = known.find(value); found != known.end()) return found->second;
  return known.emplace(value, fmt::format("<{} of {} #{}>", what, case_name_, ++new_ones_)).first->second;
}

}  // namespace holdfast::fidelity
