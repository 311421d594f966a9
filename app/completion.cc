#include "app/completion.h"

#include <algorithm>

namespace holdfast {
namespace {

constexpr std::string_view kBash = R"(# bash completion of holdfast: source <(holdfast completion bash)
_holdfast() {
  local typed=${COMP_WORDS[COMP_CWORD]} line files=
  COMPREPLY=()
  # bash takes --option=value apart; the value alone is what is replaced
  [[ $typed == = ]] && typed=
  while IFS= read -r line; do
    case $line in
      :0) files=yes ;;
      :*) ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD-1}" "$typed" 2>/dev/null)
  if [[ -n $files ]]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$typed")
  fi
}
complete -F _holdfast holdfast
)";

constexpr std::string_view kZsh = R"(#compdef holdfast
# zsh completion of holdfast: source <(holdfast completion zsh), or as _holdfast in a folder of $fpath
_holdfast() {
  local line files= typed=${words[CURRENT]}
  local -a found
  while IFS= read -r line; do
    case $line in
      :0) files=yes ;;
      :*) ;;
      *) line=${line//:/\\:}; found+=("${line/$'\t'/:}") ;;
    esac
  done < <("${words[1]}" __complete "${(@)words[2,CURRENT-1]}" "$typed" 2>/dev/null)
  (( ${#found} )) && _describe -V 'holdfast' found
  [[ -n $files ]] && _files
}
if [[ ${funcstack[1]} == _holdfast ]]; then _holdfast "$@"; else compdef _holdfast holdfast; fi
)";

constexpr std::string_view kFish = R"(# fish completion of holdfast: holdfast completion fish | source
function __holdfast_complete
  set -l words (commandline -opc)
  set -l typed (commandline -ct)
  for line in ($words[1] __complete $words[2..-1] "$typed" 2>/dev/null)
    switch $line
      case ':0'
        __fish_complete_path "$typed"
      case ':*'
      case '*'
        echo $line
    end
  end
end
complete -c holdfast -f -a '(__holdfast_complete)'
)";

const CommandOption* option_named(const Command& command, std::string_view name) {
  for (const CommandOption& option : command.options)
    if (!option.positional && std::ranges::find(option.names, name) != option.names.end()) return &option;
  return nullptr;
}

bool means_files(const CommandOption& option) {
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{"file", "folder", "directory"},
      [&](std::string_view word) { return option.meaning.contains(word) || option.names.back().contains(word); });
}

void add(Completion& found, std::string_view typed, std::string word, std::string meaning) {
  if (word.starts_with(typed)) found.words.emplace_back(std::move(word), std::move(meaning));
}

void add_values(Completion& found, const CommandOption& option, std::string_view typed, const std::string& before) {
  for (const std::string& choice : option.choices) add(found, typed, before + choice, {});
  found.files = option.choices.empty() && means_files(option);
  found.applications = option.choices.empty() && option.names.back() == "application";
}

struct Place {
  const Command* command;
  const CommandOption* waits_for_value = nullptr;
  std::size_t arguments = 0;  // without a name, so far
};

Place place_of(const Command& program, const std::vector<std::string>& words) {
  Place place{&program};
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (place.waits_for_value != nullptr) {
      place.waits_for_value = nullptr;
    } else if (word.starts_with('-') && word.size() > 1) {
      const CommandOption* option = option_named(*place.command, word);
      if (option != nullptr && option->takes_value) place.waits_for_value = option;
    } else {
      const auto below = std::ranges::find(place.command->commands, word, &Command::name);
      if (below != place.command->commands.end())
        place = {&*below};
      else
        ++place.arguments;
    }
  }
  return place;
}

}  // namespace

Completion complete_words(const Command& program, const std::vector<std::string>& words) {
  Completion found;
  const std::string typed = words.empty() ? std::string() : words.back();
  const Place place = place_of(program, words);
  if (place.waits_for_value != nullptr) {
    add_values(found, *place.waits_for_value, typed, {});
    return found;
  }
  const std::size_t equals = typed.find('=');
  if (typed.starts_with("--") && equals != std::string::npos) {
    const CommandOption* option = option_named(*place.command, typed.substr(0, equals));
    if (option != nullptr) add_values(found, *option, typed, typed.substr(0, equals + 1));
    return found;
  }
  for (const Command& below : place.command->commands) add(found, typed, below.name, below.meaning);
  std::size_t at = 0;
  for (const CommandOption& option : place.command->options)
    if (option.positional && at++ == place.arguments) add_values(found, option, typed, {});
  const bool meant = !found.words.empty() || found.files || found.applications;
  if (typed.starts_with('-') || !meant)
    for (const CommandOption& option : place.command->options)
      if (!option.positional) add(found, typed, option.names.back(), option.meaning);
  return found;
}

std::string completion_text(const Completion& completion) {
  std::string text;
  for (const auto& [word, meaning] : completion.words) text += word + (meaning.empty() ? "" : "\t" + meaning) + "\n";
  return text + (completion.files ? ":0\n" : ":4\n");
}

std::optional<std::string_view> completion_script(std::string_view shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return kZsh;
  if (shell == "fish") return kFish;
  return std::nullopt;
}

}  // namespace holdfast
