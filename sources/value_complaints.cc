#include "sources/value_complaints.h"

#include <spdlog/fmt/fmt.h>

#include <filesystem>
#include <utility>

#include "holdfast/model/label.h"

namespace holdfast {

namespace fs = std::filesystem;

void ValueComplaints::complain(YamlPath path, std::string_view what, std::string hint) {
  std::string message = fmt::format("{} {}", to_string(path), what);
  problems_.push_back({std::move(path), std::move(message), std::move(hint)});
}

void ValueComplaints::label(const std::string& name, YamlPath path, std::size_t longest) {
  if (name.empty()) return;
  if (const std::string problem = dns_label_problem(name, longest); !problem.empty())
    complain(std::move(path), fmt::format("is no name: {}", problem), "give it another one");
}

void ValueComplaints::subdomain(const std::string& name, YamlPath path, std::size_t longest) {
  if (name.empty()) return;
  std::string problem = dns_subdomain_problem(name);
  if (problem.empty() && name.size() > longest) problem = fmt::format("has more than {} characters", longest);
  if (!problem.empty()) complain(std::move(path), fmt::format("is no name: {}", problem), "give it another one");
}

void ValueComplaints::secret(const WrittenFields& fields, const YamlPath& parent, std::string& into) {
  fields.below("secretRef").read("name", into);
  YamlPath path = parent;
  path.insert(path.end(), {"secretRef", "name"});
  if (into.empty()) return;
  if (const std::string problem = dns_subdomain_problem(into); !problem.empty())
    complain(std::move(path), fmt::format("is no name: {}", problem), "give the name of a Secret");
}

void ValueComplaints::either(const YamlPath& path, const std::string& secret, const std::string& file,
                             const char* name) {
  if (secret.empty() == file.empty())
    complain(path, fmt::format("{} of secretRef and {}", secret.empty() ? "has none" : "has both", name),
             "name the one that holds the keys");
}

void ValueComplaints::absolute(std::string& path) const {
  path = (fs::path(base_) / path).lexically_normal().string();
  if (path.size() > 1 && path.ends_with('/')) path.pop_back();
}

}  // namespace holdfast
