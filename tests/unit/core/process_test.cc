#include "holdfast/base/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>

#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

ProcessSpec shell(const std::string& script) {
  ProcessSpec spec;
  spec.argv = {"/bin/sh", "-c", script};
  spec.environment = {"A=b", std::string("PATH=") + kProgramPath};
  return spec;
}

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

TEST(Process, output_status_and_environment_are_its_own) {
  auto output = run_program(shell("echo $A$HOME; echo bad >&2; cat; exit 3"));
  ASSERT_TRUE(output);
  EXPECT_EQ(output->out, "b\n");
  EXPECT_EQ(output->err, "bad\n");
  EXPECT_EQ(output->exit_status, 3);
}

TEST(Process, input_is_read_to_its_end_however_much_it_is) {
  auto spec = shell("cat");
  for (const std::size_t size_bytes : {std::size_t{1}, std::size_t{100'000}, kInputLimitBytes}) {
    spec.input = std::string(size_bytes - 1, 'x') + "\n";
    auto output = run_program(spec);
    ASSERT_TRUE(output) << describe(output.error());
    EXPECT_TRUE(output->out == spec.input) << output->out.size() << " bytes of " << size_bytes;
  }
  spec.argv[2] = "exit 0";  // one that does not read it
  EXPECT_TRUE(run_program(spec));
  spec.input += "x";
  EXPECT_EQ(run_program(spec).error().kind, ErrorKind::TooLarge);
}

TEST(Process, a_held_descriptor_stays_open_in_what_it_starts) {
  const TemporaryFolder folder;
  folder.write("held", "");
  const int held = ::open((folder / "held").c_str(), O_RDONLY | O_CLOEXEC);
  auto spec = shell("sh -c 'readlink /proc/self/fd/3; ls /proc/self/fd | wc -l'");
  spec.held_descriptor = held;
  auto output = run_program(spec);
  ::close(held);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->out, folder / "held" + "\n5\n");
}

TEST(Process, no_other_descriptor_is_inherited) {
  const int kept = ::open("/dev/null", O_RDONLY);  // without close-on-exec
  auto output = run_program(shell("ls /proc/self/fd | wc -l"));
  ::close(kept);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->out, "4\n");  // 0, 1, 2 and the folder that ls reads
}

// A named pipe whose only writers are the program and what it started: its end is heard when the last of them is dead.
class LastWriter {
 public:
  LastWriter() {
    if (::mkfifo(path_.c_str(), 0600) != 0) std::abort();
    fd_ = ::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  }
  LastWriter(const LastWriter&) = delete;
  LastWriter& operator=(const LastWriter&) = delete;
  ~LastWriter() { ::close(fd_); }

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool died() const {
    pollfd wanted{fd_, POLLIN, 0};
    return ::poll(&wanted, 1, 20'000) == 1 && (wanted.revents & POLLHUP) != 0;
  }

 private:
  TemporaryFolder folder_;
  std::string path_ = folder_ / "writers";
  int fd_ = -1;
};

TEST(Process, a_deadline_kills_the_whole_group) {
  const LastWriter writers;
  auto spec = shell("exec 3>" + writers.path() + "; sleep 1000 & wait");
  spec.deadline = std::chrono::milliseconds(200);
  auto output = run_program(spec);
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().kind, ErrorKind::Timeout);
  EXPECT_TRUE(writers.died());
}

TEST(Process, what_a_program_leaves_behind_neither_blocks_nor_lives_on) {
  const LastWriter writers;
  auto output = run_program(shell("exec 3>" + writers.path() + "; echo started; sleep 1000 &"));
  ASSERT_TRUE(output);
  EXPECT_EQ(output->out, "started\n");
  EXPECT_TRUE(writers.died());
}

TEST(Process, output_is_bounded) {
  auto spec = shell("yes");
  spec.stdout_limit_bytes = 100'000;
  auto output = run_program(spec);
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().kind, ErrorKind::TooLarge);
}

TEST(Process, error_output_is_cut_and_does_not_block_it) {
  auto spec = shell("head -c 1000000 /dev/zero >&2");
  spec.stderr_limit_bytes = 10;
  auto output = run_program(spec);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->exit_status, 0);
  EXPECT_EQ(output->err.size(), 10u);
}

TEST(Process, a_stop_request_ends_it) {
  std::stop_source stop;
  stop.request_stop();
  auto spec = shell("sleep 1000");
  spec.stop = stop.get_token();
  auto output = run_program(spec);
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().kind, ErrorKind::Cancelled);
}

TEST(Process, a_signal_is_a_status_above_128) {
  auto output = run_program(shell("kill -9 $$"));
  ASSERT_TRUE(output);
  EXPECT_EQ(output->exit_status, 128 + SIGKILL);
}

TEST(Process, a_missing_program_is_not_found) {
  ProcessSpec spec;
  spec.argv = {"/nonexistent/program"};
  auto output = run_program(spec);
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().kind, ErrorKind::NotFound);
  EXPECT_FALSE(find_program("no-such-program-anywhere"));
}

TEST(Process, no_descriptor_leaks_whatever_the_end) {
  const auto before = open_descriptors();
  auto late = shell("sleep 1000");
  late.deadline = std::chrono::milliseconds(10);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(run_program(shell("true")));
    EXPECT_FALSE(run_program(late));
  }
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace holdfast
