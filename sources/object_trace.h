// Where Git declares the fields of one object: the line of each, and who touched it last.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/merge/field_set.h"
#include "holdfast/model/manifest_set.h"
#include "sources/git_blame.h"
#include "sources/written_object.h"

namespace holdfast {

struct TraceRequest {
  std::string origin;      // of its manifest, "apps/web.yaml:12"
  std::string kind, name;  // of the object, where several begin in that line
  std::vector<FieldPath> fields;
};

struct FieldOrigin {
  LineRange lines;
  bool written = true;               // false: these are the lines of what holds it; it was filled in when it was read
  std::optional<LineCommit> commit;  // the last that touched any of these lines
  int touched_line = 0;              // the one that it touched
};

struct ObjectOrigin {
  std::string file;
  int line = 1;                             // where the object begins
  std::string revision;                     // that was read
  std::string no_commits;                   // why no commit is named; empty: they are
  std::map<FieldPath, FieldOrigin> fields;  // all that were asked for
};

// From the file as it is at that revision. Errors: as WrittenObject::find; Invalid for an origin that names no line.
Result<ObjectOrigin> trace_lines(const SourceFile& file, const TraceRequest& request);

// The file and the line of an origin.
struct OriginPlace {
  std::string file;
  int line = 1;
};
Result<OriginPlace> parse_origin(const std::string& origin);

// The lines to ask about, none twice, and what was answered put where it belongs.
std::vector<LineRange> lines_to_blame(const ObjectOrigin& origin);
void add_commits(ObjectOrigin& origin, const std::map<int, LineCommit>& commits);

}  // namespace holdfast
