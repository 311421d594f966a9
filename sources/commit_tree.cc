#include "sources/commit_tree.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <optional>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sources/git_store.h"
#include "sources/source_tree.h"

namespace holdfast {
namespace {

constexpr std::size_t kFoldersKept = 4096;
constexpr std::size_t kFileLimit_bytes = std::size_t{16} << 20;
constexpr std::size_t kEntryLimit = 100'000, kDepthLimit = 64, kCollectLimit = 1'000'000;
constexpr int kRounds = 3;  // another process may put a new cache in place between two steps

struct Place {
  std::string folder, name;
};

Place place_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

class CommitTree final : public RevisionTree {
 public:
  CommitTree(GitCache cache, std::string commit, std::string revision, CommitTime time)
      : cache_(std::move(cache)), commit_(std::move(commit)), revision_(std::move(revision)), time_(time) {}

  Result<void> open() {
    auto store = GitStore::open(cache_.repository());
    if (!store) return std::unexpected(store.error());
    auto commit = store->commit(commit_);
    if (!commit) return std::unexpected(commit.error());
    store_.emplace(std::move(*store));
    root_ = std::move(commit->tree);
    committed_s_ = time_ == CommitTime::Told ? commit->committed_s : 0;
    return {};
  }

  [[nodiscard]] const std::string& revision() const override { return revision_; }
  [[nodiscard]] std::int64_t committed_s() const override { return committed_s_; }

  Result<TreeEntry> entry(const std::string& path) override {
    if (path.empty()) return TreeEntry{TreeEntry::Kind::Folder, {}, root_};
    const Place place = place_of(path);
    const auto folder = folder_at(place.folder);
    if (!folder) return std::unexpected(folder.error());
    auto found = folder->entry(place.name);
    return found ? found : not_found(path);
  }

  Result<std::vector<TreeEntry>> list(const std::string& path) override {
    const auto here = entry(path);
    if (!here) return std::unexpected(here.error());
    if (here->kind != TreeEntry::Kind::Folder) return fail(ErrorKind::Invalid, "is no folder", path);
    const auto folder = folder_at(path);
    if (!folder) return std::unexpected(folder.error());
    auto entries = folder->entries();
    if (!entries && entries.error().where.empty()) entries.error().where = path;
    if (entries && entries->size() > kEntryLimit)
      return fail(ErrorKind::TooLarge, fmt::format("more than {} files in one folder", kEntryLimit), path);
    return entries;
  }

  Result<void> bring(const std::vector<std::string>& paths) override {
    std::vector<std::string> ids;
    collected_ = 0;
    for (const std::string& path : paths)
      if (auto collected = collect(path, ids, 0); !collected) return collected;
    std::ranges::sort(ids);
    const auto [first, last] = std::ranges::unique(ids);
    ids.erase(first, last);
    return bring_contents(ids);
  }

  Result<std::string> read(const std::string& path) override { return content_of(path, TreeEntry::Kind::File); }
  Result<std::string> read_link(const std::string& path) override { return content_of(path, TreeEntry::Kind::Link); }

 private:
  [[nodiscard]] std::unexpected<Error> not_found(const std::string& path) const {
    return fail(ErrorKind::NotFound, fmt::format("path {} does not exist at {}", path, revision_), {},
                "check --path and --ref");
  }

  Result<GitStore::Folder> folder_at(const std::string& path) {
    if (const auto known = folders_.find(path); known != folders_.end()) return known->second;
    std::string id = root_;
    if (!path.empty()) {
      const auto here = entry(path);
      if (!here) return std::unexpected(here.error());
      if (here->kind != TreeEntry::Kind::Folder) return not_found(path);
      id = here->id;
    }
    auto folder = mended([&] { return store_->folder(id); });
    if (!folder) return folder;
    if (folders_.size() >= kFoldersKept) folders_.clear();
    return folders_.emplace(path, std::move(*folder)).first->second;
  }

  // Reads again what could not be read: another process may have put a new cache in place, or the cache is damaged and
  // is begun anew, once.
  template <class Read>
  std::invoke_result_t<Read> mended(Read read) {
    auto done = read();
    if (done || done.error().kind != ErrorKind::Internal) return done;
    if (open()) done = read();
    if (done || std::exchange(mended_, true)) return done;
    if (cache_.begin_anew(commit_) && open()) done = read();
    return done;
  }

  Result<void> collect(const std::string& path, std::vector<std::string>& ids, std::size_t depth) {
    const auto here = entry(path);
    if (!here) return std::unexpected(here.error());
    return collect(*here, path, ids, depth);
  }

  Result<void> collect(const TreeEntry& here, const std::string& path, std::vector<std::string>& ids,
                       std::size_t depth) {
    if (here.kind == TreeEntry::Kind::File || here.kind == TreeEntry::Kind::Link) ids.push_back(git_id_of(here));
    if (++collected_ > kCollectLimit)
      return fail(ErrorKind::TooLarge, fmt::format("more than {} files and folders", kCollectLimit), path);
    if (here.kind != TreeEntry::Kind::Folder) return {};
    if (depth > kDepthLimit)
      return fail(ErrorKind::TooLarge, fmt::format("folders nest deeper than {}", kDepthLimit), path);
    const auto entries = list(path);
    if (!entries) return std::unexpected(entries.error());
    for (const TreeEntry& entry : *entries) {
      const std::string below = path.empty() ? entry.name : path + "/" + entry.name;
      if (auto done = collect(entry, below, ids, depth + 1); !done) return done;
    }
    return {};
  }

  Result<void> bring_contents(const std::vector<std::string>& ids) {
    for (int round = 0; round < kRounds; ++round) {
      std::vector<std::string> missing;
      std::ranges::copy_if(ids, std::back_inserter(missing), [this](const auto& id) { return !store_->has(id); });
      if (missing.empty()) return {};
      if (auto brought = cache_.bring_contents(commit_, missing); !brought) return brought;
      if (round == 0)
        store_->refresh();
      else if (auto opened = open(); !opened)
        return opened;
    }
    return fail(ErrorKind::Internal, fmt::format("contents of {} stay missing after a fetch", revision_),
                cache_.git().url());
  }

  Result<std::string> content_of(const std::string& path, TreeEntry::Kind kind) {
    const auto here = entry(path);
    if (!here) return std::unexpected(here.error());
    if (here->kind != kind)
      return fail(ErrorKind::Invalid, kind == TreeEntry::Kind::File ? "is no file" : "is no link", path);
    const std::string id = git_id_of(*here);
    auto content = mended([&]() -> Result<std::string> {
      if (auto brought = bring_contents({id}); !brought) return std::unexpected(brought.error());
      return store_->content(id, kFileLimit_bytes);
    });
    if (!content) content.error().where = path;
    return content;
  }

  GitCache cache_;
  std::string commit_, revision_;
  CommitTime time_;
  std::optional<GitStore> store_;
  std::string root_;
  std::int64_t committed_s_ = 0;
  bool mended_ = false;
  std::size_t collected_ = 0;  // by one bring()
  std::unordered_map<std::string, GitStore::Folder> folders_;
};

}  // namespace

Result<std::unique_ptr<RevisionTree>> open_commit_tree(const GitCache& cache, const std::string& commit,
                                                       std::string revision, CommitTime time, bool following) {
  if (auto brought = cache.bring_trees(commit, following); !brought) return std::unexpected(brought.error());
  auto tree = std::make_unique<CommitTree>(cache, commit, std::move(revision), time);
  if (auto opened = tree->open(); !opened) {
    // Another process put a new cache in place between the two.
    if (auto brought = cache.bring_trees(commit); !brought) return std::unexpected(brought.error());
    if (opened = tree->open(); !opened) return std::unexpected(opened.error());
  }
  return tree;
}

}  // namespace holdfast
