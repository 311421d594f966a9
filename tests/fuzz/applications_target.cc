// What an Application document says is within its bounds, and the same when it is written as JSON.
#include <algorithm>
#include <array>

#include "fuzz/flow_text.h"
#include "fuzz/target.h"
#include "holdfast/merge/field_pattern.h"
#include "sources/application_reader.h"
#include "sources/git_url.h"
#include "sources/registry_address.h"
#include "sources/yaml_document.h"

namespace holdfast::fuzz {
namespace {

ApplicationReadOptions options() {
  ApplicationReadOptions made;
  made.base = "/srv";
  made.own_namespace = "holdfast";
  made.check_path = [](std::string_view text) -> Result<void> {
    if (auto pattern = FieldPattern::parse(text); !pattern) return std::unexpected(pattern.error());
    return {};
  };
  return made;
}

Result<std::vector<Application>> read(std::string content) {
  const std::array files = {SourceFile{"holdfast.yaml", std::move(content)}};
  return read_applications(files, options());
}

void hold_bounds(const Application& application) {
  const SourceSpec& source = application.source;
  hold(!application.name.empty() && application.name.size() <= 40, "a name that is too long");
  hold(!source.repo_url.empty() && !source.repo_url.starts_with('-'), "a source that is none: " + source.repo_url);
  const bool artifact = !source.chart.empty() || is_registry_url(source.repo_url);
  hold(artifact || source.repo_url.starts_with('/') || parse_git_url(source.repo_url),
       "an address that Git is not given");
  hold(!source.path.starts_with('/') && !("/" + source.path + "/").contains("/../"), "a path out of the repository");
  for (const std::string& ref : {source.branch, source.tag, source.commit})
    hold(check_git_ref(ref).has_value(), "a ref that is none: " + ref);
  hold(source.interval.count() >= 1 && source.interval <= std::chrono::hours(24), "an interval beyond its bounds");
  hold(application.prune_limit_percent <= 100, "more than all of it");
  for (const DriftRule& rule : application.rules)
    for (const std::string& path : rule.paths) hold(FieldPattern::parse(path).has_value(), "no pattern: " + path);
}

// The same documents in the one order and spelling that JSON leaves.
std::string as_json(const std::vector<YamlDocument>& documents) {
  std::string text;
  for (const YamlDocument& document : documents) text += "---\n" + flow_text(document.value) + "\n";
  return text;
}

}  // namespace

void run_applications(std::string_view bytes) {
  const auto applications = read(std::string(bytes));
  if (!applications) {
    const std::string& message = applications.error().message;
    hold(!message.empty(), "refused without a word");
    hold(static_cast<std::size_t>(std::ranges::count(message, '\n')) <= kApplicationErrorLimit + 1, "too many errors");
    return;
  }
  hold(!applications->empty(), "no application, and no error");
  for (const Application& application : *applications) hold_bounds(application);
  const auto documents = parse_yaml(bytes, "holdfast.yaml");
  hold(documents.has_value(), "applications out of what is no YAML");
  auto again = read(as_json(*documents));
  hold(again.has_value() && again->size() == applications->size(),
       again ? "its own JSON has other applications" : "its own JSON is refused: " + describe(again.error()));
  for (std::size_t i = 0; i < again->size(); ++i) {
    (*again)[i].origin = (*applications)[i].origin;
    hold((*again)[i] == (*applications)[i], "its own JSON says something else");
  }
}

}  // namespace holdfast::fuzz
