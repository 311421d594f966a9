// What readers of single parts of an Application have in common: how they complain, and what a Secret or a file is
// named by. Internal to sources/. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sources/field_check.h"
#include "sources/written_fields.h"
#include "sources/yaml_place.h"

namespace holdfast {

class ValueComplaints {
 public:
  // `base`: see ApplicationReadOptions.
  ValueComplaints(std::vector<FieldProblem>& problems, std::string base)
      : problems_(problems), base_(std::move(base)) {}

  void complain(YamlPath path, std::string_view what, std::string hint);
  // A name that has to be a DNS label; empty: none is given.
  void label(const std::string& name, YamlPath path, std::size_t longest);
  // A name that has to be a DNS subdomain; empty: none is given.
  void subdomain(const std::string& name, YamlPath path, std::size_t longest = 253);
  // The name of a Secret in `secretRef` of the fields, which stand at `parent`.
  void secret(const WrittenFields& fields, const YamlPath& parent, std::string& into);
  // One of a Secret and a file.
  void either(const YamlPath& path, const std::string& secret, const std::string& file, const char* name);
  // A relative path is meant from the base.
  void absolute(std::string& path) const;

 private:
  std::vector<FieldProblem>& problems_;
  std::string base_;
};

}  // namespace holdfast
