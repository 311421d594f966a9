// Reads one commit of a bare repository out of its object store, by libgit2; there is never a checkout. Blocks; any
// thread.
#pragma once

#include <string>

#include "holdfast/base/result.h"
#include "sources/source_tree.h"

namespace holdfast {

// `commit` may be a tag object and is peeled. `subpath` (see normal_subpath) is a folder, or one file. Errors: NotFound
// ("path apps/web does not exist at main@sha1:…"), TooLarge, Internal.
Result<SourceTree> read_git_tree(const std::string& repository, const std::string& commit, const std::string& revision,
                                 const std::string& subpath, ReadLimits limits);

// The id of the commit that `id` is, or that the tag `id` names. NotFound where the object is not there.
Result<std::string> peel_to_commit(const std::string& repository, const std::string& id);

// What a ref points at; NotFound where there is no such ref.
Result<std::string> git_ref_target(const std::string& repository, const std::string& ref);

}  // namespace holdfast
