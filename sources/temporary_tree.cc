#include "sources/temporary_tree.h"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "holdfast/base/file_descriptor.h"

namespace holdfast {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "render.";

std::unexpected<Error> cannot(const char* what, const std::string& path, int error) {
  return fail(ErrorKind::Internal, fmt::format("cannot {}: {}", what, std::strerror(error)), path);
}

void remove_left_behind(const std::string& parent) {
  std::error_code failed;
  const auto now = fs::file_time_type::clock::now();
  for (fs::directory_iterator at(parent, failed), end; !failed && at != end; at.increment(failed)) {
    std::error_code gone;
    if (at->path().filename().string().starts_with(kPrefix) &&
        now - fs::last_write_time(at->path(), gone) > std::chrono::hours(1) && !gone)
      fs::remove_all(at->path(), gone);
  }
}

}  // namespace

Result<TemporaryTree> TemporaryTree::make(const std::string& parent) {
  std::error_code failed;
  fs::create_directories(parent, failed);
  remove_left_behind(parent);
  std::string folder = fmt::format("{}/{}XXXXXX", parent, kPrefix);
  if (::mkdtemp(folder.data()) == nullptr) return cannot("make a folder to render in", parent, errno);
  const fs::path whole = fs::canonical(folder, failed);
  return TemporaryTree(failed ? folder : whole.string());
}

TemporaryTree::TemporaryTree(TemporaryTree&& other) noexcept : folder_(std::exchange(other.folder_, {})) {}

TemporaryTree::~TemporaryTree() {
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

Result<void> TemporaryTree::make_folder(const std::string& path) {
  std::error_code failed;
  fs::create_directories(fs::path(folder_) / path, failed);
  if (failed) return cannot("make a folder", path, failed.value());
  return {};
}

Result<void> TemporaryTree::write(const std::string& path, const std::string& content) {
  if (auto made = make_folder(fs::path(path).parent_path().string()); !made) return made;
  const std::string whole = folder_ + "/" + path;
  const FileDescriptor file(::open(whole.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.valid()) return cannot("write a file to render", path, errno);
  std::string_view rest = content;
  while (!rest.empty()) {
    const ssize_t written = ::write(file.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return cannot("write a file to render", path, errno);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> TemporaryTree::link(const std::string& path, const std::string& target) {
  if (auto made = make_folder(fs::path(path).parent_path().string()); !made) return made;
  if (::symlink(target.c_str(), (folder_ + "/" + path).c_str()) != 0) return cannot("make a link", path, errno);
  return {};
}

}  // namespace holdfast
