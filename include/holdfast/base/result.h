// Errors as values. Every failure that the world can cause travels as an Error; our own bugs are asserted instead.
#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <utility>

namespace holdfast {

// What a caller may do about a failure. Switches over it have no default, so that a new kind is looked at everywhere.
enum class ErrorKind {
  Invalid,         // the input is wrong and will be wrong again until somebody changes it
  NotFound,        // the thing named does not exist (never used for "we may not look")
  Unauthorized,    // 401, or a credential that could not be read
  Forbidden,       // authenticated, and not allowed
  Conflict,        // somebody else changed or owns it
  Unreachable,     // no request reached the other side; safe to send again
  UnknownOutcome,  // a request was sent and its answer was not read (correctness D7)
  Timeout,         // a deadline passed before anything was sent
  Busy,            // told to come back later (429, 503)
  Gone,            // history expired (correctness A9)
  TooLarge,        // beyond one of our bounds
  Protocol,        // the other side spoke something we do not understand
  Cancelled,       // we are stopping
  Internal,        // everything else
};

struct Error {
  ErrorKind kind = ErrorKind::Internal;
  std::string message;     // one line, no trailing period, never a secret
  std::string where = {};  // "apps/web.yaml:12", a URL without credentials, or empty
  std::string hint = {};   // what to do next, or empty
  // No sooner again, by the word of the other side (correctness B8); zero: it said nothing.
  std::chrono::seconds retry_after = {};
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorKind kind, std::string message, std::string where = {}, std::string hint = {}) {
  return std::unexpected(Error{kind, std::move(message), std::move(where), std::move(hint)});
}

// "where: message (hint)", for people.
std::string describe(const Error& error);
const char* to_string(ErrorKind kind);

}  // namespace holdfast
