// `holdfast render`: what an application comes to, as YAML, before it is prepared for a cluster. No cluster is asked.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>

#include "app/commands.h"
#include "app/wanted_applications.h"
#include "app/yaml_text.h"
#include "holdfast/base/log.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

int print(const Result<ReadApplications>& read) {
  if (!read) {
    log(LogLevel::Error, "not-rendered", describe(read.error()));
    return 2;
  }
  for (const std::string& note : read->notes) log(LogLevel::Info, "left-out", note);
  for (const Error& error : read->failures) log(LogLevel::Error, "not-rendered", describe(error));
  for (const auto& wanted : read->applications) {
    if (!wanted->chosen) continue;
    for (const Manifest& manifest : wanted->manifests->manifests)
      std::cout << "---\n# " << manifest.origin << "\n" << yaml_text(json::value(manifest.body));
  }
  std::cout.flush();
  return read->failures.empty() && std::cout.good() ? 0 : 2;
}

}  // namespace

int render_command(const RunOptions& options) {
  asio::io_context io(1);
  const std::string& space = options.cluster.namespace_;
  SetupContext context{options.cluster.installation, space.empty() ? "default" : space, options.application.cache_dir};
  context.programs = programs_of(options.application);
  int code = 2;
  auto work = [&]() -> asio::awaitable<void> {
    auto read = co_await read_applications(io.get_executor(), options, context, Sources::Stopped);
    code = print(read);
  };
  asio::co_spawn(io, work(), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  io.run();
  return code;
}

}  // namespace holdfast
