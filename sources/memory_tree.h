// A RevisionTree whose files are all in memory.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sources/revision_tree.h"

namespace holdfast {

class MemoryTree final : public RevisionTree {
 public:
  MemoryTree(std::string revision, std::int64_t committed_s)
      : revision_(std::move(revision)), committed_s_(committed_s) {}

  // All with normal paths (normal_subpath) that are not the root; what is there already is replaced. Invalid: a file
  // or link where a folder is, a folder where they are, or something below them.
  Result<void> add_folder(const std::string& path);
  Result<void> add_file(const std::string& path, std::string content, const std::string& sha256_hex);
  Result<void> add_large_file(const std::string& path, const std::string& sha256_hex);  // read() says TooLarge
  Result<void> add_link(const std::string& path, std::string target);
  // Afterwards the files of the one folder that is at the root are at the root. Invalid where there is not just one.
  Result<void> enter_only_folder();
  // To be called once, after the last of these and before anything is read.
  void finish();

  [[nodiscard]] const std::string& revision() const override { return revision_; }
  [[nodiscard]] std::int64_t committed_s() const override { return committed_s_; }
  Result<TreeEntry> entry(const std::string& path) override;
  Result<std::vector<TreeEntry>> list(const std::string& folder) override;
  Result<void> bring(const std::vector<std::string>& /*paths*/) override { return {}; }
  Result<std::string> read(const std::string& path) override;
  Result<std::string> read_link(const std::string& path) override;

 private:
  struct Node {
    TreeEntry::Kind kind = TreeEntry::Kind::Folder;
    std::string id;
    std::string content;  // of a file or link
    bool large = false;   // its content was not kept
    std::map<std::string, Node> children;
  };

  static void make_ids(Node& folder);
  Result<Node*> place_for(const std::string& path);
  Result<void> add_leaf(const std::string& path, Node leaf);
  [[nodiscard]] Result<const Node*> find(const std::string& path) const;

  std::string revision_;
  std::int64_t committed_s_;
  Node root_;
};

}  // namespace holdfast
