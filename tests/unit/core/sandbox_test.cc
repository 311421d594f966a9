#include "holdfast/base/sandbox.h"

#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>

#include "holdfast/base/process.h"
#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

// What a program might try, one a line; prints the names of what it could do.
constexpr const char* kAttempts = R"python(
import ctypes, os, socket
libc = ctypes.CDLL(None, use_errno=True)

def syscall(*numbers):
    if libc.syscall(*numbers) < 0:
        raise OSError(ctypes.get_errno(), "refused")

def overwrite():
    with open("/dev/null", "r") as there:
        os.ftruncate(os.open(folder + "/input", os.O_RDWR), 0)

folder = os.getcwd()
attempts = {
    "read input": lambda: open("input").read(),
    "read /etc/passwd": lambda: open("/etc/passwd").read(),
    "read outside": lambda: open(OUTSIDE).read(),
    "list /": lambda: 1 / len([n for n in os.listdir("/") if n in ("root", "home", "var")]),
    "write here": lambda: open(folder + "/new", "w"),
    "overwrite": overwrite,
    "remove": lambda: os.remove(folder + "/input"),
    "write /tmp": lambda: open("/tmp/holdfast-sandbox-test", "w"),
    "mkdir": lambda: os.mkdir(folder + "/made"),
    "memfd": lambda: os.memfd_create("x"),
    "tcp": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).connect(("127.0.0.1", 9)),
    "unix": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
    "fork": lambda: os._exit(0) if os.fork() == 0 else os.wait(),
    "run another": lambda: os.spawnv(os.P_WAIT, "/bin/true", ["true"]) == 0 or 1 / 0,
    "signal parent": lambda: os.kill(os.getppid() or 2, 0),
    "ptrace": lambda: syscall(101, 0, 0, 0, 0),
    "unshare": lambda: syscall(272, 0x10000000),
    "environment": lambda: os.environ["PATH"],
}
for name, attempt in attempts.items():
    try:
        attempt()
        print(name)
    except (OSError, KeyError, ZeroDivisionError):
        pass
import threading
done = []
thread = threading.Thread(target=lambda: done.append(1))
thread.start()
thread.join()
print("thread")
)python";

struct World {
  TemporaryFolder folder, outside;
  World() {
    folder.write("input", "here");
    outside.write("secret", "not here");
  }
  [[nodiscard]] ProcessSpec python(const std::string& script, const SandboxLayers& layers) const {
    ProcessSpec spec;
    spec.argv = {"/usr/bin/python3", "-I", "-S", "-c", script};
    spec.environment = {"HOME=/"};
    spec.directory = folder.path();
    spec.confinement = Confinement{.folder = folder.path(),
                                   .loadable = {"/lib", "/lib64", "/usr/lib", "/usr/bin/python3", "/etc/ld.so.cache"},
                                   .layers = layers};
    return spec;
  }
  [[nodiscard]] std::string attempts(const SandboxLayers& layers) const {
    const auto output =
        run_program(python(fmt::format("OUTSIDE = '{}/secret'\n{}", outside.path(), kAttempts), layers));
    if (!output) return describe(output.error());
    return output->out + output->err;
  }
};

TEST(Sandbox, a_program_may_read_its_folder_and_nothing_else) {
  EXPECT_EQ(World().attempts(sandbox_layers()), "read input\nthread\n") << sandbox_layers().missing;
}

TEST(Sandbox, the_filter_alone_keeps_it_from_writing_from_the_network_and_from_others) {
  if (!sandbox_layers().filter) GTEST_SKIP() << sandbox_layers().missing;
  EXPECT_EQ(World().attempts({.filter = true}), "read input\nread /etc/passwd\nread outside\nlist /\nthread\n");
}

TEST(Sandbox, with_landlock_beside_it_it_reads_nothing_else_either) {
  if (!sandbox_layers().filter || sandbox_layers().landlock == 0) GTEST_SKIP() << sandbox_layers().missing;
  EXPECT_EQ(World().attempts({.landlock = sandbox_layers().landlock, .filter = true}), "read input\nthread\n");
}

TEST(Sandbox, namespaces_alone_show_it_nothing_else_and_no_network) {
  if (!sandbox_layers().namespaces) GTEST_SKIP() << sandbox_layers().missing;
  const std::string could = World().attempts({.namespaces = true});
  for (const char* refused : {"read /etc/passwd", "read outside", "list /", "write here", "overwrite", "remove",
                              "write /tmp", "tcp", "run another"})
    EXPECT_EQ(could.find(refused), std::string::npos) << could;
}

TEST(Sandbox, without_a_layer_that_keeps_it_off_the_network_it_is_not_run) {
  const World world;
  const auto output = run_program(world.python("print(1)", {.landlock = sandbox_layers().landlock}));
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().kind, ErrorKind::Internal);
  EXPECT_NE(output.error().message.find("network"), std::string::npos) << output.error().message;
}

TEST(Sandbox, memory_is_bounded) {
  const World world;
  auto spec = world.python("x = bytearray(400 << 20)\nprint(len(x))", sandbox_layers());
  spec.confinement->memory_bytes = std::size_t{200} << 20;
  const auto output = run_program(spec);
  ASSERT_TRUE(output) << describe(output.error());
  EXPECT_NE(output->exit_status, 0);
  EXPECT_NE(output->err.find("MemoryError"), std::string::npos) << output->err;
}

TEST(Sandbox, its_time_is_bounded) {
  const World world;
  auto spec = world.python("while True: pass", sandbox_layers());
  spec.deadline = std::chrono::milliseconds(200);
  const auto output = run_program(spec);
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().kind, ErrorKind::Timeout);
}

TEST(Sandbox, a_program_that_is_not_there_is_not_found) {
  const World world;
  auto spec = world.python("", sandbox_layers());
  spec.argv.front() = "/usr/bin/no-such-program";
  const auto output = run_program(spec);
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().kind, ErrorKind::NotFound) << describe(output.error());
}

TEST(Sandbox, says_which_layers_there_are) {
  EXPECT_EQ(describe(SandboxLayers{.namespaces = true, .landlock = 7, .filter = true}),
            "namespaces of its own, Landlock 7 and a filter of system calls");
  EXPECT_EQ(describe(SandboxLayers{}), "nothing");
}

}  // namespace
}  // namespace holdfast
