// The requests that are sent to both servers: tests/fidelity/script/*.jsonl, one case a line, in the order of the
// files' names. docs/fidelity.md describes the fields.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/json.h"
#include "holdfast/ports/api_server.h"

namespace holdfast::fidelity {

// What has to be seen before the answer counts: the real server needs a moment for what the simulator does at once.
struct Awaited {
  std::string path;  // as Case::save has it, in the answer: ".status", ".body.status.phase"
  json::value value;
};

struct WatchReading {
  std::size_t events = 0;  // stop after so many; 0: at the stream's end
};

struct Case {
  std::string name, where;  // where: "20-kubectl.jsonl:17"
  Method method = Method::Get;
  std::string path, accept = "application/json", content_type, body, if_none_match;
  std::map<std::string, std::string> save;  // name -> path in the body; used later as ${name}
  std::optional<WatchReading> watch;
  std::optional<Awaited> until;
};

// Errors: Invalid, at the line. Names are unique.
Result<std::vector<Case>> read_script(const std::string& folder);

// ".metadata.uid", ".items[0].name": null where it is not there.
const json::value* value_at(const json::value& root, std::string_view path);

}  // namespace holdfast::fidelity
