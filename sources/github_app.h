// Tokens of a GitHub App's installation: asked for with a signed JSON Web Token, good for an hour, and kept until
// shortly before they end.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "holdfast/base/result.h"
#include "holdfast/base/secret.h"
#include "sources/git_access.h"

namespace holdfast {

// RS256, good from a minute before `now` for ten minutes in all, as GitHub wants it. Invalid where the key is no RSA
// key in PEM. Pure.
Result<Secret> github_app_jwt(const GithubApp& app, std::chrono::sys_seconds now);

struct InstallationToken {
  Secret token;
  std::chrono::sys_seconds expires{};
};
// An answer of GitHub to the question for a token. Errors: Unauthorized, NotFound, Forbidden, Unreachable, Protocol,
// with what to correct; never what was answered, where that may hold a token. Pure.
Result<InstallationToken> read_installation_token(int status, std::string_view body, const GithubApp& app);

class GithubAppTokens {
 public:
  static constexpr std::chrono::minutes kRenewBefore{5};
  using Now = std::function<std::chrono::sys_seconds()>;

  explicit GithubAppTokens(boost::asio::any_io_executor executor, Now now = {});

  // The one in hand while it is good for this app, else a new one. One call at a time.
  boost::asio::awaitable<Result<Secret>> token(GithubApp app);
  // The repository did not take it: the next one is new.
  void rejected() { in_hand_ = {}; }

 private:
  boost::asio::awaitable<Result<InstallationToken>> ask(const GithubApp* app);

  boost::asio::any_io_executor executor_;
  Now now_;
  GithubApp app_;
  InstallationToken in_hand_;
};

}  // namespace holdfast
