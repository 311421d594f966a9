#include "app/manual_page.h"

#include <spdlog/fmt/fmt.h>

#include <string_view>

namespace holdfast {
namespace {

// As text: nothing of it is a request or an escape.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '\n')
      out += ' ';
    else
      out += c;
  }
  return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

std::string dashed(std::string_view name) {
  std::string out;
  for (const char c : name) out += c == '-' ? std::string("\\-") : std::string(1, c);
  return out;
}

std::string sentence(std::string text) {
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z')
    text.front() = static_cast<char>(text.front() - 'a' + 'A');
  if (!text.empty() && !text.ends_with('.')) text += '.';
  return plain(text);
}

std::string value_name(const CommandOption& option) {
  if (!option.choices.empty()) return plain(fmt::format("{}", fmt::join(option.choices, "|")));
  return "VALUE";
}

std::string heading_of(const CommandOption& option) {
  if (option.positional) return fmt::format("\\fI{}\\fR", plain(option.names.back()));
  std::string text;
  for (const std::string& name : option.names)
    text += (text.empty() ? "" : ", ") + fmt::format("\\fB{}\\fR", dashed(name));
  if (option.takes_value) text += fmt::format(" \\fI{}\\fR", value_name(option));
  return text;
}

void write_options(const Command& command, std::string& out) {
  for (const CommandOption& option : command.options) {
    out += ".TP\n" + heading_of(option) + "\n" + sentence(option.meaning);
    if (option.required) out += " Required.";
    if (!option.fallback.empty()) out += plain(" Left out: " + option.fallback + ".");
    out += "\n";
  }
}

std::string synopsis(const Command& command, const std::string& path) {
  std::string text = fmt::format("\\fB{}\\fR", path);
  if (!command.commands.empty()) text += " \\fIVERB\\fR";
  if (!command.options.empty()) text += " [\\fIOPTION\\fR...]";
  for (const CommandOption& option : command.options)
    if (option.positional && option.required)
      text += fmt::format(" \\fI{}\\fR", option.names.back());
    else if (option.positional)
      text += fmt::format(" [\\fI{}\\fR]", option.names.back());
  return text;
}

void write_verb(const Command& command, const std::string& path, std::string& out) {
  out += ".SS " + path + "\n" + sentence(command.meaning) + "\n.PP\n" + synopsis(command, path) + "\n";
  write_options(command, out);
  for (const Command& below : command.commands) write_verb(below, path + " " + below.name, out);
}

}  // namespace

std::string manual_page(const Command& program, const std::string& version) {
  std::string out = fmt::format(".TH HOLDFAST 1 \"\" \"holdfast {}\" \"Holdfast\"\n", version);
  out += ".SH NAME\nholdfast \\- keep Kubernetes clusters exactly where Git says they should be\n";
  out += ".SH SYNOPSIS\n" + synopsis(program, "holdfast") + "\n";
  out += ".SH DESCRIPTION\n" + sentence(program.meaning) +
         "\n.PP\nAs \\fBkubectl\\-holdfast\\fR in a folder of PATH it is a plugin: \\fBkubectl holdfast get\\fR.\n";
  out += ".SH VERBS\n";
  for (const Command& verb : program.commands) write_verb(verb, "holdfast " + verb.name, out);
  out +=
      ".SH EXIT STATUS\n0 where all went well, 2 where the command line or the world was at fault; what 1 says is with "
      "each verb.\n";
  out +=
      ".SH ENVIRONMENT\n.TP\n.B KUBECONFIG\nThe kubeconfig, as of kubectl.\n.TP\n.B XDG_CACHE_HOME\nWhere repositories "
      "are kept, in a folder of its own.\n";
  out += ".SH SEE ALSO\n.BR kubectl (1),\n.BR git (1)\n";
  return out;
}

}  // namespace holdfast
