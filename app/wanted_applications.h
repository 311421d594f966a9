// What is desired, read once: the application of the command line, or those of a configuration, each with its
// manifests. For verbs that look and leave; `run` follows what it reads.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <vector>

#include "app/application_setup.h"
#include "app/options.h"
#include "engine/prepare.h"
#include "holdfast/model/application.h"
#include "holdfast/model/manifest_set.h"
#include "sources/source.h"

namespace holdfast {

struct WantedApplication {
  ApplicationSetup setup;
  ManifestSetPtr manifests;
  PreparedSet prepared;            // empty until prepare_all()
  std::unique_ptr<Source> source;  // where Sources::Kept; else null
  bool chosen = true;              // otherwise it only tells where objects move to
};
using WantedApplications = std::vector<std::unique_ptr<WantedApplication>>;

struct ReadApplications {
  WantedApplications applications;
  std::vector<Error> failures;  // of those chosen
  std::vector<std::string> notes;
};

// Whether somebody is going to ask the sources more.
enum class Sources { Stopped, Kept };

// One that cannot be read stands in nobody's way. Errors: those of the configuration; NotFound where it has none of the
// name asked for. `options` outlives the call.
boost::asio::awaitable<Result<ReadApplications>> read_applications(boost::asio::any_io_executor executor,
                                                                   const RunOptions& options, SetupContext context,
                                                                   Sources sources = Sources::Stopped);

// Of these applications, whatever the command line says.
boost::asio::awaitable<Result<ReadApplications>> read_applications(boost::asio::any_io_executor executor,
                                                                   std::vector<Application> applications,
                                                                   SetupContext context, Sources sources);

void prepare_all(WantedApplications& applications, const ApiCatalog& catalog);

}  // namespace holdfast
