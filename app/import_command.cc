// `holdfast import`: another tool's objects, read from a cluster or from files, as ours; and the way from the one to
// the other.
#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <cstdio>

#include "app/cluster_session.h"
#include "app/import_input.h"
#include "app/imported.h"
#include "app/takeover_command.h"

namespace holdfast {
namespace {

constexpr int kWhole = 0, kSomethingIsMissing = 1, kTrouble = 2;

void remark(const std::string& text) { std::fprintf(stderr, "holdfast: %s\n", text.c_str()); }

int print(const ImportInput& input, const Imported& imported) {
  for (const std::string& file : input.passed_over) remark("passed over: " + file);
  const std::vector<std::string> remarks = imported_remarks(imported);
  for (const std::string& text : remarks) remark(text);
  if (imported.documents.empty()) remark("there is nothing to import in what was read");
  std::fputs(imported_yaml(imported).c_str(), stdout);
  return remarks.empty() && !imported.documents.empty() ? kWhole : kSomethingIsMissing;
}

}  // namespace

int import_command(const ImportOptions& options) {
  if (!options.files.empty()) {
    const Result<ImportInput> input = read_import_files(options);
    if (!input) {
      remark(describe(input.error()));
      return kTrouble;
    }
    return print(*input, import_objects(input->objects, options));
  }
  return run_in_session(
      options.cluster, kTrouble,
      [&](boost::asio::any_io_executor executor, ClusterSession& session) -> boost::asio::awaitable<Result<int>> {
        ImportOptions copy = options;
        Result<ImportInput> input = co_await read_import_cluster(*session.client, std::move(copy));
        if (!input) co_return std::unexpected(input.error());
        Imported imported = import_objects(input->objects, options);
        if (!options.take_over) co_return print(*input, imported);
        ImportOptions how = options;
        co_return co_await take_over(std::move(executor), *session.client, *std::move(input), std::move(imported),
                                     std::move(how));
      });
}

}  // namespace holdfast
