// What a forge or a registry says has changed. A hint and no more: it makes whoever reads that repository look, and
// what they then do is decided by what they find there. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"

namespace holdfast {

struct PushHint {
  // Every way in which the payload spells the repository: https, ssh, its page. Empty: no particular one, so that all
  // have to be looked at.
  std::vector<std::string> urls;
  std::string ref;         // "refs/heads/main", a registry's tag; empty: not said, any may have moved
  std::string old_commit;  // or empty, where it is not known or there was none; as the payload has them
  std::string new_commit;  // or a registry's digest; empty where the ref was deleted
  friend bool operator==(const PushHint&, const PushHint&) = default;
};

inline constexpr std::size_t kMostHintUrls = 16;
inline constexpr std::size_t kLongestHintTextBytes = 2048;
inline constexpr std::size_t kMostHintsOfDelivery = 100;  // a push of more refs is a hint without a ref

class PushSink {
 public:
  virtual ~PushSink() = default;
  // Returns at once.
  virtual void pushed(PushHint hint) = 0;
};

// As one line of JSON, and back. Errors: Protocol, also where a bound above is passed.
std::string to_text(const PushHint& hint);
Result<PushHint> parse_push_hint(std::string_view text);

}  // namespace holdfast
