// Where an artifact is, as people write it, and the names that registries allow. Pure.
#pragma once

#include <string>
#include <string_view>

#include "holdfast/base/result.h"

namespace holdfast {

struct RegistryAddress {
  std::string server;      // "https://registry.example:5000"
  std::string host;        // "registry.example:5000", as credentials files name it
  std::string repository;  // "team/web"
  bool loopback = false;   // this machine, where a registry may do without TLS
};

// "oci://registry.example[:port]/team/web", without tag or digest. Docker Hub under any of its names. Errors: Invalid.
Result<RegistryAddress> parse_registry_url(std::string_view url);
bool is_registry_url(std::string_view url);

// Errors: Invalid, with what a tag may be.
Result<void> check_tag(std::string_view tag);

}  // namespace holdfast
