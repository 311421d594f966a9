#include "app/refusal_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <string_view>

namespace holdfast {

TraceRequest trace_request(const ObjectRefusal& refusal) {
  TraceRequest request{refusal.origin, refusal.key.kind, refusal.key.name, {}};
  for (const RefusedField& field : refusal.fields) request.fields.push_back(field.path);
  return request;
}

std::vector<std::string> refusal_lines(const ObjectRefusal& refusal, const ObjectOrigin& origin) {
  std::vector<std::string> lines;
  for (const RefusedField& field : refusal.fields) {
    const auto found = origin.fields.find(field.path);
    if (found == origin.fields.end()) continue;
    const FieldOrigin& place = found->second;
    std::string line = fmt::format("{}:{}: {}", origin.file, place.lines.first, field.problem);
    if (!field.hint.empty()) line += fmt::format(" ({})", field.hint);
    if (place.commit) line += ", written in " + describe(*place.commit);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<OriginPlace> places_of(const Error& error) {
  std::vector<OriginPlace> places;
  const auto take = [&](std::string_view where) {
    if (auto place = parse_origin(std::string(where))) places.push_back(std::move(*place));
  };
  take(error.where);
  if (!places.empty()) return places;
  std::string_view rest = error.message;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    take(line.substr(0, line.find(": ")));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return places;
}

}  // namespace holdfast
