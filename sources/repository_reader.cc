#include "sources/repository_reader.h"

#include <spdlog/fmt/fmt.h>
#include <time.h>

#include <algorithm>
#include <map>
#include <utility>

#include "sources/renderer.h"

namespace holdfast {
namespace {

constexpr std::size_t kVerifiedKept = 64;

std::chrono::microseconds thread_cpu() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::microseconds(used.tv_nsec / 1000);
}

}  // namespace

RepositoryReader::RepositoryReader(GitMirrorOptions options, bool follows_itself,
                                   std::shared_ptr<ReadCounters> counters)
    : options_(std::move(options)), follows_itself_(follows_itself), counters_(std::move(counters)) {}

Result<void> RepositoryReader::open() {
  if (mirror_) return {};
  auto opened = GitMirror::open(options_);
  if (!opened) return std::unexpected(opened.error());
  const std::scoped_lock lock(mirror_mutex_);
  mirror_ = std::make_shared<const GitMirror>(std::move(*opened));
  return {};
}

void RepositoryReader::use(const GitCredentials& credentials) {
  options_.credentials = credentials;
  const std::scoped_lock lock(mirror_mutex_);
  mirror_.reset();
}

// Applications whose signers are the same are told by one check.
Result<void> RepositoryReader::verify(const ResolvedRef& at, const SourceTrust& trust) {
  if (trust.signatures == nullptr) return {};
  const std::string what = fmt::format("{} {} {} {} {}", static_cast<int>(trust.mode), at.object, at.tag_object,
                                       at.remote_ref, trust.signatures->identity());
  if (const auto known = verified_.find(what); known != verified_.end()) return known->second;
  auto verified = mirror_->verify(at, trust.mode, *trust.signatures);
  if (!verified && verified.error().kind != ErrorKind::Invalid) return verified;  // it could not be told
  if (verified_.size() >= kVerifiedKept) verified_.clear();
  verified_.emplace(what, verified);
  return verified;
}

std::vector<Result<ResolvedRef>> RepositoryReader::resolve(const std::vector<RefWish>& wishes, bool pushed) {
  if (auto opened = open(); !opened) return {wishes.size(), std::unexpected(opened.error())};
  ++counters_->queries;
  if (const auto known = known_branches(wishes); pushed && !known.empty())
    if (auto now = mirror_->resolve_and_bring(known)) return {now->begin(), now->end()};
  return mirror_->resolve_all(wishes);
}

GitMirror::Listing RepositoryReader::list(const std::vector<RefWish>& wishes,
                                          const std::vector<std::string>& patterns) {
  if (auto opened = open(); !opened)
    return {{wishes.size(), std::unexpected(opened.error())}, std::unexpected(opened.error())};
  ++counters_->queries;
  return mirror_->list(wishes, patterns);
}

// In the order of the wishes; nothing where one of them is not the name of a ref whose commit is in the cache.
std::vector<ResolvedRef> RepositoryReader::known_branches(const std::vector<RefWish>& wishes) const {
  constexpr std::size_t kMost = 8;
  std::vector<ResolvedRef> known;
  for (const RefWish& wish : wishes) {
    const auto read = read_.find(wish);
    if (read == read_.end() || !wish.semver.empty() ||
        read->second.remote_ref.starts_with("refs/tags/") ||  // which are more than the commit that they name
        (!read->second.remote_ref.starts_with("refs/") && read->second.remote_ref != "HEAD"))
      return {};
    known.push_back(read->second);
  }
  return known.size() <= kMost ? known : std::vector<ResolvedRef>();
}

// A commit that was asked for by its id is the one that is meant, however old.
Result<std::shared_ptr<RevisionTree>> RepositoryReader::tree_of(const ResolvedRef& at) {
  if (auto opened = open(); !opened) return std::unexpected(opened.error());
  if (tree_ != nullptr && tree_->revision() == at.revision) return tree_;
  const bool ordered = !follows_itself_ && !at.remote_ref.empty();
  auto tree = mirror_->tree(at, ordered ? CommitTime::Told : CommitTime::Ignored, !read_.empty());
  if (!tree) return std::unexpected(tree.error());
  return std::shared_ptr<RevisionTree>(std::move(*tree));
}

// What is known to the cache, too, is what a restart without the remote may fall back on.
void RepositoryReader::note_read(const RefWish& wish, const ResolvedRef& at) {
  if (std::exchange(read_[wish], at).revision != at.revision) mirror_->note_read(wish, at);
}

std::vector<std::optional<BegunRevision>> RepositoryReader::unchanged(const std::vector<ReadTask>& tasks) {
  std::vector<std::optional<BegunRevision>> told(tasks.size());
  Result<std::shared_ptr<RevisionTree>> tree = nullptr;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (tasks[i].last == nullptr) continue;
    if (i == 0 || tasks[i].at.revision != tasks[i - 1].at.revision) tree = tree_of(tasks[i].at);
    if (!tree || *tree == nullptr) continue;
    note_read(tasks[i].wish, tasks[i].at);
    const auto same = has_same_inputs(**tree, tasks[i].last->inputs);
    if (!same || !*same) continue;
    ++counters_->kept;
    told[i] = BegunRevision{(*tree)->revision(), (*tree)->committed_s()};
  }
  tree_ = tree ? *tree : nullptr;
  return told;
}

Result<ReadResult> RepositoryReader::render(RevisionTree& tree, const ReadTask& task, ParsedFiles& parsed) const {
  auto rendered = holdfast::render(tree, task.files, parsed, options_.stop);
  if (!rendered) {
    if (rendered.error().where.empty()) rendered.error().where = mirror_->url();
    return std::unexpected(std::move(rendered.error()));
  }
  ++counters_->rendered;
  return ReadResult{std::make_shared<const Rendering>(std::move(*rendered)), {tree.revision(), tree.committed_s()}};
}

ReadEffort RepositoryReader::read(std::vector<ReadTask> tasks, const Done& done) {
  const auto begun = std::chrono::steady_clock::now();
  const auto cpu_before = thread_cpu();
  const std::uint64_t processes = GitProgram::started(), rendered = counters_->rendered, kept = counters_->kept;
  const std::size_t asked = tasks.size();
  std::map<std::string, std::vector<std::size_t>> by_revision;
  for (std::size_t i = 0; i < tasks.size(); ++i) by_revision[tasks[i].at.revision].push_back(i);
  for (const auto& [revision, which] : by_revision) {
    const ResolvedRef at = tasks[which.front()].at;
    read_at(at, tasks, which, done);
  }
  tree_.reset();
  ReadEffort effort;
  effort.rendered = counters_->rendered - rendered;
  effort.kept = counters_->kept - kept;
  effort.failed = asked - std::min(asked, effort.rendered + effort.kept);
  effort.git_processes = GitProgram::started() - processes;
  effort.took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begun);
  effort.cpu = thread_cpu() - cpu_before;
  return effort;
}

void RepositoryReader::read_at(const ResolvedRef& at, std::vector<ReadTask>& tasks,
                               const std::vector<std::size_t>& which, const Done& done) {
  auto tree = tree_of(at);
  if (tree)
    for (const std::size_t i : which) note_read(tasks[i].wish, at);
  std::vector<std::size_t> changed;
  std::vector<std::string> unknown;
  for (const std::size_t i : which) {
    if (!tree) {
      done(i, std::unexpected(tree.error()));
      continue;
    }
    if (auto verified = verify(at, tasks[i].files.trust); !verified) {
      done(i, std::unexpected(std::move(verified.error())));
      continue;
    }
    const auto same = tasks[i].last != nullptr ? has_same_inputs(**tree, tasks[i].last->inputs) : Result<bool>(false);
    if (same && !*same) {
      changed.push_back(i);
      continue;
    }
    if (same) ++counters_->kept;
    done(i, same ? Result<ReadResult>(ReadResult{tasks[i].last, {(*tree)->revision(), (*tree)->committed_s()}})
                 : std::unexpected(same.error()));
  }
  for (const std::size_t i : changed)
    if (auto paths = files_to_bring(**tree, tasks[i].files, parsed_))
      unknown.insert(unknown.end(), std::move_iterator(paths->begin()), std::move_iterator(paths->end()));
  const auto brought = unknown.empty() ? Result<void>() : (*tree)->bring(unknown);
  for (const std::size_t i : changed)
    done(i, brought ? render(**tree, tasks[i], parsed_) : std::unexpected(brought.error()));
}

Result<ReadResult> RepositoryReader::read_afresh(const RefWish& wish, const PlainFiles& files) {
  const auto at = resolve({wish}).front();
  if (!at) return std::unexpected(at.error());
  tree_.reset();
  auto tree = tree_of(*at);
  if (!tree) return std::unexpected(tree.error());
  if (auto verified = verify(*at, files.trust); !verified) return std::unexpected(std::move(verified.error()));
  ParsedFiles nothing;
  return render(**tree, {wish, *at, files, {}}, nothing);
}

Result<ReadResult> RepositoryReader::read_recorded(const ReadTask& task, const std::string& revision,
                                                   const std::string& content) {
  const auto at = parse_revision(revision);
  if (!at) return std::unexpected(at.error());
  auto tree = tree_of(*at);
  auto result = tree ? render(**tree, {task.wish, *at, task.files, {}}, parsed_) : std::unexpected(tree.error());
  if (result || content.empty() || !mirror_) return result;
  const auto last = mirror_->last_read(task.wish);
  tree = last ? tree_of(*last) : std::unexpected(last.error());
  auto later = tree ? render(**tree, {task.wish, *last, task.files, {}}, parsed_) : std::unexpected(tree.error());
  return later && later->rendering->manifests->content == content ? later : result;
}

Result<ObjectOrigin> RepositoryReader::trace(const ResolvedRef& at, const TraceRequest& request) const {
  const auto place = parse_origin(request.origin);
  if (!place) return std::unexpected(place.error());
  std::shared_ptr<const GitMirror> mirror;
  {
    const std::scoped_lock lock(mirror_mutex_);
    mirror = mirror_;
  }
  if (!mirror) return fail(ErrorKind::NotFound, "nothing was read yet");
  const auto read = mirror->load(at, place->file);
  if (!read) return std::unexpected(read.error());
  auto origin = trace_lines(read->files.files.front(), request);
  if (!origin) return origin;
  origin->revision = at.revision;
  const auto commits = mirror->blame(at, origin->file, lines_to_blame(*origin));
  if (commits)
    add_commits(*origin, *commits);
  else
    origin->no_commits = describe(commits.error());
  return origin;
}

Result<LineCommit> RepositoryReader::blame(const ResolvedRef& at, const OriginPlace& place) const {
  if (!mirror_) return fail(ErrorKind::NotFound, "nothing was read yet");
  auto commits = mirror_->blame(at, place.file, {{place.line, place.line}});
  if (!commits) return std::unexpected(std::move(commits.error()));
  const auto found = commits->find(place.line);
  if (found == commits->end()) return fail(ErrorKind::NotFound, "no commit is known of that line");
  return std::move(found->second);
}

}  // namespace holdfast
