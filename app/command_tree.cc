#include "app/command_tree.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

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
  std::vector<CommandOption> arguments;  // without a name: these go by their place
  for (const CLI::Option* option : app.get_options()) {
    CommandOption made = option_of(*option);
    (made.positional ? arguments : command.options).push_back(std::move(made));
  }
  std::ranges::sort(command.options, {}, [](const CommandOption& one) { return one.names.back(); });
  command.options.insert(command.options.end(), arguments.begin(), arguments.end());
  for (const CLI::App* below : app.get_subcommands([](const CLI::App* verb) { return !verb->get_name().empty(); }))
    command.commands.push_back(command_tree(*below));
  return command;
}

}  // namespace holdfast
