// Names that have to be DNS labels (RFC 1123), as those of namespaces and of applications are.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace holdfast {

inline constexpr std::size_t kLongestName = 40;      // of an application: leaves room for prefixes
inline constexpr std::size_t kLongestDnsLabel = 63;  // of a namespace

// Empty where `name` is a DNS label of at most `longest` characters, otherwise what is wrong.
std::string dns_label_problem(std::string_view name, std::size_t longest);
// The same of a DNS subdomain, as most names of objects are: labels between dots, 253 characters at most.
std::string dns_subdomain_problem(std::string_view name);
// The same of what both a name of ours and an installation id have to be: at most 40 characters.
std::string label_problem(const std::string& name);

}  // namespace holdfast
