#include "app/command_tree.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>

namespace holdfast {
namespace {

// CLI11 tells the choices of an option only in the name of its type: "TEXT:{a,b}", "ENUM:value in {a->0,b->1} OR
// {0,1}".
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

CommandOption option_of(const CLI::Option& option) {
  CommandOption made;
  for (const std::string& name : option.get_snames()) made.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) made.names.push_back("--" + name);
  made.positional = made.names.empty();
  if (made.positional) made.names.push_back(option.get_name(true));
  made.meaning = option.get_description();
  made.takes_value = option.get_items_expected_max() > 0;
  made.required = option.get_required();
  if (made.takes_value) made.choices = choices_in(option.get_type_name());
  made.fallback = option.get_default_str();
  return made;
}

}  // namespace

Command command_tree(const CLI::App& app) {
  Command command{app.get_name(), app.get_description(), {}, {}};
  for (const CLI::Option* option : app.get_options()) command.options.push_back(option_of(*option));
  std::ranges::sort(command.options, [](const CommandOption& one, const CommandOption& other) {
    return std::pair(one.positional, one.names.back()) < std::pair(other.positional, other.names.back());
  });
  for (const CLI::App* below : app.get_subcommands([](const CLI::App* verb) { return !verb->get_name().empty(); }))
    command.commands.push_back(command_tree(*below));
  return command;
}

}  // namespace holdfast
