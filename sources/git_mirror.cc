#include "sources/git_mirror.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "holdfast/base/digest.h"
#include "sources/commit_tree.h"
#include "sources/git_failure.h"
#include "sources/git_url.h"

namespace holdfast {
namespace {

std::string_view short_name(std::string_view ref) {
  for (std::string_view prefix : {"refs/heads/", "refs/tags/"})
    if (ref.starts_with(prefix)) return ref.substr(prefix.size());
  return ref;
}

ResolvedRef resolved_as(std::string ref, std::string object) {
  std::string revision = fmt::format("{}@sha1:{}", short_name(ref), object);
  return {std::move(object), std::move(ref), std::move(revision)};
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

Result<std::vector<GitMirror::RemoteRef>> GitMirror::list_refs(std::vector<std::string> patterns) const {
  patterns.insert(patterns.begin(), {"ls-remote", "--symref", "--", url()});
  auto output = cache_.git().run({.arguments = std::move(patterns), .deadline = query_deadline_});
  if (!output) return std::unexpected(output.error());
  if (output->exit_status != 0) return std::unexpected(git_failure(output->err, url()));
  std::vector<RemoteRef> refs;
  std::string symbolic_target;
  std::string_view text = output->out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos) continue;
    const std::string_view left = line.substr(0, tab), name = line.substr(tab + 1);
    if (left.starts_with("ref: ")) {
      symbolic_target = left.substr(5);  // the line that names the object follows
      continue;
    }
    if (!is_commit_id(left))
      return fail(ErrorKind::Invalid, "the repository does not name its objects by SHA-1", url(),
                  "SHA-256 is not supported");
    refs.push_back(RemoteRef{std::string(name), std::string(left), name == "HEAD" ? symbolic_target : std::string()});
  }
  return refs;
}

Result<ResolvedRef> GitMirror::resolve(const std::string& ref) const {
  if (auto checked = check_git_ref(ref); !checked) return std::unexpected(checked.error());
  if (is_commit_id(ref)) return ResolvedRef{ref, {}, "sha1:" + ref};
  if (!ref.empty() && ref != "HEAD") return resolve_name(ref);
  auto refs = list_refs({"HEAD"});
  if (!refs) return std::unexpected(refs.error());
  for (RemoteRef& found : *refs)
    if (found.name == "HEAD") {
      const bool named = !found.symbolic_target.empty();
      return resolved_as(named ? std::move(found.symbolic_target) : "HEAD", std::move(found.object));
    }
  return fail(ErrorKind::NotFound, "the repository's default branch has no commit yet", url(),
              "push one, or give --ref");
}

Result<ResolvedRef> GitMirror::resolve_name(const std::string& ref) const {
  const bool full = ref.starts_with("refs/");
  const std::string branch = full ? ref : "refs/heads/" + ref, tag = full ? ref : "refs/tags/" + ref;
  auto refs = list_refs({branch, tag, tag + "^{}"});
  if (!refs) return std::unexpected(refs.error());
  // A pattern matches the end of longer names as well.
  auto object_of = [&](const std::string& name) -> std::optional<std::string> {
    for (const RemoteRef& found : *refs)
      if (found.name == name) return found.object;
    return std::nullopt;
  };
  auto peeled = object_of(tag + "^{}");
  if (!peeled) peeled = object_of(tag);
  const auto head = full ? std::nullopt : object_of(branch);
  if (head && peeled)
    return fail(ErrorKind::Invalid, fmt::format("{} is a branch and a tag", ref), url(),
                fmt::format("write --ref refs/heads/{0} or --ref refs/tags/{0}", ref));
  if (head) return resolved_as(branch, *head);
  if (peeled) return resolved_as(tag, *peeled);
  return std::unexpected(no_such_ref(ref));
}

Error GitMirror::no_such_ref(const std::string& ref) const {
  constexpr std::size_t kShown = 8;
  Error error{ErrorKind::NotFound, fmt::format("there is no branch or tag {}", ref), url(), "check --ref"};
  const auto refs = list_refs({"refs/heads/*", "refs/tags/*"});
  if (!refs) return error;
  std::string names;
  std::size_t count = 0;
  for (const RemoteRef& found : *refs) {
    if (found.name.ends_with("^{}") || ++count > kShown) continue;
    names += (names.empty() ? "" : ", ") + std::string(short_name(found.name));
  }
  if (count == 0)
    error.hint = "the repository has no branch and no tag yet";
  else
    error.hint =
        fmt::format("there are: {}{}", names, count > kShown ? fmt::format(" and {} more", count - kShown) : "");
  return error;
}

Result<std::map<int, LineCommit>> GitMirror::blame(const ResolvedRef& resolved, const std::string& file,
                                                   const std::vector<LineRange>& lines) const {
  if (auto prepared = history_.prepare(); !prepared) return std::unexpected(prepared.error());
  return holdfast::blame(history_, resolved.object, file, lines);
}

Result<std::unique_ptr<RevisionTree>> GitMirror::tree(const ResolvedRef& resolved) const {
  auto tree = open_commit_tree(cache_, resolved.object, resolved.revision);
  if (!tree && tree.error().where.empty()) tree.error().where = url();
  return tree;
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
