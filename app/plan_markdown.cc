#include "app/plan_markdown.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "app/plan_text.h"

namespace holdfast {
namespace {

constexpr std::string_view kAbsent = "(absent)";
constexpr std::size_t kReserveBytes = 400;  // for the last words

// In a cell of a table, or where else markup would be read as such.
std::string plain(std::string_view text) {
  std::string made;
  for (const char c : text) {
    if (c == '|' || c == '<' || c == '>' || c == '*' || c == '_' || c == '`' || c == '\\' || c == '[' || c == ']')
      made += '\\';
    made += c == '\n' || c == '\r' ? ' ' : c;
  }
  return made;
}

std::string in_html(std::string_view text) {
  std::string made;
  for (const char c : text) made += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  return made;
}

// Longer than any run of backticks within.
std::string fence_for(std::string_view text) {
  std::size_t longest = 0, run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return std::string(std::max<std::size_t>(3, longest + 1), '`');
}

std::string diff_of(const PlannedChange& change) {
  std::string text;
  for (const FieldChange& field : change.fields) {
    if (field.before != kAbsent) text += fmt::format("- {}: {}\n", field.path, field.before);
    if (field.after != kAbsent) text += fmt::format("+ {}: {}\n", field.path, field.after);
  }
  for (const FieldChange& field : change.held)
    text += fmt::format("  {}: {} stays, Git has {}\n", field.path, field.before, field.after);
  if (!change.reason.empty()) text += fmt::format("# {}\n", change.reason);
  for (const std::string& place : change.places) text += fmt::format("# {}\n", place);
  for (const std::string& field : change.immutable) text += fmt::format("# {} may not change\n", field);
  if (!change.danger.empty()) text += fmt::format("# danger: {}\n", change.danger);
  return text;
}

std::string details_of(const PlannedChange& change) {
  const std::string where = change.verb == ChangeVerb::Move ? "to " + change.to : change.origin;
  const std::string diff = diff_of(change), fence = fence_for(diff);
  const std::string summary =
      fmt::format("<code>{}</code> {} <b>{}</b>{}", in_html(sign_of(change.verb)), to_string(change.verb),
                  in_html(to_string(change.key)), where.empty() ? "" : " · " + in_html(where));
  if (diff.empty()) return fmt::format("- {}\n", summary);
  return fmt::format("<details><summary>{}</summary>\n\n{}diff\n{}{}\n\n</details>\n", summary, fence, diff, fence);
}

std::string table_of(const BlastRadius& blast) {
  std::string text = "| kind | changes |\n|---|---|\n";
  for (const auto& [kind, verbs] : blast.kinds) {
    std::string counts;
    for (const auto& [verb, count] : verbs)
      counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", count, to_string(verb));
    text += fmt::format("| {} | {} |\n", plain(kind), counts);
  }
  return text;
}

std::string head_of(const ChangePlan& plan, std::size_t unread) {
  std::string text = "### Plan\n\n";
  if (unread != 0) text += fmt::format("> **{}**\n\n", about_unread(plan, unread));
  if (unread != 0 && plan.applications.empty()) return text;
  for (const ApplicationPlan& application : plan.applications)
    text += fmt::format("**{}** at `{}`\n", plain(application.name), application.revision);
  const BlastRadius& blast = plan.blast;
  if (!plan.changes() && !plan.trouble() && blast.count(ChangeVerb::HoldBack) == 0)
    return text + fmt::format("\nNo changes: {} as Git says.\n",
                              blast.in_sync == 1 ? "1 object is" : fmt::format("{} objects are", blast.in_sync));
  text +=
      fmt::format("\n{} to create, {} to change, {} to replace, {} to prune", blast.count(ChangeVerb::Create),
                  blast.count(ChangeVerb::Change), blast.count(ChangeVerb::Replace), blast.count(ChangeVerb::Prune));
  for (const auto& [verb, words] :
       {std::pair(ChangeVerb::Move, "to move"), std::pair(ChangeVerb::HoldBack, "held back"),
        std::pair(ChangeVerb::Refuse, "refused"), std::pair(ChangeVerb::Unknown, "unknown")})
    if (const std::size_t count = blast.count(verb); count != 0) text += fmt::format(", {} {}", count, words);
  text += fmt::format("; {} in sync.\n\n{}\n", blast.in_sync, table_of(blast));
  for (const DangerousChange& one : blast.dangerous)
    text += fmt::format("> **Danger:** {} {}: {}\n", to_string(one.verb), plain(to_string(one.key)), one.why);
  return text + (blast.dangerous.empty() ? "" : "\n");
}

}  // namespace

std::string plan_markdown(const ChangePlan& plan, std::size_t unread, std::size_t most_bytes) {
  std::string text = head_of(plan, unread);
  if (text.size() + kReserveBytes > most_bytes) {
    text.resize(text.rfind('\n', most_bytes - kReserveBytes) + 1);
    return text + "\n… and more than a comment takes; `holdfast plan` prints all of it.\n";
  }
  std::size_t left = 0;
  for (const ApplicationPlan& application : plan.applications)
    for (const PlannedChange& change : application.changes) {
      const std::string details = details_of(change);
      if (left == 0 && text.size() + details.size() + kReserveBytes <= most_bytes)
        text += details;
      else
        ++left;
    }
  if (left != 0)
    text += fmt::format("\n… and {} more change{}, for which there is no room; `holdfast plan` prints all of it.\n",
                        left, left == 1 ? "" : "s");
  return text;
}

}  // namespace holdfast
