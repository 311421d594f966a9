// The verbs by which people move in and find their way: `import`, `completion`, `man`, `schema`, and those of single
// Application objects. Defined and run here; the command line (command_line.cc) has them among all others.
#pragma once

#include <CLI/App.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "app/application_verbs.h"
#include "app/import_options.h"
#include "app/schema_options.h"

namespace holdfast {

struct VersionOptions {
  bool cluster = false;
  ClusterOptions where;
};
void add_version(CLI::App& version, VersionOptions& options);

// What -o takes.
std::map<std::string, OutputFormat> output_formats();
// `get [objects|applications] [NAME]`.
void add_get_arguments(CLI::App& get, GetOptions& options);

// The name by which people call the program: "kubectl holdfast" where it is kubectl's plugin.
std::string invoked_as(int argc, const char* const* argv);

class MovingVerbs {
 public:
  // `app` outlives it.
  explicit MovingVerbs(CLI::App& app);

  // Before parsing: where a shell asks what may come next, it is told, and this is the exit code.
  std::optional<int> complete(int argc, const char* const* argv) const;
  // The exit code of the verb that was named; nothing where it is none of these.
  std::optional<int> run();

 private:
  void add_import();
  void add_help();
  void add_of_applications();

  CLI::App& app_;
  CLI::App* import_ = nullptr;
  CLI::App* import_from_[3] = {};
  ImportOptions import_options_;
  std::string takeover_timeout_ = "5m";
  CLI::App *completion_ = nullptr, *man_ = nullptr, *schema_ = nullptr;
  std::string shell_;
  SchemaOptions schema_options_;
  CLI::App *suspend_ = nullptr, *resume_ = nullptr, *reconcile_ = nullptr, *tree_ = nullptr;
  ApplicationVerbOptions application_options_;
  std::string application_timeout_ = "2m";
};

}  // namespace holdfast
