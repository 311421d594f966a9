#include "simulator/metadata_validation.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <string>

namespace holdfast {
namespace {

using Causes = std::vector<ApiStatusCause>;

constexpr std::size_t kMaxPartBytes = 63, kMaxPrefixBytes = 253, kMaxAnnotationsBytes = 262'144;
constexpr std::string_view kNameShape =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr std::string_view kPrefixShape =
    "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
    "must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

bool is_lower(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_alnum(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }

bool is_part(std::string_view text) {
  return !text.empty() && is_alnum(text.front()) && is_alnum(text.back()) &&
         std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_subdomain(std::string_view text) {
  while (true) {
    const std::size_t end = std::min(text.find('.'), text.size());
    const std::string_view label = text.substr(0, end);
    if (label.empty() || !is_lower(label.front()) || !is_lower(label.back())) return false;
    if (!std::ranges::all_of(label, [](char c) { return is_lower(c) || c == '-'; })) return false;
    if (end == text.size()) return true;
    text.remove_prefix(end + 1);
  }
}

// Of "prefix/name" or "name": what is wrong with it. `what`: what it should be.
std::vector<std::string> name_faults(std::string_view name, std::string_view what = "a qualified name") {
  std::vector<std::string> faults;
  const std::size_t slash = name.find('/');
  if (slash != std::string_view::npos && name.find('/', slash + 1) != std::string_view::npos)
    return {fmt::format("{} {} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')", what,
                        kNameShape)};
  if (slash != std::string_view::npos) {
    const std::string_view prefix = name.substr(0, slash);
    if (prefix.empty())
      faults.emplace_back("prefix part must be non-empty");
    else if (prefix.size() > kMaxPrefixBytes)
      faults.push_back(fmt::format("prefix part must be no more than {} bytes", kMaxPrefixBytes));
    else if (!is_subdomain(prefix))
      faults.emplace_back(kPrefixShape);
    name.remove_prefix(slash + 1);
  }
  if (name.empty())
    faults.emplace_back("name part must be non-empty");
  else if (name.size() > kMaxPartBytes)
    faults.push_back(fmt::format("name part must be no more than {} bytes", kMaxPartBytes));
  if (!is_part(name)) faults.push_back(fmt::format("name part {}", kNameShape));
  return faults;
}

void refuse(const std::string& field, std::string_view value, std::string_view why, Causes& causes) {
  causes.push_back({"FieldValueInvalid", fmt::format("Invalid value: \"{}\": {}", value, why), field});
}

const json::object* map_at(const json::object& object, std::string_view name) {
  const json::value* found = find(object, {"metadata", name});
  return found == nullptr ? nullptr : found->if_object();
}

void check_labels(const json::object& labels, Causes& causes) {
  const std::string field = "metadata.labels";
  for (const auto& [key, value] : labels) {
    for (const std::string& fault : name_faults(key, "a valid label key")) refuse(field, key, fault, causes);
    const std::string_view text = value.is_string() ? std::string_view(value.get_string()) : std::string_view();
    if (text.size() > kMaxPartBytes)
      refuse(field, text, fmt::format("must be no more than {} bytes", kMaxPartBytes), causes);
    if (!text.empty() && !is_part(text))
      refuse(field, text,
             "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
             "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
             "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
             causes);
  }
}

void check_annotations(const json::object& annotations, Causes& causes) {
  const std::string field = "metadata.annotations";
  std::size_t bytes = 0;
  for (const auto& [key, value] : annotations) {
    std::string lower(key);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    for (const std::string& fault : name_faults(lower)) refuse(field, key, fault, causes);
    bytes += key.size() + (value.is_string() ? value.get_string().size() : 0);
  }
  if (bytes > kMaxAnnotationsBytes)
    causes.push_back(
        {"FieldValueTooLong", fmt::format("Too long: may not be more than {} bytes", kMaxAnnotationsBytes), field});
}

void check_owners(const json::object& object, Causes& causes) {
  const json::value* owners = find(object, {"metadata", "ownerReferences"});
  if (owners == nullptr || !owners->is_array()) return;
  static constexpr std::array members{std::pair{"apiVersion", "version must not be empty"},
                                      std::pair{"kind", "must not be empty"}, std::pair{"name", "must not be empty"},
                                      std::pair{"uid", "must not be empty"}};
  for (const json::value& owner : owners->get_array())
    for (const auto& [member, why] : members)
      if (string_at(owner, {member}).empty())
        refuse(fmt::format("metadata.ownerReferences.{}", member), "", why, causes);
}

void check_finalizers(const json::object& object, bool custom, Causes& causes) {
  const json::value* finalizers = find(object, {"metadata", "finalizers"});
  if (finalizers == nullptr || !finalizers->is_array()) return;
  static constexpr std::array<std::string_view, 3> standard{"kubernetes", "orphan", "foregroundDeletion"};
  for (std::size_t i = 0; i < finalizers->get_array().size(); ++i) {
    const std::string_view name = string_at(finalizers->get_array()[i], {});
    const std::string field = fmt::format("metadata.finalizers[{}]", i);
    for (const std::string& fault : name_faults(name)) refuse("metadata.finalizers", name, fault, causes);
    if (!custom && name.find('/') == std::string_view::npos && std::ranges::find(standard, name) == standard.end())
      refuse(field, name, "name is neither a standard finalizer name nor is it fully qualified", causes);
  }
}

}  // namespace

std::vector<ApiStatusCause> validate_metadata(const json::object& object, bool custom) {
  Causes causes;
  if (const json::object* labels = map_at(object, "labels")) check_labels(*labels, causes);
  if (const json::object* annotations = map_at(object, "annotations")) check_annotations(*annotations, causes);
  check_owners(object, causes);
  check_finalizers(object, custom, causes);
  return causes;
}

}  // namespace holdfast
