// A source whose manifests have variables that are filled in (spec.postBuild), with values of the application itself
// and of ConfigMaps and Secrets of the cluster. A change of one of these is a change of the source. What was filled in
// is held in memory alone.
//
// Lives on one executor, one thread; filling in runs on the workers. Errors, beside those of the source within:
// NotFound, where a ConfigMap or Secret is missing that has to be there; what ClusterValues::read says where it cannot
// be read, which is never taken for an empty one; Invalid, with the object's place in its file.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <string>

#include "holdfast/model/application.h"
#include "holdfast/ports/cluster_values.h"
#include "sources/source.h"
#include "sources/variable_text.h"

namespace holdfast {

struct SubstitutionSettings {
  PostBuildSpec spec;
  std::string namespace_;           // of the ConfigMaps and Secrets
  ClusterValues* values = nullptr;  // outlives the source; null: there is no cluster, and none can be read
};

std::unique_ptr<Source> make_substituted_source(boost::asio::any_io_executor executor, std::unique_ptr<Source> within,
                                                SubstitutionSettings settings,
                                                std::shared_ptr<boost::asio::thread_pool> workers);

// The revision of a set that values of the cluster went into: that of the source, and behind a "+" which versions of
// them. Pure.
std::string with_values(const std::string& revision, const SeenValues& seen);
std::string without_values(const std::string& revision);

// All objects with their variables filled in. Pure.
Result<ManifestSetPtr> substitute_all(const ManifestSet& set, const VariableValues& values, bool strict);

}  // namespace holdfast
