// An ApplicationSet of holdfast.dev/v1alpha1: one Application for each branch, folder or element of a list, made from a
// template. Checked when it is read (sources/application_set_reader.h): a value of these types is complete and valid.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "holdfast/model/json.h"

namespace holdfast {

// The branches of a repository. Globs as in sources/file_choice.h, of the whole name.
struct BranchGenerator {
  std::string repo_url, secret;
  std::string match, exclude;  // exclude: empty: none
  std::size_t max = 10;
  std::optional<std::chrono::seconds> time_to_live;  // since the last commit
  std::chrono::seconds interval{30};
  bool operator==(const BranchGenerator&) const = default;
};

// Folders of one revision of a repository.
struct DirectoryGenerator {
  std::string repo_url, secret;
  std::string ref, semver;  // of these at most one; neither: the default branch
  std::vector<std::string> paths, exclude;
  std::chrono::seconds interval{60};
  bool operator==(const DirectoryGenerator&) const = default;
};

using TemplateParameters = std::map<std::string, std::string, std::less<>>;

struct ListGenerator {
  std::vector<TemplateParameters> elements;
  bool operator==(const ListGenerator&) const = default;
};

using Generator = std::variant<BranchGenerator, DirectoryGenerator, ListGenerator>;

// What the namespace of each application is, which is made and deleted with it.
struct PreviewSpec {
  std::string namespace_;  // a template
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> quota;   // of a ResourceQuota
  std::map<std::string, std::string> limits;  // what a container has that says nothing; empty: no LimitRange
  std::string pod_security;                   // empty: inherited
  bool operator==(const PreviewSpec&) const = default;
};

struct ApplicationSet {
  std::string namespace_, name;
  std::string uid;           // empty: of a file
  std::string installation;  // its label holdfast.dev/installation, which its applications have as well; empty: none
  std::vector<Generator> generators;
  json::object template_;  // metadata {name, labels, annotations} and spec, with parameters in their texts
  std::optional<PreviewSpec> preview;
  std::size_t prune_limit_applications = 10, prune_limit_percent = 20;
  bool suspend = false;
};

}  // namespace holdfast
