#include "sources/set_template.h"

#include <spdlog/fmt/fmt.h>

#include "holdfast/base/edit_distance.h"

namespace holdfast {
namespace {

constexpr std::string_view kOpen = "{{", kClose = "}}";

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::unexpected<Error> no_such_parameter(std::string_view name, const TemplateParameters& parameters) {
  std::vector<std::string_view> names;
  for (const auto& [known, value] : parameters) names.push_back(known);
  const std::string_view near = nearest_word(name, names);
  return fail(ErrorKind::Invalid, fmt::format("there is no parameter {}", name.substr(0, 60)), {},
              near.empty() ? fmt::format("there are {}; braces that are meant as such are written \\{{{{",
                                         fmt::join(names, ", "))
                           : fmt::format("did you mean {{{{{}}}}}?", near));
}

}  // namespace

Result<std::string> fill_in(std::string_view text, const TemplateParameters& parameters) {
  std::string made;
  while (!text.empty()) {
    const std::size_t open = text.find(kOpen);
    if (open == std::string_view::npos) break;
    if (open > 0 && text[open - 1] == '\\') {
      made += text.substr(0, open - 1);
      made += kOpen;
      text.remove_prefix(open + kOpen.size());
      continue;
    }
    made += text.substr(0, open);
    text.remove_prefix(open + kOpen.size());
    const std::size_t close = text.find(kClose);
    if (close == std::string_view::npos)
      return fail(ErrorKind::Invalid, "{{ is never closed", {}, "write }} after the parameter, or \\{{ for braces");
    const std::string_view name = trimmed(text.substr(0, close));
    const auto found = parameters.find(name);
    if (found == parameters.end()) return no_such_parameter(name, parameters);
    made += found->second;
    text.remove_prefix(close + kClose.size());
  }
  made += text;
  return made;
}

Result<json::value> fill_in(const json::value& value, const TemplateParameters& parameters, const std::string& path) {
  if (value.is_string()) {
    auto filled = fill_in(value.get_string(), parameters);
    if (!filled) {
      filled.error().message = path + ": " + filled.error().message;
      return std::unexpected(std::move(filled.error()));
    }
    return json::value(*filled);
  }
  if (value.is_array()) {
    json::array made;
    for (const json::value& item : value.get_array()) {
      auto filled = fill_in(item, parameters, fmt::format("{}[{}]", path, made.size()));
      if (!filled) return filled;
      made.push_back(std::move(*filled));
    }
    return json::value(std::move(made));
  }
  if (!value.is_object()) return value;
  json::object made;
  for (const auto& [key, inside] : value.get_object()) {
    auto filled = fill_in(inside, parameters, fmt::format("{}.{}", path, std::string_view(key)));
    if (!filled) return filled;
    made[key] = std::move(*filled);
  }
  return json::value(std::move(made));
}

bool has_parameter(std::string_view text) {
  for (std::size_t at = text.find(kOpen); at != std::string_view::npos; at = text.find(kOpen, at + kOpen.size()))
    if (at == 0 || text[at - 1] != '\\') return true;
  return false;
}

}  // namespace holdfast
