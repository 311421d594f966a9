#include "app/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

namespace holdfast {

bool Progress::on_terminal() { return isatty(STDERR_FILENO) == 1; }

std::size_t Progress::columns() {
  constexpr std::size_t kLeast = 20, kUsual = 80;
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < kLeast) return kUsual;
  return size.ws_col;
}

std::string Progress::text(std::size_t done, std::size_t total) {
  return "applying: " + std::to_string(done) + " of " + std::to_string(total) + " objects";
}

void Progress::start(std::size_t total) {
  running_ = enabled_;
  done_ = 0;
  total_ = total;
}

bool Progress::advance() {
  if (!running_) return false;
  ++done_;
  std::fprintf(stderr, "\r\033[K%s", text(done_, total_).c_str());
  return true;
}

void Progress::clear() const {
  if (running_) std::fputs("\r\033[K", stderr);
}

void Progress::finish() {
  clear();
  enabled_ = running_ = false;
}

}  // namespace holdfast
