#include "sources/artifact_store.h"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

namespace holdfast {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPieceBytes = std::size_t{64} << 10;
constexpr std::size_t kLongestNoteBytes = std::size_t{64} << 10;
constexpr std::size_t kHexBytes = 64;
constexpr std::chrono::hours kLeftoverAge{24};  // what is still coming in after that never will be whole

std::unexpected<Error> cannot(const char* verb, const std::string& path) {
  return fail(ErrorKind::Internal, fmt::format("cannot {} {}: {}", verb, path, std::strerror(errno)), {},
              "check the cache folder and the room on its disk");
}

// The digest of all that follows, from the beginning on; the place is at the beginning again afterwards.
std::optional<std::string> hex_of(const FileDescriptor& file) {
  std::array<char, kPieceBytes> piece{};
  Sha256Hasher hasher;
  while (true) {
    const auto got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    hasher.update({piece.data(), static_cast<std::size_t>(got)});
  }
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return std::nullopt;
  return to_hex(hasher.finish());
}

Result<FileDescriptor> new_file(std::string& path) {
  FileDescriptor file(::mkostemp(path.data(), O_CLOEXEC));
  if (!file.valid()) return cannot("make", path);
  return file;
}

Result<void> write_all(const FileDescriptor& file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const auto written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return cannot("write", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

struct Kept {
  fs::file_time_type used;
  std::uint64_t size_bytes;
  fs::path path;
};

std::vector<Kept> all_in(const std::string& folder) {
  std::vector<Kept> found;
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    std::error_code gone;
    Kept one{at->last_write_time(gone), at->file_size(gone), at->path()};
    if (!gone) found.push_back(std::move(one));
  }
  return found;
}

}  // namespace

Result<std::string> digest_hex(std::string_view digest) {
  constexpr std::string_view kAlgorithm = "sha256:";
  const std::string_view hex = digest.starts_with(kAlgorithm) ? digest.substr(kAlgorithm.size()) : std::string_view();
  if (hex.size() == kHexBytes && hex.find_first_not_of("0123456789abcdef") == std::string_view::npos)
    return std::string(hex);
  return fail(ErrorKind::Invalid, fmt::format("'{}' is no digest that is supported", digest.substr(0, 100)), {},
              "write it as sha256: and 64 hexadecimal digits in lower case");
}

Result<ArtifactStore> ArtifactStore::open(ArtifactStoreOptions options) {
  std::error_code failed;
  for (const char* below : {"/sha256", "/notes"}) {
    fs::create_directories(options.folder + below, failed);
    if (failed)
      return fail(ErrorKind::Invalid, fmt::format("cannot make the cache folder: {}", failed.message()), options.folder,
                  "give a folder that may be written to");
  }
  return ArtifactStore(std::move(options));
}

std::string ArtifactStore::path_of(std::string_view hex) const {
  return fmt::format("{}/sha256/{}", options_.folder, hex);
}

std::string ArtifactStore::note_path(std::string_view name) const {
  return fmt::format("{}/notes/{}", options_.folder, to_hex(sha256(name)));
}

Result<FileDescriptor> ArtifactStore::find(const std::string& digest) const {
  const auto hex = digest_hex(digest);
  if (!hex) return std::unexpected(hex.error());
  const std::string path = path_of(*hex);
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid() && errno != ENOENT) return cannot("open", path);
  if (!file.valid()) return fail(ErrorKind::NotFound, fmt::format("{} is not in the cache", digest));
  if (hex_of(file) != *hex) {
    ::unlink(path.c_str());
    return fail(ErrorKind::NotFound, fmt::format("{} was damaged in the cache", digest));
  }
  ::futimens(file.get(), nullptr);  // it was used now
  return file;
}

Result<ArtifactStore::Incoming> ArtifactStore::begin() const {
  std::string path = options_.folder + "/sha256/new.XXXXXX";
  auto file = new_file(path);
  if (!file) return std::unexpected(file.error());
  return Incoming(*this, std::move(*file), std::move(path));
}

ArtifactStore::Incoming::Incoming(const ArtifactStore& store, FileDescriptor file, std::string path)
    : store_(&store), file_(std::move(file)), path_(std::move(path)) {}

ArtifactStore::Incoming::~Incoming() {
  if (!path_.empty() && file_.valid()) ::unlink(path_.c_str());
}

Result<void> ArtifactStore::Incoming::write(std::string_view bytes) {
  hasher_.update(bytes);
  size_bytes_ += bytes.size();
  return write_all(file_, bytes, path_);
}

Result<ArtifactStore::Incoming::Stored> ArtifactStore::Incoming::finish(const std::string& digest) {
  const std::string hex = to_hex(hasher_.finish());
  std::string has = "sha256:" + hex;
  if (!digest.empty() && digest != has)
    return fail(ErrorKind::Protocol, fmt::format("what came has the digest {} and not {}", has, digest), {},
                "somebody changed it, or it was damaged on its way; nothing of it is used");
  const std::string path = store_->path_of(hex);
  if (::lseek(file_.get(), 0, SEEK_SET) != 0 || ::rename(path_.c_str(), path.c_str()) != 0) return cannot("keep", path);
  path_.clear();
  store_->make_room(path);
  return Stored{std::move(file_), std::move(has)};
}

void ArtifactStore::make_room(const std::string& newest) const {
  std::vector<Kept> all = all_in(options_.folder + "/sha256");
  std::ranges::sort(all, {}, &Kept::used);
  std::uint64_t total_bytes = 0;
  for (const Kept& one : all) total_bytes += one.size_bytes;
  const auto now = fs::file_time_type::clock::now();
  for (const Kept& one : all) {
    const bool coming = one.path.filename().string().starts_with("new.");
    if (coming ? now - one.used < kLeftoverAge : total_bytes <= options_.limit_bytes || one.path == newest) continue;
    total_bytes -= one.size_bytes;
    std::error_code gone;
    fs::remove(one.path, gone);
  }
}

std::optional<std::string> ArtifactStore::note(std::string_view name) const {
  std::ifstream in(note_path(name), std::ios::binary);
  std::string text(kHexBytes + 1 + kLongestNoteBytes, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  if (text.size() <= kHexBytes || text[kHexBytes] != '\n') return std::nullopt;
  std::string said = text.substr(kHexBytes + 1);
  if (to_hex(sha256(fmt::format("{}\n{}", name, said))) != text.substr(0, kHexBytes)) return std::nullopt;
  return said;
}

Result<void> ArtifactStore::keep_note(std::string_view name, const std::string& text) const {
  if (text.size() > kLongestNoteBytes) return fail(ErrorKind::TooLarge, "a note for the cache is too long");
  const std::string path = note_path(name);
  std::string beside = options_.folder + "/notes/new.XXXXXX";
  auto file = new_file(beside);
  if (!file) return std::unexpected(file.error());
  const std::string hex = to_hex(sha256(fmt::format("{}\n{}", name, text)));
  auto kept = write_all(*file, fmt::format("{}\n{}", hex, text), beside);
  if (kept && ::rename(beside.c_str(), path.c_str()) != 0) kept = cannot("keep", path);
  if (!kept) ::unlink(beside.c_str());
  return kept;
}

}  // namespace holdfast
