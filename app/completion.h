// What may come next on a command line, and the scripts by which shells ask for it. Pure.
//
// A shell runs `holdfast __complete WORD...`, the last word being the one that is typed, maybe empty. The answer is in
// cobra's form, which kubectl wants of kubectl_complete-holdfast as well: one word a line, its meaning behind a tab,
// and at last ":0" where names of files are meant besides, or ":4" where not.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/command_tree.h"

namespace holdfast {

struct Completion {
  std::vector<std::pair<std::string, std::string>> words;  // each with what it means
  bool files = false;                                      // names of files are meant as well
  bool applications = false;  // and names of Application objects, which only the cluster knows
};

// `words` are those behind the program's name; none is as one empty word.
Completion complete_words(const Command& program, const std::vector<std::string>& words);

std::string completion_text(const Completion& completion);

// Of "bash", "zsh" or "fish".
std::optional<std::string_view> completion_script(std::string_view shell);

}  // namespace holdfast
