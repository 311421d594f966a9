// Whether two URLs are two spellings of one repository: https or ssh, with or without .git, however the host is
// written. Pure.
#pragma once

#include <string>
#include <string_view>

namespace holdfast {

// The same for every spelling of a repository: "git.example/team/web". Scheme, user, port, "www.", ".git", slashes at
// the end and the ways in which single forges put their repositories (Bitbucket's /scm, Azure DevOps' _git and v3,
// Docker Hub's many hosts) do not count, nor does the case of letters. So two repositories may come out as one, and
// never one as two: for a hint, which costs a look, that is the right way round. Empty where there is none to see, as
// in a local directory.
std::string repository_identity(std::string_view url);

}  // namespace holdfast
