// Renders an application whose files are manifests as they stand: YAML and JSON.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "holdfast/base/result.h"
#include "sources/file_choice.h"
#include "sources/parsed_files.h"
#include "sources/rendering.h"
#include "sources/revision_tree.h"
#include "sources/source_tree.h"
#include "sources/source_trust.h"

namespace holdfast {

struct RenderWay;  // renderer.h

struct PlainFiles {
  std::string path;  // see normal_subpath; a folder, or one file
  FileChoice choice = {};
  ReadLimits limits = {};
  SourceTrust trust = {};
  std::shared_ptr<const RenderWay> way = {};  // null: plain, whatever is there
};

// The one input is what stands at the path, with all below. `parsed`: what is known of contents already, and learns
// more, of what is not encrypted. What is wrong in several files comes as one Error of several lines; NotFound where no
// file is chosen.
Result<Rendering> render_plain(RevisionTree& tree, const PlainFiles& files, ParsedFiles& parsed);

// The files of it that have to be brought, so that those of many applications may be in one request.
Result<std::vector<std::string>> unknown_files(RevisionTree& tree, const PlainFiles& files, ParsedFiles& parsed);

}  // namespace holdfast
