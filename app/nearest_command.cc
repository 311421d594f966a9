#include "app/nearest_command.h"

#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <string_view>
#include <vector>

#include "holdfast/base/edit_distance.h"

namespace holdfast {
namespace {

std::string advice(std::string_view word, const std::vector<std::string>& known, const std::string& before) {
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  const std::string_view nearest = nearest_word(word, candidates);
  if (nearest.empty() || nearest == word) return {};
  return fmt::format("holdfast: there is no {}; did you mean `{} {}`?\n", word, before, nearest);
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::vector<std::string> verbs_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(verb->get_name());
  return names;
}

}  // namespace

std::string nearest_command(const CLI::App& app, int argc, const char* const* argv) {
  const CLI::App* at = &app;
  std::string before = "holdfast";
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--") break;
    if (word.starts_with("--")) {
      const std::string name(word.substr(0, word.find('=')));
      if (at->get_option_no_throw(name) != nullptr) continue;
      if (std::string said = advice(name, options_of(*at), before); !said.empty()) return said;
      continue;
    }
    if (word.starts_with('-')) continue;
    const auto verbs_named = at->get_subcommands([&](const CLI::App* verb) { return verb->get_name() == word; });
    if (!verbs_named.empty()) {
      at = verbs_named.front();
      before += " " + std::string(word);
    } else if (const std::vector<std::string> verbs = verbs_of(*at); !verbs.empty()) {
      const std::string said = advice(word, verbs, before);
      return said.empty() ? fmt::format("holdfast: there is no {}; `{} --help` lists what there is\n", word, before)
                          : said;
    }
  }
  return {};
}

}  // namespace holdfast
