#include "app/command_tree.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "app/option_choices.h"

namespace holdfast {
namespace {

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
