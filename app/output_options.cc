#include "app/output_options.h"

#include <CLI/CLI.hpp>

namespace holdfast {

std::map<std::string, OutputFormat> output_formats() {
  return {{"table", OutputFormat::Table},
          {"wide", OutputFormat::Wide},
          {"json", OutputFormat::Json},
          {"yaml", OutputFormat::Yaml},
          {"name", OutputFormat::Name}};
}

void add_table_or_json(CLI::App& app, OutputFormat& format) {
  app.add_option("-o,--output", format, "table or json")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, OutputFormat>{{"table", OutputFormat::Table}, {"json", OutputFormat::Json}}));
}

}  // namespace holdfast
