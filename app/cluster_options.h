// The options of every verb that talks to a cluster.
#pragma once

#include <CLI/App.hpp>

#include "app/options.h"

namespace holdfast {

void add_cluster_options(CLI::App& app, ClusterOptions& options);

}  // namespace holdfast
