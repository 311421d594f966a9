// What -o takes.
#pragma once

#include <CLI/App.hpp>
#include <map>
#include <string>

#include "app/options.h"

namespace holdfast {

std::map<std::string, OutputFormat> output_formats();  // all of them
void add_table_or_json(CLI::App& app, OutputFormat& format);

}  // namespace holdfast
