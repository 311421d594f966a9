#include "tests/fidelity/script.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>

namespace holdfast::fidelity {
namespace {

namespace fs = std::filesystem;

std::optional<Method> method_of(std::string_view text) {
  for (const Method method : {Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete})
    if (text == to_string(method)) return method;
  return std::nullopt;
}

std::optional<std::string> decode_base64(std::string_view text) {
  static constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char letter : text) {
    if (letter == '=') break;
    const std::size_t value = alphabet.find(letter);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>((bits >> static_cast<unsigned>(count)) & 0xffU));
  }
  return out;
}

Result<void> read_body(const json::object& line, Case& one) {
  if (const json::value* body = line.if_contains("body"))
    one.body = to_json(*body);
  else if (line.contains("text"))
    one.body = string_at(line, {"text"});
  if (line.contains("body_base64")) {
    auto decoded = decode_base64(string_at(line, {"body_base64"}));
    if (!decoded) return fail(ErrorKind::Invalid, "body_base64 is not base64", one.where);
    one.body = std::move(*decoded);
  }
  one.content_type = string_at(line, {"content_type"});
  if (one.content_type.empty() && !one.body.empty()) one.content_type = "application/json";
  return {};
}

Result<void> read_expectations(const json::object& line, Case& one) {
  if (const json::value* save = line.if_contains("save"); save != nullptr && save->is_object())
    for (const auto& [name, path] : save->get_object())
      one.save.emplace(name, path.is_string() ? std::string_view(path.get_string()) : "");
  if (const json::value* watch = line.if_contains("watch")) {
    const json::value* events = find(*watch, {"events"});
    one.watch = WatchReading{events == nullptr ? 0 : events->to_number<std::size_t>()};
  }
  if (const json::value* until = line.if_contains("until")) {
    const json::value* value = find(*until, {"value"});
    if (value == nullptr || string_at(*until, {"path"}).empty())
      return fail(ErrorKind::Invalid, "`until` needs path and value", one.where);
    one.until = Awaited{std::string(string_at(*until, {"path"})), *value};
  }
  return {};
}

Result<Case> read_case(const json::object& line, std::string where) {
  static constexpr std::string_view known[] = {"name", "method",      "path",  "accept", "content_type", "body", "text",
                                               "save", "body_base64", "watch", "until",  "if_none_match"};
  for (const auto& [name, value] : line)
    if (std::ranges::find(known, std::string_view(name)) == std::end(known))
      return fail(ErrorKind::Invalid, fmt::format("a case has no field `{}`", std::string_view(name)), where);
  Case one;
  one.where = std::move(where);
  one.name = string_at(line, {"name"});
  one.path = string_at(line, {"path"});
  if (one.name.empty() || one.path.empty()) return fail(ErrorKind::Invalid, "a case needs name and path", one.where);
  const auto method = method_of(line.contains("method") ? string_at(line, {"method"}) : "GET");
  if (!method) return fail(ErrorKind::Invalid, "there is no such method", one.where);
  one.method = *method;
  if (line.contains("accept")) one.accept = string_at(line, {"accept"});
  one.if_none_match = string_at(line, {"if_none_match"});
  if (auto read = read_body(line, one); !read) return std::unexpected(read.error());
  if (auto read = read_expectations(line, one); !read) return std::unexpected(read.error());
  return one;
}

Result<void> read_file(const fs::path& path, std::vector<Case>& into) {
  std::ifstream file(path);
  std::string text;
  for (int number = 1; std::getline(file, text); ++number) {
    const std::string where = fmt::format("{}:{}", path.filename().string(), number);
    if (text.empty()) continue;
    const auto parsed = parse_json(text);
    if (!parsed) return fail(ErrorKind::Invalid, parsed.error().message, where);
    if (!parsed->is_object()) return fail(ErrorKind::Invalid, "a case is a JSON object", where);
    auto one = read_case(parsed->get_object(), where);
    if (!one) return std::unexpected(one.error());
    into.push_back(std::move(*one));
  }
  if (!file.eof()) return fail(ErrorKind::Invalid, "cannot read it", path.string());
  return {};
}

}  // namespace

Result<std::vector<Case>> read_script(const std::string& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path());
  if (error) return fail(ErrorKind::Invalid, error.message(), folder);
  std::ranges::sort(files);
  std::vector<Case> cases;
  for (const fs::path& file : files)
    if (auto read = read_file(file, cases); !read) return std::unexpected(read.error());
  std::set<std::string> names;
  for (const Case& one : cases)
    if (!names.insert(one.name).second)
      return fail(ErrorKind::Invalid, fmt::format("a second case is called `{}`", one.name), one.where);
  if (cases.empty()) return fail(ErrorKind::Invalid, "there is no case", folder);
  return cases;
}

const json::value* value_at(const json::value& root, std::string_view path) {
  const json::value* value = &root;
  while (value != nullptr && !path.empty()) {
    if (path.front() == '[') {
      std::size_t index = 0;
      const std::size_t end = path.find(']');
      if (end == std::string_view::npos || !value->is_array()) return nullptr;
      std::from_chars(path.data() + 1, path.data() + end, index);
      value = index < value->get_array().size() ? &value->get_array()[index] : nullptr;
      path.remove_prefix(end + 1);
      continue;
    }
    path.remove_prefix(path.front() == '.' ? 1 : 0);
    const std::size_t end = std::min(path.find_first_of(".["), path.size());
    value = value->is_object() ? value->get_object().if_contains(path.substr(0, end)) : nullptr;
    path.remove_prefix(end);
  }
  return value;
}

}  // namespace holdfast::fidelity
