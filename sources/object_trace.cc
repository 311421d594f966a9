#include "sources/object_trace.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>

namespace holdfast {

Result<OriginPlace> parse_origin(const std::string& origin) {
  const std::size_t colon = origin.rfind(':');
  OriginPlace place;
  if (colon != std::string::npos) {
    const char* const begin = origin.data() + colon + 1;
    const char* const end = origin.data() + origin.size();
    const auto [stopped, error] = std::from_chars(begin, end, place.line);
    place.file = origin.substr(0, colon);
    if (error == std::errc() && stopped == end && place.line > 0 && !place.file.empty()) return place;
  }
  return fail(ErrorKind::Invalid, fmt::format("\"{}\" names no line of a file", origin));
}

Result<ObjectOrigin> trace_lines(const SourceFile& file, const TraceRequest& request) {
  const auto place = parse_origin(request.origin);
  if (!place) return std::unexpected(place.error());
  const auto written = WrittenObject::find(file.content, file.path, place->line, request.kind, request.name);
  if (!written) return std::unexpected(written.error());
  ObjectOrigin origin;
  origin.file = file.path;
  origin.line = place->line;
  for (const FieldPath& field : request.fields) {
    const WrittenObject::Place found = written->place_of(field);
    origin.fields[field] = {found.lines, found.written, std::nullopt, 0};
  }
  return origin;
}

std::vector<LineRange> lines_to_blame(const ObjectOrigin& origin) {
  std::vector<LineRange> all;
  all.reserve(origin.fields.size());
  for (const auto& [path, field] : origin.fields) all.push_back(field.lines);
  std::ranges::sort(all, {}, [](const LineRange& range) { return std::pair(range.first, range.last); });
  std::vector<LineRange> merged;
  for (const LineRange& range : all) {
    if (!merged.empty() && range.first <= merged.back().last + 1)
      merged.back().last = std::max(merged.back().last, range.last);
    else
      merged.push_back(range);
  }
  return merged;
}

void add_commits(ObjectOrigin& origin, const std::map<int, LineCommit>& commits) {
  for (auto& [path, field] : origin.fields) {
    for (auto at = commits.lower_bound(field.lines.first); at != commits.end() && at->first <= field.lines.last; ++at) {
      if (field.commit && field.commit->age <= at->second.age) continue;
      field.commit = at->second;
      field.touched_line = at->first;
    }
  }
}

}  // namespace holdfast
