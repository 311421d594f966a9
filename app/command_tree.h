// The command line as data: what completion, the manual page and documentation are made from. It is taken from the
// definition that arguments are parsed by, so none of them can say something else. Pure.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace holdfast {

struct CommandOption {
  std::vector<std::string> names;  // "-n", "--namespace"; of an argument without a name: one, as in "object"
  std::string meaning;
  bool positional = false;
  bool takes_value = false;
  bool required = false;
  std::vector<std::string> choices;  // where only these are taken
  std::string fallback;              // what it is where it is left out; may be empty
};

struct Command {
  std::string name, meaning;
  std::vector<CommandOption> options;  // those without a name last
  std::vector<Command> commands;
};

Command command_tree(const CLI::App& app);

}  // namespace holdfast
