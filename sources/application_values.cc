#include "sources/application_values.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "holdfast/model/label.h"
#include "sources/source_values.h"
#include "sources/substitution.h"
#include "sources/value_complaints.h"
#include "sources/written_fields.h"

namespace holdfast {
namespace {

ObjectTarget target_of(const WrittenFields& rule) {
  const WrittenFields fields = rule.below("target");
  ObjectTarget target;
  fields.read("group", target.group);
  fields.read("kind", target.kind);
  fields.read("namespace", target.namespace_);
  fields.read("name", target.name);
  fields.read("labels", target.labels);
  return target;
}

class ValueReader {
 public:
  explicit ValueReader(const ApplicationReadOptions& options)
      : options_(options), complaints_(values_.problems, options.base) {}

  ApplicationValues read(const json::object& document) {
    const WrittenFields metadata(document.if_contains("metadata")), spec(document.if_contains("spec"));
    identity(metadata);
    made().source = source_values(spec.below("source"), complaints_);
    spec.below("destination").read("namespace", made().target_namespace);
    complaints_.label(made().target_namespace, {"spec", "destination", "namespace"}, kLongestDnsLabel);
    spec.below("destination").read("confined", made().confined);
    if (made().confined && made().target_namespace.empty())
      complaints_.complain({"spec", "destination", "confined"}, "says that it stays in a namespace, and names none",
                           "give spec.destination.namespace");
    post_build(spec.below("postBuild"));
    drift(spec.below("drift"));
    ignore(spec.items("ignore"));
    decryption(spec);
    rest(spec);
    return std::move(values_);
  }

 private:
  Application& made() { return values_.application; }

  void identity(const WrittenFields& metadata) {
    metadata.read("name", made().name);
    metadata.read("namespace", made().namespace_);
    complaints_.label(made().name, {"metadata", "name"}, kLongestName);
    complaints_.label(made().namespace_, {"metadata", "namespace"}, kLongestDnsLabel);
  }

  void post_build(const WrittenFields& fields) {
    PostBuildSpec& spec = made().post_build;
    fields.read("substitute", spec.substitute);
    fields.read("strict", spec.strict);
    for (const json::value& item : fields.items("substituteFrom")) {
      const WrittenFields written(&item);
      SubstitutionReference reference{written.text("kind") == "Secret", std::string(written.text("name")), false};
      written.read("optional", reference.optional);
      spec.substitute_from.push_back(std::move(reference));
    }
    VariableValues names;
    for (const auto& [name, value] : spec.substitute) names.emplace(name, Secret());
    if (const auto checked = check_variable_names(names); !checked)
      complaints_.complain({"spec", "postBuild", "substitute"},
                           fmt::format("has a bad name: {}", checked.error().message), checked.error().hint);
  }

  void decryption(const WrittenFields& fields) {
    if (fields.at("decryption") == nullptr) return;
    const YamlPath path{"spec", "decryption"};
    const WrittenFields written = fields.below("decryption");
    DecryptionSpec spec;
    complaints_.secret(written, path, spec.secret);
    written.read("ageKeyFile", spec.age_key_file);
    if (!spec.age_key_file.empty()) complaints_.absolute(spec.age_key_file);
    complaints_.either(path, spec.secret, spec.age_key_file, "ageKeyFile");
    made().decryption = std::move(spec);
  }

  void drift(const WrittenFields& fields) {
    fields.read("policy", made().policy);
    fields.read("grace", made().grace);
    std::size_t index = 0;
    for (const json::value& item : fields.items("rules")) {
      const WrittenFields written(&item);
      DriftRule rule{target_of(written), {}, made().policy, made().grace};
      written.read("paths", rule.paths);
      written.read("policy", rule.policy);
      written.read("grace", rule.grace);
      patterns({"spec", "drift", "rules", index++, "paths"}, rule.paths);
      made().rules.push_back(std::move(rule));
    }
  }

  void ignore(const json::array& rules) {
    std::size_t index = 0;
    for (const json::value& item : rules) {
      const WrittenFields written(&item);
      IgnoreRule rule{target_of(written), {}, {}};
      written.read("paths", rule.paths);
      written.read("managers", rule.managers);
      if (written.items("paths").empty() && written.items("managers").empty())
        complaints_.complain({"spec", "ignore", index}, "ignores nothing", "give it paths, managers or both");
      patterns({"spec", "ignore", index++, "paths"}, rule.paths);
      made().ignore.push_back(std::move(rule));
    }
  }

  void patterns(const YamlPath& list, const std::vector<std::string>& texts) {
    if (!options_.check_path) return;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto checked = options_.check_path(texts[i]);
      if (checked) continue;
      YamlPath path = list;
      path.emplace_back(i);
      complaints_.complain(std::move(path), fmt::format("is no path of fields: {}", checked.error().message),
                           checked.error().hint);
    }
  }

  void rest(const WrittenFields& spec) {
    Application& application = made();
    spec.read("trustedManagers", application.trusted_managers);
    spec.read("prune", application.prune);
    spec.below("pruneLimit").read("objects", application.prune_limit_objects);
    spec.below("pruneLimit").read("percent", application.prune_limit_percent);
    allow_prune(spec);
    spec.read("adopt", application.adopt);
    spec.read("moveSource", application.move_source);
    for (const json::value& item : spec.items("dependsOn"))
      application.depends_on.emplace(WrittenFields(&item).text("name"));
    spec.read("wait", application.wait);
    spec.read("timeout", application.timeout);
    spec.read("policy", application.revisions);
    spec.read("onFailure", application.on_failure);
    spec.read("suspend", application.suspend);
    spec.read("deletionPolicy", application.deletion_policy);
    spec.read("serviceAccountName", application.service_account);
    complaints_.subdomain(application.service_account, {"spec", "serviceAccountName"});
  }

  void allow_prune(const WrittenFields& spec) {
    std::vector<std::string> names;
    spec.read("allowPrune", names);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::size_t slash = names[i].find('/');
      const bool good = slash != std::string::npos && slash != 0 && slash + 1 != names[i].size() &&
                        names[i].find('/', slash + 1) == std::string::npos;
      if (!good)
        complaints_.complain({"spec", "allowPrune", i}, "names no object", "write KIND/NAME, as in Namespace/shop");
      made().allow_prune.insert(std::move(names[i]));
    }
  }

  const ApplicationReadOptions& options_;
  ApplicationValues values_;
  ValueComplaints complaints_;
};

}  // namespace

ApplicationValues application_values(const json::object& document, const ApplicationReadOptions& options) {
  return ValueReader(options).read(document);
}

}  // namespace holdfast
