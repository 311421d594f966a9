#include "sources/set_expansion.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "holdfast/base/digest.h"
#include "holdfast/base/duration.h"
#include "holdfast/model/label.h"
#include "holdfast/model/object.h"
#include "sources/application_fields.h"
#include "sources/application_reader.h"
#include "sources/set_template.h"

namespace holdfast {
namespace {

class Expander {
 public:
  Expander(const ApplicationSet& set, const PresentApplications& present, std::chrono::sys_seconds now)
      : set_(set), now_(now) {
    for (const auto& [name, element] : present) application_of_[element] = name;
  }

  Expansion expand(std::span<const GeneratorReading> readings) {
    made_.complete = readings.size() == set_.generators.size();
    std::vector<const GeneratedElement*> chosen;
    for (std::size_t i = 0; i < readings.size() && i < set_.generators.size(); ++i) {
      if (!readings[i]) {
        made_.complete = false;
        continue;
      }
      made_.matched += readings[i]->size();
      const auto of_it = choose(set_.generators[i], *readings[i]);
      chosen.insert(chosen.end(), of_it.begin(), of_it.end());
    }
    // Whoever has an application already keeps its name.
    std::ranges::sort(chosen, {}, [&](const GeneratedElement* one) { return std::pair(!is_present(*one), one->name); });
    for (const GeneratedElement* element : chosen) add(*element);
    return std::move(made_);
  }

 private:
  [[nodiscard]] bool is_present(const GeneratedElement& element) const {
    return application_of_.contains(element.name);
  }

  void leave_out(const GeneratedElement& element, std::string reason, std::string message) {
    made_.left_out.push_back({element.name, std::move(reason), std::move(message)});
  }

  // Those of a generator that are not too old and not too many.
  std::vector<const GeneratedElement*> choose(const Generator& generator, const std::vector<GeneratedElement>& all) {
    std::vector<const GeneratedElement*> chosen;
    const auto* const branches = std::get_if<BranchGenerator>(&generator);
    for (const GeneratedElement& element : all)
      if (branches == nullptr || !expired(*branches, element)) chosen.push_back(&element);
    const std::size_t most = branches != nullptr ? branches->max : kMostElements;
    if (chosen.size() <= most) return chosen;
    // One that runs is not taken from whoever works with it because somebody else pushes another branch.
    std::ranges::sort(chosen, {}, [&](const GeneratedElement* one) {
      return std::tuple(!is_present(*one), -one->committed_s, std::string_view(one->name));
    });
    for (std::size_t i = most; i < chosen.size(); ++i)
      leave_out(
          *chosen[i], "MaxReached",
          fmt::format("there are {} already; delete one, or raise {}", most,
                      branches != nullptr ? "spec.generators[].branches.max" : "nothing: that is the most of a set"));
    chosen.resize(most);
    return chosen;
  }

  bool expired(const BranchGenerator& generator, const GeneratedElement& element) {
    if (!generator.time_to_live || element.committed_s == 0) return false;
    const std::chrono::sys_seconds committed{std::chrono::seconds(element.committed_s)};
    if (now_ - committed < *generator.time_to_live) return false;
    leave_out(element, "Expired",
              fmt::format("its last commit is more than {} old; push another one to have it again",
                          to_duration_text(*generator.time_to_live)));
    return true;
  }

  void add(const GeneratedElement& element) {
    Result<ExpandedApplication> wanted = make(element);
    if (!wanted) {
      leave_out(element, "Invalid", describe(wanted.error()));
      if (const auto present = application_of_.find(element.name); present != application_of_.end())
        made_.kept.insert(present->second);
      return;
    }
    if (const auto taken = made_.wanted.find(wanted->name); taken != made_.wanted.end())
      return leave_out(element, "NameTaken",
                       fmt::format("{} comes to the application {} as well; put another parameter into "
                                   "spec.template.metadata.name",
                                   taken->second.element, wanted->name));
    if (!wanted->preview_namespace.empty() && !namespaces_.insert(wanted->preview_namespace).second)
      return leave_out(element, "NamespaceTaken",
                       fmt::format("another one comes to the namespace {} as well; put another parameter into "
                                   "spec.preview.namespace",
                                   wanted->preview_namespace));
    made_.wanted.emplace(wanted->name, std::move(*wanted));
  }

  Result<ExpandedApplication> make(const GeneratedElement& element) {
    auto filled = fill_in(json::value(set_.template_), element.parameters, "spec.template");
    if (!filled) return std::unexpected(std::move(filled.error()));
    ExpandedApplication wanted;
    wanted.element = element.name;
    wanted.name = string_at(*filled, {"metadata", "name"});
    if (set_.preview) {
      auto name = fill_in(set_.preview->namespace_, element.parameters);
      if (!name) return std::unexpected(std::move(name.error()));
      if (const std::string problem = dns_label_problem(*name, kLongestDnsLabel); !problem.empty())
        return fail(ErrorKind::Invalid, fmt::format("spec.preview.namespace comes to {}: {}", *name, problem), {},
                    "use branchSlug or pathSlug, which are short and plain");
      if (*name == set_.namespace_)
        return fail(ErrorKind::Invalid, "spec.preview.namespace comes to the namespace of the set itself");
      wanted.preview_namespace = std::move(*name);
    }
    wanted.document = document_of(wanted, filled->get_object());
    if (auto read = read_application(wanted.document, {.base = "/", .own_namespace = set_.namespace_}); !read)
      return std::unexpected(std::move(read.error()));
    return wanted;
  }

  // What is given is ours to say, whatever the template says.
  [[nodiscard]] json::object document_of(const ExpandedApplication& wanted, const json::object& filled) const {
    json::object metadata{{"name", wanted.name}, {"namespace", set_.namespace_}};
    json::object labels, annotations;
    if (const json::value* given = find(filled, {"metadata", "labels"})) labels = given->get_object();
    if (const json::value* given = find(filled, {"metadata", "annotations"})) annotations = given->get_object();
    labels[kSetLabel] = set_.name;
    if (!set_.installation.empty()) labels[kInstallationLabel] = set_.installation;
    annotations[kElementAnnotation] = wanted.element;
    json::object spec;
    if (const json::value* given = filled.if_contains("spec")) spec = given->get_object();
    if (!wanted.preview_namespace.empty()) {
      spec["destination"] = json::object{{"namespace", wanted.preview_namespace}, {"confined", true}};
      spec["deletionPolicy"] = "Prune";
    }
    metadata["labels"] = std::move(labels);
    if (!set_.uid.empty())
      metadata["ownerReferences"] = json::array{{{"apiVersion", kApplicationApiVersion},
                                                 {"kind", "ApplicationSet"},
                                                 {"name", set_.name},
                                                 {"uid", set_.uid},
                                                 {"controller", true}}};
    annotations[kTemplateAnnotation] =
        to_hex(sha256(canonical_json(spec) + canonical_json(metadata) + canonical_json(annotations))).substr(0, 32);
    metadata["annotations"] = std::move(annotations);
    return {{"apiVersion", kApplicationApiVersion},
            {"kind", kApplicationKind},
            {"metadata", std::move(metadata)},
            {"spec", std::move(spec)}};
  }

  const ApplicationSet& set_;
  std::chrono::sys_seconds now_;
  std::map<std::string, std::string> application_of_;  // by element
  std::set<std::string> namespaces_;
  Expansion made_;
};

}  // namespace

Expansion expand(const ApplicationSet& set, std::span<const GeneratorReading> readings,
                 const PresentApplications& present, std::chrono::sys_seconds now) {
  return Expander(set, present, now).expand(readings);
}

}  // namespace holdfast
