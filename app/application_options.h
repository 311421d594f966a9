// The options by which the command line says what an Application says itself, and those that go with them.
#pragma once

#include <CLI/App.hpp>
#include <set>
#include <string>
#include <string_view>

#include "app/options.h"

namespace holdfast {

void add_application_options(CLI::App& app, ApplicationOptions& options);
// What may be deleted unasked.
void add_prune_options(CLI::App& app, ApplicationOptions& options);
// --config, which goes with none of those above but the ones that are `still_allowed`.
void add_config_option(CLI::App& app, std::string& config, const std::set<std::string_view>& still_allowed);
// The option goes with none of those of one application that the verb has, but the ones that are `still_allowed`.
void exclude_application_options(CLI::App& app, CLI::Option& option, const std::set<std::string_view>& still_allowed);
void add_log_options(CLI::App& app, LogOptions& options);

}  // namespace holdfast
