#include "app/plan_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>

#include "engine/prune_guard.h"

namespace holdfast {
namespace {

constexpr std::string_view kAbsent = "(absent)";
constexpr std::size_t kWidestObject = 60;  // what is longer stands out to the right

constexpr std::string_view kRed = "31", kGreen = "32", kYellow = "33", kMagenta = "35";

std::string_view color_of(ChangeVerb verb) {
  switch (verb) {
    case ChangeVerb::Create:
      return kGreen;
    case ChangeVerb::Change:
      return kYellow;
    case ChangeVerb::Replace:
      return kMagenta;
    case ChangeVerb::Prune:
    case ChangeVerb::Refuse:
      return kRed;
    case ChangeVerb::Move:
    case ChangeVerb::HoldBack:
    case ChangeVerb::Unknown:
      break;
  }
  return {};
}

std::string joined(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, ", ")); }

// What to do about a field that may not change.
std::string about_immutable(const PlannedChange& change) {
  const std::string fields = joined(change.immutable);
  if (change.verb == ChangeVerb::Replace)
    return fields + " may not change: it is deleted and made anew, as its manifest allows";
  if (is_protected(change.key.group_kind()))
    return fields + " may not change, and this kind is never deleted to make it anew";
  if (change.replace_allowed) return fields + " may not change";
  return fields + " may not change; the annotation holdfast.dev/replace: enabled has it deleted and made anew";
}

class Writer {
 public:
  explicit Writer(const PlanTextOptions& options) : options_(options) {}

  void write(const ChangePlan& plan) {
    for (const ApplicationPlan& application : plan.applications)
      for (const PlannedChange& change : application.changes)
        width_ = std::max(width_, std::min(to_string(change.key).size(), kWidestObject));
    for (const ApplicationPlan& application : plan.applications) write(application);
    write_end(plan);
  }

  std::string take() { return std::move(text_); }

 private:
  template <class... Arguments>
  void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    colored({}, format, std::forward<Arguments>(arguments)...);
  }
  template <class... Arguments>
  void colored(std::string_view color, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    std::string written = fmt::format(format, std::forward<Arguments>(arguments)...);
    while (!written.empty() && written.back() == ' ') written.pop_back();
    if (options_.colors && !color.empty())
      text_ += fmt::format("\x1b[{}m{}\x1b[0m\n", color, written);
    else
      text_ += written + "\n";
  }

  void write(const ApplicationPlan& application) {
    if (options_.applications) line("# {} at {}", application.name, application.revision);
    std::set<Wave> waves;
    for (const PlannedChange& change : application.changes)
      if (change.wave) waves.insert(*change.wave);
    std::optional<Wave> wave;
    for (const PlannedChange& change : application.changes) {
      if (options_.waves && waves.size() > 1 && change.wave != wave)
        line("  {}:", change.wave ? to_string(*change.wave) : "what has left Git");
      wave = change.wave;
      write(change);
    }
  }

  void write(const PlannedChange& change) {
    colored(color_of(change.verb), "{:<3} {:<9} {:<{}}  {}", sign_of(change.verb), to_string(change.verb),
            to_string(change.key), width_, change.verb == ChangeVerb::Move ? "to " + change.to : change.origin);
    for (const std::string& place : change.places) line("      {}", place);
    if (change.places.empty() && !change.reason.empty()) line("      {}", change.reason);
    if (!change.immutable.empty()) line("      {}", about_immutable(change));
    if (!change.danger.empty()) colored(kRed, "      danger: {}", change.danger);
    for (const FieldChange& field : change.fields) {
      if (field.before != kAbsent) colored(kRed, "    - {}: {}", field.path, field.before);
      if (field.after != kAbsent) colored(kGreen, "    + {}: {}", field.path, field.after);
    }
    for (const FieldChange& field : change.held)
      line("    = {}: {} stays, Git has {}", field.path, field.before, field.after);
  }

  void write_end(const ChangePlan& plan) {
    const BlastRadius& blast = plan.blast;
    if (options_.reach) write_reach(blast);
    for (const DangerousChange& one : blast.dangerous)
      colored(kRed, "Danger: {} {}: {}", to_string(one.verb), to_string(one.key), one.why);
    if (!plan.changes() && !plan.trouble() && blast.count(ChangeVerb::HoldBack) == 0) {
      line("No changes: {} as Git says.",
           blast.in_sync == 1 ? "1 object is" : fmt::format("{} objects are", blast.in_sync));
      return;
    }
    std::string more;
    for (const auto& [verb, words] :
         {std::pair(ChangeVerb::Move, "to move"), std::pair(ChangeVerb::HoldBack, "held back"),
          std::pair(ChangeVerb::Refuse, "refused"), std::pair(ChangeVerb::Unknown, "unknown")})
      if (const std::size_t count = blast.count(verb); count != 0) more += fmt::format(", {} {}", count, words);
    line("Plan: {} to create, {} to change, {} to replace, {} to prune{}; {} in sync.", blast.count(ChangeVerb::Create),
         blast.count(ChangeVerb::Change), blast.count(ChangeVerb::Replace), blast.count(ChangeVerb::Prune), more,
         blast.in_sync);
  }

  void write_reach(const BlastRadius& blast) {
    if (blast.kinds.empty()) return;
    std::size_t width = 0;
    for (const auto& [kind, verbs] : blast.kinds) width = std::max(width, kind.size());
    line("");
    for (const auto& [kind, verbs] : blast.kinds) {
      std::vector<std::string> counts;
      for (const auto& [verb, count] : verbs) counts.push_back(fmt::format("{} {}", count, to_string(verb)));
      line("  {:<{}}  {}", kind, width, joined(counts));
    }
    if (!blast.namespaces.empty()) line("Namespaces: {}", joined({blast.namespaces.begin(), blast.namespaces.end()}));
  }

  const PlanTextOptions& options_;
  std::string text_;
  std::size_t width_ = 0;
};

}  // namespace

std::string plan_text(const ChangePlan& plan, const PlanTextOptions& options) {
  const std::string missing = about_unread(plan, options.unread);
  if (!missing.empty() && plan.applications.empty()) return missing + "\n";
  Writer writer(options);
  writer.write(plan);
  return writer.take() + (missing.empty() ? "" : missing + "\n");
}

std::string about_unread(const ChangePlan& plan, std::size_t unread) {
  if (unread == 0) return {};
  if (plan.applications.empty()) return "Nothing is known: no application could be read.";
  return unread == 1 ? "1 application is not in this plan, for it could not be read."
                     : fmt::format("{} applications are not in this plan, for they could not be read.", unread);
}

std::string_view sign_of(ChangeVerb verb) {
  switch (verb) {
    case ChangeVerb::Create:
      return "+";
    case ChangeVerb::Change:
      return "~";
    case ChangeVerb::Replace:
      return "-/+";
    case ChangeVerb::Move:
      return ">";
    case ChangeVerb::Prune:
      return "-";
    case ChangeVerb::HoldBack:
      return "=";
    case ChangeVerb::Refuse:
      return "!";
    case ChangeVerb::Unknown:
      return "?";
  }
  return "?";
}

}  // namespace holdfast
