#include "sources/git_tree.h"

#include <git2.h>
#include <spdlog/fmt/fmt.h>

#include <array>
#include <memory>

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
  if (found == GIT_ENOTFOUND) return fail(ErrorKind::NotFound, fmt::format("there is no commit {}", id));
  if (found != 0) return library_failure(fmt::format("cannot read commit {}", id));
  const Object object(raw);
  git_object* peeled = nullptr;
  if (git_object_peel(&peeled, object.get(), GIT_OBJECT_COMMIT) != 0)
    return fail(ErrorKind::Invalid, fmt::format("{} is not a commit", id), {},
                "give --ref a branch, a tag or a commit");
  return Object(peeled);
}

class TreeReader {
 public:
  TreeReader(git_repository* repository, Odb odb, ReadLimits limits)
      : repository_(repository), odb_(std::move(odb)), collector_(limits) {}

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
    std::size_t size_bytes = 0;
    git_object_t type{};
    if (git_odb_read_header(&size_bytes, &type, odb_.get(), id) != 0)
      return library_failure(fmt::format("cannot read file {}", path));
    if (auto admitted = collector_.admit(path, size_bytes); !admitted) return admitted;
    git_blob* raw = nullptr;
    if (git_blob_lookup(&raw, repository_, id) != 0) return library_failure(fmt::format("cannot read file {}", path));
    const Blob blob(raw);
    collector_.add(path, std::string(static_cast<const char*>(git_blob_rawcontent(blob.get())),
                                     static_cast<std::size_t>(git_blob_rawsize(blob.get()))));
    return {};
  }

  Result<void> take(const git_tree_entry* entry, const std::string& name, const std::string& path, std::size_t depth) {
    const git_filemode_t mode = git_tree_entry_filemode(entry);
    const bool folder_like = mode == GIT_FILEMODE_TREE, link = mode == GIT_FILEMODE_LINK;
    if (mode == GIT_FILEMODE_COMMIT) {
      collector_.note(fmt::format("{} is a submodule and is not followed", path));
    } else if (name.starts_with(".")) {
      if (folder_like || may_hold_manifests(name)) collector_.note(fmt::format("{} is hidden and is left out", path));
    } else if (link) {
      if (may_hold_manifests(name) || name.find('.') == std::string::npos)
        collector_.note(fmt::format("{} is a symbolic link and is not followed", path));
    } else if (folder_like) {
      return folder(git_tree_entry_id(entry), path, depth + 1);
    } else if (may_hold_manifests(name)) {
      return file(git_tree_entry_id(entry), path);
    }
    return {};
  }

  TreeCollector& collector() { return collector_; }

 private:
  git_repository* repository_;
  Odb odb_;
  TreeCollector collector_;
};

// The entry at `subpath`, which is not the root.
Result<void> read_below(TreeReader& reader, const git_tree* root, const std::string& subpath,
                        const std::string& revision) {
  git_tree_entry* raw = nullptr;
  const int found = git_tree_entry_bypath(&raw, root, subpath.c_str());
  if (found == GIT_ENOTFOUND)
    return fail(ErrorKind::NotFound, fmt::format("path {} does not exist at {}", subpath, revision), {},
                "check --path and --ref");
  if (found != 0) return library_failure(fmt::format("cannot read path {}", subpath));
  const TreeEntry entry(raw);
  const git_filemode_t mode = git_tree_entry_filemode(entry.get());
  if (mode == GIT_FILEMODE_TREE) return reader.folder(git_tree_entry_id(entry.get()), subpath, 0);
  if (mode == GIT_FILEMODE_BLOB || mode == GIT_FILEMODE_BLOB_EXECUTABLE)
    return reader.file(git_tree_entry_id(entry.get()), subpath);
  return fail(ErrorKind::Invalid, fmt::format("path {} is a link or a submodule at {}", subpath, revision), {},
              "point --path at the folder itself");
}

}  // namespace

Result<SourceTree> read_git_tree(const std::string& repository, const std::string& commit, const std::string& revision,
                                 const std::string& subpath, ReadLimits limits) {
  auto opened = open_repository(repository);
  if (!opened) return std::unexpected(opened.error());
  auto object = commit_object(opened->get(), commit);
  if (!object) return std::unexpected(object.error());
  git_object* raw = nullptr;
  if (git_object_peel(&raw, object->get(), GIT_OBJECT_TREE) != 0)
    return library_failure("cannot read the commit's tree");
  const Tree root(reinterpret_cast<git_tree*>(raw));
  git_odb* odb = nullptr;
  if (git_repository_odb(&odb, opened->get()) != 0) return library_failure("cannot open the object store");
  TreeReader reader(opened->get(), Odb(odb), limits);
  auto done = subpath.empty() ? reader.folder(git_tree_id(root.get()), "", 0)
                              : read_below(reader, root.get(), subpath, revision);
  if (!done) return std::unexpected(done.error());
  return reader.collector().finish(revision, subpath);
}

Result<std::string> peel_to_commit(const std::string& repository, const std::string& id) {
  auto opened = open_repository(repository);
  if (!opened) return std::unexpected(opened.error());
  auto object = commit_object(opened->get(), id);
  if (!object) return std::unexpected(object.error());
  std::array<char, GIT_OID_HEXSZ + 1> text{};
  git_oid_tostr(text.data(), text.size(), git_object_id(object->get()));
  return std::string(text.data());
}

Result<std::string> git_ref_target(const std::string& repository, const std::string& ref) {
  auto opened = open_repository(repository);
  if (!opened) return std::unexpected(opened.error());
  git_oid oid;
  const int found = git_reference_name_to_id(&oid, opened->get(), ref.c_str());
  if (found == GIT_ENOTFOUND) return fail(ErrorKind::NotFound, fmt::format("there is no ref {}", ref));
  if (found != 0) return library_failure(fmt::format("cannot read ref {}", ref));
  std::array<char, GIT_OID_HEXSZ + 1> text{};
  git_oid_tostr(text.data(), text.size(), &oid);
  return std::string(text.data());
}

}  // namespace holdfast
