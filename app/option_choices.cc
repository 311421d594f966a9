#include "app/option_choices.h"

#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

namespace holdfast {
namespace {

void tell_in_words(CLI::Option& option) {
  const std::string type = option.get_type_name();
  if (!type.contains("->")) return;
  const std::vector<std::string> choices = choices_in(type);
  CLI::Validator& check = *option.get_validator(0);
  check.description(fmt::format("{{{}}}", fmt::join(choices, ",")));
  check.operation([choices, transform = check](std::string& word) {
    if (std::ranges::find(choices, word) == choices.end())
      return fmt::format("{} is none of {}", word, fmt::join(choices, ", "));
    return transform(word);
  });
  option.type_name("TEXT");
}

}  // namespace

std::vector<std::string> choices_in(std::string_view type) {
  std::vector<std::string> choices;
  const std::size_t open = type.find('{'), close = type.find('}', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos) return choices;
  std::string_view list = type.substr(open + 1, close - open - 1);
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view item = list.substr(0, comma);
    choices.emplace_back(item.substr(0, item.find("->")));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return choices;
}

void tell_choices_in_words(CLI::App& app) {
  for (CLI::Option* option : app.get_options({})) tell_in_words(*option);
  for (CLI::App* below : app.get_subcommands({})) tell_choices_in_words(*below);
}

}  // namespace holdfast
