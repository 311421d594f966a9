#include "sources/git_cache.h"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

#include "sources/git_failure.h"
#include "sources/git_store.h"

namespace holdfast {
namespace {

namespace fs = std::filesystem;

// A remote of this name is known during a call only: git wants one that promised to hand out later what it leaves now.
constexpr const char* kRemote = "holdfast";

// What of a push is fetched unasked: most manifests are smaller.
constexpr const char* kSmallContents = "--filter=blob:limit=131072";

std::string incoming_ref(std::size_t index) { return fmt::format("refs/incoming/{}", index); }

std::string kept_ref(const std::string& commit) { return "refs/holdfast/" + commit; }

std::unexpected<Error> cannot(const char* verb, const std::string& path, const std::string& why) {
  return fail(ErrorKind::Internal, fmt::format("cannot {} {}: {}", verb, path, why));
}

bool contains(const std::vector<std::string>& arguments, const char* wanted) {
  return std::ranges::find(arguments, wanted) != arguments.end();
}

}  // namespace

GitCache::GitCache(GitProgram git, GitCacheOptions options) : git_(std::move(git)), options_(std::move(options)) {}

Result<FileDescriptor> GitCache::lock() const {
  const std::string path = options_.repository + ".lock";
  FileDescriptor lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.valid()) return cannot("open", path, std::strerror(errno));
  const auto deadline = std::chrono::steady_clock::now() + options_.fetch_deadline;
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return cannot("lock", path, std::strerror(errno));
    if (git_.stop().stop_requested()) return fail(ErrorKind::Cancelled, "stopped");
    if (std::chrono::steady_clock::now() > deadline)
      return fail(ErrorKind::Timeout, fmt::format("another process holds {} for too long", path));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return lock;
}

Result<void> GitCache::prepare() const {
  auto held = lock();
  if (!held) return std::unexpected(held.error());
  if (auto written = git_.write_configuration(options_.repository + ".gitconfig"); !written) return written;
  std::error_code failed;
  if (fs::exists(options_.repository + "/HEAD", failed)) return {};
  GitCache fresh = *this;
  fresh.options_.repository += ".new";
  if (auto made = fresh.initialize(*held); !made) return made;
  return replace_by(fresh);
}

Result<void> GitCache::initialize(const FileDescriptor& lock) const {
  std::error_code failed;
  fs::remove_all(options_.repository, failed);
  if (failed) return cannot("remove", options_.repository, failed.message());
  auto made = git_.run({.arguments = {"init", "--quiet", "--bare", "--template=", "--", options_.repository},
                        .deadline = options_.query_deadline,
                        .held_lock = lock.get()});
  if (!made) return std::unexpected(made.error());
  if (made->exit_status != 0) return std::unexpected(git_failure(made->err, options_.repository));
  return {};
}

// Who reads the old one meanwhile gets an error, and reads again.
Result<void> GitCache::replace_by(const GitCache& other) const {
  std::error_code failed;
  fs::remove_all(options_.repository, failed);
  if (!failed) fs::rename(other.options_.repository, options_.repository, failed);
  if (failed) return cannot("replace", options_.repository, failed.message());
  return {};
}

bool GitCache::has_trees(const std::string& commit) const {
  const auto store = GitStore::open(options_.repository);
  return store && store->ref_target(kept_ref(commit)) && store->commit(commit);
}

std::size_t GitCache::pack_count() const {
  std::error_code failed;
  std::size_t count = 0;
  for (fs::directory_iterator at(options_.repository + "/objects/pack", failed), end; !failed && at != end;
       at.increment(failed))
    count += at->path().extension() == ".idx" ? 1 : 0;
  return count;
}

// Of a git that was killed. Nobody else can be at work in here: the lock is held by each git as well.
void GitCache::remove_leftovers() const {
  std::error_code failed;
  std::vector<fs::path> left;
  for (fs::recursive_directory_iterator at(options_.repository, failed), end; !failed && at != end;
       at.increment(failed)) {
    const std::string name = at->path().filename().string();
    const bool object = at->path().string().starts_with(options_.repository + "/objects/");
    if (name.ends_with(".lock") || (object && name.starts_with("tmp_"))) left.push_back(at->path());
  }
  for (const fs::path& path : left) fs::remove(path, failed);
}

Result<void> GitCache::bring_trees(const std::string& commit, bool following) const {
  if (has_trees(commit)) return {};
  auto held = lock();
  if (!held) return std::unexpected(held.error());
  remove_leftovers();
  if (has_trees(commit)) return {};  // another process has brought it meanwhile
  if (pack_count() > options_.pack_limit) return rebuild(commit, *held);
  Result<void> done = fail(ErrorKind::Internal, "not tried");
  if (following) done = fetch_commit(commit, Contents::Small, *held);
  if (!done && done.error().kind == ErrorKind::Internal) done = fetch_commit(commit, Contents::Left, *held);
  if (done || done.error().kind != ErrorKind::Internal) return done;
  return rebuild(commit, *held);
}

Result<std::vector<std::string>> GitCache::bring_refs(const std::vector<std::string>& refs) const {
  auto held = lock();
  if (!held) return std::unexpected(held.error());
  remove_leftovers();
  if (pack_count() > options_.pack_limit) return fail(ErrorKind::Internal, "the cache is to be begun anew");
  std::vector<std::string> arguments = {"--depth=1", kSmallContents, "--", kRemote};
  for (std::size_t i = 0; i < refs.size(); ++i) arguments.push_back(fmt::format("+{}:{}", refs[i], incoming_ref(i)));
  const auto output = fetch(std::move(arguments), {}, *held);
  if (!output) return std::unexpected(output.error());
  if (output->exit_status != 0) return std::unexpected(git_failure(output->err, git_.url()));
  const auto store = GitStore::open(options_.repository);
  if (!store) return std::unexpected(store.error());
  std::vector<std::string> commits;
  for (std::size_t i = 0; i < refs.size(); ++i) {
    const auto object = store->ref_target(incoming_ref(i));
    const auto commit = object ? store->commit(*object) : std::unexpected(object.error());
    if (!commit) return std::unexpected(commit.error());
    if (auto kept = store->set_ref(kept_ref(commit->id), commit->id); !kept) return std::unexpected(kept.error());
    commits.push_back(commit->id);
  }
  return commits;
}

Result<void> GitCache::begin_anew(const std::string& commit) const {
  auto held = lock();
  if (!held) return std::unexpected(held.error());
  return rebuild(commit, *held);
}

Result<void> GitCache::rebuild(const std::string& commit, const FileDescriptor& lock) const {
  GitCache fresh = *this;
  fresh.options_.repository += ".new";
  if (auto made = fresh.initialize(lock); !made) return made;
  if (auto done = fresh.fetch_commit(commit, Contents::Left, lock); !done) return done;
  return replace_by(fresh);
}

Result<void> GitCache::bring_contents(const std::string& commit, const std::vector<std::string>& ids) const {
  auto held = lock();
  if (!held) return std::unexpected(held.error());
  remove_leftovers();
  const auto sent = fetch_blobs(ids, *held);
  if (!sent) return std::unexpected(sent.error());
  return *sent ? Result<void>() : fetch_commit(commit, Contents::Sent, *held);
}

Result<ProcessOutput> GitCache::fetch(std::vector<std::string> arguments, std::string input,
                                      const FileDescriptor& lock) const {
  GitCall call{.arguments = {"--git-dir=" + options_.repository, "fetch", "--quiet", "--no-tags",
                             "--no-write-fetch-head", "--no-auto-maintenance"},
               .deadline = options_.fetch_deadline,
               .input = std::move(input),
               .held_lock = lock.get()};
  if (contains(arguments, kRemote))
    call.settings = {{fmt::format("remote.{}.url", kRemote), git_.url()},
                     {fmt::format("remote.{}.promisor", kRemote), "true"},
                     {fmt::format("remote.{}.partialCloneFilter", kRemote), "blob:none"}};
  call.completes = contains(arguments, kSmallContents);
  // Contents that we have are not told: git would conclude that we have all of their commit.
  if (contains(arguments, "--stdin")) call.settings.emplace_back("fetch.negotiationAlgorithm", "noop");
  call.arguments.insert(call.arguments.end(), arguments.begin(), arguments.end());
  return git_.run(std::move(call));
}

Result<void> GitCache::fetch_commit(const std::string& commit, Contents contents, const FileDescriptor& lock) const {
  const char* const how = contents == Contents::Left    ? "--filter=blob:none"
                          : contents == Contents::Small ? kSmallContents
                                                        : "--refetch";
  std::vector<std::string> arguments = {"--depth=1", how, "--", contents == Contents::Sent ? git_.url() : kRemote,
                                        fmt::format("+{}:{}", commit, kept_ref(commit))};
  const auto output = fetch(std::move(arguments), {}, lock);
  if (!output) return std::unexpected(output.error());
  if (output->exit_status == 0) return {};
  if (!is_unadvertised_object(output->err)) return std::unexpected(git_failure(output->err, git_.url()));
  return fetch_history(commit, contents, lock);
}

// For servers that hand out branches and tags only: everything, and then look.
Result<void> GitCache::fetch_history(const std::string& commit, Contents contents, const FileDescriptor& lock) const {
  std::vector<std::string> arguments = {"--prune"};
  std::error_code failed;
  if (fs::exists(options_.repository + "/shallow", failed)) arguments.emplace_back("--unshallow");
  if (contents == Contents::Sent) arguments.emplace_back("--refetch");
  arguments.insert(arguments.end(),
                   {"--", git_.url(), "+refs/heads/*:refs/history/heads/*", "+refs/tags/*:refs/history/tags/*"});
  const auto output = fetch(std::move(arguments), {}, lock);
  if (!output) return std::unexpected(output.error());
  if (output->exit_status != 0) return std::unexpected(git_failure(output->err, git_.url()));
  const auto store = GitStore::open(options_.repository);
  if (!store || !store->commit(commit))
    return fail(ErrorKind::NotFound, fmt::format("no branch and no tag leads to commit {}", commit), git_.url(),
                "it may have been removed by a forced push; check --ref");
  const auto kept = git_.run({.arguments = {"--git-dir=" + options_.repository, "update-ref", kept_ref(commit), commit},
                              .deadline = options_.query_deadline,
                              .held_lock = lock.get()});
  if (!kept) return std::unexpected(kept.error());
  if (kept->exit_status != 0) return std::unexpected(git_failure(kept->err, options_.repository));
  return {};
}

// False where the server does not hand out single objects.
Result<bool> GitCache::fetch_blobs(const std::vector<std::string>& ids, const FileDescriptor& lock) const {
  for (std::size_t begin = 0; begin < ids.size(); begin += options_.blobs_per_fetch) {
    const std::size_t end = std::min(begin + options_.blobs_per_fetch, ids.size());
    std::string input;
    for (std::size_t i = begin; i < end; ++i) input += ids[i] + "\n";
    std::vector<std::string> arguments = {"--filter=blob:none", "--stdin", "--", kRemote};
    const auto output = fetch(std::move(arguments), std::move(input), lock);
    if (!output) return std::unexpected(output.error());
    if (output->exit_status == 0) continue;
    if (is_unadvertised_object(output->err)) return false;
    return std::unexpected(git_failure(output->err, git_.url()));
  }
  return true;
}

// History never leaves a cache by itself; one of many fetches is begun anew, as for contents.
Result<void> GitCache::bring_history(const std::string& commit) const {
  if (has_trees(commit)) return {};
  auto held = lock();
  if (!held) return std::unexpected(held.error());
  remove_leftovers();
  if (pack_count() <= options_.pack_limit) {
    auto done = fetch_all_before(commit, *held);
    if (done || done.error().kind != ErrorKind::Internal) return done;
  }
  GitCache fresh = *this;
  fresh.options_.repository += ".new";
  if (auto made = fresh.initialize(*held); !made) return made;
  if (auto done = fresh.fetch_all_before(commit, *held); !done) return done;
  return replace_by(fresh);
}

Result<void> GitCache::fetch_all_before(const std::string& commit, const FileDescriptor& lock) const {
  std::vector<std::string> arguments = {"--filter=blob:none", "--update-shallow", "--", kRemote,
                                        fmt::format("+{}:{}", commit, kept_ref(commit))};
  const auto output = fetch(std::move(arguments), {}, lock);
  if (!output) return std::unexpected(output.error());
  if (output->exit_status == 0) return {};
  if (!is_unadvertised_object(output->err)) return std::unexpected(git_failure(output->err, git_.url()));
  return fetch_history(commit, Contents::Left, lock);
}

// Nothing is fetched by asking: a remote that could hand it out is known during a fetch only.
Result<std::vector<std::string>> GitCache::missing_of(const std::vector<std::string>& ids) const {
  std::vector<std::string> missing;
  for (std::size_t begin = 0; begin < ids.size(); begin += options_.blobs_per_fetch) {
    GitCall call{.arguments = {"--git-dir=" + options_.repository, "cat-file", "--batch-check"},
                 .deadline = options_.query_deadline};
    for (std::size_t i = begin; i < std::min(begin + options_.blobs_per_fetch, ids.size()); ++i)
      call.input += ids[i] + "\n";
    const auto output = git_.run(std::move(call));
    if (!output) return std::unexpected(output.error());
    if (output->exit_status != 0) return std::unexpected(git_failure(output->err, options_.repository));
    std::string_view text = output->out;
    while (!text.empty()) {
      const std::string_view line = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(line.size() + 1, text.size()));
      if (line.ends_with(" missing")) missing.emplace_back(line.substr(0, line.find(' ')));
    }
  }
  return missing;
}

std::set<std::string> GitCache::cut_off() const {
  std::set<std::string> commits;
  std::ifstream shallow(options_.repository + "/shallow");
  for (std::string line; std::getline(shallow, line);) commits.insert(line);
  return commits;
}

Result<void> GitCache::bring_blobs(const std::vector<std::string>& ids, const std::string& commit) const {
  const auto missing = missing_of(ids);
  if (!missing) return std::unexpected(missing.error());
  if (missing->empty()) return {};
  const auto held = lock();
  if (!held) return std::unexpected(held.error());
  const auto sent = fetch_blobs(*missing, *held);
  if (!sent) return std::unexpected(sent.error());
  return *sent ? Result<void>() : fetch_history(commit, Contents::Sent, *held);
}

}  // namespace holdfast
