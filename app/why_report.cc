#include "app/why_report.h"

#include <spdlog/fmt/fmt.h>

#include "app/log_observer.h"
#include "holdfast/model/object.h"

namespace holdfast {
namespace {

const FieldOrigin* origin_of(const WhyReport& report, const FieldPath& path) {
  if (!report.origin) return nullptr;
  const auto found = report.origin->fields.find(path);
  return found == report.origin->fields.end() ? nullptr : &found->second;
}

std::string place_text(const WhyReport& report, const FieldOrigin& field) {
  std::string text = fmt::format("{}:{}", report.origin->file, field.lines.first);
  if (!field.written)
    text = "Holdfast, which fills it in; the manifest is " + report.origin->file + ":" +
           std::to_string(report.origin->line);
  if (!field.commit || !field.written) return text;
  if (field.touched_line != field.lines.first) text += fmt::format(" (line {} last)", field.touched_line);
  return text + ", " + describe(*field.commit);
}

std::string owners_text(const FieldAccount& field) {
  if (field.by_server) return "the API server";
  if (field.owners.empty())
    return field.live_text == "(absent)" ? "nobody any more" : "nobody: a default, or set by admission";
  std::string text;
  for (const FieldOwner& owner : field.owners) text += (text.empty() ? "" : "; ") + describe(owner);
  return text;
}

std::string value_text(const WhyReport& report, const FieldAccount& field) {
  if (field.is_item) return "(item)";
  return report.one_field && field.live ? to_json(*field.live) : field.live_text;
}

bool is_identity(const FieldAccount& field) {
  return field.path.size() <= 2 && field.about.starts_with("by this the object is known");
}

std::string standing_text(const FieldAccount& field) {
  if (field.standing != FieldStanding::Drifted) return field.about;
  const bool gone = field.live_text == "(absent)";
  return (field.taken_by ? "taken by " + describe(*field.taken_by)
          : gone         ? std::string("removed, which leaves no owner")
                         : std::string("no other manager owns it")) +
         "; " + field.about;
}

std::string field_text(const WhyReport& report, const FieldAccount& field) {
  std::string text = fmt::format("{}: {}\n", to_string(field.path), value_text(report, field));
  const auto line = [&](std::string_view name, const std::string& what) {
    text += fmt::format("  {:<9} {}\n", name, what);
  };
  if (is_identity(field))
    line("owner", "nobody: by this the object is known");
  else
    line("owner", owners_text(field));
  if (const FieldOrigin* const origin = origin_of(report, field.path)) line("declared", place_text(report, *origin));
  if (!field.is_item && !field.desired_text.empty() && field.desired_text != field.live_text)
    line("in Git", field.standing == FieldStanding::AsDeclared ? field.desired_text + ", which says the same"
                                                               : field.desired_text);
  switch (field.standing) {
    case FieldStanding::Drifted:
    case FieldStanding::Left:
    case FieldStanding::Leaving:
      line(field.standing == FieldStanding::Left ? "left" : to_string(field.standing), standing_text(field));
      break;
    case FieldStanding::AsDeclared:
    case FieldStanding::NotDeclared:
    case FieldStanding::Undecided:
      break;
  }
  return text;
}

// What there is nothing more to say of.
bool is_default(const FieldAccount& field) {
  return field.owners.empty() && !field.by_server && !is_identity(field) && field.live_text != "(absent)" &&
         (field.standing == FieldStanding::NotDeclared || field.standing == FieldStanding::Undecided);
}

std::string section_text(const WhyReport& report, std::string_view title, bool (*belongs)(const FieldAccount&)) {
  std::string text;
  for (const FieldAccount& field : report.fields)
    if (belongs(field)) text += fmt::format("  {}: {}\n", to_string(field.path), value_text(report, field));
  return text.empty() ? text : fmt::format("\n{}\n{}", title, text);
}

std::string head_text(const WhyReport& report) {
  std::string text = to_string(report.key);
  if (!report.application.empty()) text += ", of the application " + report.application;
  text += "\n";
  if (!report.no_git.empty()) text += report.no_git + "\n";
  if (report.origin) {
    text += fmt::format("declared in {}:{} at {}\n", report.origin->file, report.origin->line, report.origin->revision);
    if (const FieldOrigin* const whole = origin_of(report, {}); whole != nullptr && whole->commit)
      text += "last touched by " + describe(*whole->commit) + "\n";
    if (!report.origin->no_commits.empty()) text += "no commits are named: " + report.origin->no_commits + "\n";
  }
  if (!report.no_origin.empty()) text += "where it is declared is not known: " + report.no_origin + "\n";
  if (report.terminating)
    text +=
        "it is being deleted" + (report.held_up_by.empty() ? std::string() : ", held by " + report.held_up_by) + "\n";
  if (!report.untouched.empty()) text += "run leaves it alone: " + report.untouched + "\n";
  if (!report.in_cluster) text += "it is not in the cluster; " + report.about_absence + "\n";
  return text;
}

json::value commit_document(const LineCommit& commit) {
  json::object made{{"id", commit.id},
                    {"date", commit.date},
                    {"author", commit.author},
                    {"email", commit.email},
                    {"subject", commit.subject}};
  if (commit.oldest_known) made["oldestKnown"] = true;
  return made;
}

json::value origin_document(const ObjectOrigin& origin, const FieldOrigin& field) {
  json::object made{{"file", origin.file}, {"line", field.lines.first}, {"lastLine", field.lines.last}};
  if (!field.written) made["written"] = false;
  if (field.commit) {
    made["commit"] = commit_document(*field.commit);
    made["touchedLine"] = field.touched_line;
  }
  return made;
}

const char* standing_name(FieldStanding standing) {
  switch (standing) {
    case FieldStanding::NotDeclared:
      return "NotDeclared";
    case FieldStanding::AsDeclared:
      return "AsDeclared";
    case FieldStanding::Drifted:
      return "Drifted";
    case FieldStanding::Left:
      return "LeftToOthers";
    case FieldStanding::Leaving:
      return "Leaving";
    case FieldStanding::Undecided:
      return "Undecided";
  }
  return "?";
}

json::value owner_document(const FieldOwner& owner) {
  return {{"manager", owner.manager},
          {"operation", owner.operation},
          {"subresource", owner.subresource},
          {"time", owner.time}};
}

// A value, or why there is none.
json::value shown(const std::optional<json::value>& value, const std::string& text) {
  if (value) return *value;
  return json::string(text);
}

json::value field_document(const WhyReport& report, const FieldAccount& field) {
  json::object made{{"path", to_string(field.path)}};
  if (field.is_item) made["item"] = true;
  if (!field.is_item && field.live_text != "(absent)") made["value"] = shown(field.live, field.live_text);
  json::array owners;
  for (const FieldOwner& owner : field.owners) owners.push_back(owner_document(owner));
  made["owners"] = std::move(owners);
  if (field.by_server) made["setByServer"] = true;
  made["standing"] = standing_name(field.standing);
  if (!field.about.empty()) made["about"] = field.about;
  if (field.taken_by) made["takenBy"] = owner_document(*field.taken_by);
  if (!field.is_item && !field.desired_text.empty()) made["desired"] = shown(field.desired, field.desired_text);
  if (const FieldOrigin* const origin = origin_of(report, field.path))
    made["declared"] = origin_document(*report.origin, *origin);
  return made;
}

}  // namespace

std::string why_text(const WhyReport& report) {
  std::string text = head_text(report);
  const auto is_set_by_server = [](const FieldAccount& field) { return field.by_server; };
  for (const FieldAccount& field : report.fields)
    if (report.one_field || (!is_default(field) && !field.by_server && !is_identity(field)))
      text += "\n" + field_text(report, field);
  if (report.one_field) return text;
  text += section_text(report, "nobody owns these: they are defaults, or admission has set them", is_default);
  text += section_text(report, "the API server sets these", is_set_by_server);
  return text;
}

json::value why_document(const WhyReport& report) {
  json::object made{{"group", report.key.group},
                    {"kind", report.key.kind},
                    {"namespace", report.key.namespace_},
                    {"name", report.key.name},
                    {"inCluster", report.in_cluster}};
  if (!report.in_cluster) made["about"] = report.about_absence;
  if (report.terminating) made["terminating"] = json::object{{"heldBy", report.held_up_by}};
  if (!report.untouched.empty()) made["leftAlone"] = report.untouched;
  if (!report.application.empty()) made["application"] = report.application;
  if (!report.no_git.empty()) made["git"] = report.no_git;
  if (report.origin) {
    json::object declared{
        {"file", report.origin->file}, {"line", report.origin->line}, {"revision", report.origin->revision}};
    if (const FieldOrigin* const whole = origin_of(report, {}); whole != nullptr && whole->commit)
      declared["commit"] = commit_document(*whole->commit);
    if (!report.origin->no_commits.empty()) declared["noCommits"] = report.origin->no_commits;
    made["declared"] = std::move(declared);
  } else if (!report.no_origin.empty()) {
    made["declared"] = json::object{{"unknown", report.no_origin}};
  }
  json::array fields;
  for (const FieldAccount& field : report.fields) fields.push_back(field_document(report, field));
  made["fields"] = std::move(fields);
  return made;
}

}  // namespace holdfast
