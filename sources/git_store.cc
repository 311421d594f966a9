#include "sources/git_store.h"

#include <git2.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "sources/source_tree.h"
#include "sources/utf8.h"

namespace holdfast {
namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Object = std::unique_ptr<git_object, Freer<git_object_free>>;
using Blob = std::unique_ptr<git_blob, Freer<git_blob_free>>;

// Of all repositories that are open.
constexpr std::size_t kKept_bytes = std::size_t{16} << 20, kWindow_bytes = std::size_t{4} << 20,
                      kMapped_bytes = std::size_t{64} << 20;

// Once for the whole process. The cache is ours, whoever owns the folder that a volume gives us.
struct Library {
  Library() {
    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, static_cast<ssize_t>(kKept_bytes));
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, kWindow_bytes);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, kMapped_bytes);
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() { git_libgit2_shutdown(); }
};

std::unexpected<Error> library_failure(const std::string& what) {
  const git_error* error = git_error_last();
  return fail(ErrorKind::Internal, fmt::format("{}: {}", what, error == nullptr ? "libgit2 failed" : error->message));
}

std::string hex(const git_oid& id) {
  std::array<char, GIT_OID_HEXSZ + 1> text{};
  git_oid_tostr(text.data(), text.size(), &id);
  return text.data();
}

Result<git_oid> oid_of(const std::string& id) {
  git_oid oid;
  if (git_oid_fromstr(&oid, id.c_str()) != 0) return fail(ErrorKind::Invalid, fmt::format("{} is no object id", id));
  return oid;
}

git_repository* repository_of(const std::shared_ptr<void>& held) { return static_cast<git_repository*>(held.get()); }
git_odb* objects_of(const std::shared_ptr<void>& held) { return static_cast<git_odb*>(held.get()); }

// Nothing for what is none of the four.
std::optional<TreeEntry> entry_of(const git_tree_entry* entry) {
  const std::string id = hex(*git_tree_entry_id(entry));
  std::string name = git_tree_entry_name(entry);
  switch (git_tree_entry_filemode(entry)) {
    case GIT_FILEMODE_TREE:
      return TreeEntry{TreeEntry::Kind::Folder, std::move(name), id};
    case GIT_FILEMODE_BLOB:
    case GIT_FILEMODE_BLOB_EXECUTABLE:
      return TreeEntry{TreeEntry::Kind::File, std::move(name), id};
    case GIT_FILEMODE_LINK:
      return TreeEntry{TreeEntry::Kind::Link, std::move(name), "link:" + id};
    case GIT_FILEMODE_COMMIT:
      return TreeEntry{TreeEntry::Kind::Submodule, std::move(name), "submodule:" + id};
    case GIT_FILEMODE_UNREADABLE:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::string git_id_of(const TreeEntry& entry) { return entry.id.substr(entry.id.find(':') + 1); }

Result<TreeEntry> GitStore::Folder::entry(const std::string& name) const {
  const git_tree_entry* found = git_tree_entry_byname(static_cast<git_tree*>(tree_.get()), name.c_str());
  auto entry = found == nullptr ? std::nullopt : entry_of(found);
  if (!entry) return fail(ErrorKind::NotFound, fmt::format("there is no {}", name));
  return std::move(*entry);
}

Result<std::vector<TreeEntry>> GitStore::Folder::entries() const {
  const auto* tree = static_cast<git_tree*>(tree_.get());
  std::vector<TreeEntry> all;
  all.reserve(git_tree_entrycount(tree));
  for (std::size_t i = 0; i < git_tree_entrycount(tree); ++i) {
    auto entry = entry_of(git_tree_entry_byindex(tree, i));
    if (!entry) continue;
    if (is_utf8(entry->name))
      all.push_back(std::move(*entry));
    else if (entry->kind == TreeEntry::Kind::Folder || may_hold_manifests(entry->name))
      return fail(ErrorKind::Invalid, "the name of a file is not UTF-8", {}, "rename it");
  }
  std::ranges::sort(all, {}, &TreeEntry::name);  // Git sorts a folder as if its name ended in a slash
  return all;
}

Result<GitStore> GitStore::open(const std::string& repository) {
  static const Library library;
  git_repository* raw = nullptr;
  if (git_repository_open_bare(&raw, repository.c_str()) != 0) return library_failure("cannot open the Git cache");
  GitStore store;
  store.repository_ =
      std::shared_ptr<void>(raw, [](void* held) { git_repository_free(static_cast<git_repository*>(held)); });
  git_odb* objects = nullptr;
  if (git_repository_odb(&objects, raw) != 0) return library_failure("cannot open the object store");
  store.objects_ = std::shared_ptr<void>(objects, [](void* held) { git_odb_free(static_cast<git_odb*>(held)); });
  return store;
}

Result<GitStore::Commit> GitStore::commit(const std::string& id) const {
  const auto oid = oid_of(id);
  if (!oid) return std::unexpected(oid.error());
  git_object* raw = nullptr;
  const int found = git_object_lookup(&raw, repository_of(repository_), &*oid, GIT_OBJECT_ANY);
  if (found == GIT_ENOTFOUND) return fail(ErrorKind::Internal, fmt::format("commit {} is not in the Git cache", id));
  if (found != 0) return library_failure(fmt::format("cannot read commit {}", id));
  const Object object(raw);
  git_object* peeled = nullptr;
  if (git_object_peel(&peeled, object.get(), GIT_OBJECT_COMMIT) != 0)
    return fail(ErrorKind::Invalid, fmt::format("{} is not a commit", id), {},
                "give --ref a branch, a tag or a commit");
  const Object commit(peeled);
  const auto* read = reinterpret_cast<const git_commit*>(commit.get());
  return Commit{hex(*git_commit_id(read)), hex(*git_commit_tree_id(read)), git_commit_time(read)};
}

Result<GitStore::Folder> GitStore::folder(const std::string& id) const {
  const auto oid = oid_of(id);
  if (!oid) return std::unexpected(oid.error());
  git_tree* raw = nullptr;
  if (git_tree_lookup(&raw, repository_of(repository_), &*oid) != 0)
    return library_failure(fmt::format("cannot read folder {}", id));
  Folder folder;
  folder.tree_ =
      std::shared_ptr<void>(raw, [of = repository_](void* held) { git_tree_free(static_cast<git_tree*>(held)); });
  return folder;
}

void GitStore::refresh() { git_odb_refresh(objects_of(objects_)); }

// Nothing is gained by another look at the store's folder for each content that is not there.
bool GitStore::has(const std::string& id) const {
  const auto oid = oid_of(id);
  return oid && git_odb_exists_ext(objects_of(objects_), &*oid, GIT_ODB_LOOKUP_NO_REFRESH) != 0;
}

Result<std::string> GitStore::content(const std::string& id, std::size_t limit_bytes) const {
  const auto oid = oid_of(id);
  if (!oid) return std::unexpected(oid.error());
  std::size_t size_bytes = 0;
  git_object_t type{};
  if (git_odb_read_header(&size_bytes, &type, objects_of(objects_), &*oid) != 0)
    return library_failure(fmt::format("cannot read content {}", id));
  if (size_bytes > limit_bytes) return fail(ErrorKind::TooLarge, fmt::format("larger than {} bytes", limit_bytes));
  git_blob* raw = nullptr;
  if (git_blob_lookup(&raw, repository_of(repository_), &*oid) != 0)
    return library_failure(fmt::format("cannot read content {}", id));
  const Blob blob(raw);
  return std::string(static_cast<const char*>(git_blob_rawcontent(blob.get())),
                     static_cast<std::size_t>(git_blob_rawsize(blob.get())));
}

Result<std::string> GitStore::ref_target(const std::string& ref) const {
  git_oid oid;
  const int found = git_reference_name_to_id(&oid, repository_of(repository_), ref.c_str());
  if (found == GIT_ENOTFOUND) return fail(ErrorKind::NotFound, fmt::format("there is no ref {}", ref));
  if (found != 0) return library_failure(fmt::format("cannot read ref {}", ref));
  return hex(oid);
}

Result<void> GitStore::set_ref(const std::string& ref, const std::string& id) const {
  const auto oid = oid_of(id);
  if (!oid) return std::unexpected(oid.error());
  git_reference* raw = nullptr;
  if (git_reference_create(&raw, repository_of(repository_), ref.c_str(), &*oid, 1, nullptr) != 0)
    return library_failure(fmt::format("cannot write ref {}", ref));
  git_reference_free(raw);
  return {};
}

}  // namespace holdfast
