// The two kinds of Flux that become Applications, field by field. Pure.
#pragma once

#include <string>

#include "app/flux_sources.h"

namespace holdfast {

// A reference in a field of its own; without a namespace it is meant in the one of who refers.
FluxReference flux_reference(ForeignFields& at, const std::string& own_namespace);

// `ours` is what follows the source in the document's spec. What both kinds have in common is the caller's.
void take_flux_kustomization(const FluxObjects& all, const std::string& own_namespace, ForeignFields& spec,
                             json::object& ours, ImportedDocument& document);
void take_flux_release(const FluxObjects& all, const std::string& own_namespace, const std::string& name,
                       ForeignFields& spec, json::object& ours, ImportedDocument& document);

}  // namespace holdfast
