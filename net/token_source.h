// Where a bearer token comes from.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "holdfast/base/result.h"
#include "holdfast/base/secret.h"

namespace holdfast {

// Used on the I/O thread only.
class TokenSource {
 public:
  virtual ~TokenSource() = default;
  // Called before each request; it may cache, and must not block for longer than a local file takes to read.
  // Errors: Unauthorized, where there is no token to send.
  virtual Result<Secret> token() = 0;
  // The server answered 401 to the last token: the next one is to be fresh (correctness B9).
  virtual void rejected() {}
};

class StaticToken final : public TokenSource {
 public:
  explicit StaticToken(Secret token) : token_(std::move(token)) {}
  Result<Secret> token() override;

 private:
  Secret token_;
};

// A file that somebody else renews: read again every 60 s less 10 s leeway, trimmed; while it cannot be read or is
// empty, the old token is kept (correctness B1).
class FileToken final : public TokenSource {
 public:
  using Clock = std::chrono::steady_clock;
  using ReadFile = std::function<Result<std::string>(const std::string& path)>;
  using Now = std::function<Clock::time_point()>;

  explicit FileToken(std::string path, ReadFile read_file = read_token_file, Now now = Clock::now);
  Result<Secret> token() override;
  void rejected() override;

  // The whole file, 1 MiB at most. Errors: Unauthorized.
  static Result<std::string> read_token_file(const std::string& path);

 private:
  Result<Secret> keep_old(Error reason);

  std::string path_;
  ReadFile read_file_;
  Now now_;
  Secret token_;
  Clock::time_point read_next_;
  bool keeps_old_ = false;  // warned already
};

}  // namespace holdfast
