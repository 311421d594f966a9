// Where a repository is. A URL is checked once, here, and its password never travels on: not into an argument list, not
// into a message. Pure.
#pragma once

#include <string>
#include <string_view>

#include "holdfast/base/result.h"
#include "holdfast/base/secret.h"

namespace holdfast {

struct GitUrl {
  std::string text;      // without password; safe to print and to pass as an argument
  std::string username;  // out of an http(s) URL, or empty
  Secret password;
  bool http = false, ssh = false;
};

// file:///…, https://…, http:// to this machine only, ssh://…, user@host:path. Everything else is Invalid, above all a
// `transport::address`, which runs programs, and what could be taken for an option.
Result<GitUrl> parse_git_url(std::string_view url);

// Replaces what stands between "://" and "@", wherever it is, by "***".
std::string without_credentials(std::string_view text);

// "" and "HEAD" are the default branch. Invalid where Git itself could not have such a ref.
Result<void> check_git_ref(std::string_view ref);
bool is_commit_id(std::string_view ref);  // 40 lower-case hex digits

}  // namespace holdfast
