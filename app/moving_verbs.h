// The verbs by which people move in and find their way: `version`, `import`, `completion`, `man`, `schema`, and
// those of single Application objects. Defined and run here; the command line (command_line.cc) has them among all
// others.
#pragma once

#include <CLI/App.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "app/application_verbs.h"
#include "app/import_options.h"
#include "app/schema_options.h"

namespace holdfast {

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
  void add_version();
  void add_import();
  void add_help();
  void add_of_applications();

  CLI::App& app_;
  CLI::App* version_ = nullptr;
  bool of_cluster_ = false;  // and not of this program alone
  ClusterOptions version_options_;
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
