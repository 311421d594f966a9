#include "sources/directory.h"

#include <spdlog/fmt/fmt.h>

#include <vector>

#include "holdfast/base/digest.h"
#include "sources/directory_tree.h"

namespace holdfast {
namespace {

std::string revision_of(const std::vector<SourceFile>& files) {
  std::string bytes;
  for (const SourceFile& file : files)
    bytes += fmt::format("{}:{}{}:{}", file.path.size(), file.path, file.content.size(), to_hex(sha256(file.content)));
  return "files@sha256:" + to_hex(sha256(bytes));
}

Result<SourceTree> read_once(const std::string& root, const std::string& subpath, const ReadLimits& limits,
                             const FileChoice& choice) {
  auto tree = open_directory_tree(root);
  if (!tree) return std::unexpected(tree.error());
  auto read = read_files(**tree, subpath, limits, choice);
  if (!read) {
    if (read.error().where.empty()) read.error().where = root;
    return read;
  }
  if (auto same = (*tree)->unchanged(); !same) return std::unexpected(same.error());
  read->files.revision = revision_of(read->files.files);
  return read;
}

}  // namespace

Result<SourceTree> read_directory(const std::string& root, const std::string& subpath, ReadLimits limits,
                                  const FileChoice& choice) {
  auto normal = normal_subpath(subpath);
  if (!normal) return std::unexpected(normal.error());
  auto tree = read_once(root, *normal, limits, choice);
  for (int attempt = 1; attempt < 3 && !tree && tree.error().kind == ErrorKind::Busy; ++attempt)
    tree = read_once(root, *normal, limits, choice);
  return tree;
}

}  // namespace holdfast
