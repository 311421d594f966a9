#include "sources/git_program.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "holdfast/base/file_descriptor.h"
#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

// A git that outlives us goes on holding the lock, so that its own locks in the cache are never taken for leftovers.
TEST(GitProgram, a_lock_is_held_by_what_git_starts) {
  const TemporaryFolder folder;
  folder.write("lock", "");
  const FileDescriptor lock(::open((folder / "lock").c_str(), O_RDWR | O_CLOEXEC));
  const auto git = GitProgram::find(parse_git_url("file:///nowhere").value(), {}, folder / "gitconfig", {}).value();
  const auto output = git.run({.arguments = {"holder"},
                               .settings = {{"alias.holder", "!readlink /proc/self/fd/3; cat"}},
                               .input = "input\n",
                               .held_lock = lock.get()});
  ASSERT_TRUE(output) << describe(output.error());
  EXPECT_EQ(output->out, folder / "lock" + "\ninput\n");
}

}  // namespace
}  // namespace holdfast
