#include "sources/git_tree.h"

#include <git2.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <utility>

namespace holdfast {
namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Repository = std::unique_ptr<git_repository, Freer<git_repository_free>>;
using Object = std::unique_ptr<git_object, Freer<git_object_free>>;
using Tree = std::unique_ptr<git_tree, Freer<git_tree_free>>;
using TreeEntry = std::unique_ptr<git_tree_entry, Freer<git_tree_entry_free>>;
using Blob = std::unique_ptr<git_blob, Freer<git_blob_free>>;
using Odb = std::unique_ptr<git_odb, Freer<git_odb_free>>;

// Once for the whole process. The mirror is ours, whoever owns the folder that a volume gives us.
struct Library {
  Library() {
    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() { git_libgit2_shutdown(); }
};

std::unexpected<Error> library_failure(const std::string& what) {
  const git_error* error = git_error_last();
  return fail(ErrorKind::Internal, fmt::format("{}: {}", what, error == nullptr ? "libgit2 failed" : error->message));
}

Result<Repository> open_repository(const std::string& path) {
  static const Library library;
  git_repository* raw = nullptr;
  if (git_repository_open_bare(&raw, path.c_str()) != 0) return library_failure("cannot open the Git cache");
  return Repository(raw);
}

Result<Object> commit_object(git_repository* repository, const std::string& id) {
  git_oid oid;
  if (git_oid_fromstr(&oid, id.c_str()) != 0) return fail(ErrorKind::Invalid, fmt::format("{} is no object id", id));
  git_object* raw = nullptr;
  const int found = git_object_lookup(&raw, repository, &oid, GIT_OBJECT_ANY);
  if (found == GIT_ENOTFOUND) return fail(ErrorKind::Internal, fmt::format("commit {} is not in the Git cache", id));
  if (found != 0) return library_failure(fmt::format("cannot read commit {}", id));
  const Object object(raw);
  git_object* peeled = nullptr;
  if (git_object_peel(&peeled, object.get(), GIT_OBJECT_COMMIT) != 0)
    return fail(ErrorKind::Invalid, fmt::format("{} is not a commit", id), {},
                "give --ref a branch, a tag or a commit");
  return Object(peeled);
}

std::string hex(const git_oid& id) {
  std::array<char, GIT_OID_HEXSZ + 1> text{};
  git_oid_tostr(text.data(), text.size(), &id);
  return text.data();
}

struct FoundFile {
  std::string path;
  git_oid id;
};

// Which files there are, by the trees alone.
class TreeWalk {
 public:
  TreeWalk(git_repository* repository, TreeCollector& collector) : repository_(repository), collector_(collector) {}

  Result<void> folder(const git_oid* id, const std::string& path, std::size_t depth) {
    if (auto allowed = collector_.enter(path, depth); !allowed) return allowed;
    git_tree* raw = nullptr;
    if (git_tree_lookup(&raw, repository_, id) != 0) return library_failure(fmt::format("cannot read folder {}", path));
    const Tree tree(raw);
    for (std::size_t i = 0; i < git_tree_entrycount(tree.get()); ++i) {
      const git_tree_entry* entry = git_tree_entry_byindex(tree.get(), i);
      const std::string name = git_tree_entry_name(entry);
      if (auto done = take(entry, name, path.empty() ? name : path + "/" + name, depth); !done) return done;
    }
    return {};
  }

  Result<void> file(const git_oid* id, const std::string& path) {
    if (auto admitted = collector_.admit_name(path); !admitted) return admitted;
    files_.push_back(FoundFile{path, *id});
    return {};
  }

  std::vector<FoundFile> take_files() { return std::move(files_); }

 private:
  Result<void> take(const git_tree_entry* entry, const std::string& name, const std::string& path, std::size_t depth) {
    const git_filemode_t mode = git_tree_entry_filemode(entry);
    const bool folder_like = mode == GIT_FILEMODE_TREE, link = mode == GIT_FILEMODE_LINK;
    if (mode == GIT_FILEMODE_COMMIT) {
      collector_.note(fmt::format("{} is a submodule and is not followed", path));
    } else if (name.starts_with(".")) {
      if (folder_like ? collector_.recurses() : collector_.wants(path))
        collector_.note(fmt::format("{} is hidden and is left out", path));
    } else if (link) {
      if (collector_.wants(path) || name.find('.') == std::string::npos)
        collector_.note(fmt::format("{} is a symbolic link and is not followed", path));
    } else if (folder_like) {
      if (!collector_.recurses()) return {};
      return folder(git_tree_entry_id(entry), path, depth + 1);
    } else if (collector_.wants(path)) {
      return file(git_tree_entry_id(entry), path);
    }
    return {};
  }

  git_repository* repository_;
  TreeCollector& collector_;
  std::vector<FoundFile> files_;
};

// The entry at `subpath`, which is not the root. A folder on the way that is not in the store is damage, and must not
// look like a path that the commit does not have.
Result<TreeEntry> entry_below(git_repository* repository, const git_tree* root, const TreeRequest& wanted) {
  const git_tree* folder = root;
  Tree held;
  std::string_view rest = wanted.subpath;
  while (true) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const git_tree_entry* entry = git_tree_entry_byname(folder, std::string(rest.substr(0, end)).c_str());
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const bool leads_on = entry != nullptr && git_tree_entry_filemode(entry) == GIT_FILEMODE_TREE;
    if (entry == nullptr || (!rest.empty() && !leads_on))
      return fail(ErrorKind::NotFound, fmt::format("path {} does not exist at {}", wanted.subpath, wanted.revision), {},
                  "check --path and --ref");
    if (rest.empty()) {
      git_tree_entry* copy = nullptr;
      if (git_tree_entry_dup(&copy, entry) != 0) return library_failure("cannot copy an entry of a folder");
      return TreeEntry(copy);
    }
    git_tree* next = nullptr;
    if (git_tree_lookup(&next, repository, git_tree_entry_id(entry)) != 0)
      return library_failure(fmt::format("cannot read a folder above {}", wanted.subpath));
    held.reset(next);
    folder = next;
  }
}

Result<void> walk_from(TreeWalk& walk, git_repository* repository, const git_tree* root, const TreeRequest& wanted) {
  if (wanted.subpath.empty()) return walk.folder(git_tree_id(root), "", 0);
  const auto entry = entry_below(repository, root, wanted);
  if (!entry) return std::unexpected(entry.error());
  const git_filemode_t mode = git_tree_entry_filemode(entry->get());
  if (mode == GIT_FILEMODE_TREE) return walk.folder(git_tree_entry_id(entry->get()), wanted.subpath, 0);
  if (mode == GIT_FILEMODE_BLOB || mode == GIT_FILEMODE_BLOB_EXECUTABLE)
    return walk.file(git_tree_entry_id(entry->get()), wanted.subpath);
  return fail(ErrorKind::Invalid,
              fmt::format("path {} is a link or a submodule at {}", wanted.subpath, wanted.revision), {},
              "point --path at the folder itself");
}

// The files of a commit that are wanted, not read yet.
struct FileList {
  Repository repository;
  Odb odb;
  TreeCollector collector;
  std::vector<FoundFile> files;
  std::int64_t committed_s = 0;
};

Result<FileList> list_files(const std::string& path, const TreeRequest& wanted) {
  auto opened = open_repository(path);
  if (!opened) return std::unexpected(opened.error());
  git_odb* odb = nullptr;
  if (git_repository_odb(&odb, opened->get()) != 0) return library_failure("cannot open the object store");
  FileList list{std::move(*opened), Odb(odb), TreeCollector(wanted.limits, wanted.choice, wanted.subpath), {}, 0};
  auto object = commit_object(list.repository.get(), wanted.commit);
  if (!object) return std::unexpected(object.error());
  git_object* raw = nullptr;
  if (git_object_peel(&raw, object->get(), GIT_OBJECT_TREE) != 0)
    return library_failure("cannot read the commit's tree");
  const Tree root(reinterpret_cast<git_tree*>(raw));
  TreeWalk walk(list.repository.get(), list.collector);
  auto done = walk_from(walk, list.repository.get(), root.get(), wanted);
  if (!done) return std::unexpected(done.error());
  list.files = walk.take_files();
  git_object* commit = nullptr;
  if (git_object_peel(&commit, object->get(), GIT_OBJECT_COMMIT) == 0) {  // a tag may name a bare tree
    const Object peeled(commit);
    list.committed_s = git_commit_time(reinterpret_cast<git_commit*>(peeled.get()));
  }
  return list;
}

Result<void> read_file(FileList& list, const FoundFile& file) {
  std::size_t size_bytes = 0;
  git_object_t type{};
  if (git_odb_read_header(&size_bytes, &type, list.odb.get(), &file.id) != 0)
    return library_failure(fmt::format("cannot read file {}", file.path));
  if (auto admitted = list.collector.admit_size(file.path, size_bytes); !admitted) return admitted;
  git_blob* raw = nullptr;
  if (git_blob_lookup(&raw, list.repository.get(), &file.id) != 0)
    return library_failure(fmt::format("cannot read file {}", file.path));
  const Blob blob(raw);
  list.collector.add(file.path, std::string(static_cast<const char*>(git_blob_rawcontent(blob.get())),
                                            static_cast<std::size_t>(git_blob_rawsize(blob.get()))));
  return {};
}

}  // namespace

Result<SourceTree> read_git_tree(const std::string& repository, const TreeRequest& wanted) {
  auto list = list_files(repository, wanted);
  if (!list) return std::unexpected(list.error());
  for (const FoundFile& file : list->files)
    if (auto done = read_file(*list, file); !done) return std::unexpected(done.error());
  auto tree = list->collector.finish(wanted.revision);
  if (tree) tree->files.committed_s = list->committed_s;
  return tree;
}

Result<std::vector<std::string>> missing_blobs(const std::string& repository, const TreeRequest& wanted) {
  auto list = list_files(repository, wanted);
  if (!list) return std::unexpected(list.error());
  std::vector<std::string> ids;
  // The store was opened just now, so nothing is gained by looking at its folders again for each that is not there.
  for (const FoundFile& file : list->files)
    if (git_odb_exists_ext(list->odb.get(), &file.id, GIT_ODB_LOOKUP_NO_REFRESH) == 0) ids.push_back(hex(file.id));
  std::ranges::sort(ids);
  const auto [first, last] = std::ranges::unique(ids);
  ids.erase(first, last);
  return ids;
}

Result<void> check_commit(const std::string& repository, const std::string& id) {
  auto opened = open_repository(repository);
  if (!opened) return std::unexpected(opened.error());
  auto object = commit_object(opened->get(), id);
  if (!object) return std::unexpected(object.error());
  return {};
}

Result<std::string> git_ref_target(const std::string& repository, const std::string& ref) {
  auto opened = open_repository(repository);
  if (!opened) return std::unexpected(opened.error());
  git_oid oid;
  const int found = git_reference_name_to_id(&oid, opened->get(), ref.c_str());
  if (found == GIT_ENOTFOUND) return fail(ErrorKind::NotFound, fmt::format("there is no ref {}", ref));
  if (found != 0) return library_failure(fmt::format("cannot read ref {}", ref));
  return hex(oid);
}

}  // namespace holdfast
