#include "sources/git_mirror.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "holdfast/base/digest.h"
#include "sources/git_failure.h"
#include "sources/git_store.h"
#include "sources/git_url.h"

namespace holdfast {
namespace {

constexpr std::size_t kPatternLimit = 2'000;  // beyond, all refs are listed

std::string last_read_ref(const RefWish& wish) {
  return "refs/last/" + to_hex(sha256(wish.name + "\n" + wish.semver)).substr(0, 16);
}

}  // namespace

GitMirror::GitMirror(GitCache cache, GitCache history, std::chrono::milliseconds query_deadline)
    : cache_(std::move(cache)), history_(std::move(history)), query_deadline_(query_deadline) {}

Result<GitMirror> GitMirror::open(GitMirrorOptions options) {
  auto url = parse_git_url(options.url);
  if (!url) return std::unexpected(url.error());
  std::error_code failed;
  const std::filesystem::path folder = std::filesystem::absolute(options.cache_folder, failed);
  std::filesystem::create_directories(folder, failed);
  if (failed)
    return fail(ErrorKind::Invalid, fmt::format("cannot make the cache folder: {}", failed.message()), folder.string(),
                "give a folder that may be written to");
  GitCacheOptions kept{.repository = (folder / (to_hex(sha256(url->text)) + ".git")).string(),
                       .query_deadline = options.query_deadline,
                       .fetch_deadline = options.fetch_deadline,
                       .blobs_per_fetch = options.blobs_per_fetch,
                       .pack_limit = options.pack_limit};
  auto git = GitProgram::find(std::move(*url), std::move(options.credentials), (folder / "gitconfig").string(),
                              std::move(options.stop));
  if (!git) return std::unexpected(git.error());
  GitCacheOptions of_history = kept;
  of_history.repository = kept.repository.substr(0, kept.repository.size() - 4) + ".history.git";
  GitCache history(*git, std::move(of_history));  // prepared when somebody asks for it
  GitCache cache(std::move(*git), std::move(kept));
  if (auto prepared = cache.prepare(); !prepared) return std::unexpected(prepared.error());
  return GitMirror(std::move(cache), std::move(history), options.query_deadline);
}

Result<RemoteRefs> GitMirror::list_refs(std::vector<std::string> patterns) const {
  patterns.insert(patterns.begin(), {"ls-remote", "--symref", "--", url()});
  auto output = cache_.git().run({.arguments = std::move(patterns), .deadline = query_deadline_});
  if (!output) return std::unexpected(output.error());
  if (output->exit_status != 0) return std::unexpected(git_failure(output->err, url()));
  return RemoteRefs::parse(output->out, url());
}

Result<ResolvedRef> GitMirror::resolve(const std::string& ref) const {
  return std::move(resolve_all({RefWish{ref}}).front());
}

std::vector<Result<ResolvedRef>> GitMirror::resolve_all(const std::vector<RefWish>& wishes) const {
  return list(wishes, {}).found;
}

GitMirror::Listing GitMirror::list(const std::vector<RefWish>& wishes, const std::vector<std::string>& wanted) const {
  std::set<std::string> patterns(wanted.begin(), wanted.end());
  for (const RefWish& wish : wishes)
    if (check_git_ref(wish.name))
      for (std::string& pattern : patterns_of(wish)) patterns.insert(std::move(pattern));
  if (patterns.size() > kPatternLimit) patterns = {"HEAD", "refs/heads/*", "refs/tags/*"};
  Result<RemoteRefs> refs = RemoteRefs{};
  if (!patterns.empty()) refs = list_refs({patterns.begin(), patterns.end()});
  std::vector<Result<ResolvedRef>> all;
  all.reserve(wishes.size());
  for (const RefWish& wish : wishes) {
    if (!refs && !is_commit_id(wish.name)) {
      all.emplace_back(std::unexpected(refs.error()));
      continue;
    }
    auto resolved = resolve_wish(wish, refs ? *refs : RemoteRefs{}, url());
    const bool named = wish.semver.empty() && !wish.name.empty();
    if (!resolved && resolved.error().kind == ErrorKind::NotFound && named)
      resolved.error() = no_such_ref(std::move(resolved.error()), wish);
    all.push_back(std::move(resolved));
  }
  return {std::move(all), std::move(refs)};
}

Result<std::vector<ResolvedRef>> GitMirror::resolve_and_bring(const std::vector<ResolvedRef>& before) const {
  std::vector<std::string> refs;
  for (const ResolvedRef& one : before) {
    // The name of the default branch is what the remote says.
    if (auto checked = check_git_ref(one.remote_ref); !checked) return std::unexpected(checked.error());
    refs.push_back(one.remote_ref);
  }
  const auto commits = cache_.bring_refs(refs);
  if (!commits) return std::unexpected(commits.error());
  std::vector<ResolvedRef> now;
  for (std::size_t i = 0; i < refs.size(); ++i) now.push_back(resolved_as(refs[i], (*commits)[i]));
  return now;
}

// Those that exist were not asked for, so that a repository of many is not listed each time.
Error GitMirror::no_such_ref(Error error, const RefWish& wish) const {
  const auto refs = list_refs({"refs/heads/*", "refs/tags/*"});
  if (!refs) return error;
  if (refs->objects.empty()) {
    error.hint = "the repository has no branch and no tag yet";
    return error;
  }
  const auto again = resolve_wish(wish, *refs, url());
  return again ? error : again.error();
}

Result<void> GitMirror::verify(const ResolvedRef& resolved, SignatureMode mode, const SignatureCheck& check) const {
  const bool of_tag = mode != SignatureMode::Head && !resolved.tag_object.empty();
  // The tag brings its commit along.
  const std::string& wanted = of_tag ? resolved.tag_object : resolved.object;
  if (auto brought = cache_.bring_trees(wanted); !brought) return brought;
  return verify_revision(cache_.git(), cache_.repository(),
                         {.commit = resolved.object, .tag_object = resolved.tag_object, .ref = resolved.remote_ref},
                         mode, check);
}

Result<std::map<int, LineCommit>> GitMirror::blame(const ResolvedRef& resolved, const std::string& file,
                                                   const std::vector<LineRange>& lines) const {
  if (auto prepared = history_.prepare(); !prepared) return std::unexpected(prepared.error());
  return holdfast::blame(history_, resolved.object, file, lines);
}

Result<std::unique_ptr<RevisionTree>> GitMirror::tree(const ResolvedRef& resolved, CommitTime time,
                                                      bool following) const {
  auto tree = open_commit_tree(cache_, resolved.object, resolved.revision, time, following);
  if (!tree && tree.error().where.empty()) tree.error().where = url();
  return tree;
}

// A ref that cannot be written is missed by nobody but a restart without the remote.
void GitMirror::note_read(const RefWish& wish, const ResolvedRef& at) const {
  const auto store = GitStore::open(cache_.repository());
  if (!store) return;
  const auto commit = store->commit(at.object);
  if (commit) (void)store->set_ref(last_read_ref(wish), commit->id);
}

Result<ResolvedRef> GitMirror::last_read(const RefWish& wish) const {
  const auto store = GitStore::open(cache_.repository());
  if (!store) return std::unexpected(store.error());
  const auto commit = store->ref_target(last_read_ref(wish));
  if (!commit) return std::unexpected(commit.error());
  return ResolvedRef{*commit, wish.name, (wish.name.empty() ? "" : wish.name + "@") + "sha1:" + *commit};
}

Result<SourceTree> GitMirror::load(const ResolvedRef& resolved, const std::string& subpath, const ReadLimits& limits,
                                   const FileChoice& choice) const {
  const auto normal = normal_subpath(subpath);
  if (!normal) return std::unexpected(normal.error());
  auto opened = tree(resolved);
  if (!opened) return std::unexpected(opened.error());
  auto read = read_files(**opened, *normal, limits, choice);
  if (!read && read.error().where.empty()) read.error().where = url();
  return read;
}

}  // namespace holdfast
