// What `holdfast import` reads: files and folders, or the objects of a cluster.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "app/import_options.h"
#include "app/imported.h"
#include "holdfast/model/api_resource.h"
#include "holdfast/model/json.h"
#include "holdfast/ports/api_server.h"

namespace holdfast {

struct ImportInput {
  std::vector<json::value> objects;
  std::vector<std::string> passed_over;  // files that could not be read as YAML, each with why
  ApiCatalog catalog;                    // of the cluster; empty where files were read
};

// Folders with all below them: *.yaml, *.yml and *.json. What is a template, or no object, is passed over; of Marathon
// every value counts. Errors: NotFound, Invalid where a file that was named itself cannot be read; TooLarge beyond
// 10,000 files.
Result<ImportInput> read_import_files(const ImportOptions& options);

// Every object of the tool's kinds, of one namespace or all. Errors: as of any request; NotFound where the cluster
// serves none of these kinds.
boost::asio::awaitable<Result<ImportInput>> read_import_cluster(ApiServer& api, ImportOptions options);

// What is made of it, were it not being taken over already.
Imported import_objects(const std::vector<json::value>& live, const ImportOptions& options);

}  // namespace holdfast
