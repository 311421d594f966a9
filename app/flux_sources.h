// The sources of Flux, as Kustomizations and HelmReleases refer to them: what of `spec.source` each of them is. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "app/imported.h"

namespace holdfast {

// Objects by kind, namespace and name. They outlive it.
class FluxObjects {
 public:
  // The first of one name counts; of any other there is a note.
  FluxObjects(const std::vector<json::value>& objects, std::vector<ImportNote>& notes);
  [[nodiscard]] const json::value* find(std::string_view kind, std::string_view namespace_,
                                        std::string_view name) const;
  [[nodiscard]] std::vector<const json::value*> of_kind(std::string_view kind) const;

 private:
  std::map<std::tuple<std::string, std::string, std::string>, const json::value*> objects_;
};

struct FluxReference {
  std::string kind, namespace_, name;  // the namespace may be empty: that of who refers
};

// Fills `document`'s spec.source from what is referred to, and brings `path`, which is meant inside it, to where it is
// in the repository. What is missing, or has no equivalent, makes the document incomplete.
void take_flux_source(const FluxObjects& all, const FluxReference& reference, std::string& path,
                      ImportedDocument& document);

// The same of a chart in a HelmRepository or an OCIRepository.
void take_flux_chart(const FluxObjects& all, const FluxReference& reference, const std::string& chart,
                     const std::string& version, ImportedDocument& document);

}  // namespace holdfast
