// Desired state: what a source holds at one revision, after parsing and before preparation for a cluster.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "holdfast/model/gvk.h"
#include "holdfast/model/json.h"

namespace holdfast {

// One file of a source, read from the object store or from disk.
struct SourceFile {
  std::string path;  // relative to the repository, '/'-separated, no "..", valid UTF-8
  std::string content;
};

struct FileSet {
  std::string revision;           // "main@sha1:<40 hex>", or "files@sha256:<64 hex>" for a plain directory
  std::vector<SourceFile> files;  // sorted by path; only those that may hold manifests
  std::int64_t committed_s = 0;   // since 1970; 0: no commit, or one whose order says nothing
};

struct Manifest {
  GroupVersionKind gvk;
  std::string namespace_;  // as written; empty where the author left it out
  std::string name;
  json::object body;
  std::string origin;  // "apps/web.yaml:12", the first line of the document or list item
};

// Complete or not made at all: a set is only built when every file was read and understood.
struct ManifestSet {
  std::string revision;             // that first had this content, as far as the reader knows
  std::vector<Manifest> manifests;  // in order of file and position
  std::int64_t committed_s = 0;     // as of the FileSet
  std::string content = {};         // content_of() these manifests; empty: not told
};
// A digest of what the manifests say, not of where they stand: sets of the same one bring about the same. Pure.
std::string content_of(const ManifestSet& set);
// The same objects with the same contents, in the same order.
bool same_manifests(const ManifestSet& a, const ManifestSet& b);
using ManifestSetPtr = std::shared_ptr<const ManifestSet>;

}  // namespace holdfast
