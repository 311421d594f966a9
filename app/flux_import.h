// `holdfast import flux`: Kustomizations and HelmReleases with the sources that they refer to, into Applications. Pure.
//
// What no field of ours says is told in notes (imported.h), each field by its name. An Application goes into the
// namespace of the object that it is made from, for its Secrets are there.
#pragma once

#include <vector>

#include "app/imported.h"

namespace holdfast {

// Objects of other kinds are passed over, those of Flux among them with a note that says what to do about them.
Imported import_flux(const std::vector<json::value>& objects);

}  // namespace holdfast
