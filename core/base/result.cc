#include "holdfast/base/result.h"

namespace holdfast {

std::string describe(const Error& error) {
  std::string text = error.where.empty() ? error.message : error.where + ": " + error.message;
  if (!error.hint.empty()) text += " (" + error.hint + ")";
  return text;
}

const char* to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Invalid:
      return "Invalid";
    case ErrorKind::NotFound:
      return "NotFound";
    case ErrorKind::Unauthorized:
      return "Unauthorized";
    case ErrorKind::Forbidden:
      return "Forbidden";
    case ErrorKind::Conflict:
      return "Conflict";
    case ErrorKind::Unreachable:
      return "Unreachable";
    case ErrorKind::UnknownOutcome:
      return "UnknownOutcome";
    case ErrorKind::Timeout:
      return "Timeout";
    case ErrorKind::Busy:
      return "Busy";
    case ErrorKind::Gone:
      return "Gone";
    case ErrorKind::TooLarge:
      return "TooLarge";
    case ErrorKind::Protocol:
      return "Protocol";
    case ErrorKind::Cancelled:
      return "Cancelled";
    case ErrorKind::Internal:
      return "Internal";
  }
  return "?";
}

}  // namespace holdfast
