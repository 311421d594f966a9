// Archives of artifacts and charts: every path in them stays inside, and within bounds; read twice they are the same.
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/target.h"
#include "sources/archive_tree.h"
#include "sources/utf8.h"

namespace holdfast::fuzz {
namespace {

ArchiveLimits limits() {
  ArchiveLimits made;
  made.entry_count = 200;
  made.file_bytes = 16UL * 1024;
  made.total_bytes = 256UL * 1024;
  made.ratio_from_bytes = 64UL * 1024;
  made.folder_depth = 8;
  return made;
}

Result<std::unique_ptr<RevisionTree>> open(std::string_view bytes, bool inside_folder) {
  ArchiveRequest request{};
  request.file = FileDescriptor(::memfd_create("archive", MFD_CLOEXEC));
  hold(request.file.valid() && ::write(request.file.get(), bytes.data(), bytes.size()) == std::ssize(bytes) &&
           ::lseek(request.file.get(), 0, SEEK_SET) == 0,
       "no file could be made");
  request.revision = "r";
  request.where = "an artifact";
  request.inside_folder = inside_folder;
  request.limits = limits();
  return open_archive(std::move(request));
}

struct Found {
  std::string text;  // of all that is there: names, ids and contents
  std::size_t entries = 0, bytes = 0;
};

void look(RevisionTree& tree, const std::string& folder, std::size_t depth, Found& found) {
  hold(depth <= limits().folder_depth, "folders without end");
  const auto entries = tree.list(folder);
  hold(entries.has_value(), entries ? "" : "a folder cannot be listed: " + describe(entries.error()));
  std::string before;
  for (const TreeEntry& entry : *entries) {
    const std::string path = folder.empty() ? entry.name : folder + "/" + entry.name;
    hold(!entry.name.empty() && entry.name != "." && entry.name != ".." && !entry.name.contains('/') &&
             !entry.name.contains('\0') && is_utf8(entry.name),
         "a name that leads elsewhere: " + path);
    hold(before < entry.name, "names that are not sorted: " + path);
    before = entry.name;
    const auto again = tree.entry(path);
    hold(again && again->id == entry.id && again->kind == entry.kind && !entry.id.empty(), "an entry is two: " + path);
    found.text += path + "\n" + entry.id + "\n";
    ++found.entries;
    if (entry.kind == TreeEntry::Kind::Folder) {
      look(tree, path, depth + 1, found);
    } else if (entry.kind == TreeEntry::Kind::File) {
      const auto content = tree.read(path);
      if (content) {
        hold(content->size() <= limits().file_bytes, "a file beyond its bound: " + path);
        found.bytes += content->size();
        found.text += *content;
      } else {
        hold(content.error().kind == ErrorKind::TooLarge, "a file that cannot be read: " + describe(content.error()));
      }
    } else {
      const auto target = tree.read_link(path);
      hold(target.has_value(), "a link without a target: " + path);
      found.text += *target;
    }
  }
}

}  // namespace

// The first byte says whether all is in one folder, as in a chart.
void run_archive(std::string_view bytes) {
  if (bytes.empty()) return;
  const bool inside_folder = (static_cast<unsigned char>(bytes.front()) & 1U) != 0;
  const auto tree = open(bytes.substr(1), inside_folder);
  if (!tree) {
    hold(!tree.error().message.empty(), "refused without a word");
    return;
  }
  Found found, again;
  look(**tree, "", 0, found);
  hold(found.bytes <= limits().total_bytes, "more than all of it may be");
  for (const char* const outside : {"..", "../x", "/etc/passwd", "a/../../x"})
    hold(!(*tree)->read(outside), std::string("a file outside is read: ") + outside);
  const auto second = open(bytes.substr(1), inside_folder);
  hold(second.has_value(), "it cannot be read twice");
  look(**second, "", 0, again);
  hold(found.text == again.text, "read twice it is another one");
}

}  // namespace holdfast::fuzz
