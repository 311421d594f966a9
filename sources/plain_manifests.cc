#include "sources/plain_manifests.h"

#include <utility>

#include "sources/manifests.h"

namespace holdfast {
namespace {

// A file, what is known of it, and where in the set that is made its manifests are.
struct PlainFile {
  ChosenFile file;
  std::optional<ParsedFiles::Found> known;
  ParsedFiles::Range made = {};
  bool encrypted = false;  // never remembered where others look: they may have no key
};

struct PlainList {
  std::vector<PlainFile> files;
  std::vector<std::string> notes;

  [[nodiscard]] std::vector<std::string> unknown() const {
    std::vector<std::string> paths;
    for (const PlainFile& one : files)
      if (!one.known) paths.push_back(one.file.path);
    return paths;
  }
};

Result<PlainList> list_of(RevisionTree& tree, const PlainFiles& files, ParsedFiles& parsed) {
  auto chosen = choose_files(tree, files.path, files.limits, files.choice);
  if (!chosen) return std::unexpected(chosen.error());
  PlainList list{{}, std::move(chosen->notes)};
  list.files.reserve(chosen->files.size());
  for (ChosenFile& file : chosen->files) {
    auto known = parsed.find(file.id, file.path);
    list.files.push_back({std::move(file), std::move(known)});
  }
  return list;
}

Result<std::string> decrypted(const std::string& path, const std::string& content, SopsFormat format,
                              Decryptor* decryptor) {
  if (decryptor != nullptr) return decryptor->decrypt(path, content, format);
  return fail(ErrorKind::Invalid, "it is encrypted with SOPS, and no keys are named to read it with", path,
              "name them in spec.decryption (docs/trust.md)");
}

Result<void> read_one(RevisionTree& tree, PlainFile& one, ReadBudget& budget, ManifestReader& reader,
                      Decryptor* decryptor) {
  const std::size_t begin = reader.size();
  if (one.known) {
    if (auto taken = budget.take(one.file.path, one.known->range.size_bytes); !taken) return taken;
    reader.take_again(one.file.path, one.known->manifests());
    one.made = {begin, reader.size() - begin, one.known->range.size_bytes};
    return {};
  }
  auto content = tree.read(one.file.path);
  if (!content) return std::unexpected(content.error());
  if (auto taken = budget.take(one.file.path, content->size()); !taken) return taken;
  const std::size_t size_bytes = content->size();
  const SopsFormat format = sops_format_of(one.file.path);
  one.encrypted = is_sops_encrypted(*content, format);
  if (one.encrypted) {
    content = decrypted(one.file.path, *content, format, decryptor);
    if (!content && content.error().kind != ErrorKind::Invalid) return std::unexpected(content.error());
    if (!content) return reader.refuse(std::move(content.error())), Result<void>();
  }
  reader.take(SourceFile{one.file.path, std::move(*content)});
  one.made = {begin, reader.size() - begin, size_bytes};
  return {};
}

}  // namespace

Result<std::vector<std::string>> unknown_files(RevisionTree& tree, const PlainFiles& files, ParsedFiles& parsed) {
  const auto list = list_of(tree, files, parsed);
  if (!list) return std::unexpected(list.error());
  return list->unknown();
}

Result<Rendering> render_plain(RevisionTree& tree, const PlainFiles& files, ParsedFiles& parsed) {
  const auto root = entry_at(tree, files.path);
  if (!root) return std::unexpected(root.error());
  auto list = list_of(tree, files, parsed);
  if (!list) return std::unexpected(list.error());
  if (auto brought = tree.bring(list->unknown()); !brought) return std::unexpected(brought.error());
  ManifestReader reader(tree.revision(), tree.committed_s());
  ReadBudget budget(files.limits);
  for (PlainFile& one : list->files) {
    if (reader.full()) break;
    if (auto read = read_one(tree, one, budget, reader, files.trust.decryptor.get()); !read)
      return std::unexpected(read.error());
  }
  auto set = reader.finish();
  if (!set) return std::unexpected(joined(std::move(set.error())));
  for (const PlainFile& one : list->files)
    if (!one.encrypted) parsed.remember(one.file.id, one.file.path, *set, one.made);
  return Rendering{std::move(*set), {RenderInput{files.path, root->id}}, std::move(list->notes)};
}

}  // namespace holdfast
