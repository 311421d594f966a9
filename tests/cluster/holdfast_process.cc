#include "cluster/holdfast_process.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <optional>
#include <stdexcept>

#include "cluster/control_plane.h"

namespace holdfast::cluster {
namespace {

std::vector<std::string> command_of(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), required_environment("HOLDFAST_BINARY"));
  return arguments;
}

}  // namespace

HoldfastProcess::HoldfastProcess(std::vector<std::string> arguments, const Environment& environment) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
  const auto [read_end, write_end] = ends;
  try {
    child_ = std::make_unique<ChildProcess>(command_of(std::move(arguments)), environment,
                                            ChildProcess::Streams{.out = write_end, .err = write_end});
  } catch (...) {
    close(read_end);
    close(write_end);
    throw;
  }
  close(write_end);
  reader_ = std::jthread([this, descriptor = read_end] { read_lines(descriptor); });
}

// The program ends first, so that its end of the pipe closes and the reader, joined after this, sees it.
HoldfastProcess::~HoldfastProcess() { child_.reset(); }

void HoldfastProcess::read_lines(int descriptor) {
  std::string pending;
  std::array<char, 65536> buffer{};
  ssize_t size = 0;
  while ((size = read(descriptor, buffer.data(), buffer.size())) > 0 || (size < 0 && errno == EINTR)) {
    if (size > 0) pending.append(buffer.data(), static_cast<std::size_t>(size));
    take(pending);
  }
  close(descriptor);
  const std::lock_guard lock(mutex_);
  if (!pending.empty()) lines_.push_back(pending);
  ended_ = true;
  changed_.notify_all();
}

void HoldfastProcess::take(std::string& pending) {
  const std::lock_guard lock(mutex_);
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = pending.find('\n', begin)) != std::string::npos; begin = end + 1) {
    lines_.push_back(pending.substr(begin, end - begin));
  }
  pending.erase(0, begin);
  if (begin > 0) changed_.notify_all();
}

std::string HoldfastProcess::wait_for_line(std::string_view text, std::chrono::milliseconds deadline,
                                           std::size_t from) {
  std::unique_lock lock(mutex_);
  std::optional<std::string> found;
  std::size_t next = from;
  const auto look = [&] {
    for (; !found && next < lines_.size(); ++next) {
      if (lines_[next].contains(text)) found = lines_[next];
    }
    return found.has_value() || ended_;
  };
  changed_.wait_for(lock, deadline, look);
  if (found) return *found;
  const std::string why = ended_ ? "holdfast ended without saying \"" : "holdfast did not say in time \"";
  lock.unlock();
  throw std::runtime_error(why + std::string(text) + "\"; it said:\n" + output());
}

std::size_t HoldfastProcess::line_count() const {
  const std::lock_guard lock(mutex_);
  return lines_.size();
}

std::vector<std::string> HoldfastProcess::lines(std::size_t from) const {
  const std::lock_guard lock(mutex_);
  return {lines_.begin() + static_cast<std::ptrdiff_t>(std::min(from, lines_.size())), lines_.end()};
}

std::string HoldfastProcess::output() const {
  std::string all;
  for (const std::string& line : lines()) all += line + "\n";
  return all;
}

int HoldfastProcess::wait_exit(std::chrono::milliseconds deadline) {
  const std::optional<int> code = child_->wait(deadline);
  if (!code) throw std::runtime_error("holdfast did not end in time; it said:\n" + output());
  // What it printed last is in the pipe yet.
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::seconds{1}, [this] { return ended_; });
  return *code;
}

int HoldfastProcess::stop(std::chrono::milliseconds deadline) {
  signal(SIGTERM);
  return wait_exit(deadline);
}

Finished HoldfastProcess::run(std::vector<std::string> arguments, const Environment& environment,
                              std::chrono::milliseconds deadline) {
  return cluster::run(command_of(std::move(arguments)), {}, environment, deadline);
}

}  // namespace holdfast::cluster
