// The Go program beside us: a line in, a line out.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace holdfast {

class OracleProcess {
 public:
  explicit OracleProcess(const std::string& program) {
    std::array<int, 2> in{}, out{};
    if (pipe(in.data()) != 0 || pipe(out.data()) != 0) std::abort();
    pid_ = fork();
    if (pid_ == 0) {
      dup2(in[0], 0);
      dup2(out[1], 1);
      for (const int fd : {in[0], in[1], out[0], out[1]}) close(fd);
      execl(program.c_str(), program.c_str(), static_cast<char*>(nullptr));
      std::perror(program.c_str());
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    to_ = fdopen(in[1], "w");
    from_ = fdopen(out[0], "r");
  }
  OracleProcess(const OracleProcess&) = delete;
  OracleProcess& operator=(const OracleProcess&) = delete;
  ~OracleProcess() {
    std::fclose(to_);
    std::fclose(from_);
    waitpid(pid_, nullptr, 0);
  }

  // In a thread of its own, so that neither side waits for the other with its pipe full. Join before the next.
  std::jthread send(const std::vector<std::string>& lines) {
    return std::jthread([this, &lines] {
      for (const std::string& line : lines) {
        std::fwrite(line.data(), 1, line.size(), to_);
        std::fputc('\n', to_);
      }
      std::fflush(to_);
    });
  }

  std::string receive() {
    std::string line;
    flockfile(from_);
    for (int c = getc_unlocked(from_); c != '\n'; c = getc_unlocked(from_)) {
      if (c == EOF) {
        std::cerr << "the Go program ended early\n";
        std::exit(2);
      }
      line += static_cast<char>(c);
    }
    funlockfile(from_);
    return line;
  }

 private:
  FILE* to_ = nullptr;
  FILE* from_ = nullptr;
  pid_t pid_ = 0;
};

}  // namespace holdfast
